"""Moving the alias, and what live changes mean for it."""

import asyncio
from dataclasses import replace
from datetime import datetime

from app.catalog.elasticsearch.bulk import Bulk, Write
from app.catalog.elasticsearch.changes import Change, ChangeLog
from app.catalog.elasticsearch.connection import Connection
from app.catalog.elasticsearch.documents import document_id, image_with, to_details, to_document
from app.catalog.elasticsearch.ledger import Entry, Ledger, LedgerStore, Step
from app.catalog.elasticsearch.queries import sizes
from app.catalog.elasticsearch.searching import Searcher
from app.catalog.elasticsearch.store import Store
from app.catalog.model import Generation, GenerationState, Product, ProductImage

_UNPUBLISHED = (GenerationState.LOADING, GenerationState.VERIFIED)


class Publisher:
    """Publishes generations of one shop, and tells how they are."""

    def __init__(self, connection: Connection, ledger: LedgerStore, log: ChangeLog, store: Store, bulk: Bulk) -> None:
        self._connection = connection
        self._ledger = ledger
        self._log = log
        self._store = store
        self._bulk = bulk

    async def publish(self, generation_id: str, *, at: datetime) -> Generation:
        """Publish a verified or retired generation; see Catalog.publish.

        A crash before the alias moves leaves the old generation serving and this one verified, to be published again;
        a crash after it leaves this one published.
        """
        ledger = await self._ledger.read()
        entry = ledger.named(generation_id)
        is_first = ledger.state_of(entry) is GenerationState.VERIFIED
        ledger.require(entry, GenerationState.VERIFIED, GenerationState.RETIRED)
        if is_first:
            await self._replay(ledger, entry)
        old = await self._ledger.change(lambda known: _announced(known, generation_id, at))
        await self._move_alias(old, entry)
        await self._ledger.change(lambda known: (_stepped(known, generation_id, Step.RELEASED), None))
        if is_first:
            # Changes that were logged between the first replay and the moving of the alias.
            await self._replay(ledger, entry)
        ledger = await self._ledger.read()
        return await self.told(ledger, ledger.named(generation_id))

    async def told(self, ledger: Ledger, entry: Entry) -> Generation:
        """A generation with its figures, counted now."""
        state = ledger.state_of(entry)
        if state is GenerationState.ABANDONED:
            return entry.told(state, 0, 0)
        index = self._store.products_index(entry)
        if state is not GenerationState.PUBLISHED and not await self._store.exists(index):
            return entry.told(state, 0, 0)  # its loader died before it was made, or somebody else deleted it
        if state in _UNPUBLISHED:
            await self._store.refresh(index)
        (found,) = await Searcher(self._connection, index).search(sizes())
        return entry.told(state, found.total, int(found.aggregations["pictures"]["value"]))

    async def told_all(self, ledger: Ledger) -> list[Generation]:
        """All generations, newest first."""
        return list(await asyncio.gather(*(self.told(ledger, entry) for entry in reversed(ledger.entries))))

    async def _move_alias(self, old: Entry | None, new: Entry) -> None:
        alias = self._connection.options.alias
        actions: list[dict[str, dict[str, str]]] = [{"add": {"index": self._store.products_index(new), "alias": alias}}]
        if old is not None:
            actions.append({"remove": {"index": self._store.products_index(old), "alias": alias}})
        await self._connection.call(lambda client: client.indices.update_aliases(actions=actions))

    async def _replay(self, ledger: Ledger, new: Entry) -> None:
        """Make the live changes since a generation was begun in it too; the last change of a product wins."""
        changes = await self._log.since(new.base_sequence, but=new.id)
        deleted = [change for change in changes if change.deleted]
        kept = [change for change in changes if not change.deleted]
        await self._bulk.send(
            [
                Write(self._store.products_index(new), document_id(change.product_id), None, change.sequence)
                for change in deleted
            ]
        )
        for source in ledger.entries:
            own = [change for change in kept if change.generation == source.id]
            if not own:
                continue
            ids = [change.product_id for change in own]
            if (source.embedder, source.dims) == (new.embedder, new.dims):
                await self._store.remove_details(new, ids, least={})
                await self._store.copy(source, new, ids, versions=True)
            else:
                await self._translate(source, new, own)
        if changes:
            await self._store.refresh(self._store.products_index(new), self._store.details_index(new))

    async def _translate(self, source: Entry, new: Entry, changes: list[Change]) -> None:
        """Take products over from a generation of another embedder, with evidence the new one has of their pictures."""
        ids = [change.product_id for change in changes]
        products = {product.id: product for product in await self._store.products(source, ids)}
        await self._store.refresh(self._store.details_index(new))
        pictures = [image.sha256 for product in products.values() for image in product.images]
        known = await self._store.known_evidence([new], pictures)
        writes: list[Write] = []
        details: list[Write] = []
        for change in changes:
            product = products.get(change.product_id)
            if product is None:
                continue
            seen: Product = replace(
                product,
                images=tuple(ProductImage(one.url, one.sha256, known.get(one.sha256)) for one in product.images),
            )
            images = [image_with(image, place, image.evidence) for place, image in enumerate(seen.images)]
            details += [Write(self._store.details_index(new), name, body) for name, body in to_details(seen)]
            document = to_document(seen, images=images)
            writes.append(Write(self._store.products_index(new), document_id(seen.id), document, change.sequence))
        await self._bulk.send(details)
        await self._bulk.send(writes)


def _announced(ledger: Ledger, generation_id: str, at: datetime) -> tuple[Ledger, Entry | None]:
    """The ledger before the alias moves; the generation it moves away from."""
    entry = ledger.named(generation_id)
    ledger.require(entry, GenerationState.VERIFIED, GenerationState.RETIRED)
    old = ledger.named(ledger.published) if ledger.published else None
    if old is not None:
        # Also where a crash kept the one that published it from saying so.
        ledger = ledger.with_entry(replace(old, step=Step.RELEASED))
    step = Step.PUBLISHING if entry.step is not Step.RELEASED else Step.RELEASED
    return ledger.with_entry(replace(entry, step=step, published_at=at.isoformat())), old


def _stepped(ledger: Ledger, generation_id: str, step: Step) -> Ledger:
    return ledger.with_entry(replace(ledger.named(generation_id), step=step))
