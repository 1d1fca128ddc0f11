"""The published generation, to be copied by somebody else."""

from collections.abc import AsyncIterator, Mapping, Sequence

from app.catalog.elasticsearch.changes import ChangeLog
from app.catalog.elasticsearch.ledger import Entry, LedgerStore
from app.catalog.elasticsearch.store import Store
from app.catalog.fallback.original import Published
from app.catalog.model import GenerationState, ImageEvidence, Product

_AT_ONCE = 5_000


class ElasticsearchOriginal:
    """See Original."""

    def __init__(self, ledger: LedgerStore, log: ChangeLog, store: Store) -> None:
        self._ledger = ledger
        self._log = log
        self._store = store

    async def published(self) -> Published:
        """See Original.published. Products and pictures are not counted: both are 0."""
        entry = (await self._ledger.read()).current()
        return Published(entry.told(GenerationState.PUBLISHED, 0, 0), entry.base_sequence)

    async def changes(self, since: int) -> Mapping[str, int]:
        """See Original.changes."""
        return {change.product_id: change.sequence for change in await self._log.since(since)}

    async def ids(self, generation_id: str) -> AsyncIterator[list[str]]:
        """See Original.ids."""
        entry = await self._entry(generation_id)
        await self._store.refresh(self._store.products_index(entry))
        some: list[str] = []
        async for (product_id,) in self._store.columns(entry, ("id",), {"match_all": {}}):
            some.append(product_id)
            if len(some) >= _AT_ONCE:
                yield some
                some = []
        yield some

    async def products(self, generation_id: str, ids: Sequence[str]) -> list[Product]:
        """See Original.products."""
        return await self._store.products(await self._entry(generation_id), ids)

    async def evidence(self, generation_id: str, images: Sequence[tuple[str, int]]) -> list[ImageEvidence | None]:
        """See Original.evidence."""
        return await self._store.evidence(await self._entry(generation_id), images)

    async def artifacts(self, generation_id: str) -> Mapping[str, bytes]:
        """See Original.artifacts."""
        entry = await self._entry(generation_id)
        found = {name: await self._store.artifact(entry, name) for name in await self._store.artifact_names(entry)}
        return {name: data for name, data in found.items() if data is not None}

    async def _entry(self, generation_id: str) -> Entry:
        return (await self._ledger.read()).named(generation_id)
