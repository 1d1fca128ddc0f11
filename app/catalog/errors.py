"""What can go wrong in a catalog.

AppError
├── BadRequest: UnknownFilter, ProductsRejected
├── NotFound: ProductNotFound, GenerationNotFound
├── Conflict: EmbeddingMismatch, GenerationConflict, VerificationFailed
└── Unavailable: CatalogUnavailable, NothingPublished
"""

from app.errors import BadRequest, Conflict, NotFound, Unavailable


class UnknownFilter(BadRequest):
    """A filter names a field or value form the catalog does not have."""

    code = "unknown-filter"
    title = "The filter is not known"


class ProductsRejected(BadRequest):
    """The engine does not take some of the products of a call; `rejected` says which and why, id -> reason."""

    code = "products-rejected"
    title = "The catalog does not take some products"

    @property
    def rejected(self) -> dict[str, str]:
        """Why not, by product id."""
        found = self.extra.get("rejected", {})
        return dict(found) if isinstance(found, dict) else {}


class EmbeddingMismatch(Conflict):
    """The vector was made by another model, or has another size, than the generation's."""

    code = "embedder-mismatch"
    title = "The photo was seen by another embedder than the catalog"


class ProductNotFound(NotFound):
    """No product of that id is in the published generation."""

    code = "product-not-found"
    title = "There is no such product"


class GenerationNotFound(NotFound):
    """No generation of that id is kept."""

    code = "generation-not-found"
    title = "There is no such generation"


class GenerationConflict(Conflict):
    """Somebody else is loading, or the generation's state forbids the step; the detail says who or why."""

    code = "generation-conflict"
    title = "The generation cannot take this step now"


class VerificationFailed(Conflict):
    """A generation did not pass its checks; the published one still serves."""

    code = "verification-failed"
    title = "The new generation did not pass its checks"


class CatalogUnavailable(Unavailable):
    """The engine cannot be reached or is broken now."""

    code = "catalog-unavailable"
    title = "The catalog cannot be reached"


class NothingPublished(Unavailable):
    """No generation was ever published."""

    code = "nothing-published"
    title = "The catalog is empty"
