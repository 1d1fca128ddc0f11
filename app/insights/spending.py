"""What outside sources cost, as values of primitives: metering is told of to people through these."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceDay:
    """One source on one day (UTC). happened: "called", "cached", "spared", … -> times."""

    day: str
    source: str
    usd: float
    units: int
    happened: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Spending:
    """today_*: of this day so far, by all processes. budget_*: the most a day may cost; None is no limit.

    breakers: source -> closed, open or half-open. days: newest first.
    """

    today_usd: float
    today_units: int
    budget_usd: float | None
    budget_units: int | None
    breakers: Mapping[str, str]
    days: tuple[SourceDay, ...]
