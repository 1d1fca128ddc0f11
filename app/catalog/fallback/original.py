"""What an engine offers, so that its published generation can be copied."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.catalog.model import Generation, ImageEvidence, Product


@dataclass(frozen=True, slots=True)
class Published:
    """What is published now. begun_at: number of the last live change there was when its loading began."""

    generation: Generation
    begun_at: int


class Original(Protocol):
    """The published generation of an engine, to copy from. Every method raises CatalogUnavailable."""

    async def published(self) -> Published:
        """What is published now. Raises NothingPublished."""
        ...

    async def changes(self, since: int) -> Mapping[str, int]:
        """product id -> number of its last live change, for those changed after the change of that number.

        Some of them may have been made to another generation; what the published one says of the product counts.
        """
        ...

    def ids(self, generation_id: str) -> AsyncIterator[list[str]]:
        """The ids of all products of a generation, many at a time."""
        ...

    async def products(self, generation_id: str, ids: Sequence[str]) -> list[Product]:
        """The products that exist, as they are now, without image evidence."""
        ...

    async def evidence(self, generation_id: str, images: Sequence[tuple[str, int]]) -> list[ImageEvidence | None]:
        """The evidence of pictures named by (product id, position), one entry each; None where there is none."""
        ...

    async def artifacts(self, generation_id: str) -> Mapping[str, bytes]:
        """All that was stored with a generation, by name."""
        ...
