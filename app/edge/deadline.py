"""One deadline for a whole request: whoever works for it, from the queue to the engine, sees the same end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

from starlette.datastructures import Headers

from app.edge.errors import InvalidRequest
from app.search import DeadlineExceeded

HEADER = "akin-deadline-ms"
"""How long the caller will wait, in milliseconds; it can only shorten what the server allows."""
_LEAST_MS = 10


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of a request. at: time of the event loop's clock. whole_s: what was allowed in all."""

    at: float
    whole_s: float

    @classmethod
    def begin(cls, most_s: float, headers: Headers) -> Self:
        """Begin now: the server's allowance, or less where the caller says so. Raises InvalidRequest."""
        said = headers.get(HEADER, "")
        if said and not (said.isascii() and said.isdigit() and len(said) <= 9 and int(said) >= _LEAST_MS):
            raise InvalidRequest(
                f"`{HEADER}` is not a whole number of milliseconds, {_LEAST_MS} or more.",
                fix="Send e.g. Akin-Deadline-Ms: 2000, or leave it out.",
                errors=[{"field": HEADER, "message": f"is not a whole number, {_LEAST_MS} or more"}],
            )
        whole_s = min(most_s, int(said) / 1000) if said else most_s
        return cls(asyncio.get_running_loop().time() + whole_s, whole_s)

    @property
    def left_s(self) -> float:
        """Seconds left, 0 when it has passed."""
        return max(0.0, self.at - asyncio.get_running_loop().time())

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Stop the block when the deadline passes. Raises DeadlineExceeded."""
        scope = asyncio.timeout_at(self.at)
        try:
            async with scope:
                yield
        except TimeoutError as error:
            if not scope.expired():  # somebody else's time-out, not ours to explain
                raise
            raise DeadlineExceeded(
                f"The search did not finish within {self.whole_s:g} s.",
                fix="Try again in a moment.",
                deadline_s=self.whole_s,
            ) from error
