"""The ledger: units and money are reserved before a call is made, in a file that outlives the process.

Nothing is given back: a call that was cancelled or lost may have been billed all the same.
"""

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from app.metering.errors import BudgetSpent
from app.metering.prices import MICROS, Prices
from app.metering.store import MeterStore

FLUSH_AT = 64
FLUSH_EVERY_S = 5.0
"""Things that happened are written down with the next call, or when so many wait, or one comes after so long."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent by all processes together; None is no limit. Days and minutes are those of UTC."""

    units_per_minute: int | None = None
    units_per_day: int | None = None
    usd_per_minute: float | None = None
    usd_per_day: float | None = None


@dataclass(frozen=True, slots=True)
class DayOfSource:
    """One source on one day. units: by price-table key. happened: "called", "cached", "shared", "spared", …"""

    day: str
    source: str
    units: Mapping[str, int]
    usd: float
    happened: Mapping[str, int]


class Ledger:
    """Books calls in a MeterStore, which it does not own. clock: seconds since the epoch."""

    def __init__(
        self, store: MeterStore, prices: Prices, budget: Budget, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._prices = prices
        self._budget = budget
        self._clock = clock
        self._waiting: Counter[tuple[str, str]] = Counter()
        self._flushed_at = clock()

    async def reserve(self, source: str, units: Mapping[str, int]) -> None:
        """Book one call before it is made. Raises BudgetSpent, UnknownPrice, MeterUnavailable: then nothing is."""
        count, micros = sum(units.values()), self._prices.micros(units)
        waiting, self._waiting = self._waiting, Counter()
        try:
            await self._store.write(lambda db: self._book(db, source, units, count, micros, waiting))
        except BaseException:
            self._waiting.update(waiting)
            raise

    async def note(self, source: str, what: str) -> None:
        """Count something that cost nothing; written soon, or with `flush`."""
        self._waiting[source, what] += 1
        if self._waiting.total() >= FLUSH_AT or self._clock() - self._flushed_at > FLUSH_EVERY_S:
            await self.flush()

    async def flush(self) -> None:
        """Write down what waits. Raises MeterUnavailable."""
        waiting, self._waiting = self._waiting, Counter()
        self._flushed_at = self._clock()
        if waiting:
            await self._store.write(lambda db: write_down(db, self._spans()[0], waiting))

    async def report(self, days: int = 30) -> list[DayOfSource]:
        """The last days, newest first."""
        await self.flush()
        since = _day(self._clock() - (days - 1) * 86_400)
        return await self._store.read(lambda db: _report(db, since))

    async def spent_today(self) -> tuple[int, float]:
        """Units and US dollars of this day so far."""
        span = "day:" + self._spans()[0]
        units, micros = await self._store.read(lambda db: _spent_in(db, span))
        return units, micros / MICROS

    def _spans(self) -> tuple[str, str]:
        now = self._clock()
        return _day(now), datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M")

    def _book(
        self,
        db: sqlite3.Connection,
        source: str,
        units: Mapping[str, int],
        count: int,
        micros: int,
        waiting: Counter[tuple[str, str]],
    ) -> None:
        day, minute = self._spans()
        limits = (
            ("minute:" + minute, self._budget.units_per_minute, self._budget.usd_per_minute, 60.0),
            ("day:" + day, self._budget.units_per_day, self._budget.usd_per_day, 3600.0),
        )
        for span, most_units, most_usd, later in limits:
            had_units, had_micros = _spent_in(db, span)
            if (most_units is not None and had_units + count > most_units) or (
                most_usd is not None and had_micros + micros > most_usd * MICROS
            ):
                raise BudgetSpent(
                    f"The budget of this {span.partition(':')[0]} is spent:"
                    f" {had_units} units, {had_micros / MICROS:.2f} US dollars.",
                    fix="Wait, or raise AKIN_BUDGET_*; `akin cost` shows where it went.",
                    retry_after_s=later,
                )
        for span, _, _, _ in limits:
            db.execute(
                "INSERT INTO spent_in VALUES (?, ?, ?) ON CONFLICT (span) DO UPDATE"
                " SET units = units + excluded.units, micros = micros + excluded.micros",
                (span, count, micros),
            )
        # Minutes that are over are of no use; days are few and are kept for the report.
        db.execute("DELETE FROM spent_in WHERE span >= 'minute:' AND span < ?", ("minute:" + minute,))
        for sku, number in units.items():
            db.execute(
                "INSERT INTO spent VALUES (?, ?, ?, ?, ?) ON CONFLICT (day, source, sku) DO UPDATE"
                " SET units = units + excluded.units, micros = micros + excluded.micros",
                (day, source, sku, number, self._prices.micros({sku: number})),
            )
        write_down(db, day, waiting + Counter({(source, "called"): 1}))


def write_down(db: sqlite3.Connection, day: str, what: Counter[tuple[str, str]]) -> None:
    """Add counts to the day."""
    db.executemany(
        "INSERT INTO happened VALUES (?, ?, ?, ?) ON CONFLICT (day, source, what) DO UPDATE"
        " SET times = times + excluded.times",
        [(day, source, name, times) for (source, name), times in what.items()],
    )


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def _spent_in(db: sqlite3.Connection, span: str) -> tuple[int, int]:
    row: tuple[int, int] | None = db.execute("SELECT units, micros FROM spent_in WHERE span = ?", (span,)).fetchone()
    return row or (0, 0)


def _report(db: sqlite3.Connection, since: str) -> list[DayOfSource]:
    units: dict[tuple[str, str], dict[str, int]] = {}
    micros: Counter[tuple[str, str]] = Counter()
    for day, source, sku, number, cost in db.execute("SELECT * FROM spent WHERE day >= ?", (since,)):
        units.setdefault((day, source), {})[sku] = number
        micros[day, source] += cost
    happened: dict[tuple[str, str], dict[str, int]] = {}
    for day, source, what, times in db.execute("SELECT * FROM happened WHERE day >= ?", (since,)):
        happened.setdefault((day, source), {})[what] = times
    keys = sorted({*units, *happened}, key=lambda key: ([-ord(char) for char in key[0]], key[1]))
    return [
        DayOfSource(day, source, units.get((day, source), {}), micros[day, source] / MICROS,
                    happened.get((day, source), {}))
        for day, source in keys
    ]  # fmt: skip
