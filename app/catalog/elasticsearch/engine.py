"""The catalog in Elasticsearch: what is published is answered from one point in time that all searches share."""

import asyncio
import contextlib
import logging
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from app.catalog.elasticsearch import queries
from app.catalog.elasticsearch.bulk import Bulk, Write
from app.catalog.elasticsearch.changes import Change, ChangeLog
from app.catalog.elasticsearch.connection import Connection
from app.catalog.elasticsearch.documents import check_evidence, document_id, to_details, to_document
from app.catalog.elasticsearch.facets import chunked, facet_counts
from app.catalog.elasticsearch.ledger import Entry, Ledger, LedgerStore
from app.catalog.elasticsearch.options import ElasticsearchOptions
from app.catalog.elasticsearch.original import ElasticsearchOriginal
from app.catalog.elasticsearch.publishing import Publisher
from app.catalog.elasticsearch.readiness import inspect
from app.catalog.elasticsearch.retrieval import Retrieval, check
from app.catalog.elasticsearch.searching import KEEP_ALIVE, Searcher
from app.catalog.elasticsearch.store import Store, replace_details
from app.catalog.errors import CatalogUnavailable, ProductNotFound
from app.catalog.model import (
    SEARCHABLE,
    Candidates,
    Counts,
    FacetCount,
    FacetField,
    Filter,
    Generation,
    GenerationState,
    ImageEvidence,
    Product,
    Query,
)

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]

_FRESH_S = 0.5
"""A point in time younger than this is handed out as it is."""
_STALE_S = 1.5
"""One older than this is not handed out any more; between the two it is, while a new one is made."""


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class Served:
    """The published generation at one moment. Its point in time is closed when nobody holds it any more.

    made_at: monotonic seconds. epoch: how many changes this process had made when it was looked at.
    """

    def __init__(self, entry: Entry, generation: Generation, searcher: Searcher, made_at: float, epoch: int) -> None:
        self.entry = entry
        self.generation = generation
        self.searcher = searcher
        self.made_at = made_at
        self.epoch = epoch


class ElasticsearchSnapshot:
    """See Snapshot. Searches see one point in time; products and evidence are read by id as they are now."""

    def __init__(self, served: Served, store: Store, options: ElasticsearchOptions) -> None:
        self._served = served
        self._store = store
        self._options = options

    @property
    def generation(self) -> Generation:
        """See Snapshot.generation."""
        return self._served.generation

    @property
    def degraded(self) -> str:
        """See Snapshot.degraded."""
        return ""

    async def retrieve(self, query: Query) -> Candidates:
        """See Snapshot.retrieve."""
        entry = self._served.entry
        check(query, entry.embedder, entry.dims)
        exactly = self.generation.images <= self._options.exact_pictures
        return await Retrieval(
            self._served.searcher, query, exactly=exactly, oversample=self._options.oversample
        ).answer()

    async def facets(
        self, product_ids: Sequence[str], fields: Sequence[FacetField], limit: int = 20
    ) -> Mapping[FacetField, tuple[FacetCount, ...]]:
        """See Snapshot.facets."""
        bodies = [queries.counts([queries.of_ids(ids)], fields) for ids in chunked(product_ids)]
        found = await self._served.searcher.search(*bodies)
        return facet_counts([answer.aggregations for answer in found], fields, limit)

    async def count(self, filters: Sequence[Filter] = (), fields: Sequence[FacetField] = (), limit: int = 20) -> Counts:
        """See Snapshot.count."""
        (found,) = await self._served.searcher.search(queries.counts(queries.conditions(filters), fields))
        return Counts(found.total, facet_counts([found.aggregations], fields, limit))

    async def products(self, ids: Sequence[str]) -> list[Product]:
        """See Snapshot.products."""
        return await self._store.products(self._served.entry, ids)

    async def evidence(self, images: Sequence[tuple[str, int]]) -> list[ImageEvidence | None]:
        """See Snapshot.evidence."""
        return await self._store.evidence(self._served.entry, images)

    async def artifact(self, name: str) -> bytes | None:
        """See Snapshot.artifact."""
        return await self._store.artifact(self._served.entry, name)


class ElasticsearchCatalog:
    """A Catalog in one Elasticsearch cluster; make and close it in the event loop that uses it.

    clock: tells the time, UTC.
    """

    def __init__(self, options: ElasticsearchOptions, *, clock: Clock = now) -> None:
        self._options = options
        self._clock = clock
        self._connection = Connection(options)
        self._bulk = Bulk(self._connection, patience_s=options.timeout_s)
        self._ledger = LedgerStore(self._connection)
        self._log = ChangeLog(self._connection, self._bulk)
        self._store = Store(self._connection, self._bulk)
        self._publisher = Publisher(self._connection, self._ledger, self._log, self._store, self._bulk)
        self._served: Served | None = None
        self._renewal: asyncio.Task[Served] | None = None
        self._unused: list[str] = []
        self._epoch = 0

    async def snapshot(self) -> ElasticsearchSnapshot:
        """See Catalog.snapshot."""
        self._connection.client  # noqa: B018 - a closed catalog says so
        served = self._served
        age = _STALE_S if served is None else time.monotonic() - served.made_at
        if served is None or age >= _STALE_S:
            served = await self._renewed()
        elif age >= _FRESH_S:
            _ = self._renewing()
        return ElasticsearchSnapshot(served, self._store, self._options)

    async def snapshot_of(self, generation_id: str) -> ElasticsearchSnapshot:
        """See Catalog.snapshot_of. Without a point in time: only the published one ever changes."""
        ledger = await self._ledger.read()
        entry = ledger.named(generation_id)
        ledger.require(entry, *SEARCHABLE)
        if entry.id == ledger.published:
            present = await self.snapshot()
            if present.generation.id == entry.id:
                return present
        told = await self._publisher.told(ledger, entry)
        searcher = Searcher(self._connection, self._store.products_index(entry))
        served = Served(entry, told, searcher, time.monotonic(), self._epoch)
        return ElasticsearchSnapshot(served, self._store, self._options)

    async def put(self, product: Product) -> bool:
        """See Catalog.put."""
        ledger = await self._ledger.read()
        check_evidence(product, ledger.current().embedder, ledger.current().dims)
        at = self._clock()
        sequence = await self._log.next(ledger.published, at)
        is_new = False

        async def write(entry: Entry) -> None:
            nonlocal is_new
            check_evidence(product, entry.embedder, entry.dims)
            index = self._store.details_index(entry)
            details = [Write(index, name, document) for name, document in to_details(product)]
            await replace_details(self._store, self._bulk, entry, product, details)
            write = Write(self._store.products_index(entry), document_id(product.id), to_document(product), sequence)
            written = await self._bulk.send([write])
            _refuse_rejected(written.rejected)
            is_new = bool(written.created)

        await self._apply(ledger, product.id, sequence, write, deleted=False)
        return is_new

    async def delete(self, product_id: str) -> None:
        """See Catalog.delete."""
        ledger = await self._ledger.read()
        if await self._store.pictures_of(ledger.current(), product_id) is None:
            raise ProductNotFound(f"There is no product '{product_id}'.", fix="Use the id of a product of the shop.")
        sequence = await self._log.next(ledger.published, self._clock())

        async def remove(entry: Entry) -> None:
            gone = range(await self._store.pictures_of(entry, product_id) or 0)
            index, details = self._store.products_index(entry), self._store.details_index(entry)
            await self._bulk.send([Write(index, document_id(product_id), None, sequence)])
            await self._bulk.send([Write(details, f"{place}:{document_id(product_id)}", None) for place in gone])

        await self._apply(ledger, product_id, sequence, remove, deleted=True)

    async def generations(self) -> list[Generation]:
        """See Catalog.generations."""
        return await self._publisher.told_all(await self._ledger.read())

    async def publish(self, generation_id: str) -> Generation:
        """See Catalog.publish."""
        try:
            return await self._publisher.publish(generation_id, at=self._clock())
        finally:
            self._changed()

    def original(self) -> ElasticsearchOriginal:
        """What a copy of the published generation is made from; it lives as long as the catalog."""
        return ElasticsearchOriginal(self._ledger, self._log, self._store)

    async def ping(self) -> None:
        """See Catalog.ping. Looks at everything that can be wrong with the cluster and says what to do."""
        await inspect(self._connection, self._ledger)

    async def close(self) -> None:
        """See Catalog.close."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)
        self._served = None
        with contextlib.suppress(CatalogUnavailable):
            await self._close_unused()
        await self._connection.close()

    async def _apply(
        self, ledger: Ledger, product_id: str, sequence: int, write: Callable[[Entry], object], *, deleted: bool
    ) -> None:
        """Make a change in the published generation, and in the one that was published meanwhile, if any.

        A publisher takes over what is in the log when it has moved the alias; whoever logs later sees the moved alias
        here and makes the change there too. So no change falls between.
        """
        while True:
            entry = ledger.current()
            await write(entry)  # type: ignore[misc]
            await self._log.note(Change(product_id, entry.id, sequence, deleted))
            ledger = await self._ledger.read()
            if ledger.published == entry.id:
                break
        await self._store.refresh(self._store.products_index(entry))
        self._changed()

    def _changed(self) -> None:
        """From now on a snapshot shows what this process has just changed."""
        self._epoch += 1
        self._served = None

    async def _renewed(self) -> Served:
        """A new point in time, made once for all who wait for one."""
        wanted = self._epoch
        while True:
            served = await asyncio.shield(self._renewing())
            if served.epoch >= wanted:
                return served

    def _renewing(self) -> "asyncio.Task[Served]":
        """The making of a new point in time that is under way, begun now unless there is one."""
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew())
            self._renewal.add_done_callback(_report)
        return self._renewal

    async def _renew(self) -> Served:
        began, epoch = time.monotonic(), self._epoch
        ledger = await self._ledger.read()
        entry = ledger.current()
        index = self._store.products_index(entry)
        opened = await self._connection.call(
            lambda client: client.open_point_in_time(index=index, keep_alive=KEEP_ALIVE)
        )
        searcher = Searcher(self._connection, index, opened["id"])
        (found,) = await searcher.search(queries.sizes())
        images = int(found.aggregations["pictures"]["value"])
        served = Served(entry, entry.told(GenerationState.PUBLISHED, found.total, images), searcher, began, epoch)
        weakref.finalize(served, self._unused.append, opened["id"]).atexit = False
        if self._epoch == epoch:
            self._served = served
        await self._close_unused()
        return served

    async def _close_unused(self) -> None:
        while self._unused:
            with contextlib.suppress(CatalogUnavailable):  # it ends by itself after KEEP_ALIVE
                await self._close_point_in_time(self._unused.pop())

    async def _close_point_in_time(self, pit: str) -> None:
        await self._connection.call(lambda client: client.close_point_in_time(id=pit), again=False)


def _report(renewal: "asyncio.Task[Served]") -> None:
    """Who waits for it gets the error, too; when nobody does it must not be lost."""
    if not renewal.cancelled() and renewal.exception() is not None:
        logger.info("the published generation cannot be looked at now: %s", renewal.exception())


def _refuse_rejected(rejected: Mapping[str, str]) -> None:
    for reason in rejected.values():
        raise CatalogUnavailable(f"Elasticsearch does not take the product: {reason}.")


def open_catalog(options: ElasticsearchOptions, *, clock: Clock = now) -> ElasticsearchCatalog:
    """Open a shop's catalog; nothing is sent before it is used."""
    return ElasticsearchCatalog(options, clock=clock)
