"""When to leave a source alone, and how often it may be asked again. Pure state machines on a given clock."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

WINDOW = 20
"""Last calls looked at."""
FEWEST = 5
"""Calls needed before a breaker opens."""
TOO_MANY = 0.5
"""Share of failures at which it opens."""
FIRST_REST_S = 1.0
LONGEST_REST_S = 30.0


class Position(StrEnum):
    """CLOSED: calls go through. OPEN: none does. TRYING: one call is out to see whether the source is well again."""

    CLOSED = "closed"
    OPEN = "open"
    TRYING = "trying"


@dataclass(frozen=True, slots=True)
class BreakerState:
    """For people and metrics. rests_s: seconds until the next try, 0 unless open. opened: times since the start."""

    position: Position
    failures: int
    calls: int
    rests_s: float
    opened: int
    last_failure: str


class Breaker:
    """Opens when half of the last calls failed; then one try after 1, 2, 4 … 30 s, until one succeeds.

    clock: monotonic seconds. Not thread-safe: it belongs to one event loop.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: deque[bool] = deque(maxlen=WINDOW)
        self._rest_s = FIRST_REST_S
        self._open_until: float | None = None
        self._trying = False
        self._opened = 0
        self._last_failure = ""

    def admits(self) -> bool:
        """Whether a call may be made now. True must be followed by succeeded, failed or abandoned."""
        if self._open_until is None:
            return True
        if self._trying or self._clock() < self._open_until:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """The call was answered."""
        if self._open_until is not None:
            self._open_until, self._rest_s = None, FIRST_REST_S
            self._last.clear()
        self._trying = False
        self._last.append(True)

    def failed(self, why: str, *, rest_s: float = 0.0) -> None:
        """The call was not answered. rest_s: what the source itself asks for."""
        self._last_failure = why
        self._last.append(False)
        if self._trying:
            self._trying = False
            self._rest_s = min(LONGEST_REST_S, self._rest_s * 2)
            self._open(rest_s)
        elif self._open_until is None and self._too_many():
            self._opened += 1
            self._open(rest_s)

    def abandoned(self) -> None:
        """The call was not made, or its end says nothing about the source."""
        self._trying = False

    @property
    def rests_s(self) -> float:
        """Seconds until the next try is allowed; 0 when calls go through."""
        return 0.0 if self._open_until is None else max(0.0, self._open_until - self._clock())

    def state(self) -> BreakerState:
        """How it stands."""
        position = Position.CLOSED if self._open_until is None else Position.TRYING if self._trying else Position.OPEN
        failures = sum(not well for well in self._last)
        return BreakerState(position, failures, len(self._last), self.rests_s, self._opened, self._last_failure)

    def _too_many(self) -> bool:
        failures = sum(not well for well in self._last)
        return len(self._last) >= FEWEST and failures >= TOO_MANY * len(self._last)

    def _open(self, rest_s: float) -> None:
        self._open_until = self._clock() + min(LONGEST_REST_S, max(self._rest_s, rest_s))


class RetryBudget:
    """Retries are at most a tenth of all calls, plus a few at the start: a sick source is not hit twice as hard."""

    EARNED = 0.1
    MOST = 10.0

    def __init__(self, start: float = 3.0) -> None:
        self._tokens = start

    def earn(self) -> None:
        """A first try was made."""
        self._tokens = min(self.MOST, self._tokens + self.EARNED)

    def spend(self) -> bool:
        """Take one retry; False when there is none left."""
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


def pause_before(attempt: int, rng: random.Random) -> float:
    """Seconds to wait before try number `attempt` (2, 3, …): full jitter under 0.05, 0.1, 0.2 … 0.5 s, so that callers
    who failed together do not come back together."""
    return rng.uniform(0.0, min(0.5, 0.05 * 2 ** (attempt - 2)))
