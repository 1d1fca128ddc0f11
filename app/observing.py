"""What the server watches of its own parts: calls to the catalog's engine as they happen, and everything that has a
state (queue, breakers, generation, loads, budget) every two seconds. Part of the server's composition root."""

import asyncio
import logging
import os
import resource
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.analysis import Box, PhotoAnalysis
from app.analysis.analyzer import Analyzer
from app.analysis.breaker import Position
from app.catalog import (
    Candidates,
    Catalog,
    Counts,
    FacetCount,
    FacetField,
    Filter,
    Generation,
    ImageEvidence,
    NothingPublished,
    Product,
    Query,
    Snapshot,
)
from app.edge import UploadBudget
from app.edge.health import Readiness
from app.edge.turns import Turns
from app.errors import AppError
from app.loads import LoadDesk, LoadState
from app.photos import Photo, PhotoDecoder
from app.telemetry import Metrics
from app.tracing import span
from app.wiring_sources import Outside

LOOK_EVERY_S = 2.0
SELDOM = 5
"""What reads files is looked at every so many rounds."""

logger = logging.getLogger("akin.observing")


class ObservedSnapshot:
    """A Snapshot whose calls are timed, counted and traced. See Snapshot for what they do."""

    def __init__(self, snapshot: Snapshot, watch: "_Watch") -> None:
        self._snapshot = snapshot
        self._watch = watch

    @property
    def generation(self) -> Generation:
        """See Snapshot."""
        return self._snapshot.generation

    @property
    def degraded(self) -> str:
        """See Snapshot."""
        return self._snapshot.degraded

    async def retrieve(self, query: Query) -> Candidates:
        """See Snapshot."""
        with self._watch.call("retrieve"):
            return await self._snapshot.retrieve(query)

    async def facets(
        self, product_ids: Sequence[str], fields: Sequence[FacetField], limit: int = 20
    ) -> Mapping[FacetField, tuple[FacetCount, ...]]:
        """See Snapshot."""
        with self._watch.call("facets"):
            return await self._snapshot.facets(product_ids, fields, limit)

    async def count(self, filters: Sequence[Filter] = (), fields: Sequence[FacetField] = (), limit: int = 20) -> Counts:
        """See Snapshot."""
        with self._watch.call("count"):
            return await self._snapshot.count(filters, fields, limit)

    async def products(self, ids: Sequence[str]) -> list[Product]:
        """See Snapshot."""
        with self._watch.call("products"):
            return await self._snapshot.products(ids)

    async def evidence(self, images: Sequence[tuple[str, int]]) -> list[ImageEvidence | None]:
        """See Snapshot."""
        with self._watch.call("evidence"):
            return await self._snapshot.evidence(images)

    async def artifact(self, name: str) -> bytes | None:
        """See Snapshot."""
        with self._watch.call("artifact"):
            return await self._snapshot.artifact(name)


class ObservedCatalog:
    """A Catalog whose calls are timed, counted and traced. See Catalog for what they do.

    engine: its name in the figures, "sqlite" or "elasticsearch".
    """

    def __init__(self, catalog: Catalog, metrics: Metrics, engine: str) -> None:
        self._catalog = catalog
        self._watch = _Watch(metrics, engine)

    async def snapshot(self) -> Snapshot:
        """See Catalog."""
        with self._watch.call("snapshot"):
            return ObservedSnapshot(await self._catalog.snapshot(), self._watch)

    async def snapshot_of(self, generation_id: str) -> Snapshot:
        """See Catalog."""
        with self._watch.call("snapshot"):
            return ObservedSnapshot(await self._catalog.snapshot_of(generation_id), self._watch)

    async def put(self, product: Product) -> bool:
        """See Catalog."""
        with self._watch.call("put"):
            return await self._catalog.put(product)

    async def delete(self, product_id: str) -> None:
        """See Catalog."""
        with self._watch.call("delete"):
            await self._catalog.delete(product_id)

    async def generations(self) -> list[Generation]:
        """See Catalog."""
        with self._watch.call("generations"):
            return await self._catalog.generations()

    async def publish(self, generation_id: str) -> Generation:
        """See Catalog."""
        with self._watch.call("publish"):
            return await self._catalog.publish(generation_id)

    async def ping(self) -> None:
        """See Catalog."""
        with self._watch.call("ping"):
            await self._catalog.ping()

    async def close(self) -> None:
        """See Catalog."""
        await self._catalog.close()


class ObservedAnalyzer:
    """An Analyzer whose looks are steps of the trace. See Analyzer for what they do."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self.name = analyzer.name

    async def analyze(self, photo: Photo, crop: Box | None = None) -> PhotoAnalysis:
        """See Analyzer."""
        with span("analyze", {"akin.analyzer": self.name}):
            return await self._analyzer.analyze(photo, crop)

    async def close(self) -> None:
        """See Analyzer."""
        await self._analyzer.close()


class _Watch:
    """Metric and span of one call to the engine."""

    def __init__(self, metrics: Metrics, engine: str) -> None:
        self._metrics = metrics
        self._engine = engine

    @contextmanager
    def call(self, operation: str) -> Iterator[None]:
        with (
            span(f"catalog.{operation}", {"akin.engine": self._engine}),
            self._metrics.engine_call(self._engine, operation),
        ):
            yield


@dataclass(frozen=True, slots=True)
class Parts:
    """What has a state worth telling. catalog: the engine itself, so that looking at it is not counted as a search.

    catalog, loads and outside are told of where one shop is served, and None where there are several: the figures have
    no name of a shop.
    """

    decoder: PhotoDecoder
    uploads: UploadBudget
    readiness: Readiness
    turns: Turns
    catalog: Catalog | None
    loads: LoadDesk | None
    outside: Outside | None


class Observer:
    """Writes the state of the parts into the metrics, over and over. A part that fails is left out of that round."""

    def __init__(self, parts: Parts, metrics: Metrics) -> None:
        self._parts = parts
        self._metrics = metrics
        self._told: dict[tuple[str, str], int] = {}
        self._looked_at = time.monotonic()

    async def keep_looking(self) -> None:
        """Look for ever."""
        self._metrics.processes.set(1)
        self._metrics.draining.set(0)
        loop = asyncio.get_running_loop()
        number = 0
        while True:
            await self.look(seldom=number % SELDOM == 0)
            number += 1
            due = loop.time() + LOOK_EVERY_S
            await asyncio.sleep(LOOK_EVERY_S)
            self._metrics.loop_lag.set(max(0.0, loop.time() - due))

    async def look(self, *, seldom: bool = True) -> None:
        """One round. seldom: also what reads files."""
        self._process()
        self._queue()
        self._sources()
        for part, state in self._parts.readiness.last.items():
            self._metrics.part_ready.labels(part).set(state.ok)
        try:
            await self._generation()
            if seldom:
                await self._on_disk()
        except AppError as trouble:
            logger.debug("not observed: %s", trouble.detail)

    def _process(self) -> None:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        self._metrics.resident.set(pages * resource.getpagesize())
        self._metrics.open_files.set(len(os.listdir("/proc/self/fd")))  # noqa: PTH208 - ten times cheaper than Path

    def _queue(self) -> None:
        decoding, uploads = self._parts.decoder.state(), self._parts.uploads
        self._metrics.decode_slots.set(decoding.slots)
        self._metrics.decode_busy.set(decoding.busy)
        self._metrics.decode_waiting.set(decoding.waiting)
        self._metrics.decode_waiting_limit.set(decoding.most_waiting)
        turns = self._parts.turns
        self._metrics.search_slots.set(turns.slots)
        self._metrics.searches_working.set(turns.working)
        self._metrics.searches_waiting.set(turns.waiting)
        self._load(turns)
        self._metrics.upload_bytes.set(uploads.held)
        self._metrics.upload_bytes_limit.set(uploads.max_bytes)

    def _load(self, turns: Turns) -> None:
        """What all who came would keep busy if nobody was refused: how many come in a second times how long each takes
        (Little's law). What waits says little of it, as under a load that lasts hardly anybody may."""
        refused = self._since(("turns", "refused"), turns.refused)
        now = time.monotonic()
        missed = refused / max(now - self._looked_at, 0.001) * turns.usual_s
        self._looked_at = now
        self._metrics.searches_refused.inc(refused)
        self._metrics.search_load.set((turns.working + turns.waiting + missed) / turns.slots)

    def _sources(self) -> None:
        if self._parts.outside is None:
            return
        for state in self._parts.outside.ensemble.states():
            name = state.name
            self._metrics.breaker_open.labels(name).set(state.breaker.position is not Position.CLOSED)
            self._metrics.breaker_opened.labels(name).inc(self._since((name, "opened"), state.breaker.opened))
            self._metrics.source_calls.labels(name).inc(self._since((name, "calls"), state.calls))
            for reason, count in state.failures.items():
                self._metrics.source_failures.labels(name, reason).inc(self._since((name, reason), count))

    def _since(self, what: tuple[str, str], now: int) -> int:
        """How much more of it there is than in the round before."""
        before, self._told[what] = self._told.get(what, 0), now
        return max(0, now - before)

    async def _generation(self) -> None:
        if self._parts.catalog is None:
            return
        try:
            generation = (await self._parts.catalog.snapshot()).generation
        except NothingPublished:
            return
        self._metrics.generation_products.set(generation.products)
        if generation.published_at is not None:
            self._metrics.generation_published.set(generation.published_at.timestamp())

    async def _on_disk(self) -> None:
        if self._parts.loads is None:
            return
        loads = await self._parts.loads.loads()
        for state in LoadState:
            self._metrics.loads.labels(state.value).set(sum(load.state is state for load in loads))
        if self._parts.outside is not None:
            units, usd = await self._parts.outside.ledger.spent_today()
            self._metrics.cloud_units.set(units)
            self._metrics.cloud_usd.set(usd)
