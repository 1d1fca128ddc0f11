"""Events: what is kept of an answer and of what shoppers did, for how long, and what is refused."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.events import (
    Answered,
    Asked,
    Deed,
    EventLog,
    EventsUnavailable,
    InteractionKind,
    InteractionMismatch,
    SearchNotFound,
)

pytestmark = pytest.mark.anyio

DAY = 86_400.0


class Clock:
    """A clock that is set by hand; it starts in the middle of an hour."""

    def __init__(self) -> None:
        self.now = 480_000 * 3_600.0 + 1_800

    def __call__(self) -> float:
        return self.now


def an_answer(search_id: str = "s1", *products: str, first: int = 1, **changes: object) -> Answered:
    ids = products or ("a", "b", "c")
    whole: dict[str, object] = {"total": len(ids), "timings_ms": {"analyze": 20.0}, **changes}
    return Answered(search_id, Asked.PHOTO, "g1", ids, tuple(0.9 for _ in ids), first, **whole)  # type: ignore[arg-type]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def log(tmp_path: Path, clock: Clock) -> AsyncIterator[EventLog]:
    made = EventLog(tmp_path / "events.db", keep_days=30, clock=clock)
    yield made
    await made.close()
    await made.close()


async def test_a_fit_reads_what_was_shown_where_and_what_was_done(log: EventLog) -> None:
    await log.answered(an_answer("s1", "a", "b", first=25, total=40, type="chair"))
    assert await log.interact("s1", [Deed(InteractionKind.CLICK, "b", 26), Deed(InteractionKind.CART, "b")]) == 2
    (impression,) = await log.impressions()
    assert impression.answered == an_answer("s1", "a", "b", first=25, total=40, type="chair")
    assert impression.deeds == {"b": {InteractionKind.CLICK, InteractionKind.CART}}


async def test_the_same_deed_counts_once(log: EventLog) -> None:
    await log.answered(an_answer())
    deeds = [Deed(InteractionKind.VIEW, "a", 1), Deed(InteractionKind.VIEW, "b", 2)]
    assert [await log.interact("s1", deeds), await log.interact("s1", deeds)] == [2, 0]
    assert (await log.deeds())["a"] == {InteractionKind.VIEW: 1}


@pytest.mark.parametrize("wrong", [Deed(InteractionKind.CLICK, "z"), Deed(InteractionKind.CLICK, "b", 1)])
async def test_a_report_with_one_wrong_deed_leaves_nothing(log: EventLog, wrong: Deed) -> None:
    await log.answered(an_answer())
    with pytest.raises(InteractionMismatch) as refused:
        await log.interact("s1", [Deed(InteractionKind.CLICK, "a", 1), wrong])
    assert "interactions.1." in str(refused.value.extra)
    assert await log.deeds() == {}


async def test_an_unknown_search_takes_no_deed(log: EventLog) -> None:
    with pytest.raises(SearchNotFound):
        await log.interact("never", [Deed(InteractionKind.CLICK, "a")])


async def test_events_are_forgotten_when_they_are_old(log: EventLog, clock: Clock, tmp_path: Path) -> None:
    await log.answered(an_answer("old"))
    await log.interact("old", [Deed(InteractionKind.CLICK, "a")])
    clock.now += 31 * DAY
    with pytest.raises(SearchNotFound):
        await log.interact("old", [Deed(InteractionKind.CLICK, "b")])
    assert await log.impressions(since_days=3650) == []
    for number in range(256):  # sweeping comes with writing
        await log.answered(an_answer(f"new{number}"))
    with sqlite3.connect(tmp_path / "events.db") as file:
        assert file.execute("SELECT count(*) FROM search WHERE id = 'old'").fetchone() == (0,)
        assert file.execute("SELECT count(*) FROM deed").fetchone() == (0,)


async def test_the_file_holds_only_so_many_answers(tmp_path: Path, clock: Clock) -> None:
    log = EventLog(tmp_path / "events.db", most=100, clock=clock)
    for number in range(1_024):
        await log.answered(an_answer(f"s{number}"))
    kept = await log.impressions()
    await log.close()
    assert len(kept) <= 100 + 256
    assert kept[0].answered.search_id == "s1023"


async def test_what_was_shown_is_counted_by_product(log: EventLog) -> None:
    await log.answered(an_answer("s1", "a", "b"))
    await log.answered(an_answer("s2", "b"))
    assert await log.shown() == (2, {"a": 1, "b": 2})
    assert await log.shown(limit=1) == (1, {"b": 1})


async def test_the_pulse_tells_hours_stages_and_what_was_missing(log: EventLog, clock: Clock) -> None:
    for number in range(10):
        await log.answered(an_answer(f"s{number}", timings_ms={"analyze": float(number + 1)}))
    clock.now += 2 * 3_600
    await log.answered(an_answer("late", total=0, missing=("vertex",)))
    await log.interact("s3", [Deed(InteractionKind.PURCHASE, "a")])
    first, between, last = (await log.pulse(hours=3))[:3]
    assert (first.searches, first.empty, between.searches, last.searches, last.empty) == (10, 0, 0, 1, 1)
    assert [(one.stage, one.p50, one.p95) for one in first.stages] == [("analyze", 5.0, 10.0)]
    assert last.missing == {"vertex": 1}
    assert last.deeds == {"purchase": 1}


async def test_problems_are_counted_by_the_hour(log: EventLog, clock: Clock, tmp_path: Path) -> None:
    for _ in range(3):
        await log.failed("photo-corrupt", 422)
    other = EventLog(tmp_path / "events.db", clock=clock)
    await other.failed("deadline", 503)
    await other.close()
    assert [(one.code, one.status, one.times) for one in await log.failures()] == [
        ("photo-corrupt", 422, 3),
        ("deadline", 503, 1),
    ]
    clock.now += 48 * 3_600
    assert await log.failures() == []


async def test_two_processes_write_the_same_file(tmp_path: Path) -> None:
    one, other = EventLog(tmp_path / "events.db"), EventLog(tmp_path / "events.db")
    await asyncio.gather(*((one, other)[n % 2].answered(an_answer(f"s{n}")) for n in range(40)))
    assert await other.interact("s0", [Deed(InteractionKind.CLICK, "a")]) == 1
    assert len(await one.impressions()) == 40
    await one.close()
    await other.close()


async def test_a_file_that_is_none_of_ours_is_said_clearly(tmp_path: Path) -> None:
    (tmp_path / "events.db").write_bytes(b"not a database" * 100)
    with pytest.raises(EventsUnavailable) as refused:
        EventLog(tmp_path / "events.db")
    assert "AKIN_EVENTS" in str(refused.value.fix)


async def test_only_the_owner_may_read_the_file(log: EventLog, tmp_path: Path) -> None:
    await log.answered(an_answer())
    assert (tmp_path / "events.db").stat().st_mode & 0o077 == 0
