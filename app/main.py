"""The server: builds everything once, wires it, serves it, closes it. `uvicorn --factory app.main:create_app`."""

import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount

from app import __version__, wiring, wiring_edge
from app.api import install_openapi, reference
from app.api import router as api_router
from app.catalog.fallback import FallbackCatalog
from app.edge import health
from app.edge.cors import Cors
from app.edge.media import MediaFiles
from app.edge.middleware import Allowance, BodyLimit, CrashAnswer, Envelope
from app.edge.peers import Peers
from app.edge.problems import install_handlers
from app.edge.rates import RateLimit
from app.edge.state import Limits, State
from app.edge.turns import Turns
from app.edge.uploads import UploadBudget
from app.evaluation import EvaluationDesk
from app.insights import EvaluationRecords, JudgedPhotos
from app.intake import FeedImages, Intake
from app.loads import LoadDesk
from app.observing import ObservedAnalyzer, ObservedCatalog, Observer, Parts
from app.readiness import readiness_checks
from app.settings import Settings, load_settings
from app.telemetry import Metrics, Observed
from app.web import install_pages
from app.wiring_fallback import open_serving_catalog

COLLECT_AFTER = (10_000, 20, 20)
"""When cycles are looked for. A search makes some thousands of small objects and hardly a cycle; with Python's own 700
the looking took 3.9 ms of a search among 100,000 products. Not more, as a cycle may hold an upload of 15 MB."""

UPLOADS_HELD_AT_ONCE = 16
"""Largest photos a server process holds in memory at once; more callers are asked to come back."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """The whole application. settings: None reads the environment. Nothing is opened before the lifespan starts."""
    chosen = settings or load_settings()
    figures = Metrics()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        async with AsyncExitStack() as stack:
            yield await _open(chosen, figures, stack)

    app = FastAPI(
        title="Akin",
        version=__version__,
        openapi_url="/openapi.json",
        docs_url=None,  # the framework's pages load scripts from elsewhere; ours is plain HTML
        redoc_url=None,
        lifespan=lifespan,
    )
    app.include_router(api_router)
    app.include_router(health.router)
    app.include_router(reference.router)
    if chosen.media is not None:
        app.router.routes.append(Mount("/media", MediaFiles(chosen.media)))
    install_pages(app)
    install_handlers(app)
    install_openapi(app)
    app.add_middleware(
        BodyLimit, max_bytes=chosen.max_body_bytes, timeout_s=chosen.body_timeout_s, other=_larger_bodies(chosen)
    )
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=3)  # pages bring their own compressed form
    app.add_middleware(RateLimit)
    app.add_middleware(Peers, trusted=chosen.proxy_networks)
    app.add_middleware(CrashAnswer)
    app.add_middleware(Cors, origins=chosen.cors_origins)
    app.add_middleware(Envelope)
    app.add_middleware(Observed, metrics=figures)  # added last: outermost
    return app


def _larger_bodies(settings: Settings) -> dict[tuple[str, str], Allowance]:
    feed = settings.max_feed_bytes + 64 * 1024
    smaller = "Pack the feed with gzip, name its address instead, or load it in parts."
    photos = "Send the photos in several files."
    return {
        ("POST", "/loads"): Allowance(feed, settings.feed_timeout_s, smaller),
        ("POST", "/judged-photos/import"): Allowance(feed, settings.feed_timeout_s, photos),
    }


async def _open(settings: Settings, figures: Metrics, stack: AsyncExitStack) -> State:
    """Open everything; what was opened is closed by the stack, also when a later step fails."""
    gc.set_threshold(*COLLECT_AFTER)
    catalog = open_serving_catalog(settings)
    stack.push_async_callback(catalog.close)
    writer = wiring.open_catalog_writer(settings)
    stack.push_async_callback(writer.close)
    decoder = wiring.build_decoder(settings)
    stack.push_async_callback(decoder.close)
    photos = wiring.open_photo_store(settings)
    stack.push_async_callback(photos.close)
    events = wiring.open_events(settings)
    stack.push_async_callback(events.close)
    insights = wiring.open_insights(settings)
    stack.push_async_callback(insights.close)
    analyzer = wiring.build_analyzer(settings)
    stack.push_async_callback(analyzer.close)
    fetcher = wiring.build_fetcher(settings)
    stack.push_async_callback(fetcher.close)
    rates = wiring_edge.build_rates(settings)
    stack.push_async_callback(rates.close)
    await decoder.warm_up()
    await analyzer.warm_up()
    tutor = wiring.Tutor(catalog, analyzer)
    await tutor.begin()
    group = await stack.enter_async_context(anyio.create_task_group())
    stack.callback(group.cancel_scope.cancel)
    group.start_soon(tutor.keep_up)
    engine = "sqlite" if settings.sqlite_path is not None else "elasticsearch"
    observed = ObservedCatalog(catalog, figures, engine)
    search = wiring.build_search(settings, observed, analyzer, ObservedAnalyzer(analyzer))
    judged, records = JudgedPhotos(insights), EvaluationRecords(insights)
    desk = EvaluationDesk(search, catalog, decoder.decode, judged, records)
    stack.push_async_callback(desk.close)
    if isinstance(catalog, FallbackCatalog):
        group.start_soon(catalog.keep_up)
    loads = LoadDesk(settings.loads, wiring.LOADER, wiring.environment_of(settings))
    readiness = health.Readiness(readiness_checks(catalog, decoder, analyzer))
    uploads = UploadBudget(UPLOADS_HELD_AT_ONCE * settings.max_photo_bytes)
    parts = Parts(catalog, decoder, uploads, loads, readiness, analyzer.outside)
    group.start_soon(Observer(parts, figures).keep_looking)
    return State(
        catalog=observed,
        writer=writer,
        loads=loads,
        analyzer=analyzer,
        decoder=decoder,
        photos=photos,
        events=events,
        intake=Intake(decoder, analyzer, FeedImages(fetcher, max_bytes=settings.max_photo_bytes)),
        search=search,
        judged=judged,
        evaluations=records,
        desk=desk,
        readiness=readiness,
        uploads=uploads,
        metrics=figures,
        turns=Turns(settings.searches_at_once, settings.searches_waiting),
        rates=rates,
        limits=Limits(
            deadline_s=settings.deadline_ms / 1000,
            keeps_photos=settings.photo_ttl_s > 0,
            max_photo_bytes=settings.max_photo_bytes,
        ),
    )
