"""What a search is asked and what it answers. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.analysis import Box, Gap, PhotoAnalysis
from app.catalog import FacetCount, FacetField, Filter, Generation, Product
from app.search.calibration import Feature, Stage
from app.search.wording import Reading


class Match(StrEnum):
    """How sure the answer is, by fixed cuts on the score (app/search/rank.py)."""

    EXACT = "exact"
    CLOSE = "close"
    LOOSE = "loose"


class Sort(StrEnum):
    """How the result set is ordered; amounts of several currencies are compared as they are."""

    MATCH = "match"
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"


class ReasonCode(StrEnum):
    """Why a product is in the answer. Wording belongs to pages and documentation, not here."""

    SAME_PRODUCT = "same_product"  # local features agree geometrically; value: share of agreement, 0..1
    SAME_TYPE = "same_type"  # value: the type
    SHAPE = "shape"  # value: similarity 0..1
    TEXTURE = "texture"  # value: similarity 0..1
    LOOK = "look"  # value: overall similarity 0..1, where channels cannot be told apart
    COLOR = "color"  # value: the color both share
    ATTRIBUTE = "attribute"  # value: "material=velvet"
    LABEL = "label"  # value: the label both share
    TEXT = "text"  # value: the words that were found
    RULE = "rule"  # a merchandising rule moved it; value: the rule's name and action; weight 0


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason; the weights of a product's reasons sum to its score (to 1e-6)."""

    code: ReasonCode
    value: str
    weight: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a score was made of: which weights were used, and each kind of evidence, 0..1 (rank.py). With it a shop's
    log of what was shown and taken can teach the score anew, and holds neither photo nor words.

    narrowed: words were asked beside a photo, so that TEXT counts less 1.
    """

    stage: Stage
    features: Mapping[Feature, float]
    narrowed: bool = False

    def packed(self) -> bytes:
        """EVIDENCE_BYTES, each feature to the nearest 255th."""
        kind = tuple(Stage).index(self.stage) + (128 if self.narrowed else 0)
        return bytes([kind, *(round(255 * min(1.0, max(0.0, self.features.get(one, 0.0)))) for one in Feature)])

    @staticmethod
    def unpacked(data: bytes) -> "Evidence":
        """What was packed. Raises ValueError for anything else."""
        if len(data) != EVIDENCE_BYTES or data[0] & 127 >= len(Stage):
            raise ValueError("this is no evidence of this version")
        features = {feature: value / 255 for feature, value in zip(Feature, data[1:], strict=True)}
        return Evidence(tuple(Stage)[data[0] & 127], features, narrowed=data[0] > 127)


EVIDENCE_BYTES = 1 + len(Feature)
"""Size of one item's evidence where it is kept."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Another variant of the card's product that is in the result set too."""

    product_id: str
    score: float


@dataclass(frozen=True, slots=True)
class RankedProduct:
    """One product of the answer. score: probability 0..1 that a shopper calls it similar. image: its best picture.

    evidence: what the score was made of. variants: the others of its card, best first; () where nothing is folded.
    """

    product: Product
    image: int
    score: float
    match: Match
    reasons: tuple[Reason, ...]
    evidence: Evidence | None = None
    variants: tuple[Variant, ...] = ()


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller wants besides the photo. limit: 1..100 items a page. cursor: from the page before, or None.

    fold: one card for the variants of one thing, and for products listed twice; total and facets then count cards.
    ruled: whether merchandising rules move items.
    """

    crop: Box | None = None
    text: str = ""
    filters: tuple[Filter, ...] = ()
    limit: int = 24
    cursor: str | None = None
    sort: Sort = Sort.MATCH
    fold: bool = False
    ruled: bool = True


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One page of the result set (every candidate above the relevance cut-off).

    total and facets count the whole result set, not the page. first: position of the first item in the result set, from
    1. timings_ms: stage -> milliseconds.
    """

    search_id: str
    items: tuple[RankedProduct, ...]
    total: int
    facets: Mapping[FacetField, tuple[FacetCount, ...]]
    generation: Generation
    analysis: PhotoAnalysis | None = None
    next_cursor: str | None = None
    degraded: tuple[Gap, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    first: int = 1
    reading: Reading = field(default_factory=Reading)
