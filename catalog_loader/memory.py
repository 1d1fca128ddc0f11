"""What the published generation knows of pictures, so that a product whose price changed is not analyzed anew."""

from collections.abc import Container, Sequence

from app.catalog import Catalog, CatalogWriter, Snapshot
from app.intake import Recalled


class EarlierLoad:
    """An intake Memory over the published generation.

    product_ids: products of the published generation, {} when nothing is published.
    """

    def __init__(
        self, catalog: Catalog, writer: CatalogWriter, generation_id: str, product_ids: Container[str]
    ) -> None:
        self._catalog = catalog
        self._writer = writer
        self._generation_id = generation_id
        self._product_ids = product_ids
        self._snapshot: Snapshot | None = None

    def might_know(self, product_id: str) -> bool:
        """Whether the product is published."""
        return product_id in self._product_ids

    async def recall(self, product_id: str, sha256s: Sequence[str]) -> Recalled | None:
        """What was seen in exactly these pictures of the product, in any order; else None."""
        if self._snapshot is None:
            self._snapshot = await self._catalog.snapshot()
        products = await self._snapshot.products([product_id])
        if not products or sorted(image.sha256 for image in products[0].images) != sorted(sha256s):
            return None
        evidence = await self._writer.known_evidence(self._generation_id, sha256s)
        if set(evidence) != set(sha256s):
            return None
        return Recalled(
            evidence,
            tuple(attribute for attribute in products[0].attributes if attribute.source != "feed"),
            products[0].labels,
        )
