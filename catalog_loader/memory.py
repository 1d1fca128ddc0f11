"""What the published generation knows of pictures, so that a product whose price changed is not analyzed anew."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from app.catalog import Catalog, CatalogWriter, ProductImage, Snapshot
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

    async def published(self, product_id: str) -> Mapping[str, ProductImage]:
        """The product's published pictures that have evidence, by their addresses; {} when it is gone meanwhile."""
        snapshot = await self._held()
        products = await snapshot.products([product_id])
        if not products:
            return {}
        images = products[0].images
        evidence = await snapshot.evidence([(product_id, place) for place in range(len(images))])
        return {image.url: replace(image, evidence=seen) for image, seen in zip(images, evidence, strict=True) if seen}

    async def _held(self) -> Snapshot:
        if self._snapshot is None:
            self._snapshot = await self._catalog.snapshot()
        return self._snapshot

    async def recall(self, product_id: str, sha256s: Sequence[str]) -> Recalled | None:
        """What was seen in exactly these pictures of the product, in any order; else None."""
        products = await (await self._held()).products([product_id])
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
