"""Timing callables so that figures from one run can be compared: warm-up, many rounds, percentiles, ratios."""

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one thing took. Milliseconds; `rounds` is how many were counted."""

    name: str
    rounds: int
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, name: str, milliseconds: Sequence[float]) -> "Timing":
        """Summarize single durations in milliseconds; NaN percentiles when there are none."""
        if not milliseconds:
            return cls(name, 0, math.nan, math.nan, math.nan)
        p50, p95, p99 = np.percentile(np.asarray(milliseconds), (50, 95, 99))
        return cls(name, len(milliseconds), float(p50), float(p95), float(p99))


def time_calls(call: Callable[[], object], *, rounds: int, warmup: int = 2) -> list[float]:
    """Milliseconds of `rounds` calls, after `warmup` that are not counted."""
    for _ in range(warmup):
        call()
    durations = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        durations.append((time.perf_counter() - began) * 1000)
    return durations


async def time_awaits(call: Callable[[], Awaitable[object]], *, rounds: int, warmup: int = 2) -> list[float]:
    """As `time_calls`, for asynchronous callables, one after another."""
    for _ in range(warmup):
        await call()
    durations = []
    for _ in range(rounds):
        began = time.perf_counter()
        await call()
        durations.append((time.perf_counter() - began) * 1000)
    return durations
