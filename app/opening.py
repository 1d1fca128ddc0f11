"""Opening a shop for the server: everything that holds its data, built from its settings. Part of the composition root.

Apart from main.py, which opens what all shops share and the shops one after the other.
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from anyio.abc import TaskGroup

from app import wiring
from app.analysis.looking import LookingProcesses
from app.catalog import Catalog
from app.catalog.fallback import FallbackCatalog
from app.edge import Shop
from app.edge.health import Check
from app.evaluation import EvaluationDesk
from app.finder import searching_in
from app.insights import EvaluationRecords, Insights, JudgedPhotos, Survey, Verdicts
from app.intake import FeedImages, Intake
from app.loads import LoadDesk
from app.observing import ObservedAnalyzer, ObservedCatalog
from app.photos import ImageFetcher, PhotoDecoder
from app.readiness import readiness_checks
from app.search import color_fits
from app.settings import Settings
from app.telemetry import Metrics
from app.wiring_fallback import open_serving_catalog
from app.wiring_sources import Outside, spending_of


@dataclass(frozen=True, slots=True)
class Shared:
    """What all shops share. stack: closes what a shop opens. group: runs what a shop does in the background."""

    stack: AsyncExitStack
    group: TaskGroup
    decoder: PhotoDecoder
    looking: LookingProcesses | None
    fetcher: ImageFetcher
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Opened:
    """A shop, what /ready tries of it, and what is watched: its engine itself and its outside sources."""

    shop: Shop
    checks: Mapping[str, Check]
    engine: Catalog
    outside: Outside | None


async def open_shop(shop_id: str, settings: Settings, shared: Shared) -> Opened:
    """The shop these settings describe. What was opened is closed by the shared stack,
    also when a later step fails."""
    stack = shared.stack
    catalog = open_serving_catalog(settings)
    stack.push_async_callback(catalog.close)
    writer = wiring.open_catalog_writer(settings)
    stack.push_async_callback(writer.close)
    photos = wiring.open_photo_store(settings)
    stack.push_async_callback(photos.close)
    events = wiring.open_events(settings)
    stack.push_async_callback(events.close)
    insights = wiring.open_insights(settings)
    stack.push_async_callback(insights.close)
    analyzer = wiring.build_analyzer(settings, looking=shared.looking, looks=photos)
    stack.push_async_callback(analyzer.close)
    await analyzer.warm_up()
    tutor = wiring.Tutor(catalog, analyzer)
    await tutor.begin()
    shared.group.start_soon(tutor.keep_up)
    if isinstance(catalog, FallbackCatalog):
        shared.group.start_soon(catalog.keep_up)
    engine = "sqlite" if settings.sqlite_path is not None else "elasticsearch"
    observed = ObservedCatalog(catalog, shared.metrics, engine)
    search = wiring.build_search(settings, observed, analyzer, ObservedAnalyzer(analyzer))
    album, verdicts = wiring.build_album(insights), Verdicts(insights)
    survey = Survey(catalog, events, album, verdicts, color_fits)
    stack.push_async_callback(survey.close)
    outside = analyzer.outside
    spending = None if outside is None else partial(spending_of, outside, settings)
    images = FeedImages(shared.fetcher, max_bytes=settings.max_photo_bytes)
    judged, records = JudgedPhotos(insights), EvaluationRecords(insights)
    open_version = partial(searching_in, settings, catalog)
    desk = EvaluationDesk(search, catalog, shared.decoder.decode, judged, records, open_version)
    stack.push_async_callback(desk.close)
    shop = Shop(
        id=shop_id,
        catalog=observed,
        writer=writer,
        loads=LoadDesk(settings.loads, wiring.LOADER, wiring.environment_of(settings)),
        analyzer=analyzer,
        photos=photos,
        events=events,
        intake=Intake(shared.decoder, analyzer, images, album=album),
        insights=Insights(album, verdicts, survey, spending),
        judged=judged,
        evaluations=records,
        desk=desk,
        search=search,
    )
    return Opened(shop, readiness_checks(catalog, shared.decoder, shared.looking, analyzer), catalog, outside)
