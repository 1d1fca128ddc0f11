"""The words of events: values of primitives, with nothing in them that could tell who somebody is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class InteractionKind(StrEnum):
    """What a shopper did with an answered product; from the faintest to the strongest, then the opposite."""

    VIEW = "view"
    CLICK = "click"
    CART = "cart"
    PURCHASE = "purchase"
    REJECT = "reject"  # "not what I meant"


class Asked(StrEnum):
    """How a search was asked."""

    PHOTO = "photo"
    WORDS = "words"
    SIMILAR = "similar"


@dataclass(frozen=True, slots=True)
class Answered:
    """One answered page of a search.

    products: their ids as shown, the first of them at position `first` (from 1) of the whole result set; scores: 0..1,
    as many. evidence: what the scores were made of, in the search's own form (b"" when it was not told); it holds
    neither photo nor words. total: of the result set. timings_ms: stage -> milliseconds. missing: parts that had no
    part in it.
    """

    search_id: str
    asked: Asked
    generation: str
    products: tuple[str, ...]
    scores: tuple[float, ...]
    first: int = 1
    total: int = 0
    type: str = ""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    evidence: bytes = b""


@dataclass(frozen=True, slots=True)
class Deed:
    """One interaction as it is reported. position: from 1, in the whole result set; None where it was not told."""

    kind: InteractionKind
    product_id: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Impression:
    """An answered page with what was done with it: what a fit reads. at: when it was answered (UTC).

    deeds: product id -> kinds, of products shown only; a product without deeds was shown and passed over.
    """

    answered: Answered
    at: datetime
    deeds: Mapping[str, frozenset[InteractionKind]]


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Milliseconds of one stage of the searches of a span of time."""

    stage: str
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Failed:
    """How often a problem was answered. at: the hour it happened in (UTC)."""

    at: datetime
    code: str
    status: int
    times: int


@dataclass(frozen=True, slots=True)
class Pulse:
    """One hour of searching. empty: answers without any item. missing: part -> answers it had no part in."""

    at: datetime
    searches: int
    empty: int
    asked: Mapping[str, int]
    stages: tuple[StageTimes, ...]
    missing: Mapping[str, int]
    deeds: Mapping[str, int]
