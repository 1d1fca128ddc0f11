"""What is read out of the file: functions of one connection."""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from math import ceil

from app.events.model import Answered, Asked, Failed, Impression, InteractionKind, Pulse, StageTimes
from app.events.writing import HOUR_S

_BATCH = 500


def impressions(db: sqlite3.Connection, since: float, limit: int) -> list[Impression]:
    """Answered pages since then, newest first."""
    rows = db.execute(
        "SELECT number, id, at, asked, generation, type, first, total, products, scores, timings, missing,"
        " evidence FROM search WHERE at >= ? ORDER BY number DESC LIMIT ?",
        (since, limit),
    )
    found = []
    while batch := rows.fetchmany(_BATCH):
        done = _done_with(db, [row[0] for row in batch])
        found += [Impression(_answered(row), _moment(row[2]), done.get(row[0], {})) for row in batch]
    return found


def shown(db: sqlite3.Connection, since: float, limit: int) -> tuple[int, Counter[str]]:
    """(pages, product id -> pages it was on)."""
    pages, times = 0, Counter[str]()
    rows = db.execute("SELECT products FROM search WHERE at >= ? ORDER BY number DESC LIMIT ?", (since, limit))
    for (products,) in rows:
        pages += 1
        times.update(json.loads(products))
    return pages, times


def deeds(db: sqlite3.Connection, since: float) -> dict[str, Counter[InteractionKind]]:
    """product id -> kind -> times."""
    found: defaultdict[str, Counter[InteractionKind]] = defaultdict(Counter)
    rows = db.execute("SELECT product, kind, count(*) FROM deed WHERE at >= ? GROUP BY product, kind", (since,))
    for product, kind, times in rows:
        found[product][InteractionKind(kind)] = times
    return dict(found)


def pulse(db: sqlite3.Connection, now: float, hours: int) -> list[Pulse]:
    """The last `hours` hours, the present one last."""
    last = int(now // HOUR_S)
    spans = {hour: _Hour() for hour in range(last - hours + 1, last + 1)}
    since = min(spans) * HOUR_S
    rows = db.execute("SELECT at, asked, total, timings, missing FROM search WHERE at >= ?", (since,))
    for at, asked, total, timings, missing in rows:
        span = spans.get(int(at // HOUR_S))
        if span is not None:
            span.add(asked, total, json.loads(timings), json.loads(missing))
    for hour, kind, times in db.execute(
        "SELECT CAST(at / ? AS INTEGER) AS hour, kind, count(*) FROM deed WHERE at >= ? GROUP BY hour, kind",
        (HOUR_S, since),
    ):
        if hour in spans:
            spans[hour].deeds[kind] += times
    return [span.pulse(_moment(hour * HOUR_S)) for hour, span in spans.items()]


def failures(db: sqlite3.Connection, since: float) -> list[Failed]:
    """Counts by hour, code and status, newest hour first, then the most frequent."""
    rows = db.execute(
        "SELECT hour, code, status, times FROM failed WHERE hour >= ? ORDER BY hour DESC, times DESC, code",
        (int(since // HOUR_S),),
    )
    return [Failed(_moment(hour * HOUR_S), code, status, times) for hour, code, status, times in rows]


class _Hour:
    """What is gathered of one hour."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.empty = 0
        self.times: defaultdict[str, list[float]] = defaultdict(list)
        self.missing: Counter[str] = Counter()
        self.deeds: Counter[str] = Counter()

    def add(self, asked: str, total: int, timings: dict[str, float], missing: list[str]) -> None:
        self.asked[asked] += 1
        self.empty += total == 0
        for stage, spent in timings.items():
            self.times[stage].append(spent)
        self.missing.update(set(missing))

    def pulse(self, at: datetime) -> Pulse:
        stages = tuple(
            StageTimes(stage, _percentile(spent, 0.5), _percentile(spent, 0.95)) for stage, spent in self.times.items()
        )
        asked = dict(self.asked)
        return Pulse(at, sum(asked.values()), self.empty, asked, stages, dict(self.missing), dict(self.deeds))


def _done_with(db: sqlite3.Connection, numbers: list[int]) -> dict[int, dict[str, frozenset[InteractionKind]]]:
    marks = ",".join("?" * len(numbers))
    found: defaultdict[int, defaultdict[str, set[InteractionKind]]] = defaultdict(lambda: defaultdict(set))
    for search, product, kind in db.execute(
        f"SELECT search, product, kind FROM deed WHERE search IN ({marks})",  # noqa: S608 - marks only
        numbers,
    ):
        found[search][product].add(InteractionKind(kind))
    return {search: {product: frozenset(kinds) for product, kinds in of.items()} for search, of in found.items()}


def _answered(row: tuple[object, ...]) -> Answered:
    _, search_id, _, asked, generation, kind, first, total, products, scores, timings, missing, evidence = row
    return Answered(
        search_id=str(search_id),
        asked=Asked(str(asked)),
        generation=str(generation),
        products=tuple(json.loads(str(products))),
        scores=tuple(json.loads(str(scores))),
        first=int(str(first)),
        total=int(str(total)),
        type=str(kind),
        timings_ms=json.loads(str(timings)),
        missing=tuple(json.loads(str(missing))),
        evidence=evidence if isinstance(evidence, bytes) else b"",
    )


def _percentile(values: Iterable[float], share: float) -> float:
    """The nearest-rank percentile of at least one value."""
    ranked = sorted(values)
    return ranked[max(0, ceil(share * len(ranked)) - 1)]


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
