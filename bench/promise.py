"""A promise: one figure with a bar, and how to measure it. `make prove` prints one line per promise."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal


class NotMeasurable(Exception):
    """The measurement needs something this machine lacks; the text says what and how to get it."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One line of `make prove`.

    name: "issue.figure". bar: the value promised. sense: "at least" or "at most" (the bar itself passes).
    measure: does the work and returns the figure; raises NotMeasurable when it cannot be done here.
    """

    name: str
    sense: Literal["at least", "at most"]
    bar: float
    unit: str
    measure: Callable[[], float]

    def kept_by(self, measured: float) -> bool:
        """Whether the measured figure keeps the promise; NaN never does."""
        return measured >= self.bar if self.sense == "at least" else measured <= self.bar


def shared(measure: Callable[[], Mapping[str, float]]) -> Callable[[str], Callable[[], float]]:
    """Let several promises read their figures from one measurement, which then runs once.

    `figure = shared(run)`; `Promise(..., measure=figure("hit@1"))`.
    """
    once = cache(measure)

    def figure(name: str) -> Callable[[], float]:
        return lambda: once()[name]

    return figure
