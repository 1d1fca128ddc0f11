"""The two ports every catalog engine implements. These docstrings are the specification; tests/contracts tests them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from app.catalog.model import (
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


class Snapshot(Protocol):
    """One generation, as a rule the published one, held for the length of one search so that page, total and facets
    agree.

    Live changes (put, delete) to the same generation may show in it; a newly published generation never does.
    A snapshot needs no closing.
    """

    @property
    def generation(self) -> Generation:
        """The generation that is held."""
        ...

    @property
    def degraded(self) -> str:
        """Why a copy answers instead of the catalog itself ("unavailable", "deadline"); "" when none does."""
        ...

    async def retrieve(self, query: Query) -> Candidates:
        """Find the products that pass all filters and match best in any asked channel.

        A channel is asked when the query has a vector (LOOK), a text that is not blank (TEXT), or at least one term
        for it. A product matches when it has a picture with evidence and LOOK is asked, or when it has a signal
        above 0 in another asked channel; when nothing is asked, every product that passes the filters matches.

        Each product comes once, with its best picture. At most query.limit candidates. Every candidate carries a
        signal for every asked channel. Which candidates: when more than `limit` products match, those that come first
        in the order below, except that a product among the `limit`/2 first, or among the `limit`/10 best (100 of
        1,000) of any other asked channel, is always there; ties at an edge go by product id ascending.
        Order: LOOK descending, products without a picture last; TEXT, then the sum of the sparse signals, descending,
        where LOOK was not asked; ties by product id ascending. Repeated calls give the same order.
        Raises EmbeddingMismatch when the vector's embedder or size is not the generation's, UnknownFilter when a
        filter's value has a form the catalog does not have, ValueError when limit is not in 1..MAX_CANDIDATES.
        """
        ...

    async def facets(
        self, product_ids: Sequence[str], fields: Sequence[FacetField], limit: int = 20
    ) -> Mapping[FacetField, tuple[FacetCount, ...]]:
        """Count values over exactly these products (unknown ids count for nothing).

        The values of a product are those of `facet_values`. Values that differ only in case are one value, shown in
        one of its spellings. Per field at most `limit` values, by count descending, then value ascending without
        regard to case; products without a value are not counted. CATEGORY counts every level of the path. PRICE
        counts the buckets of `price_bucket`, all of them, in price order. A product id given twice counts once.
        """
        ...

    async def count(self, filters: Sequence[Filter] = (), fields: Sequence[FacetField] = (), limit: int = 20) -> Counts:
        """Count all products for which all filters hold, however many, and their values as `facets` does.

        Exact: 100,000 products with a value are told as 100,000. Raises UnknownFilter as `retrieve` does.
        """
        ...

    async def products(self, ids: Sequence[str]) -> list[Product]:
        """The products that exist, in the order asked for, without image evidence. Absent ids are left out."""
        ...

    async def evidence(self, images: Sequence[tuple[str, int]]) -> list[ImageEvidence | None]:
        """The evidence of pictures named by (product id, position), one entry each; None where there is none.

        Vectors are exact to float16.
        """
        ...

    async def artifact(self, name: str) -> bytes | None:
        """What was stored with the generation under this name (e.g. "teaching"), or None."""
        ...


class Catalog(Protocol):
    """Holds products; answers queries; takes single changes."""

    async def snapshot(self) -> Snapshot:
        """The published generation as it is now. Raises NothingPublished, CatalogUnavailable."""
        ...

    async def snapshot_of(self, generation_id: str) -> Snapshot:
        """A verified, published or retired generation as it is now: to try it before anybody is served by it, or after.

        It changes nothing and serves nobody else. It may cost memory and time like the opening of a published one. What
        is given up or pruned meanwhile may answer as if it were empty; `generations` says so.
        Raises GenerationNotFound, GenerationConflict (still loading, or abandoned), CatalogUnavailable.
        """
        ...

    async def put(self, product: Product) -> bool:
        """Write one whole product, with evidence, into the published generation; True when it is new.

        Searchable in this process at once, in every process within 2 s. A generation that is being loaded meanwhile
        has the change too when it is published, whatever its feed said.
        Raises EmbeddingMismatch when evidence was made by another embedder, or has another size, than the
        generation's; NothingPublished.
        """
        ...

    async def delete(self, product_id: str) -> None:
        """Remove one product from the published generation; seen as `put` is.

        Raises ProductNotFound, NothingPublished.
        """
        ...

    async def generations(self) -> list[Generation]:
        """All kept generations, newest first."""
        ...

    async def publish(self, generation_id: str) -> Generation:
        """Make a verified or retired generation the published one, atomically (rollback is this too).

        A reader sees the old or the new generation, never a mixture or nothing. The one published before becomes
        retired. A generation published for the first time takes over the live changes made since it was begun; a
        retired one comes back as it was when it was retired. In this process the change is seen at once, in every
        process within 2 s and the time it takes to open the generation.
        Raises GenerationNotFound, GenerationConflict (wrong state).
        """
        ...

    async def ping(self) -> None:
        """Cheap proof that the engine answers. Raises CatalogUnavailable."""
        ...

    async def close(self) -> None:
        """Release everything. Calling it twice is harmless."""
        ...


class CatalogWriter(Protocol):
    """Fills one new generation: begin or resume -> add … -> verify -> publish; or abandon.

    Only one generation loads at a time. Nothing that is published changes before `Catalog.publish`. All methods that
    name a generation raise GenerationNotFound for an id that is not kept. The methods that fill it (add, carry_over,
    attach, verify) belong to the writer that began or resumed it last: any other gets GenerationConflict, so a loader
    that was taken for dead cannot write into what another has taken over.
    """

    async def begin(self, *, embedder: str, dims: int, source: str, holder: str) -> Generation:
        """Open a new generation. Raises GenerationConflict, naming the holder, while another load is alive.

        A load is alive while its holder has called any method of the writer in the last 60 s, unless `holder` is a
        `holder_name` whose process is known to have ended. The generation of a dead load is abandoned.
        """
        ...

    async def resume(self, *, source: str, embedder: str, holder: str) -> Generation | None:
        """Take over the loading generation of a dead loader when source and embedder are the same; else None.

        Raises GenerationConflict while its holder is alive.
        """
        ...

    async def add(self, generation_id: str, products: Iterable[Product]) -> None:
        """Write products, with evidence, all or none. A product that is there already is replaced.

        Of two products with one id in the call the last one counts. When the call returns the products survive
        kill -9. Not searchable before publish. Raises EmbeddingMismatch, GenerationConflict (not loading), and
        ProductsRejected when the engine cannot take some of them: nothing of the call is then kept.
        """
        ...

    async def content_hashes(self, generation_id: str) -> Mapping[str, str]:
        """product id -> content_hash of everything in the generation."""
        ...

    async def carry_over(self, generation_id: str, product_ids: Sequence[str]) -> int:
        """Copy products, with their evidence, from the published generation, unchanged; returns how many were there.

        Copies nothing when the published generation has another embedder.
        """
        ...

    async def known_evidence(self, generation_id: str, sha256s: Sequence[str]) -> Mapping[str, ImageEvidence]:
        """Evidence already stored, by this generation's embedder, for pictures with these bytes."""
        ...

    async def examples(self, generation_id: str, limit: int) -> list[tuple[Product, list[ImageEvidence]]]:
        """At most `limit` products with evidence, spread evenly over the generation, for teaching and verifying."""
        ...

    async def attach(self, generation_id: str, name: str, data: bytes) -> None:
        """Store an artifact with a loading or verified generation; replaces one of the same name."""
        ...

    async def verify(self, generation_id: str, *, expected_products: int) -> Generation:
        """Check the generation as a whole: count, every picture's vector finite and of the right size, text and
        filter look-ups answer, a sample of products finds itself by its own picture. Then state is VERIFIED.

        Raises VerificationFailed, saying which check failed with figures; the state stays LOADING.
        """
        ...

    async def abandon(self, generation_id: str) -> None:
        """Give up a loading or verified generation and free its space; any writer may.

        Raises GenerationConflict when it is or was published. Abandoning twice is harmless.
        """
        ...

    async def prune(self, *, keep: int) -> list[str]:
        """Delete retired generations but the `keep` newest ones, and abandoned ones; returns their ids.

        A retired generation whose live changes an unfinished load still has to take over stays until the next call.
        """
        ...

    async def last_change(self) -> datetime | None:
        """When the published generation was last changed by put, delete or publish; None when nothing is there."""
        ...

    async def close(self) -> None:
        """Release everything. Calling it twice is harmless."""
        ...
