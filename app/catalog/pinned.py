"""A catalog that answers from one generation, published or not: to try a version before anybody sees it."""

from app.catalog.catalog import Catalog, Snapshot
from app.catalog.model import Generation, Product


class PinnedCatalog:
    """The catalog, but for its snapshots, which are all the one given; everything else is the catalog's own."""

    def __init__(self, catalog: Catalog, snapshot: Snapshot) -> None:
        self._catalog = catalog
        self._snapshot = snapshot

    async def snapshot(self) -> Snapshot:
        """The one given."""
        return self._snapshot

    async def snapshot_of(self, generation_id: str) -> Snapshot:
        """See Catalog.snapshot_of."""
        return await self._catalog.snapshot_of(generation_id)

    async def put(self, product: Product) -> bool:
        """See Catalog.put."""
        return await self._catalog.put(product)

    async def delete(self, product_id: str) -> None:
        """See Catalog.delete."""
        await self._catalog.delete(product_id)

    async def generations(self) -> list[Generation]:
        """See Catalog.generations."""
        return await self._catalog.generations()

    async def publish(self, generation_id: str) -> Generation:
        """See Catalog.publish."""
        return await self._catalog.publish(generation_id)

    async def ping(self) -> None:
        """See Catalog.ping."""
        await self._catalog.ping()

    async def close(self) -> None:
        """See Catalog.close."""
        await self._catalog.close()
