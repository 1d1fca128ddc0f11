"""How long the caller of an analysis can wait: a deadline that travels with the request, as gRPC's does."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SHARE = 0.6
"""Of the time that is left, what sources may take; the rest is for finding and ranking."""
_ANSWER_BY: ContextVar[float | None] = ContextVar("answer_by", default=None)


@contextmanager
def answering_by(at: float | None) -> Iterator[None]:
    """Whatever is analyzed inside has to be done by `at` (time of the event loop); None is no deadline."""
    token = _ANSWER_BY.set(at)
    try:
        yield
    finally:
        _ANSWER_BY.reset(token)


def time_left() -> float | None:
    """Seconds until the deadline, >= 0; None where there is none."""
    at = _ANSWER_BY.get()
    return None if at is None else max(0.0, at - asyncio.get_running_loop().time())


def wait_until(patience_s: float) -> float:
    """The time of the event loop until which a source is waited for: patience_s, or SHARE of what is left if less."""
    left = time_left()
    return asyncio.get_running_loop().time() + (patience_s if left is None else min(patience_s, left * SHARE))
