"""The embedded catalog: SQLite is the truth, memory answers."""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np

from app.catalog.errors import CatalogUnavailable, ProductNotFound
from app.catalog.model import (
    SEARCHABLE,
    Candidates,
    Counts,
    FacetCount,
    FacetField,
    Filter,
    Generation,
    ImageEvidence,
    Product,
    Query,
)
from app.catalog.sqlite import generations, publishing, queries, retrieval, store
from app.catalog.sqlite.database import Database
from app.catalog.sqlite.index import View
from app.catalog.sqlite.live import LiveIndex, Served

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

Clock = Callable[[], datetime]


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class Threads:
    """A bounded set of threads for calls that block; the event loop never waits for SQLite or a scan."""

    def __init__(self, count: int) -> None:
        self._executor = ThreadPoolExecutor(count, thread_name_prefix="catalog")
        self._closed = threading.Event()

    async def run(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a blocking call. Raises CatalogUnavailable when closed."""
        self.refuse_when_closed()
        return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: call(*args, **kwargs))

    def refuse_when_closed(self) -> None:
        """Raise CatalogUnavailable when closed."""
        if self._closed.is_set():
            raise CatalogUnavailable("The catalog was closed.", fix="Open it again.")

    async def close(self) -> None:
        """Wait for the calls in flight, then stop."""
        self._closed.set()
        await asyncio.get_running_loop().run_in_executor(None, self._executor.shutdown)


@dataclass(frozen=True, slots=True, eq=False)
class SqliteSnapshot:
    """One generation's rows in memory at one moment, and the file for what memory does not hold."""

    generation: Generation
    _number: int = field(repr=False)
    _view: View = field(repr=False)
    _database: Database = field(repr=False)
    _threads: Threads = field(repr=False)
    _rows: dict[str, int] = field(default_factory=dict, repr=False)
    """Product id -> row of what was retrieved here."""

    @property
    def degraded(self) -> str:
        """See Snapshot.degraded."""
        return ""

    async def retrieve(self, query: Query) -> Candidates:
        """See Snapshot.retrieve."""
        return await self._threads.run(self._retrieve, query)

    async def facets(
        self, product_ids: Sequence[str], fields: Sequence[FacetField], limit: int = 20
    ) -> Mapping[FacetField, tuple[FacetCount, ...]]:
        """See Snapshot.facets."""
        return await self._threads.run(self._facets, product_ids, fields, limit)

    async def count(self, filters: Sequence[Filter] = (), fields: Sequence[FacetField] = (), limit: int = 20) -> Counts:
        """See Snapshot.count."""
        return await self._threads.run(self._count, filters, fields, limit)

    async def products(self, ids: Sequence[str]) -> list[Product]:
        """See Snapshot.products."""
        return await self._threads.run(self._products, ids)

    async def evidence(self, images: Sequence[tuple[str, int]]) -> list[ImageEvidence | None]:
        """See Snapshot.evidence."""
        return await self._threads.run(self._evidence, images)

    async def artifact(self, name: str) -> bytes | None:
        """See Snapshot.artifact."""
        return await self._threads.run(self._artifact, name)

    def _retrieve(self, query: Query) -> Candidates:
        retrieval.check(self._view, query)
        found, rows = retrieval.retrieve_with_rows(self._view, query, self._words(query.text))
        self._rows.update(zip((one.product_id for one in found.items), rows.tolist(), strict=True))
        return found

    def _words(self, text: str) -> retrieval.Words | None:
        if not text.strip():
            return None
        expression = queries.match_expression(text)
        if not expression:
            return retrieval.Words(np.zeros(0, dtype=np.int64), np.zeros(0))
        with self._database.read() as connection:
            return store.find_words(connection, self._number, expression)

    def _facets(
        self, product_ids: Sequence[str], fields: Sequence[FacetField], limit: int
    ) -> Mapping[FacetField, tuple[FacetCount, ...]]:
        # What is counted was most often retrieved just before: its rows are known.
        known = [self._rows.get(one, -1) for one in dict.fromkeys(product_ids)]
        rows = self._view.rows_of(product_ids) if -1 in known else np.array(known, dtype=np.int32)
        return {name: retrieval.count_facet(self._view, rows, name, limit) for name in fields}

    def _count(self, filters: Sequence[Filter], fields: Sequence[FacetField], limit: int) -> Counts:
        rows = np.flatnonzero(retrieval.passing_rows(self._view, filters)).astype(np.int32)
        return Counts(rows.size, {name: retrieval.count_facet(self._view, rows, name, limit) for name in fields})

    def _products(self, ids: Sequence[str]) -> list[Product]:
        with self._database.read() as connection:
            return store.read_products(connection, self._number, ids)

    def _evidence(self, images: Sequence[tuple[str, int]]) -> list[ImageEvidence | None]:
        with self._database.read() as connection:
            return store.read_evidence(connection, self._number, images)

    def _artifact(self, name: str) -> bytes | None:
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT data FROM artifacts WHERE generation = ? AND name = ?", (self._number, name)
            ).fetchone()
        return None if row is None else bytes(row[0])


class SqliteCatalog:
    """A Catalog in one SQLite file, answered from memory.

    The published generation is read into memory by the first snapshot(); after that a thread follows what other
    processes write. clock: tells the time, UTC.
    """

    def __init__(self, database: Database, *, threads: int = 4, clock: Clock = now) -> None:
        self._database = database
        self._threads = Threads(threads)
        self._live = LiveIndex(database)
        self._clock = clock

    async def snapshot(self) -> SqliteSnapshot:
        """See Catalog.snapshot."""
        self._threads.refuse_when_closed()
        served = self._live.served
        return self._snapshot(await self._threads.run(self._live.current) if served is None else served)

    async def snapshot_of(self, generation_id: str) -> SqliteSnapshot:
        """See Catalog.snapshot_of. One that is not served is read into memory for this snapshot, and not followed."""
        self._threads.refuse_when_closed()
        return self._snapshot(await self._threads.run(self._kept, generation_id))

    async def put(self, product: Product) -> bool:
        """See Catalog.put."""
        return await self._threads.run(self._put, product)

    async def delete(self, product_id: str) -> None:
        """See Catalog.delete."""
        await self._threads.run(self._delete, product_id)

    async def generations(self) -> list[Generation]:
        """See Catalog.generations."""
        return await self._threads.run(self._generations)

    async def publish(self, generation_id: str) -> Generation:
        """See Catalog.publish."""
        return await self._threads.run(self._publish, generation_id)

    async def ping(self) -> None:
        """See Catalog.ping."""
        await self._threads.run(self._ping)

    async def close(self) -> None:
        """See Catalog.close."""
        await self._threads.close()
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    def _snapshot(self, served: Served) -> SqliteSnapshot:
        view = served.index.view
        return SqliteSnapshot(
            generation=served.generation.told(view.live_products, view.live_images),
            _number=served.generation.number,
            _view=view,
            _database=self._database,
            _threads=self._threads,
        )

    def _kept(self, generation_id: str) -> Served:
        served = self._live.served
        if served is not None and served.generation.id == generation_id and self._live.catch_up():
            return served
        with self._database.read() as connection:
            row = generations.named(connection, generation_id)
            generations.require(row, *SEARCHABLE)
            return Served(row, store.read_index(connection, row))

    def _put(self, product: Product) -> bool:
        with self._database.write() as connection:
            published = publishing.published(connection)
            is_new = store.write_product(connection, published, product)
            publishing.note_change(connection, published, product.id, deleted=False, at=self._clock())
        self._live.catch_up()
        return is_new

    def _delete(self, product_id: str) -> None:
        with self._database.write() as connection:
            published = publishing.published(connection)
            if not store.delete_product(connection, published.number, product_id):
                raise ProductNotFound(
                    f"There is no product '{product_id}'.", fix="Use the id of a product of the shop."
                )
            publishing.note_change(connection, published, product_id, deleted=True, at=self._clock())
        self._live.catch_up()

    def _generations(self) -> list[Generation]:
        with self._database.read() as connection:
            return [row.told(*store.count(connection, row.number)) for row in generations.all_rows(connection)]

    def _publish(self, generation_id: str) -> Generation:
        with self._database.write() as connection:
            published = publishing.publish(connection, generation_id, at=self._clock())
        if self._live.served is not None:
            try:
                self._live.refresh()
            except CatalogUnavailable as error:
                # It is published; the thread that follows the file reads it as soon as it can.
                logger.warning("generation %s is published, but cannot be read now: %s", generation_id, error)
        return published

    def _ping(self) -> None:
        self._database.prove()

    def _close(self) -> None:
        self._live.close()
        self._database.close()


def open_catalog(path: Path, *, max_bytes: int | None = None, clock: Clock = now) -> SqliteCatalog:
    """Open a catalog file, made when it is not there; a few milliseconds. Raises CatalogUnavailable.

    max_bytes: the file may not grow beyond it; a write that would is refused as on a full disk.
    """
    return SqliteCatalog(Database(path, max_bytes=max_bytes), clock=clock)
