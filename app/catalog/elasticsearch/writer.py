"""The loading side: one generation is filled, checked, and handed to Catalog.publish."""

import asyncio
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from app.catalog.elasticsearch import templates
from app.catalog.elasticsearch.bulk import Bulk, Write, Written
from app.catalog.elasticsearch.changes import ChangeLog
from app.catalog.elasticsearch.connection import Connection
from app.catalog.elasticsearch.documents import check_evidence, document_id, to_details, to_document
from app.catalog.elasticsearch.engine import Clock, now
from app.catalog.elasticsearch.ledger import Entry, Ledger, LedgerStore, Step
from app.catalog.elasticsearch.options import ElasticsearchOptions
from app.catalog.elasticsearch.publishing import Publisher
from app.catalog.elasticsearch.readiness import check_fit_to_load
from app.catalog.elasticsearch.store import Store
from app.catalog.elasticsearch.verification import SAMPLE, Verification
from app.catalog.errors import GenerationConflict, ProductsRejected
from app.catalog.holder import refuse_while_alive
from app.catalog.model import Generation, GenerationState, ImageEvidence, Product
from app.catalog.sampling import evenly

_BEAT_S = 15.0
_REQUEST_S = 120.0
_PATIENCE_S = 60.0
_MERGE_S = 4 * 3_600.0
_PICTURED = {"range": {"pictures": {"gt": 0}}}
_LOADING = (GenerationState.LOADING,)
_UNPUBLISHED = (GenerationState.LOADING, GenerationState.VERIFIED)


class ElasticsearchCatalogWriter:
    """A CatalogWriter in one Elasticsearch cluster. A write is on the disks of all copies when the call returns.

    clock: tells the time, UTC; leases are judged by it, so the loaders' machines need about the same time.
    """

    def __init__(self, options: ElasticsearchOptions, *, clock: Clock = now) -> None:
        self._options = options
        self._clock = clock
        # Refreshing what was just written builds graphs: that takes longer than a search may.
        unhurried = replace(options, timeout_s=max(options.timeout_s, _REQUEST_S))
        self._connection = Connection(unhurried)
        self._bulk = Bulk(self._connection)
        self._ledger = LedgerStore(self._connection)
        self._log = ChangeLog(self._connection, self._bulk)
        self._store = Store(self._connection, self._bulk)
        self._publisher = Publisher(self._connection, self._ledger, self._log, self._store, self._bulk)
        self._lease = secrets.token_hex(8)

    async def begin(self, *, embedder: str, dims: int, source: str, holder: str) -> Generation:
        """See CatalogWriter.begin. Brings the cluster's templates up to date first."""
        await check_fit_to_load(self._connection)
        self._dead_load(await self._ledger.read())
        await templates.install(self._connection)
        base, _, _ = await self._log.last() if (await self._ledger.read()).version else (0, "", None)
        created = self._clock()

        def begun(ledger: Ledger) -> tuple[Ledger, tuple[Entry, Entry | None]]:
            dead = self._dead_load(ledger)
            if dead is not None:
                ledger = ledger.with_entry(replace(dead, step=Step.ABANDONED))
            entry = Entry(
                id=f"{created:%Y%m%d-%H%M%S}-{ledger.next}",
                number=ledger.next,
                step=Step.LOADING,
                created_at=created.isoformat(),
                embedder=embedder,
                dims=dims,
                source=source,
                holder=holder,
                lease=self._lease,
                heartbeat=created.timestamp(),
                base_sequence=base,
            )
            return replace(ledger, next=ledger.next + 1).with_entry(entry), (entry, dead)

        entry, dead = await self._ledger.change(begun)
        self._connection.patience_s = _PATIENCE_S
        if dead is not None:
            await self._store.erase(dead)
        await self._store.create(entry)
        return entry.told(GenerationState.LOADING, 0, 0)

    async def resume(self, *, source: str, embedder: str, holder: str) -> Generation | None:
        """See CatalogWriter.resume."""

        def resumed(ledger: Ledger) -> tuple[Ledger, Entry | None]:
            dead = self._dead_load(ledger)
            if dead is None or dead.source != source or dead.embedder != embedder:
                return ledger, None
            beat = self._clock().timestamp()
            entry = replace(dead, holder=holder, lease=self._lease, heartbeat=beat)
            return ledger.with_entry(entry), entry

        entry = await self._ledger.change(resumed)
        if entry is None:
            return None
        self._connection.patience_s = _PATIENCE_S
        await self._store.create(entry)  # where it died before that
        return await self._publisher.told(await self._ledger.read(), entry)

    async def add(self, generation_id: str, products: Iterable[Product]) -> None:
        """See CatalogWriter.add. Raises ProductsRejected when Elasticsearch does not take some of them.

        Elasticsearch has no transactions. All that can be known to be wrong is found before anything is written; a
        product is written after its evidence; and of a refused call what was new is taken back.
        """
        batch = {product.id: product for product in products}
        entry = await self._held(generation_id, _LOADING)
        for product in batch.values():
            check_evidence(product, entry.embedder, entry.dims)
        index, details = self._store.products_index(entry), self._store.details_index(entry)

        def writes() -> tuple[list[Write], list[Write]]:
            seen = [Write(details, *detail) for product in batch.values() for detail in to_details(product)]
            return seen, [Write(index, document_id(one.id), to_document(one)) for one in batch.values()]

        seen, documents = await asyncio.to_thread(writes)
        self._refuse(await self._bulk.send(seen), batch)
        written = await self._bulk.send(documents)
        if written.rejected:
            await self._bulk.send([Write(index, one, None) for one in sorted(written.created)])
            self._refuse(written, batch)
        replaced = [one for one in batch.values() if document_id(one.id) in written.updated]
        if replaced:
            least = {product.id: len(product.images) for product in replaced}
            await self._store.remove_details(entry, list(least), least=least)

    async def content_hashes(self, generation_id: str) -> Mapping[str, str]:
        """See CatalogWriter.content_hashes."""
        entry = await self._beat(generation_id)
        await self._store.refresh(self._store.products_index(entry))
        columns = self._store.columns(entry, ("id", "content_hash"), {"match_all": {}})
        return {product_id: content_hash async for product_id, content_hash in columns}

    async def carry_over(self, generation_id: str, product_ids: Sequence[str]) -> int:
        """See CatalogWriter.carry_over. The cluster copies; nothing comes here."""
        entry = await self._held(generation_id, _LOADING)
        ledger = await self._ledger.read()
        if not ledger.published:
            return 0
        published = ledger.current()
        if (published.embedder, published.dims) != (entry.embedder, entry.dims):
            return 0
        return await self._store.copy(published, entry, product_ids, versions=False)

    async def known_evidence(self, generation_id: str, sha256s: Sequence[str]) -> Mapping[str, ImageEvidence]:
        """See CatalogWriter.known_evidence."""
        entry = await self._beat(generation_id)
        if not sha256s:
            return {}
        ledger = await self._ledger.read()
        alike = [
            other
            for other in reversed(ledger.entries)
            if (other.embedder, other.dims) == (entry.embedder, entry.dims) and other.step is not Step.ABANDONED
        ]
        await self._store.refresh(self._store.details_index(entry))
        return await self._store.known_evidence(alike, sha256s)

    async def examples(self, generation_id: str, limit: int) -> list[tuple[Product, list[ImageEvidence]]]:
        """See CatalogWriter.examples."""
        entry = await self._beat(generation_id)
        await self._store.refresh(self._store.products_index(entry))
        ids = [one async for (one,) in self._store.columns(entry, ("id",), _PICTURED)]
        products = await self._store.products(entry, [ids[place] for place in evenly(len(ids), limit)])
        images = [(product.id, place) for product in products for place in range(len(product.images))]
        evidence = dict(zip(images, await self._store.evidence(entry, images), strict=True))
        return [
            (product, [seen for place in range(len(product.images)) if (seen := evidence[product.id, place])])
            for product in products
        ]

    async def attach(self, generation_id: str, name: str, data: bytes) -> None:
        """See CatalogWriter.attach."""
        entry = await self._held(generation_id, _UNPUBLISHED)
        await self._store.attach(entry, name, data)

    async def verify(self, generation_id: str, *, expected_products: int) -> Generation:
        """See CatalogWriter.verify. Merges the generation into few segments, which may take minutes."""
        entry = await self._held(generation_id, _LOADING)
        index = self._store.products_index(entry)
        verification = Verification(self._connection, self._store, entry)
        beating = asyncio.create_task(self._keep_beating(generation_id))
        try:
            await self._store.refresh(index, self._store.details_index(entry))
            await verification.figures(expected_products)
            await self._merge(index)
            ids = [one async for (one,) in self._store.columns(entry, ("id",), {"match_all": {}})]
            pictured = [one async for (one,) in self._store.columns(entry, ("id",), _PICTURED)]
            sample, seen = ([some[place] for place in evenly(len(some), SAMPLE)] for some in (ids, pictured))
            await verification.samples(sample, seen or sample)
            await self._searchable(entry)
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
        verified = await self._ledger.change(
            lambda ledger: self._holding(ledger, generation_id, _LOADING, step=Step.VERIFIED)
        )
        return await self._publisher.told(await self._ledger.read(), verified)

    async def abandon(self, generation_id: str) -> None:
        """See CatalogWriter.abandon."""

        def abandoned(ledger: Ledger) -> tuple[Ledger, Entry]:
            entry = ledger.named(generation_id)
            if entry.step is not Step.ABANDONED:
                ledger.require(entry, *_UNPUBLISHED)
            return ledger.with_entry(replace(entry, step=Step.ABANDONED)), entry

        await self._store.erase(await self._ledger.change(abandoned))

    async def prune(self, *, keep: int) -> list[str]:
        """See CatalogWriter.prune."""
        if keep < 0:
            raise ValueError(f"keep is 0 or more, not {keep}")
        ledger = await self._ledger.read()
        retired = ledger.in_state(GenerationState.RETIRED)
        retired.sort(key=lambda entry: (entry.published_at or entry.created_at, entry.number), reverse=True)
        bases = [entry.base_sequence for entry in ledger.in_state(*_UNPUBLISHED)]
        doomed = [entry for entry in retired[keep:] if not await self._log.are_needed(entry.id, bases)]
        gone = [*doomed, *ledger.in_state(GenerationState.ABANDONED)]
        ids = {entry.id for entry in doomed}

        def marked(known: Ledger) -> tuple[Ledger, None]:
            for entry in known.entries:
                if entry.id in ids and known.state_of(entry) is GenerationState.RETIRED:
                    known = known.with_entry(replace(entry, step=Step.ABANDONED))
            return known, None

        await self._ledger.change(marked)
        for entry in gone:
            await self._store.erase(entry)
            await self._log.forget(entry.id)
        await self._ledger.change(lambda known: (known.without(entry.id for entry in gone), None))
        return [entry.id for entry in gone]

    async def last_change(self) -> datetime | None:
        """See CatalogWriter.last_change."""
        ledger = await self._ledger.read()
        if not ledger.published:
            return None
        published_at = ledger.current().published_at
        assert published_at is not None
        _, changed, at = await self._log.last()
        times = [datetime.fromisoformat(published_at)]
        return max([*times, at] if at is not None and changed == ledger.published else times)

    async def close(self) -> None:
        """Release everything. Calling it twice is harmless."""
        await self._connection.close()

    def _dead_load(self, ledger: Ledger) -> Entry | None:
        """The generation a dead loader left; raises GenerationConflict when its loader is alive."""
        for loading in ledger.in_state(*_LOADING):
            refuse_while_alive(loading.id, loading.holder, self._clock().timestamp() - loading.heartbeat)
            return loading
        return None

    def _holding(
        self, ledger: Ledger, generation_id: str, states: tuple[GenerationState, ...], *, step: Step | None = None
    ) -> tuple[Ledger, Entry]:
        """The ledger in which this writer's load is alive from now; raises when it is not this writer's."""
        entry = ledger.named(generation_id)
        ledger.require(entry, *states)
        if entry.lease != self._lease:
            raise GenerationConflict(
                f"Generation '{entry.id}' is loaded by {entry.holder}, not by this writer.",
                fix="Begin a generation, or resume this one when its loader is dead.",
                holder=entry.holder,
            )
        entry = replace(entry, heartbeat=self._clock().timestamp(), step=step or entry.step)
        return ledger.with_entry(entry), entry

    async def _held(self, generation_id: str, states: tuple[GenerationState, ...]) -> Entry:
        return await self._ledger.change(lambda ledger: self._holding(ledger, generation_id, states))

    async def _beat(self, generation_id: str) -> Entry:
        def beaten(ledger: Ledger) -> tuple[Ledger, Entry]:
            entry = ledger.named(generation_id)
            if entry.lease == self._lease:
                entry = replace(entry, heartbeat=self._clock().timestamp())
            return ledger.with_entry(entry), entry

        return await self._ledger.change(beaten)

    async def _keep_beating(self, generation_id: str) -> None:
        while True:
            await asyncio.sleep(_BEAT_S)
            await self._beat(generation_id)

    async def _merge(self, index: str) -> None:
        """Merge into one segment: a graph per segment is searched for each query."""
        await self._connection.call(
            lambda client: client.options(request_timeout=_MERGE_S).indices.forcemerge(index=index, max_num_segments=1)
        )
        await self._store.refresh(index)

    async def _searchable(self, entry: Entry) -> None:
        indices = f"{self._store.products_index(entry)},{self._store.details_index(entry)}"
        await self._connection.call(
            lambda client: client.indices.put_settings(index=indices, settings={"index": {"refresh_interval": "1s"}})
        )

    @staticmethod
    def _refuse(written: Written, batch: Mapping[str, Product]) -> None:
        if not written.rejected:
            return
        names = {document_id(product_id): product_id for product_id in batch}
        reasons = {names.get(one, one.partition(":")[2]): reason for one, reason in written.rejected.items()}
        raise ProductsRejected(
            f"The catalog does not take {len(reasons)} of {len(batch)} products.",
            fix="Mend the products that are named, or leave them out.",
            rejected=reasons,
        )


def open_writer(options: ElasticsearchOptions, *, clock: Clock = now) -> ElasticsearchCatalogWriter:
    """Open the loading side of a shop's catalog; nothing is sent before it is used."""
    return ElasticsearchCatalogWriter(options, clock=clock)
