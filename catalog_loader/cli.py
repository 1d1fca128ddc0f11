"""`catalog-loader`: load a feed, check one, look at the generations. Arguments, wiring and exit codes; no logic."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app import wiring
from app.catalog import Generation, GenerationNotFound, GenerationState, holder_name
from app.errors import AppError
from app.intake import FeedImages, Intake, TypeFrom
from app.photos import PhotoDecoder
from app.settings import InvalidSettings, Settings, load_settings
from catalog_loader.download import downloaded, is_url
from catalog_loader.errors import FeedUnreachable
from catalog_loader.load import Parts, Wanted, load
from catalog_loader.rejects import rejects_path
from catalog_loader.report import Summary
from catalog_loader.sources import Feed, open_feed
from catalog_loader.survey import check
from catalog_loader.terminal import progress_on

WRONG_USE = 2
NOTHING_DONE = 3

app = typer.Typer(
    name="catalog-loader",
    help="Loads product feeds (TSV, CSV, RSS, Atom, JSON Lines; also gzipped) into the catalog.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 some rows were refused, 2 wrong use, 3 nothing done.",
)

FeedArgument = Annotated[str, typer.Argument(metavar="FEED", help="Path or https address of the feed.")]
CatalogOption = Annotated[
    str | None,
    typer.Option("--catalog", help="Catalog to use; wins over AKIN_CATALOG. Example: sqlite:///data/akin.db"),
]
TypeFromOption = Annotated[
    TypeFrom,
    typer.Option(
        help="Where the kind of thing stands: the last part of product_type, made singular, or a label as it is."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]


def main() -> None:
    """Entry point: runs the command and says every expected failure in two lines, without a stack trace."""
    try:
        app()
    except AppError as error:
        say = Console(stderr=True, highlight=False, soft_wrap=True)
        say.print(f"catalog-loader: {error.detail}", markup=False)
        if error.fix:
            say.print(f"                {error.fix}", markup=False)
        sys.exit(WRONG_USE if isinstance(error, InvalidSettings | FeedUnreachable) else NOTHING_DONE)


@app.command(
    "load",
    epilog="Examples:  catalog-loader load shop.tsv   |   catalog-loader load https://shop.example/feed.xml.gz"
    "   |   catalog-loader load --delta shop.rejects.tsv",
)
def load_command(
    feed: FeedArgument,
    type_from: TypeFromOption = TypeFrom.PRODUCT_TYPE,
    delta: Annotated[
        bool, typer.Option("--delta", help="Add to what is published, or replace in it, only the feed's products.")
    ] = False,
    max_reject_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Publish nothing when a larger share of the rows is refused.")
    ] = 0.2,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Publish also when many rows are refused or products are missing.")
    ] = False,
    refetch: Annotated[
        bool, typer.Option("--refetch", help="Fetch the pictures of unchanged products too, in case they changed.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do not continue an interrupted load of this feed; begin anew.")
    ] = False,
    rejects: Annotated[
        Path | None, typer.Option(help="Where refused rows go. Default: beside the feed, as NAME.rejects.ENDING.")
    ] = None,
    as_json: JsonOption = False,
    catalog: CatalogOption = None,
) -> None:
    """Load a feed into a new generation of the catalog, verify it, and publish it at once.

    Unchanged products are taken over without fetching their pictures. An interrupted load goes on where it was when the
    same command is run again. One bad row or picture never stops a load.
    """
    settings = _settings(catalog)
    with _opened(feed) as opened:
        wanted = Wanted(
            holder=holder_name(f"catalog-loader load {opened.name}"),
            rejects=_writable(rejects or rejects_path(opened)),
            type_from=type_from,
            delta=delta,
            max_reject_share=max_reject_share,
            yes=yes,
            refetch=refetch,
            fresh=fresh,
        )
        _tell(asyncio.run(_load(settings, opened, wanted, quiet=as_json)), as_json=as_json)


@app.command(
    "check", epilog="Examples:  catalog-loader check shop.tsv   |   catalog-loader check --images --json shop.xml"
)
def check_command(
    feed: FeedArgument,
    type_from: TypeFromOption = TypeFrom.PRODUCT_TYPE,
    images: Annotated[bool, typer.Option("--images", help="Also fetch and decode every picture.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check every row of a feed and say what a load would refuse. Writes nothing and needs no catalog."""
    settings = _settings(None)
    with _opened(feed) as opened:
        _tell(asyncio.run(_check(settings, opened, type_from, images=images, quiet=as_json)), as_json=as_json)


@app.command("status", epilog="Example:  catalog-loader status --json")
def status_command(as_json: JsonOption = False, catalog: CatalogOption = None) -> None:
    """Show the generations, what is being loaded and by whom, and what to do."""
    found = asyncio.run(_generations(_settings(catalog)))
    if as_json:
        typer.echo(json.dumps([_generation_json(generation) for generation in found], indent=2))
        return
    for generation in found:
        when = generation.published_at or generation.created_at
        typer.echo(
            f"{generation.id}  {generation.state.value:<9}  {generation.products:>9,} products"
            f"  {generation.images:>9,} pictures  {when:%Y-%m-%d %H:%M}  {generation.embedder}"
        )
    typer.echo(_advice(found))


@app.command("rollback", epilog="Examples:  catalog-loader rollback   |   catalog-loader rollback 20261121-030303-7")
def rollback_command(
    generation: Annotated[str | None, typer.Argument(help="Generation to publish; default: the one before.")] = None,
    catalog: CatalogOption = None,
) -> None:
    """Publish an earlier generation again, at once and for all servers."""
    published = asyncio.run(_rollback(_settings(catalog), generation))
    typer.echo(f"Published generation {published.id}: {published.products:,} products.")


async def _load(settings: Settings, feed: Feed, wanted: Wanted, *, quiet: bool) -> Summary:
    async with AsyncExitStack() as stack:
        catalog = wiring.open_catalog(settings)
        stack.push_async_callback(catalog.close)
        writer = wiring.open_catalog_writer(settings)
        stack.push_async_callback(writer.close)
        analyzer = wiring.build_analyzer(settings, processes=True)
        stack.push_async_callback(analyzer.close)
        intake = Intake(_decoder(settings, stack), analyzer, _images(settings, feed, stack), at_once=at_once())
        parts = Parts(catalog, writer, intake, wiring.build_fit(analyzer), analyzer.embedder, analyzer.dims)
        async with _stoppable(quiet=quiet) as stop:
            with progress_on(_stderr(), quiet=quiet) as progress:
                return await load(feed, wanted, parts, progress, stop)


async def _check(settings: Settings, feed: Feed, type_from: TypeFrom, *, images: bool, quiet: bool) -> Summary:
    async with AsyncExitStack() as stack:
        pictures = (_decoder(settings, stack), _images(settings, feed, stack)) if images else None
        async with _stoppable(quiet=quiet) as stop:
            with progress_on(_stderr(), quiet=quiet) as progress:
                return await check(feed, type_from, progress, stop, pictures=pictures)


def _decoder(settings: Settings, stack: AsyncExitStack) -> PhotoDecoder:
    decoder = wiring.build_decoder(settings)  # its processes start with the first picture
    stack.push_async_callback(decoder.close)
    return decoder


def _images(settings: Settings, feed: Feed, stack: AsyncExitStack) -> FeedImages:
    fetcher = wiring.build_fetcher(settings)
    stack.push_async_callback(fetcher.close)
    return FeedImages(fetcher, folder=feed.folder, base_url=feed.base_url, max_bytes=settings.max_photo_bytes)


def at_once() -> int:
    """Pictures in work: one being decoded, one being analyzed and one waiting per core."""
    return 3 * (os.cpu_count() or 1)


async def _generations(settings: Settings) -> list[Generation]:
    catalog = wiring.open_catalog(settings)
    try:
        return await catalog.generations()
    finally:
        await catalog.close()


async def _rollback(settings: Settings, generation_id: str | None) -> Generation:
    catalog = wiring.open_catalog(settings)
    try:
        if generation_id is None:
            retired = [found for found in await catalog.generations() if found.state is GenerationState.RETIRED]
            if not retired:
                raise GenerationNotFound("There is no earlier generation to go back to.", fix="Load a feed instead.")
            generation_id = max(retired, key=lambda found: found.published_at or found.created_at).id
        return await catalog.publish(generation_id)
    finally:
        await catalog.close()


@contextmanager
def _opened(feed: str) -> Iterator[Feed]:
    if is_url(feed):
        with downloaded(feed) as path:
            yield open_feed(path, name=feed, base_url=feed)
    else:
        yield open_feed(Path(feed))


@asynccontextmanager
async def _stoppable(*, quiet: bool) -> AsyncIterator[asyncio.Event]:
    """An event that Ctrl-C or SIGTERM sets; a second Ctrl-C ends the program as usual."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def on_signal() -> None:
        stop.set()
        for number in signals:
            loop.remove_signal_handler(number)
        if not quiet:
            _stderr().print("Finishing what is in work … (again to stop at once)", markup=False)

    for number in signals:
        loop.add_signal_handler(number, on_signal)
    try:
        yield stop
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _settings(catalog: str | None) -> Settings:
    return load_settings(**({"catalog": catalog} if catalog else {}))


def _writable(path: Path) -> Path:
    if not os.access(path.parent, os.W_OK):
        raise FeedUnreachable(
            f"The rejects file cannot be written in {path.parent}.", fix="Name another place with --rejects."
        )
    return path


def _stderr() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)


def _tell(summary: Summary, *, as_json: bool) -> None:
    typer.echo(json.dumps(summary.as_json(), indent=2) if as_json else summary.in_words())
    raise typer.Exit(summary.exit_code)


def _generation_json(generation: Generation) -> dict[str, object]:
    return {
        "id": generation.id,
        "state": generation.state.value,
        "created_at": generation.created_at.isoformat(),
        "published_at": generation.published_at.isoformat() if generation.published_at else None,
        "embedder": generation.embedder,
        "products": generation.products,
        "images": generation.images,
        "source": generation.source,
        "holder": generation.holder,
    }


def _advice(found: list[Generation]) -> str:
    """What to do now, in a sentence."""
    loading = next((generation for generation in found if generation.state is GenerationState.LOADING), None)
    if loading:
        return (
            f"Loading: {loading.holder}. If that program has ended, run the same command again: it goes on after"
            f" {loading.products:,} products."
        )
    if not any(generation.state is GenerationState.PUBLISHED for generation in found):
        return "Nothing is published. Load a feed: catalog-loader load FEED"
    return "No load is running. To go back to the generation before: catalog-loader rollback"
