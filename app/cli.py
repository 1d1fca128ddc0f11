"""`akin`: serve, search, look after generations. Exit codes: 0 done, 1 in part, 2 wrong use, 3 nothing done."""

import asyncio
import sys
from collections.abc import Awaitable
from contextlib import nullcontext
from json import dumps
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvicorn
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from app import (
    __version__,
    cli_backup,
    cli_bench,
    cli_generations,
    cli_keys,
    cli_learn,
    cli_rules,
    cli_sources,
    cli_trust,
    cli_tune,
    evaluation,
    reporting,
    wiring,
)
from app.command_line import IN_PART, program, run
from app.edge.wire import BoundedHttp
from app.errors import BadRequest
from app.finder import finder
from app.main import create_app
from app.search import SearchResult, Wishes
from app.settings import Settings, load_settings
from app.shops import load_shop_settings, shops_of
from app.telemetry import log_config, share_between_processes

T = TypeVar("T")

app = program(
    "akin", "Visual product search: from a shopper's photo to the shop's most similar products, with reasons."
)
app.add_typer(cli_generations.generations, name="generations")
app.command(epilog="Examples:  akin backup backups/2026-11-21   |   akin backup DIR --photos")(cli_backup.backup)
app.command(epilog="Examples:  akin restore backups/2026-11-21 --check   |   akin restore DIR --force")(
    cli_backup.restore
)
app.add_typer(cli_rules.rules, name="rules")
app.add_typer(cli_keys.keys, name="keys")
app.command(epilog="Example:  akin bench --sizes 1000,100000 --json bench.json")(cli_bench.bench)
app.command(epilog="Examples:  akin tune judged.jsonl   |   akin tune judged.jsonl --dry-run   |   akin tune --undo")(
    cli_tune.tune
)
app.command(epilog="Examples:  akin learn --dry-run   |   akin learn")(cli_learn.learn)
app.command(epilog="Example:  akin doctor")(cli_sources.doctor)
app.command(epilog="Examples:  akin cost   |   akin cost --days 7 --json")(cli_sources.cost)
app.command(epilog="Example:  akin trust judged.jsonl --out trust.toml")(cli_trust.trust)
app.add_typer(cli_sources.vocabulary, name="vocabulary")

HostOption = Annotated[str | None, typer.Option(help="Address to listen on; wins over AKIN_HOST.")]
PortOption = Annotated[int | None, typer.Option(help="Port to listen on; wins over AKIN_PORT.")]
WorkersOption = Annotated[int | None, typer.Option(help="Server processes; wins over AKIN_WORKERS.")]
CatalogOption = Annotated[str | None, typer.Option(help="Catalog to use; wins over AKIN_CATALOG.")]


def main() -> None:
    """Entry point."""
    run(app, "akin", BadRequest)


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.", is_eager=True)] = False,
) -> None:
    """Visual product search.

    Settings come from the environment (AKIN_*, see docs/settings.md).
    """
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command(epilog="Examples:  akin serve   |   akin serve --port 8080 --workers 2")
def serve(host: HostOption = None, port: PortOption = None, workers: WorkersOption = None) -> None:
    """Serve the HTTP interface until interrupted; running requests get AKIN_DRAIN_S seconds to finish."""
    settings = load_settings(**_given(host=host, port=port, workers=workers))
    wiring.refuse_open_bind(settings)
    for shop in shops_of(settings).values():
        wiring.catalog_place(shop)  # refused here, once, rather than in every worker
    with share_between_processes() if settings.workers > 1 else nullcontext():
        uvicorn.run(
            "app.main:create_app",
            factory=True,
            host=settings.host.strip("[]"),
            port=settings.port,
            workers=settings.workers,
            timeout_worker_healthcheck=60,  # a starting process must not be taken for a dead one on a busy machine
            timeout_keep_alive=settings.keep_alive_s,
            timeout_graceful_shutdown=settings.drain_s,
            access_log=False,  # ours has the request id and leaves the query out
            server_header=False,
            proxy_headers=False,
            log_config=log_config(settings.log),
            http=BoundedHttp,
            ws="none",
        )


@app.command(epilog="Examples:  akin search chair.jpg   |   akin search chair.jpg --text velvet --limit 5")
def search(
    photo: Annotated[Path, typer.Argument(help="The photo.", exists=True, dir_okay=False, readable=True)],
    text: Annotated[str, typer.Option(help="Words that refine the search.")] = "",
    limit: Annotated[int, typer.Option(help="How many products to show.", min=1, max=100)] = 10,
    catalog: CatalogOption = None,
) -> None:
    """Search the catalog for products like the photographed thing, and say why each was found."""
    settings = _settings(catalog=catalog)
    result = _run(_search(settings, photo, Wishes(text=text, limit=limit, fold=True)))
    console = Console()
    if result.analysis is not None and result.analysis.type is not None:
        console.print(f"Seen: {result.analysis.type.name} ({result.analysis.type.confidence:.0%})", highlight=False)
    if not result.items:
        console.print("The shop sells nothing close to it.")
        return
    console.print(_result_table(result))


@app.command(epilog="Example:  akin evaluate demo_shop/queries.jsonl --json report.json --html failures.html")
def evaluate(
    queries: Annotated[Path, typer.Argument(help="Judged photos (JSON Lines).", exists=True, dir_okay=False)],
    json: Annotated[Path | None, typer.Option(help="Write the report as JSON here.", dir_okay=False)] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with the photos that failed here.")] = None,
    catalog: CatalogOption = None,
) -> None:
    """Search for judged photos and measure the answers: hits, ranking, types, colors, calibration, timings.

    Leaves with 1 when some photos could not be searched.
    """
    settings = _settings(catalog=catalog)
    report = _run(_evaluate(settings, queries))
    Console().print(reporting.to_table(report))
    if json is not None:
        json.write_text(evaluation.to_json(report), encoding="utf-8")
    if html is not None:
        html.write_text(reporting.to_html(report, reporting.pictures_under(settings.media)), encoding="utf-8")
    if any(outcome.error for outcome in report.outcomes):
        raise typer.Exit(IN_PART)


@app.command(epilog="Example:  akin openapi > openapi.json")
def openapi() -> None:
    """Print the OpenAPI 3.1 document of the HTTP interface."""
    typer.echo(json_text(create_app(load_settings()).openapi()))


def json_text(document: dict[str, Any]) -> str:
    """A document as text that is the same for the same document, one member a line."""
    return dumps(document, indent=1, sort_keys=True, ensure_ascii=False)


def _settings(**options: object) -> Settings:
    return load_shop_settings(**_given(**options))


def _given(**options: object) -> dict[str, object]:
    return {name: value for name, value in options.items() if value is not None}


def _run(work: Awaitable[T]) -> T:
    async def awaited() -> T:
        return await work

    return asyncio.run(awaited())


async def _search(settings: Settings, photo: Path, wishes: Wishes) -> SearchResult:
    async with finder(settings) as found:
        picture = await found.decoder.decode(await asyncio.to_thread(photo.read_bytes))
        return await found.search.by_photo(picture, wishes)


async def _evaluate(settings: Settings, queries: Path) -> evaluation.Report:
    photos = evaluation.read_judged_photos(queries)
    async with finder(settings) as found:
        with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task("Searching", total=len(photos))
            return await evaluation.evaluate(
                found.search,
                found.catalog,
                found.decoder.decode,
                photos,
                calibration=wiring.build_calibration(settings),
                source=queries.name,
                progress=lambda done, _: bar.update(task, completed=done),
            )


def _result_table(result: SearchResult) -> Table:
    table = Table("#", "score", "match", "product", "price", "why", box=None, title=f"{result.total} similar products")
    for place, item in enumerate(result.items, start=1):
        price = item.product.sells_for
        table.add_row(
            str(place),
            f"{item.score:.2f}",
            item.match.value,
            escape(f"{item.product.title} ({item.product.id})"),
            f"{price.amount:f} {price.currency}" if price else "",
            escape(", ".join(f"{one.code.value} {one.value} {one.weight:+.2f}" for one in item.reasons)),
        )
    return table


if __name__ == "__main__":
    main()
