"""Counting: budgets hold over processes, restarts and clocks; answers expire and stay within their room."""

import asyncio
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.metering import (
    Answers,
    Budget,
    BudgetSpent,
    Ledger,
    MeterStore,
    Prices,
    Turn,
    UnknownPrice,
    UnplacedWords,
    read_prices,
    shipped_prices,
)  # fmt: skip

pytestmark = pytest.mark.anyio
PRICES = Prices({"a.b": Decimal("1.50"), "a.c": Decimal("2.25")}, "today")


class Clock:
    """Seconds since the epoch, as told."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("budget", "fits"),
    [
        (Budget(units_per_day=10), 5), (Budget(units_per_minute=4), 2), (Budget(usd_per_day=0.01), 2),
        (Budget(usd_per_minute=0.00375), 1), (Budget(units_per_day=0), 0),
    ],
)  # fmt: skip
async def test_units_and_money_are_refused_before_they_are_spent(tmp_path: Path, budget: Budget, fits: int) -> None:
    store = MeterStore(tmp_path / "m.db")
    ledger = Ledger(store, PRICES, budget)
    done = 0
    try:
        for _ in range(20):
            await ledger.reserve("s", {"a.b": 1, "a.c": 1})
            done += 1
    except BudgetSpent:
        pass
    await store.close()
    assert done == fits


async def test_a_new_minute_and_a_new_day_bring_a_new_budget(tmp_path: Path) -> None:
    clock = Clock()
    store = MeterStore(tmp_path / "m.db")
    ledger = Ledger(store, PRICES, Budget(units_per_minute=1, units_per_day=2), clock=clock)
    await ledger.reserve("s", {"a.b": 1})
    with pytest.raises(BudgetSpent, match="minute"):
        await ledger.reserve("s", {"a.b": 1})
    clock.now += 60
    await ledger.reserve("s", {"a.b": 1})
    clock.now += 60
    with pytest.raises(BudgetSpent, match="day"):
        await ledger.reserve("s", {"a.b": 1})
    clock.now += 86_400
    await ledger.reserve("s", {"a.b": 1})
    report = await ledger.report()
    assert [one.units for one in report] == [{"a.b": 1}, {"a.b": 2}]
    assert report[0].usd == pytest.approx(0.0015)
    await store.close()


_SPENDER = """
import asyncio, sys
from pathlib import Path
from app.metering import *
async def main():
    store = MeterStore(Path(sys.argv[1]))
    ledger = Ledger(store, shipped_prices(), Budget(units_per_day=50))
    for _ in range(40):
        try:
            await ledger.reserve("s", {"vision.label": 1})
            print("x", flush=True)
        except BudgetSpent:
            pass
asyncio.run(main())
"""


async def spent_today(path: Path) -> tuple[int, float]:
    store = MeterStore(path)
    try:
        return await Ledger(store, shipped_prices(), Budget()).spent_today()
    finally:
        await store.close()


def test_processes_share_one_budget_and_a_killed_one_gives_nothing_back(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _SPENDER, str(tmp_path / "m.db")]
    root = Path(__file__).parents[2]
    spenders = [subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    first = spenders[0].stdout
    assert first is not None
    spent = len(first.readline().split())
    spenders[0].kill()
    spent += sum(line.count("x") for spender in spenders for line in (spender.communicate()[0],))
    units, _ = asyncio.run(spent_today(tmp_path / "m.db"))
    assert spent <= units <= 50
    assert units >= 40


async def test_answers_expire_and_the_oldest_make_room(tmp_path: Path) -> None:
    clock = Clock()
    store = MeterStore(tmp_path / "m.db")
    answers = Answers(store, ttl_s=100, max_bytes=30, clock=clock)
    for name in ("first", "second", "third", "fourth"):
        answers.put(name, b"0123456789")
        clock.now += 1
    assert await answers.get("first") is None
    assert await answers.get("fourth") == b"0123456789"
    clock.now += 100
    assert await answers.get("fourth") is None
    await store.close()


async def test_a_turn_belongs_to_one_until_it_is_over_or_its_holder_is_dead(tmp_path: Path) -> None:
    clock = Clock()
    store = MeterStore(tmp_path / "m.db")
    answers = Answers(store, clock=clock)
    assert await answers.take_turn("k", 5) is Turn.OURS
    assert await answers.take_turn("k", 5) is Turn.WAIT
    clock.now += 6
    assert await answers.take_turn("k", 5) is Turn.OURS
    clock.now -= 100_000  # the clock was set back: a lease from the future binds nobody for ever
    assert await answers.take_turn("k", 5) is Turn.OURS
    answers.put("k", b"said")
    assert await answers.take_turn("k", 5) == b"said"
    await store.close()


async def test_words_are_counted_with_what_the_photos_showed(tmp_path: Path) -> None:
    store = MeterStore(tmp_path / "m.db")
    words = UnplacedWords(store)
    for kind in ("sofa", "sofa", "lamp"):
        await words.add([("google_vision", "chesterfield"), ("rekognition", "tufting")], kind)
    first = (await words.most_frequent())[0]
    assert (first.word, first.times, first.seen_as) == ("chesterfield", 3, (("sofa", 2), ("lamp", 1)))
    await words.forget(["chesterfield"])
    assert [one.word for one in await words.most_frequent()] == ["tufting"]
    await store.close()


async def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    store = MeterStore(tmp_path / "m.db")
    await store.close()
    assert (tmp_path / "m.db").stat().st_mode & 0o077 == 0


@given(st.dictionaries(st.sampled_from(["a.b", "a.c"]), st.integers(0, 10**6)))
def test_a_price_is_the_sum_of_its_parts_rounded_up(units: dict[str, int]) -> None:
    exact = sum(PRICES.per_thousand[key] * count for key, count in units.items()) * 1000
    assert 0 <= PRICES.micros(units) - exact < 1


@pytest.mark.parametrize(
    "text", ["", "x = ", 'as_of="t"\n[usd_per_1000.a]\nb = -1', 'as_of="t"\n[usd_per_1000.a]\nb = "x"', "as_of='t'"]
)
def test_a_broken_price_table_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(UnknownPrice):
        read_prices(tmp_path / "p.toml")
    with pytest.raises(UnknownPrice):
        shipped_prices().micros({"nobody.knows": 1})
