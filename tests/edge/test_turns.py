"""Turns: a bound on what is worked on, a short and fair queue, and places that always come back."""

import asyncio
import random
from collections import deque
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.edge.errors import Overloaded
from app.edge.turns import CALM_S, ON_THE_WAY_S, STANDING_S, Turns

pytestmark = pytest.mark.anyio


class Crowd:
    """Callers who take turns and hold them until they are told to leave."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.served: list[str] = []
        self.refused: list[str] = []
        self._leave: list[asyncio.Event] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, *names: str) -> None:
        """Let callers come, one after the other."""
        for name in names:
            self.tasks.append(asyncio.create_task(self._call(name)))
            await asyncio.sleep(0)

    async def send(self, name: str) -> None:
        """Come with a body that takes a moment to read."""
        try:
            with self.turns.expecting(name) as place:
                for _ in range(20):
                    await asyncio.sleep(0)
                await self._call(name, place)
        except Overloaded:
            self.refused.append(name)

    async def let_in(self, name: str, place: object) -> None:
        """The body of a caller who was expected is there."""
        self.tasks.append(asyncio.create_task(self._call(name, place)))
        await settle()

    async def _call(self, name: str, place: object = None) -> None:
        try:
            async with self.turns.turn(name, place):
                self.served.append(name)
                leave = asyncio.Event()
                self._leave.append(leave)
                await leave.wait()
        except Overloaded:
            self.refused.append(name)

    async def one_leaves(self) -> None:
        """The one who was served first leaves."""
        self._leave.pop(0).set()
        await settle()

    async def all_leave(self) -> None:
        """Everybody is served and leaves."""
        while self._leave:
            await self.one_leaves()


async def settle() -> None:
    """Let all that can go on go on."""
    for _ in range(6):
        await asyncio.sleep(0)


async def test_no_more_are_served_at_once_than_there_are_slots() -> None:
    crowd = Crowd(Turns(2, 2))
    await crowd.come("a", "a", "a", "a", "a")
    assert (crowd.served, crowd.refused) == (["a", "a"], ["a"])
    await crowd.all_leave()
    assert len(crowd.served) == 4
    assert (crowd.turns.working, crowd.turns.waiting) == (0, 0)


async def test_callers_are_served_in_rotation() -> None:
    crowd = Crowd(Turns(1, 8))
    await crowd.come("loud", "loud", "loud", "loud", "quiet", "other")
    await crowd.all_leave()
    assert crowd.served == ["loud", "loud", "quiet", "other", "loud", "loud"]


async def test_when_the_queue_is_full_the_loudest_makes_room() -> None:
    crowd = Crowd(Turns(1, 3))
    await crowd.come("loud", "loud", "loud", "loud", "loud", "quiet")
    await settle()
    assert crowd.refused == ["loud", "loud"]
    await crowd.all_leave()
    assert crowd.served.count("quiet") == 1


async def test_whoever_has_as_many_places_as_the_others_takes_none_from_them() -> None:
    crowd = Crowd(Turns(1, 2))
    await crowd.come("x", "a", "b", "c")
    assert crowd.refused == ["c"]
    await crowd.all_leave()


async def test_a_refusal_is_known_before_the_body_is_read() -> None:
    turns = Turns(1, 1)
    crowd = Crowd(turns)
    await crowd.come("a")
    with turns.expecting("a"):
        pass
    await crowd.come("a")
    with pytest.raises(Overloaded) as refusal, turns.expecting("a"):
        pass
    assert refusal.value.retry_after_s >= 1
    assert refusal.value.extra == {"working": 1, "waiting": 1}
    await crowd.all_leave()


async def test_a_queue_that_stands_is_cut_until_it_is_calm() -> None:
    now = [0.0]
    crowd = Crowd(Turns(2, 8, clock=lambda: now[0]))
    await crowd.come(*"aa", *"aaaaaaaa")
    assert crowd.refused == []
    now[0] = STANDING_S + 0.01
    await crowd.come("a")
    assert crowd.refused == ["a"], "eight wait, two may"
    await crowd.all_leave()
    await crowd.come(*"aa", "a")
    assert len(crowd.refused) == 2, "work has just begun: no slot is expected soon"
    now[0] += CALM_S / 2
    await crowd.come(*"aaa")
    assert (crowd.turns.waiting, len(crowd.refused)) == (2, 3), "both are expected now"
    await crowd.all_leave()
    now[0] += CALM_S + 0.01
    await crowd.come(*"aa", *"aaaaaaaa")
    assert len(crowd.refused) == 3, "a burst may wait again"
    await crowd.all_leave()


async def test_under_a_load_that_lasts_the_quiet_are_served() -> None:
    now = [0.0]
    crowd = Crowd(Turns(2, 8, clock=lambda: now[0]))
    await crowd.come(*["loud"] * 11)
    await crowd.all_leave()
    await crowd.come("loud", "loud", "loud", "quiet", "loud", "quiet")
    assert crowd.refused == ["loud", "loud", "loud", "quiet"], "a place for who holds nothing, not two"
    now[0] += CALM_S / 2
    await crowd.come("loud", "other")
    await settle()
    assert crowd.refused[4:] == ["loud"], "the place that is free now is taken from who has two slots"
    await crowd.all_leave()
    assert crowd.served[-2:] == ["quiet", "other"]


class Lasting:
    """Two slots under a load that lasts: both are worked in long enough for two to wait."""

    def __init__(self) -> None:
        self.now = 0.0
        self.turns = Turns(2, 8, clock=lambda: self.now)
        self.crowd = Crowd(self.turns)

    async def begin(self, *names: str) -> None:
        """Fill the slots and the queue, refuse one, and leave the slots to these callers."""
        await self.crowd.come(*["first"] * 11)
        await self.crowd.all_leave()
        await self.crowd.come(*names)
        self.now += CALM_S / 2
        self.crowd.refused.clear()


async def test_under_a_load_that_lasts_who_is_let_in_is_not_refused_after_his_body() -> None:
    load = Lasting()
    await load.begin("a", "a")
    with load.turns.expecting("a") as one, load.turns.expecting("a") as two:
        with pytest.raises(Overloaded), load.turns.expecting("a"):
            pass
        await load.crowd.one_leaves()
        await load.crowd.come("a")
        assert load.crowd.refused == ["a"], "a slot is free, but it is one of the two expected"
        await load.crowd.let_in("a", two)
        await load.crowd.let_in("a", one)
        assert (load.crowd.refused, load.turns.working, load.turns.waiting) == (["a"], 2, 1)
    await load.crowd.all_leave()


async def test_whose_body_takes_long_keeps_nobody_waiting() -> None:
    load = Lasting()
    await load.begin("a", "a")
    with load.turns.expecting("a") as slow, load.turns.expecting("a"):
        load.now += ON_THE_WAY_S * 1.01
        await load.crowd.come("a", "a")
        assert load.crowd.refused == [], "their places are kept no longer"
        await load.crowd.let_in("a", slow)
        assert load.crowd.refused == ["a"], "others have them"
    await load.crowd.all_leave()


async def test_in_a_burst_no_place_is_kept() -> None:
    crowd = Crowd(Turns(1, 1))
    with crowd.turns.expecting("a"), crowd.turns.expecting("a"), crowd.turns.expecting("a"):
        await crowd.come("b", "b")
        assert (crowd.turns.working, crowd.turns.waiting) == (1, 1)
    await crowd.all_leave()


async def test_the_quiet_are_served_before_the_loud_who_are_expected() -> None:
    load = Lasting()
    await load.begin("loud", "loud")
    with load.turns.expecting("loud") as one, load.turns.expecting("loud") as two:
        with load.turns.expecting("quiet") as quiet:
            await load.crowd.let_in("quiet", quiet)
        await load.crowd.let_in("loud", one)
        await load.crowd.let_in("loud", two)
    assert load.crowd.refused == ["loud"]
    await load.crowd.all_leave()
    assert sorted(load.crowd.served[-2:]) == ["loud", "quiet"]


@pytest.mark.parametrize(
    ("load", "least_served", "longest_wait"), [(0.8, 0.75, 4.0), (1.2, 0.85, 1.1), (5.0, 0.95, 0.45)]
)
async def test_slots_are_busy_and_waits_short_under_any_load(
    load: float, least_served: float, longest_wait: float
) -> None:
    """Arrivals by chance, work of 100 ms more or less; figures in what 2 slots can do and in usual durations."""
    chance, now = random.Random(7), [0.0]
    crowd = Crowd(Turns(2, 8, clock=lambda: now[0]))
    waits: list[float] = []
    ends: list[float] = []
    came: deque[float] = deque()
    due, until = 0.0, 100.0
    while due < until:
        if ends and min(ends) <= due:
            now[0] = min(ends)
            at = ends.index(now[0])
            ends.pop(at)
            crowd._leave.pop(at).set()
        else:
            now[0] = due
            due += chance.expovariate(load * 20)
            refused = len(crowd.refused)
            came.append(now[0])
            await crowd.come("a")
            if len(crowd.refused) > refused:
                came.pop()
        await settle()
        while len(ends) < len(crowd._leave):
            waits.append(now[0] - came.popleft())
            ends.append(now[0] + chance.uniform(0.08, 0.12))
    assert len(waits) / until / 20 >= least_served
    assert sorted(waits)[int(len(waits) * 0.99)] / 0.1 <= longest_wait
    await crowd.all_leave()


async def test_whoever_leaves_the_queue_leaves_his_place() -> None:
    crowd = Crowd(Turns(1, 1))
    await crowd.come("a", "b")
    crowd.tasks[1].cancel()
    await settle()
    assert crowd.turns.waiting == 0
    await crowd.come("c")
    assert crowd.refused == []
    await crowd.all_leave()
    assert crowd.served == ["a", "c"]


async def test_a_slot_that_comes_in_the_moment_of_leaving_goes_to_the_next() -> None:
    crowd = Crowd(Turns(1, 2))
    await crowd.come("a", "b", "c")
    crowd._leave.pop(0).set()
    await asyncio.sleep(0)  # a has left, b was given the slot and has not woken yet
    crowd.tasks[1].cancel()
    await settle()
    assert crowd.served == ["a", "c"]
    await crowd.all_leave()
    assert crowd.turns.working == 0


async def test_a_failing_turn_gives_its_slot_back() -> None:
    turns = Turns(1, 0)
    with suppress(RuntimeError):
        async with turns.turn("a"):
            raise RuntimeError
    assert turns.working == 0


@given(
    steps=st.lists(
        st.tuples(st.sampled_from("aab"), st.sampled_from(["come", "send", "leave", "cancel", "later", "calm"])),
        max_size=80,
    ),
    slots=st.integers(1, 3),
    places=st.integers(0, 5),
)
def test_whatever_happens_slots_and_places_come_back(steps: list[tuple[str, str]], slots: int, places: int) -> None:
    async def scenario() -> None:
        now = [0.0]
        crowd = Crowd(Turns(slots, places, clock=lambda: now[0]))
        for name, step in steps:
            now[0] += {"later": ON_THE_WAY_S, "calm": CALM_S}.get(step, 0.001)
            if step == "come":
                await crowd.come(name)
            elif step == "send":
                crowd.tasks.append(asyncio.create_task(crowd.send(name)))
            elif step == "leave" and crowd._leave:
                await crowd.one_leaves()
            elif step == "cancel" and crowd.tasks:
                crowd.tasks[len(steps) % len(crowd.tasks)].cancel()
            await settle()
            assert 0 <= crowd.turns.working <= slots
            assert 0 <= crowd.turns.waiting <= places
            assert crowd.turns.waiting == 0 or crowd.turns.working == slots, "nobody waits while a slot is free"
        for task in crowd.tasks:
            task.cancel()
        await asyncio.gather(*crowd.tasks, return_exceptions=True)
        assert (crowd.turns.working, crowd.turns.waiting, dict(crowd.turns._held)) == (0, 0, {})

    asyncio.run(scenario())


@pytest.mark.parametrize("seed", range(40))
async def test_in_any_crowd_no_bound_is_passed_and_no_place_lost(seed: int) -> None:
    """Callers who send for some time, work for some time or give up, in calm and under a load that lasts."""
    chance, now = random.Random(seed), [0.0]
    turns = Turns(chance.choice([1, 2, 3]), places := chance.choice([0, 1, 4, 8]), clock=lambda: now[0])

    async def call(name: str) -> None:
        with suppress(Overloaded), turns.expecting(name) as place:
            await passing(chance.choice([0, 1, 1, 2, 30]))
            async with turns.turn(name, place):
                await passing(chance.randint(1, 12))

    tasks: list[asyncio.Task[None]] = []
    for _ in range(600):
        now[0] += chance.choices([0.0005, 0.01, 0.03, 0.3, 3.0], [20, 60, 18, 1.5, 0.5])[0]
        if chance.random() < 0.7:
            tasks.append(asyncio.create_task(call(chance.choice("aaaab"))))
        if tasks and chance.random() < 0.05:
            chance.choice(tasks).cancel()
        await asyncio.sleep(0)
        assert turns.working <= turns.slots
        assert turns.waiting <= places
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert not [end for end in ends if end is not None and not isinstance(end, asyncio.CancelledError)]
    assert (turns.working, turns.waiting, dict(turns._held)) == (0, 0, {})


async def passing(steps: int) -> None:
    """Let others go on so many times."""
    for _ in range(steps):
        await asyncio.sleep(0)
