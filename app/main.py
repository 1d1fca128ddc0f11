"""The server: builds everything once, wires it, serves it, closes it. `uvicorn --factory app.main:create_app`."""

import gc
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
from fastapi import Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount

from app import __version__, wiring, wiring_edge
from app.api import SCOPES, install_openapi, reference
from app.api import router as api_router
from app.edge import Authorize, Identify, Repeats, health, knows_origin
from app.edge.cors import Cors, Origins
from app.edge.door import Door
from app.edge.media import MediaFiles
from app.edge.middleware import Allowance, BodyLimit, CrashAnswer, Envelope
from app.edge.peers import Peers
from app.edge.place import KeepPlace
from app.edge.problems import install_handlers
from app.edge.rates import RateLimit
from app.edge.state import Limits, State
from app.edge.turns import Turns
from app.edge.uploads import UploadBudget
from app.idempotency import RepeatStore
from app.identity import KeyRing, KeyStore
from app.observing import Observer, Parts
from app.opening import Shared, open_shop
from app.readiness import checks_of_all
from app.settings import Settings, load_settings
from app.shops import shops_of
from app.stopping import stopping_in_order
from app.telemetry import Metrics, Observed
from app.tracing import start_tracing
from app.web import install_pages

logger = logging.getLogger("akin.main")

COLLECT_AFTER = (10_000, 20, 20)
"""When cycles are looked for. A search makes some thousands of small objects and hardly a cycle; with Python's own 700
the looking took 3.9 ms of a search among 100,000 products. Not more, as a cycle may hold an upload of 15 MB."""

THREADS_CHANGE_AFTER_S = 0.0005
"""How long a thread may compute in Python while another waits to, where photos are looked at in threads. The loop that
answers callers waits anew after each read and write on a socket, and with Python's own 5 ms a refusal beside such
threads took 700 ms at the 99th percentile on a busy machine. Where eyes have processes of their own, Python's own
serves more (docs/decisions/0176)."""

UPLOADS_HELD_AT_ONCE = 16
"""Largest photos a server process holds in memory at once; more callers are asked to come back."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """The whole application. settings: None reads the environment. Nothing is opened before the lifespan starts."""
    chosen = settings or load_settings()
    origins = Origins(chosen.cors_origins, knows_origin)
    figures = Metrics()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        async with AsyncExitStack() as stack:
            if chosen.trace_endpoint is not None:
                stop = start_tracing(endpoint=chosen.trace_endpoint, share=chosen.trace_share, version=__version__)
                stack.push_async_callback(anyio.to_thread.run_sync, stop)
            state = await _open(chosen, figures, origins, stack)

            def begin_to_stop() -> None:
                state["readiness"].drain()
                figures.draining.set(1)

            with stopping_in_order(chosen.drain_delay_s, begin_to_stop):
                yield state

    app = FastAPI(
        title="Akin",
        version=__version__,
        openapi_url="/openapi.json",
        docs_url=None,  # the framework's pages load scripts from elsewhere; ours is plain HTML
        redoc_url=None,
        lifespan=lifespan,
        dependencies=[Depends(Authorize(SCOPES))],
        # The framework's own spans and logs hold paths, queries and texts of exceptions: what callers say.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.include_router(api_router)
    app.include_router(health.router)
    app.include_router(reference.router)
    if chosen.media is not None:
        app.router.routes.append(Mount("/media", MediaFiles(chosen.media)))
    install_pages(app)
    install_handlers(app)
    install_openapi(app)
    app.add_middleware(Repeats)
    app.add_middleware(
        BodyLimit, max_bytes=chosen.max_body_bytes, timeout_s=chosen.body_timeout_s, other=_larger_bodies(chosen)
    )
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=3)  # pages bring their own compressed form
    app.add_middleware(KeepPlace, calls=_NEED_TURNS)
    app.add_middleware(RateLimit, by="key")
    app.add_middleware(Identify, origins=chosen.cors_origins)
    app.add_middleware(RateLimit, by="address")
    app.add_middleware(Peers, trusted=chosen.proxy_networks)
    app.add_middleware(CrashAnswer)
    app.add_middleware(Cors, origins=origins)
    app.add_middleware(Envelope)
    app.add_middleware(Observed, metrics=figures)  # added last: outermost
    return app


_NEED_TURNS = (("POST", "/search-by-photo"), ("GET", "/search"), ("GET", "/products"), ("POST", "/lab/search"))


def _larger_bodies(settings: Settings) -> dict[tuple[str, str], Allowance]:
    feed = settings.max_feed_bytes + 64 * 1024
    smaller = "Pack the feed with gzip, name its address instead, or load it in parts."
    photos = "Send the photos in several files."
    return {
        ("POST", "/loads"): Allowance(feed, settings.feed_timeout_s, smaller),
        ("POST", "/judged-photos/import"): Allowance(feed, settings.feed_timeout_s, photos),
    }


async def _open(settings: Settings, figures: Metrics, origins: Origins, stack: AsyncExitStack) -> State:
    """Open everything; what was opened is closed by the stack, also when a later step fails."""
    gc.set_threshold(*COLLECT_AFTER)
    wiring.refuse_open_bind(settings)
    keys = KeyRing(KeyStore(settings.keys))
    await keys.begin()
    stack.push_async_callback(keys.close)
    if keys.is_open:
        logger.warning("No key was made yet: anybody on this machine may do everything, nobody else anything.")
    decoder = wiring.build_decoder(settings)
    stack.push_async_callback(decoder.close)
    fetcher = wiring.build_fetcher(settings)
    stack.push_async_callback(fetcher.close)
    rates = wiring_edge.build_rates(settings)
    stack.push_async_callback(rates.close)
    photo_urls = wiring_edge.build_photo_fetcher(settings)
    if photo_urls is not None:
        stack.push_async_callback(photo_urls.close)
    repeats = RepeatStore(settings.writes)
    stack.push_async_callback(repeats.close)
    shops_settings = shops_of(settings)
    looking = wiring.build_looking_processes(settings, shops_settings.values())
    if looking is None:
        sys.setswitchinterval(THREADS_CHANGE_AFTER_S)
    else:
        stack.push_async_callback(looking.close)
        looking.begin()
    await decoder.warm_up()
    group = await stack.enter_async_context(anyio.create_task_group())
    stack.callback(group.cancel_scope.cancel)
    group.start_soon(keys.keep_up)
    shared = Shared(stack, group, decoder, looking, fetcher, figures)
    shops = [await open_shop(shop_id, its_own, shared) for shop_id, its_own in shops_settings.items()]
    readiness = health.Readiness(checks_of_all({one.shop.id: one.checks for one in shops}))
    uploads = UploadBudget(UPLOADS_HELD_AT_ONCE * settings.max_photo_bytes)
    turns = Turns(settings.searches_at_once, settings.searches_waiting)
    door = Door(turns, readiness, figures, origins, calls=_NEED_TURNS, trusted=settings.proxy_networks)
    alone = shops[0] if len(shops) == 1 else None
    state = (alone.engine, alone.shop.loads, alone.outside) if alone is not None else (None, None, None)
    group.start_soon(Observer(Parts(decoder, uploads, readiness, turns, *state), figures).keep_looking)
    _settle(stack)
    return State(
        shops={one.shop.id: one.shop for one in shops},
        keys=keys,
        repeats=repeats,
        decoder=decoder,
        readiness=readiness,
        uploads=uploads,
        metrics=figures,
        door=door,
        turns=turns,
        rates=rates,
        photo_urls=photo_urls,
        limits=Limits(
            deadline_s=settings.deadline_ms / 1000,
            keeps_photos=settings.photo_ttl_s > 0,
            max_photo_bytes=settings.max_photo_bytes,
        ),
    )


def _settle(stack: AsyncExitStack) -> None:
    """What is there now stays: looking for cycles no longer goes through it, which stopped everything for 0.1 s."""
    gc.collect()
    gc.freeze()
    stack.callback(gc.unfreeze)
