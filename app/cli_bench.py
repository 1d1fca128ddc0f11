"""`akin bench`: how fast the whole product is on this machine, each figure beside its bare parts."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from app import benchmark, wiring
from app.analysis.local import EMBEDDER_NAME, LocalEyes, Teaching
from app.catalog import Catalog, CatalogWriter
from app.catalog.sqlite import bare
from app.errors import BadRequest
from app.intake import ARTIFACT
from app.photos import keep_freed_memory
from app.settings import Settings, load_settings

FEATURES = 4_096
"""Bytes of local features in the row of a bare table; what a well-textured product picture has."""


class BadSizes(BadRequest):
    """--sizes is not a list of numbers of products."""

    code = "bad-sizes"
    title = "The sizes cannot be read"


def bench(
    sizes: Annotated[str, typer.Option(help="Catalog sizes, in products, separated by commas.")] = "1000,10000,100000",
    rounds: Annotated[int, typer.Option(help="Counted requests a size.", min=3, max=10_000)] = 50,
    throughput: Annotated[
        float, typer.Option(help="Seconds of load with 1 and with 2 server processes; 0 leaves it out.", min=0, max=600)
    ] = 15,
    json: Annotated[Path | None, typer.Option(help="Write the report as JSON here.", dir_okay=False)] = None,
) -> None:
    """Time a real server with synthetic catalogs and a 12-megapixel photo, and the bare parts beside it.

    Uses temporary files only; your catalog is not touched.
    """
    wanted = read_sizes(sizes)
    say = Console(stderr=True, highlight=False)
    report = asyncio.run(_measured(wanted, rounds, throughput, say))
    Console().print(benchmark.to_table(report))
    if json is not None:
        json.write_text(benchmark.to_json(report), encoding="utf-8")


def read_sizes(text: str) -> list[int]:
    """The sizes of `--sizes`, ascending. Raises BadSizes."""
    try:
        sizes = sorted({int(part.replace("_", "")) for part in text.split(",")})
    except ValueError:
        sizes = []
    if not sizes or not 100 <= sizes[0] <= sizes[-1] <= 2_000_000:
        raise BadSizes(f"--sizes {text} is not a list of sizes.", fix="Write 100 to 2000000, e.g. --sizes 1000,100000.")
    return sizes


async def _measured(sizes: list[int], rounds: int, throughput_s: float, say: Console) -> benchmark.Report:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="akin-bench-")))
        keep_freed_memory()  # the bare parts run under the conditions of the server's processes
        analyzer = wiring.build_analyzer(_settings_for(folder / "none.db"))
        stack.push_async_callback(analyzer.close)
        parts = benchmark.Parts(
            analyzer=analyzer,
            dims=analyzer.dims,
            look=_looking,
            scan=bare.exact_scan,
            insert=lambda file, count: bare.plain_inserts(file, count, analyzer.dims, FEATURES),
            open=_opened,
            fit=wiring.build_fit(analyzer),
            settings=lambda file: {
                "AKIN_CATALOG": f"sqlite:///{file}",
                "AKIN_PHOTO_STORE": str(file.with_suffix(".photos.db")),
                "AKIN_EVENTS": str(file.with_suffix(".events.db")),
                "AKIN_INSIGHTS": str(file.with_suffix(".insights")),
            },
        )
        return await benchmark.benchmark(
            parts, sizes, rounds=rounds, throughput_s=throughput_s, say=lambda text: say.print(text)
        )


async def _looking(file: Path) -> Callable[[NDArray[np.uint8]], object]:
    """What the eyes see and what the catalog in this file taught them, in one call."""
    async with _opened(file) as (catalog, _):
        taught = await (await catalog.snapshot()).artifact(ARTIFACT)
    assert taught is not None, "a catalog that was filled teaches"
    eyes, teaching = LocalEyes(), Teaching.from_bytes(taught, embedder=EMBEDDER_NAME)

    def look(pixels: NDArray[np.uint8]) -> object:
        return teaching.guess(eyes.see(pixels).embedding)

    return look


@asynccontextmanager
async def _opened(file: Path) -> AsyncIterator[tuple[Catalog, CatalogWriter]]:
    settings = _settings_for(file)
    catalog = wiring.open_catalog(settings)
    try:
        yield catalog, wiring.open_catalog_writer(settings)
    finally:
        await catalog.close()


def _settings_for(file: Path) -> Settings:
    return load_settings(catalog=f"sqlite:///{file}")
