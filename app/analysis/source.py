"""The port of an outside source: somebody paid, far away, who is sent a picture and says words about it.

SourceFailure(Unavailable): one class, with the reason as a value, because all that differs is what is done next.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.analysis.sighting import Sighting
from app.errors import BadRequest, Unavailable


class Reason(StrEnum):
    """Why a source has no part in an answer: the `reason` in `degraded`."""

    DEADLINE = "deadline"  # it did not answer in time and was cancelled
    UNAVAILABLE = "unavailable"  # it cannot be reached, or has trouble of its own
    THROTTLED = "throttled"  # its own quota is used up
    RESTING = "resting"  # its breaker is open: it failed too often and is left alone for a while
    BUDGET = "budget"  # our budget is spent
    CREDENTIALS = "credentials"  # it does not let us in
    MISSING_MODEL = "missing-model"  # the model, endpoint or product set does not exist
    REFUSED = "refused"  # it does not take this picture
    BAD_ANSWER = "bad-answer"  # what it says cannot be used, wholly or in part
    NOTHING_SEEN = "nothing-seen"  # it answered, and had nothing to say
    UNKNOWN_WORDS = "unknown-words"  # nothing it said is in the vocabulary
    BAD_CARD = "bad-card"  # the description of the model cannot be used


PASSING = frozenset({Reason.UNAVAILABLE, Reason.THROTTLED})
"""What may be over a moment later: only this is tried again."""
OF_THE_PICTURE = frozenset({Reason.REFUSED})
"""What says nothing about the source itself."""


class SourceFailure(Unavailable):
    """A source gave no answer that can be used; `reason` says why. Search goes on without it."""

    code = "source-failed"
    title = "An outside source did not answer"

    def __init__(self, reason: Reason, detail: str, *, fix: str | None = None, retry_after_s: float = 1.0) -> None:
        super().__init__(detail, fix=fix, retry_after_s=retry_after_s, reason=reason.value)
        self.reason = reason


class BadCard(BadRequest):
    """A model card cannot be used."""

    code = "bad-card"
    title = "A model card cannot be used"


@dataclass(frozen=True, slots=True)
class Picture:
    """What leaves Akin: a clean JPEG (longest side <= 1024 pixels, no metadata), its size, and its digest."""

    jpeg: bytes
    width: int
    height: int
    digest: str


class Source(Protocol):
    """Looks at pictures somewhere else.

    name: as it stands in `source` and `degraded`, e.g. "google_vision" or "vertex/materials".
    pipeline: everything that makes two answers to one picture differ (features, model, thresholds), for the cache.
    units: what one picture costs, price-table key -> units.
    """

    @property
    def name(self) -> str: ...
    @property
    def pipeline(self) -> str: ...
    @property
    def units(self) -> Mapping[str, int]: ...

    async def open(self) -> None:
        """Make the client ready, so that the first picture does not wait for it. Raises SourceFailure; `look`
        opens what is not open."""
        ...

    async def look(self, picture: Picture, *, timeout_s: float) -> Sighting:
        """One try, at most `timeout_s` seconds: no retries, no cache. Raises SourceFailure and nothing else expected.

        The event loop is not blocked. Cancellation cancels the call where the wire allows it.
        """
        ...

    async def check(self) -> str:
        """For `akin doctor`, at no cost: whether credentials and model can be had. A sentence, or SourceFailure."""
        ...

    async def close(self) -> None:
        """Release channels and threads. Calling it twice is harmless."""
        ...
