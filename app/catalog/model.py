"""The words of the catalog: products, the engine-free query, and what comes back. Values only, no engine words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_CANDIDATES = 1_000
"""The most candidates a catalog returns for one query."""

LABEL_CONFIDENCE = 0.5
"""From here on a label counts as the product's own where no other confidence is asked for."""


class Availability(StrEnum):
    """Whether the product can be bought now; the words of the Merchant feed."""

    IN_STOCK = "in_stock"
    OUT_OF_STOCK = "out_of_stock"
    PREORDER = "preorder"
    BACKORDER = "backorder"


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in one currency (ISO 4217)."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class SeenColor:
    """A named color of the product as its pictures show it. share: 0..1 of the object."""

    name: str
    hex: str
    share: float


@dataclass(frozen=True, slots=True)
class SeenAttribute:
    """A property of the product with who said it ("feed", "local", "vertex", …). confidence: 0..1."""

    name: str
    value: str
    confidence: float
    source: str


@dataclass(frozen=True, slots=True)
class SeenLabel:
    """A word for the product with who said it. confidence: 0..1."""

    name: str
    confidence: float
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class ImageEvidence:
    """What was seen in one product picture.

    embedder: name/version of the model that made `embedding`. embedding: (dims,) float32, unit length.
    region: x, y, width, height in 0..1 of the object. features: local features for verification, <= 6 KB.
    colors: this picture's own colors.
    """

    embedder: str
    embedding: NDArray[np.float32]
    region: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    features: bytes = b""
    colors: tuple[SeenColor, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ProductImage:
    """One picture of a product, in the feed's order.

    url: where it comes from, as the feed names it. sha256: hex digest of its bytes ("" when it was never fetched).
    evidence: None when the picture could not be had or read, and in products read back by `Snapshot.products`.
    """

    url: str
    sha256: str = ""
    evidence: ImageEvidence | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """One sellable thing. `item_group_id` ties its variants together.

    type: the singular word for what it is ("armchair"), or None. category: path from the general to the particular.
    color, material, pattern, size: the merchant's own words. attributes, labels, colors: merchant's and seen ones.
    content_hash: digest of everything the feed says of the product; two loads of the same row give the same hash.
    """

    id: str
    title: str
    description: str = ""
    link: str = ""
    brand: str = ""
    type: str | None = None
    category: tuple[str, ...] = ()
    google_category: str = ""
    price: Money | None = None
    sale_price: Money | None = None
    availability: Availability = Availability.IN_STOCK
    gtin: str = ""
    color: str = ""
    material: str = ""
    pattern: str = ""
    size: str = ""
    item_group_id: str = ""
    custom_labels: tuple[str, ...] = ()
    images: tuple[ProductImage, ...] = ()
    attributes: tuple[SeenAttribute, ...] = ()
    labels: tuple[SeenLabel, ...] = ()
    colors: tuple[SeenColor, ...] = ()
    content_hash: str = ""

    @property
    def sells_for(self) -> Money | None:
        """What a shopper pays now: the sale price where there is one. Price filters and facets look at this."""
        return self.sale_price or self.price


class FacetField(StrEnum):
    """The fields that filters name and facets count; `facet_values` says which values a product has."""

    BRAND = "brand"
    CATEGORY = "category"  # every level of the path, joined by " > "
    TYPE = "type"
    COLOR = "color"  # the merchant's color words, lower case; "Red/Blue" is red and blue
    MATERIAL = "material"  # as COLOR
    PATTERN = "pattern"
    AVAILABILITY = "availability"
    PRICE = "price"  # buckets, see catalog.price_bucket
    LABEL = "label"  # names of labels somebody gave it with a confidence >= LABEL_CONFIDENCE, case-folded


@dataclass(frozen=True, slots=True)
class OneOf:
    """Holds when the field has one of the values; compared without regard to case. CATEGORY holds for a whole
    subtree: "Furniture" includes "Furniture > Chairs"."""

    field: FacetField
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PriceBetween:
    """Holds when low <= what a shopper pays <= high; an open end is None. A product without a price never matches.

    Amounts are compared as they are: a catalog is in one currency."""

    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True, slots=True)
class HasAttribute:
    """Holds when the product has the attribute with one of the values at >= min_confidence; without regard to case."""

    name: str
    values: tuple[str, ...]
    min_confidence: float = 0.5


@dataclass(frozen=True, slots=True)
class HasLabel:
    """Holds when somebody gave the product one of the labels at >= min_confidence; without regard to case.

    With LABEL_CONFIDENCE it holds for exactly the products that OneOf(FacetField.LABEL, names) holds for."""

    names: tuple[str, ...]
    min_confidence: float = LABEL_CONFIDENCE


@dataclass(frozen=True, slots=True)
class NotProduct:
    """Holds for every product but these (for "similar to this one")."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AfterProduct:
    """Holds for products whose id comes after this one, by code points (for listing a catalog page by page).

    No product needs to have the id; "" comes before every product."""

    id: str


Filter = OneOf | PriceBetween | HasAttribute | HasLabel | NotProduct | AfterProduct


class Channel(StrEnum):
    """A kind of evidence. LOOK is vector similarity, TEXT is word relevance; the others are sparse vectors.

    `sparse_weights` says which terms a product has in a sparse channel, and how strongly. Terms are compared without
    regard to case."""

    LOOK = "look"
    TYPE = "type"
    LABELS = "labels"
    ATTRIBUTES = "attributes"  # terms are "name=value"
    COLORS = "colors"
    TEXT = "text"

    __hash__ = str.__hash__  # Enum's own is Python code, and a query looks up some thousand signals by channel


SPARSE_CHANNELS = (Channel.TYPE, Channel.LABELS, Channel.ATTRIBUTES, Channel.COLORS)


@dataclass(frozen=True, slots=True, eq=False)
class QueryVector:
    """The photo's embedding. embedder must equal the generation's; values: (dims,) float32, unit length."""

    embedder: str
    values: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of a catalog, in no engine's words.

    vector: the look, or None. terms: per sparse channel a map term -> weight (>= 0). text: words, or "".
    filters: all must hold. limit: 1..MAX_CANDIDATES.
    A query with no vector, no terms and no text asks for every product that passes the filters.
    """

    vector: QueryVector | None = None
    terms: Mapping[Channel, Mapping[str, float]] = field(default_factory=dict)
    text: str = ""
    filters: tuple[Filter, ...] = ()
    limit: int = MAX_CANDIDATES


class Candidate(NamedTuple):
    """One product that may answer the query.

    image: position in `Product.images` of the picture that looks most like the photo (0 when no look was asked for).
    signals: raw value per asked channel, never a final score. LOOK is the best picture's cosine (-1..1); a sparse
    channel is the dot product of the query's weights with the product's; TEXT is 0..1, relative to the best match
    among the products that pass the filters.
    A product that has nothing in a channel has 0.0 there (LOOK: absent when it has no picture with evidence).
    group_id: the product's item_group_id, "" when it has none.
    """

    product_id: str
    group_id: str
    image: int
    signals: Mapping[Channel, float]

    def looking(self, cosine: float) -> "Candidate":
        """The same with another LOOK, at most 1."""
        return self._replace(signals={**self.signals, Channel.LOOK: min(1.0, cosine)})


@dataclass(frozen=True, slots=True)
class Candidates:
    """Answer to a query: each product once. `complete` is False when more products matched than were returned."""

    items: tuple[Candidate, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many products have this value."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Figures over all products that pass some filters. products: how many those are. facets: as Snapshot.facets."""

    products: int
    facets: Mapping[FacetField, tuple[FacetCount, ...]]


class GenerationState(StrEnum):
    """Life of a generation: loading -> verified -> published -> retired; or abandoned."""

    LOADING = "loading"
    VERIFIED = "verified"
    PUBLISHED = "published"
    RETIRED = "retired"
    ABANDONED = "abandoned"


SEARCHABLE = (GenerationState.VERIFIED, GenerationState.PUBLISHED, GenerationState.RETIRED)
"""States in which a generation is whole, so that it can be searched."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One whole version of the catalog.

    embedder, dims: what its vectors were made by ("" and 0 while it has none). holder: who loads it ("host:pid what").
    images: how many pictures with evidence it has.
    source: digest and name of the feed it is made from, so that a resumed load can tell it is the same feed.
    """

    id: str
    state: GenerationState
    created_at: datetime
    published_at: datetime | None
    embedder: str
    dims: int
    products: int
    images: int
    source: str = ""
    holder: str = ""
