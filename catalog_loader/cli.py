"""`catalog-loader`: load a feed, check one, look at the generations. Arguments, wiring and exit codes; no logic."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from app import wiring, wiring_sources
from app.catalog import Generation, before_published, holder_name
from app.command_line import program, run
from app.intake import FeedImages, ImageSource, Intake, TypeFrom
from app.photos import PhotoDecoder
from app.settings import Settings
from app.shops import load_shop_settings
from app.wiring_fallback import bring_copy_up_to_date
from catalog_loader.download import downloaded, fetched, is_url
from catalog_loader.errors import ContradictoryOptions, FeedUnreachable
from catalog_loader.load import Parts, Wanted, load
from catalog_loader.pace import PacedImages
from catalog_loader.price import PriceGate
from catalog_loader.reembed import decided, refuse_same_embedder
from catalog_loader.rejects import Rejects, rejects_path
from catalog_loader.report import Outcome, Summary
from catalog_loader.sources import Feed, open_feed
from catalog_loader.status import advice, generation_json
from catalog_loader.survey import check
from catalog_loader.telling import Told, on_stderr

EMBEDDER_PATIENCE_S = 300.0
"""How long a load waits for an embedder elsewhere that is away or asks for less; its quota is by the minute."""

app = program(
    "catalog-loader",
    "Loads product feeds (TSV, CSV, RSS, Atom, JSON Lines; also gzipped) into the catalog.",
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
EventsOption = Annotated[
    bool, typer.Option("--events", help="Print progress and summary for programs: one JSON object a line.")
]
NameOption = Annotated[
    str | None, typer.Option("--name", help="What the feed is called in messages, and known by when a load goes on.")
]
UntrustedOption = Annotated[
    bool,
    typer.Option(
        "--untrusted", help="The feed is a stranger's: it may name no file of this machine and no private address."
    ),
]
RateOption = Annotated[
    float | None, typer.Option("--limit-rate", min=0.01, help="Fetch at most so many pictures a second.")
]


def main() -> None:
    """Entry point."""
    run(app, "catalog-loader", FeedUnreachable, ContradictoryOptions)


@app.command(
    "load",
    epilog="Examples:  catalog-loader load shop.tsv   |   catalog-loader load https://shop.example/feed.xml.gz"
    "   |   catalog-loader load --delta shop.rejects.tsv   |   catalog-loader load --limit-rate 20 shop.tsv",
)
def load_command(
    feed: FeedArgument,
    type_from: TypeFromOption = TypeFrom.PRODUCT_TYPE,
    delta: Annotated[
        bool,
        typer.Option("--delta", help="Change only the feed's products; one goes only where its row says delete=yes."),
    ] = False,
    delete_missing: Annotated[
        bool,
        typer.Option(
            "--delete-missing",
            help="The feed is the whole shop: products it lacks go. So it is without --delta; this says it aloud.",
        ),
    ] = False,
    max_reject_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Publish nothing when a larger share of the rows is refused.")
    ] = 0.2,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Publish also when many rows are refused or more than 20 % would go.")
    ] = False,
    refetch: Annotated[
        bool, typer.Option("--refetch", help="Fetch the pictures of unchanged products too, in case they changed.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do not continue an interrupted load of this feed; begin anew.")
    ] = False,
    publish: Annotated[
        bool,
        typer.Option(
            "--publish/--no-publish",
            help="With --no-publish the verified version waits beside the published one; publish it by its id later.",
        ),
    ] = True,
    rejects: Annotated[
        Path | None, typer.Option(help="Where refused rows go. Default: beside the feed, as NAME.rejects.ENDING.")
    ] = None,
    limit_rate: RateOption = None,
    untrusted: UntrustedOption = False,
    name: NameOption = None,
    as_json: JsonOption = False,
    events: EventsOption = False,
    catalog: CatalogOption = None,
) -> None:
    """Load a feed into a new generation of the catalog, verify it, and publish it at once.

    Unchanged products are taken over without fetching their pictures. An interrupted load goes on where it was when the
    same command is run again. One bad row or picture never stops a load.
    """
    if delta and delete_missing:
        raise ContradictoryOptions("--delta and --delete-missing contradict each other.", fix="Give one of them.")
    settings = _settings(catalog)
    told = Told(as_json=as_json, events=events)
    holder = holder_name(f"catalog-loader load {name or feed}")
    with told.failures(holder, name or feed), _opened(settings, feed, name, untrusted=untrusted) as opened:
        wanted = Wanted(
            holder=holder,
            rejects=_writable(rejects or rejects_path(opened)),
            type_from=type_from,
            delta=delta,
            max_reject_share=max_reject_share,
            yes=yes,
            refetch=refetch,
            fresh=fresh,
            publish=publish,
        )
        told.tell(asyncio.run(_load(settings, opened, wanted, told, limit_rate, agreed=yes)))


@app.command(
    "reembed",
    epilog="Example:  AKIN_EMBEDDER=onnx:model.onnx catalog-loader reembed shop.tsv --judged judged.jsonl --publish",
)
def reembed_command(
    feed: FeedArgument,
    judged: Annotated[
        Path | None, typer.Option(help="Judged photos to compare both versions on (JSON Lines).", dir_okay=False)
    ] = None,
    before: Annotated[
        str, typer.Option(help="The embedder that the published version was made with, as AKIN_EMBEDDER names it.")
    ] = "local",
    publish: Annotated[
        bool, typer.Option("--publish", help="Publish the new version; with --judged only where it is better.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree to what outside sources and embedders cost.")] = False,
    type_from: TypeFromOption = TypeFrom.PRODUCT_TYPE,
    limit_rate: RateOption = None,
    catalog: CatalogOption = None,
) -> None:
    """Make a version of the catalog with the embedder that is set now, beside the published one, and compare them.

    Every picture is looked at anew. Nothing changes for shoppers before it is published; servers must then be started
    with the new embedder.
    """
    settings = _settings(catalog)
    told = Told(as_json=False, events=False)
    holder = holder_name(f"catalog-loader reembed {feed}")
    with told.failures(holder, feed), _opened(settings, feed, None, untrusted=False) as opened:
        asyncio.run(refuse_same_embedder(settings))
        wanted = Wanted(holder, _writable(rejects_path(opened)), type_from, yes=True, fresh=True, publish=False)
        summary = asyncio.run(_load(settings, opened, wanted, told, limit_rate, agreed=yes))
        if summary.outcome is Outcome.VERIFIED:
            summary.message = asyncio.run(decided(settings, summary, judged, before, publish=publish))
        told.tell(summary)


@app.command(
    "check", epilog="Examples:  catalog-loader check shop.tsv   |   catalog-loader check --images --json shop.xml"
)
def check_command(
    feed: FeedArgument,
    type_from: TypeFromOption = TypeFrom.PRODUCT_TYPE,
    images: Annotated[bool, typer.Option("--images", help="Also fetch and decode every picture.")] = False,
    rejects: Annotated[Path | None, typer.Option(help="Write the rows that would be refused here.")] = None,
    limit_rate: RateOption = None,
    untrusted: UntrustedOption = False,
    name: NameOption = None,
    as_json: JsonOption = False,
    events: EventsOption = False,
) -> None:
    """Check every row of a feed and say what a load would refuse. Needs no catalog; writes --rejects at most."""
    settings = _settings(None)
    told = Told(as_json=as_json, events=events)
    holder = holder_name(f"catalog-loader check {name or feed}")
    with told.failures(holder, name or feed), _opened(settings, feed, name, untrusted=untrusted) as opened:
        keeping = Rejects(opened, _writable(rejects)) if rejects else None
        checking = _check(settings, opened, type_from, told, keeping, images=images, limit_rate=limit_rate)
        told.tell(asyncio.run(checking))


@app.command("status", epilog="Example:  catalog-loader status --json")
def status_command(as_json: JsonOption = False, catalog: CatalogOption = None) -> None:
    """Show the generations, what is being loaded and by whom, and what to do."""
    found = asyncio.run(_generations(_settings(catalog)))
    if as_json:
        typer.echo(json.dumps([generation_json(generation) for generation in found], indent=2))
        return
    for generation in found:
        when = generation.published_at or generation.created_at
        typer.echo(
            f"{generation.id}  {generation.state.value:<9}  {generation.products:>9,} products"
            f"  {generation.images:>9,} pictures  {when:%Y-%m-%d %H:%M}  {generation.embedder}"
        )
    typer.echo("\n".join(advice(found)))


@app.command("rollback", epilog="Examples:  catalog-loader rollback   |   catalog-loader rollback 20261121-030303-7")
def rollback_command(
    generation: Annotated[str | None, typer.Argument(help="Generation to publish; default: the one before.")] = None,
    catalog: CatalogOption = None,
) -> None:
    """Publish an earlier generation again, at once and for all servers."""
    settings = _settings(catalog)
    published = asyncio.run(_rollback(settings, generation))
    message = f"Published generation {published.id}: {published.products:,} products."
    typer.echo(asyncio.run(_with_copy(settings, message)))


async def _load(
    settings: Settings, feed: Feed, wanted: Wanted, told: Told, limit_rate: float | None, *, agreed: bool
) -> Summary:
    async with AsyncExitStack() as stack:
        catalog = wiring.open_catalog(settings)
        stack.push_async_callback(catalog.close)
        writer = wiring.open_catalog_writer(settings)
        stack.push_async_callback(writer.close)
        analyzer = wiring.build_analyzer(settings, processes=True)
        stack.push_async_callback(analyzer.close)
        images = _images(settings, feed, stack, limit_rate)
        insights = wiring.open_insights(settings)
        stack.push_async_callback(insights.close)
        album = wiring.build_album(insights)
        intake = Intake(
            _decoder(settings, stack),
            analyzer,
            images,
            at_once=at_once(settings.decode_processes),
            album=album,
            patience_s=EMBEDDER_PATIENCE_S,
        )
        fit = wiring.build_fit(analyzer, learned=await wiring.learned_before(catalog, analyzer))
        is_taught = wiring.build_teaching_check(analyzer)
        afford = _price_gate(settings, yes=agreed).passed
        parts = Parts(catalog, writer, intake, fit, analyzer.embedder, analyzer.dims, is_taught, afford)
        async with _stoppable(quiet=told.quiet) as stop:
            with told.progress() as progress:
                summary = await load(feed, wanted, parts, progress, stop)
                if summary.outcome in {Outcome.PUBLISHED, Outcome.UNCHANGED}:
                    summary.message = await _with_copy(
                        settings, summary.message, lambda: progress.stage("Bringing the copy up to date")
                    )
                return summary


def _price_gate(settings: Settings, *, yes: bool) -> PriceGate:
    return PriceGate(
        wiring_sources.price_per_picture(settings),
        settings.loader_ask_above_usd,
        yes,
        say=lambda line: typer.echo(line, err=True),
        ask=(lambda question: typer.confirm(question, err=True)) if sys.stdin.isatty() else None,
    )


async def _check(
    settings: Settings,
    feed: Feed,
    type_from: TypeFrom,
    told: Told,
    rejects: Rejects | None,
    *,
    images: bool,
    limit_rate: float | None,
) -> Summary:
    async with AsyncExitStack() as stack:
        if rejects:
            stack.enter_context(rejects)
        pictures = (_decoder(settings, stack), _images(settings, feed, stack, limit_rate)) if images else None
        async with _stoppable(quiet=told.quiet) as stop:
            with told.progress() as progress:
                return await check(feed, type_from, progress, stop, pictures=pictures, rejects=rejects)


def _decoder(settings: Settings, stack: AsyncExitStack) -> PhotoDecoder:
    decoder = wiring.build_decoder(settings)  # its processes start with the first picture
    stack.push_async_callback(decoder.close)
    return decoder


def _images(settings: Settings, feed: Feed, stack: AsyncExitStack, limit_rate: float | None) -> ImageSource:
    fetcher = wiring.build_fetcher(settings)
    stack.push_async_callback(fetcher.close)
    images = FeedImages(fetcher, folder=feed.folder, base_url=feed.base_url, max_bytes=settings.max_photo_bytes)
    return PacedImages(images, limit_rate) if limit_rate else images


def at_once(decoders: int) -> int:
    """Pictures in work: one being decoded, one being analyzed and one waiting per core.

    No more than may wait for that many decoding processes: one too many would end the load.
    """
    return min(3 * (os.cpu_count() or 1), 4 * decoders)


async def _generations(settings: Settings) -> list[Generation]:
    catalog = wiring.open_catalog(settings)
    try:
        return await catalog.generations()
    finally:
        await catalog.close()


async def _rollback(settings: Settings, generation_id: str | None) -> Generation:
    catalog = wiring.open_catalog(settings)
    try:
        return await catalog.publish(generation_id or before_published(await catalog.generations()).id)
    finally:
        await catalog.close()


async def _with_copy(settings: Settings, message: str, begun: Callable[[], None] = lambda: None) -> str:
    """The message, and what is to be said of the copy AKIN_CATALOG_FALLBACK names after it was brought up to date."""
    return f"{message} {await bring_copy_up_to_date(settings, begun=begun)}".rstrip()


@contextmanager
def _opened(settings: Settings, feed: str, name: str | None, *, untrusted: bool) -> Iterator[Feed]:
    if is_url(feed):
        with fetched(feed, wiring.build_feed_fetcher(settings)) if untrusted else downloaded(feed) as path:
            yield open_feed(path, name=name or feed, base_url=feed)
    else:
        yield open_feed(Path(feed), name=name, untrusted=untrusted)


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
            on_stderr().print("Finishing what is in work … (again to stop at once)", markup=False)

    for number in signals:
        loop.add_signal_handler(number, on_signal)
    try:
        yield stop
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _settings(catalog: str | None) -> Settings:
    return load_shop_settings(**({"catalog": catalog} if catalog else {}))


def _writable(path: Path) -> Path:
    if not os.access(path.parent, os.W_OK):
        raise FeedUnreachable(
            f"The rejects file cannot be written in {path.parent}.", fix="Name another place with --rejects."
        )
    return path
