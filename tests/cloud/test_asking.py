"""Asking with care: cache, single flight, budget, retries, breaker; all against a source that does as it is told."""

import asyncio
import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.asking import Asker
from app.analysis.breaker import LONGEST_REST_S, Breaker, Position, RetryBudget, pause_before
from app.analysis.sighting import Sighting, Word
from app.analysis.source import Picture, Reason, SourceFailure
from app.metering import Budget
from tests.cloud.builders import a_picture, metering, until

pytestmark = pytest.mark.anyio
SEEN = Sighting(words=(Word("chair", 0.9),))


class Told:
    """A source that fails as told, then answers after `takes_s`."""

    name, pipeline = "told", "1"
    units: Mapping[str, int] = {"vision.label": 1}

    def __init__(self, *failures: Reason, takes_s: float = 0.0) -> None:
        self.failures = list(failures)
        self.takes_s = takes_s
        self.calls = 0
        self.cancelled = 0

    async def look(self, picture: Picture, *, timeout_s: float) -> Sighting:
        self.calls += 1
        try:
            await asyncio.sleep(self.takes_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.failures:
            raise SourceFailure(self.failures.pop(0), "as told", retry_after_s=0.01)
        return SEEN

    async def open(self) -> None:
        return None

    async def check(self) -> str:
        return "well"

    async def close(self) -> None:
        return None


class Desk:
    """Askers over one store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def ask(self, asker: Asker, name: str = "one", patience_s: float = 20.0) -> Sighting:
        return await asker.ask(a_picture(name), asyncio.get_running_loop().time() + patience_s)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_fifty_at_once_and_later_are_one_call(desk: Desk) -> None:
    source = Told(takes_s=0.2)
    async with metering(desk.folder) as (ledger, answers, _):
        asker = Asker(source, answers=answers, ledger=ledger)
        found = await asyncio.gather(*(desk.ask(asker) for _ in range(50)))
        assert found == [SEEN] * 50
        assert (await desk.ask(asker)) == SEEN
        await asker.close()
        (day,) = await ledger.report()
    assert source.calls == 1
    assert dict(day.happened) == {"called": 1, "shared": 49, "cached": 1}
    assert day.units == {"vision.label": 1}


async def test_two_processes_ask_once(desk: Desk) -> None:
    """Two stores on one file are what two processes have."""
    first, second = Told(takes_s=0.3), Told(takes_s=0.3)
    async with metering(desk.folder) as (ledger, answers, _), metering(desk.folder) as (ledger2, answers2, _):
        askers = [Asker(first, answers=answers, ledger=ledger), Asker(second, answers=answers2, ledger=ledger2)]
        assert await asyncio.gather(*(desk.ask(asker) for asker in askers)) == [SEEN, SEEN]
        for asker in askers:
            await asker.close()
    assert first.calls + second.calls == 1


async def test_one_caller_who_leaves_does_not_take_the_others_answer(desk: Desk) -> None:
    source = Told(takes_s=0.3)
    async with metering(desk.folder) as (ledger, answers, _):
        asker = Asker(source, answers=answers, ledger=ledger)
        leaver, stayer = asyncio.create_task(desk.ask(asker)), asyncio.create_task(desk.ask(asker))
        await until(lambda: source.calls == 1)
        leaver.cancel()
        assert await stayer == SEEN
        assert source.cancelled == 0
        await asker.close()


async def test_when_the_last_caller_leaves_the_call_is_cancelled_and_blames_nobody(desk: Desk) -> None:
    source = Told(takes_s=60.0)
    async with metering(desk.folder) as (ledger, answers, _):
        asker = Asker(source, answers=answers, ledger=ledger)
        task = asyncio.create_task(desk.ask(asker))
        await until(lambda: source.calls == 1)
        task.cancel()
        await until(lambda: source.cancelled == 1)
        assert asker.state().breaker.failures == 0
        source.takes_s = 0.0
        assert await desk.ask(asker) == SEEN  # the turn was given back
        await asker.close()


async def test_a_hung_source_is_left_at_the_deadline_and_counted(desk: Desk) -> None:
    source = Told(takes_s=60.0)
    async with metering(desk.folder) as (ledger, answers, _):
        asker = Asker(source, answers=answers, ledger=ledger)
        with pytest.raises(SourceFailure) as late:
            await desk.ask(asker, patience_s=0.3)
        assert late.value.reason is Reason.DEADLINE
        await until(lambda: source.cancelled == 1)
        await until(lambda: asker.state().breaker.failures == 1)
        await asker.close()


async def test_what_may_pass_is_tried_again_and_every_try_is_paid(desk: Desk) -> None:
    source = Told(Reason.UNAVAILABLE, Reason.THROTTLED)
    async with metering(desk.folder) as (ledger, answers, _):
        asker = Asker(source, answers=answers, ledger=ledger, rng=random.Random(1))
        assert await desk.ask(asker) == SEEN
        await asker.close()
        assert (await ledger.spent_today())[0] == 3


@pytest.mark.parametrize(
    "reason", [Reason.CREDENTIALS, Reason.REFUSED, Reason.MISSING_MODEL, Reason.BAD_ANSWER, Reason.DEADLINE]
)
async def test_what_cannot_help_is_not_tried_again(desk: Desk, reason: Reason) -> None:
    source = Told(reason)
    async with metering(desk.folder) as (ledger, answers, _):
        asker = Asker(source, answers=answers, ledger=ledger)
        with pytest.raises(SourceFailure) as failure:
            await desk.ask(asker)
        assert failure.value.reason is reason
        assert source.calls == 1
        await asker.close()


async def test_a_picture_that_is_refused_says_nothing_about_the_source(desk: Desk) -> None:
    source = Told(*[Reason.REFUSED] * 8)
    async with metering(desk.folder) as (ledger, answers, _):
        asker = Asker(source, answers=answers, ledger=ledger)
        for number in range(8):
            with pytest.raises(SourceFailure, match="as told"):
                await desk.ask(asker, f"p{number}")
        assert asker.state().breaker.position is Position.CLOSED
        await asker.close()


async def test_nothing_is_bought_without_budget_or_ledger(desk: Desk) -> None:
    source = Told()
    async with metering(desk.folder, Budget(units_per_day=2)) as (ledger, answers, store):
        asker = Asker(source, answers=answers, ledger=ledger)
        for number in range(2):
            await desk.ask(asker, f"p{number}")
        with pytest.raises(SourceFailure) as spent:
            await desk.ask(asker, "p3")
        assert spent.value.reason is Reason.BUDGET
        await store.write(lambda db: db.execute("DROP TABLE spent_in"))
        with pytest.raises(SourceFailure):
            await desk.ask(asker, "p4")
        assert source.calls == 2
        await asker.close()


async def test_a_surprise_of_a_vendors_library_is_a_bad_answer(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    class Odd(Told):
        async def look(self, picture: Picture, *, timeout_s: float) -> Sighting:
            raise ZeroDivisionError("in the depths")

    async with metering(desk.folder) as (ledger, answers, _):
        asker = Asker(Odd(), answers=answers, ledger=ledger)
        with pytest.raises(SourceFailure) as failure:
            await desk.ask(asker)
        assert failure.value.reason is Reason.BAD_ANSWER
        assert "in the depths" in caplog.text
        await asker.close()


async def test_a_damaged_answer_in_the_cache_is_asked_for_anew(desk: Desk) -> None:
    source = Told()
    async with metering(desk.folder) as (ledger, answers, store):
        asker = Asker(source, answers=answers, ledger=ledger)
        await desk.ask(asker)
        await store.write(lambda db: db.execute("UPDATE answer SET value = ?", (b"{torn",)))
        assert await desk.ask(asker) == SEEN
        assert await desk.ask(asker) == SEEN
        assert source.calls == 2
        await asker.close()


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def opened() -> tuple[Breaker, Clock]:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(5):
        assert breaker.admits()
        breaker.failed("unavailable")
    return breaker, clock


def test_a_breaker_opens_tries_once_a_rest_and_closes_with_the_first_answer() -> None:
    breaker, clock = opened()
    assert not breaker.admits()
    clock.now += 1.01
    assert breaker.admits()
    assert not breaker.admits()  # one try only
    assert breaker.state().position is Position.TRYING
    breaker.failed("unavailable")
    clock.now += 1.5
    assert not breaker.admits()  # the second rest is longer
    clock.now += 0.6
    assert breaker.admits()
    breaker.succeeded()
    assert breaker.state().position is Position.CLOSED
    assert all(breaker.admits() for _ in range(10))


def test_a_try_that_was_never_made_may_be_made_by_somebody_else() -> None:
    breaker, clock = opened()
    clock.now += 1.01
    assert breaker.admits()
    breaker.abandoned()
    assert breaker.admits()


@given(st.lists(st.sampled_from(["ask", "wait"]), max_size=300), st.floats(0.0, 60.0))
def test_a_dead_source_is_asked_less_and_less(steps: list[str], rest_s: float) -> None:
    """Whatever the traffic: at most one call a second once open, and never a rest longer than the longest."""
    breaker, clock = opened()
    asked = 0
    for step in steps:
        if step == "wait":
            clock.now += 0.1
        elif breaker.admits():
            asked += 1
            breaker.failed("unavailable", rest_s=rest_s)
    assert asked <= clock.now / 1.0
    assert breaker.rests_s <= LONGEST_REST_S


def test_retries_are_a_tenth_of_the_calls() -> None:
    budget = RetryBudget()
    spent = 0
    for _ in range(1000):
        budget.earn()
        spent += budget.spend()
    assert spent <= 0.1 * 1000 + 3


@given(st.integers(2, 10), st.integers())
def test_pauses_are_random_and_bounded(attempt: int, seed: int) -> None:
    assert 0.0 <= pause_before(attempt, random.Random(seed)) <= 0.5
