"""Turns: how many searches a server process works on at once, and the short queue before them.

A server that takes all work offered gets slower for everybody until nobody is served. So only as much is worked on as
there are slots, a little more waits, and the rest is asked to come back, before its body is read. A burst may fill the
queue. Under a load that lasts only those wait whose slot is expected soon, the sooner the more are refused: what is
served is served quickly, and yet no slot is idle. The queue is fair: callers are served in rotation, and whoever holds
least gets a place before whoever holds most.
"""

import asyncio
import random
import time
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from app.edge.errors import Overloaded

STANDING_S = 0.5
"""A queue that was not empty for so long is no burst that will pass, it makes everybody wait (the idea of CoDel)."""
CALM_S = 2.0
"""So long after the last refusal a burst may wait again. Else the queue would fill anew whenever it was empty for a
moment, and those served under load would have waited longest."""
ON_THE_WAY_S = 0.05
"""Under a load that lasts a place is kept for so long for a caller who was let in and whose body is not read yet. Most
bodies come with their heads; who sends his over a slow line keeps nobody waiting, and learns at its end whether there
is a place for him."""
_SMOOTHING = 0.1
_SHARE_SMOOTHING = 0.05


class Turns:
    """Callers are told apart by a name.

    slots: searches worked on at once. waiting: places of the queue. clock: seconds that only grow.
    For one event loop.
    """

    def __init__(self, slots: int, waiting: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._slots = slots
        self._most_waiting = waiting
        self._clock = clock
        self._begun: dict[object, tuple[str, float]] = {}
        self._queues: OrderedDict[str, deque[asyncio.Future[object]]] = OrderedDict()
        self._queued = 0
        self._expected: OrderedDict[object, tuple[str, float]] = OrderedDict()
        self._held: Counter[str] = Counter()
        self._empty_at = clock()
        self._refused_at = float("-inf")
        self._refused_count = 0
        self._refused_share = 0.0
        self._usual_s = 0.1

    @property
    def slots(self) -> int:
        """Searches worked on at once."""
        return self._slots

    @property
    def working(self) -> int:
        """Searches worked on now."""
        return len(self._begun)

    @property
    def waiting(self) -> int:
        """Searches that wait now."""
        return self._queued

    @property
    def refused(self) -> int:
        """Searches refused so far."""
        return self._refused_count

    @property
    def usual_s(self) -> float:
        """Seconds that work usually takes, of late."""
        return self._usual_s

    def refuse_when_full(self, name: str) -> None:
        """Raises Overloaded where `expecting` would."""
        self._forget_the_late()
        if not self._finds_room(name) and self._who_gives_way(name) is None:
            raise self._refused()

    @contextmanager
    def expecting(self, name: str) -> Iterator[object]:
        """Let a caller in whose body is still to be read; what is returned is for `turn`.

        Raises Overloaded where `turn` would, so that hardly anybody sends a body to be refused after it.
        """
        self.refuse_when_full(name)
        place = object()
        self._expected[place] = (name, self._clock())
        self._held[name] += 1
        try:
            yield place
        finally:
            self._expect_no_longer(place)

    @asynccontextmanager
    async def turn(self, name: str, place: object = None) -> AsyncIterator[None]:
        """Wait for a slot and hold it until the block ends. place: of a caller who was expected.

        Raises Overloaded when there is no place to wait, or when the place is taken by a caller who has fewer.
        """
        slot = await self._enter(name, place)
        try:
            yield
            took_s = self._clock() - self._begun[slot][1]
            self._usual_s += _SMOOTHING * (took_s - self._usual_s)
        finally:
            self._leave(slot)

    async def _enter(self, name: str, place: object) -> object:
        """What the slot is left by."""
        if not self._expect_no_longer(place) or self._queued >= self._most_waiting:
            self.refuse_when_full(name)
        self._refused_share -= _SHARE_SMOOTHING * self._refused_share
        loses = None if self._finds_room(name) else self._who_gives_way(name)
        if loses is not None:
            self._evict(loses)
        self._held[name] += 1
        return self._begin(name) if self._is_free() else await self._wait(name)

    async def _wait(self, name: str) -> object:
        place: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if not self._queued:
            self._empty_at = self._clock()
        self._queues.setdefault(name, deque()).append(place)
        self._queued += 1
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                self._leave(place.result())  # the slot came in the same moment in which the caller left
            else:
                self._forget(name, place)
            raise

    def _begin(self, name: str) -> object:
        slot = object()
        self._begun[slot] = (name, self._clock())
        return slot

    def _leave(self, slot: object) -> None:
        """Hand the slot to the next caller in rotation."""
        self._holds_less(self._begun.pop(slot)[0])
        while self._queues and len(self._begun) < self._slots:
            name, queue = self._queues.popitem(last=False)
            following = queue.popleft()
            self._queued -= 1
            if queue:
                self._queues[name] = queue
            if following.done():
                self._holds_less(name)
            else:
                following.set_result(self._begin(name))

    def _forget(self, name: str, place: "asyncio.Future[object]") -> None:
        queue = self._queues.get(name)
        if queue is not None and place in queue:
            queue.remove(place)
            self._queued -= 1
            self._holds_less(name)
            if not queue:
                del self._queues[name]

    def _evict(self, name: str) -> None:
        """The caller loses the newest of his places: one that is kept for him before one where he waits."""
        kept = next((place for place, (who, _) in reversed(self._expected.items()) if who == name), None)
        if kept is not None and (name not in self._queues or self._keeps_places()):
            self._expect_no_longer(kept)
            return
        place = self._queues[name][-1]
        self._forget(name, place)
        if not place.done():
            place.set_exception(self._refused())

    def _holds_less(self, name: str) -> None:
        self._held[name] -= 1
        if not self._held[name]:
            del self._held[name]  # callers are without number

    def _expect_no_longer(self, place: object) -> bool:
        """Whether the caller was expected until now."""
        self._forget_the_late()
        kept = self._expected.pop(place, None)
        if kept is not None:
            self._holds_less(kept[0])
        return kept is not None

    def _forget_the_late(self) -> None:
        while self._expected:
            place, (name, since) = next(iter(self._expected.items()))
            if self._clock() - since <= ON_THE_WAY_S:
                break
            del self._expected[place]
            self._holds_less(name)

    def _is_free(self) -> bool:
        return len(self._begun) < self._slots and not self._queued

    def _finds_room(self, name: str) -> bool:
        """Whether the caller is served now or may wait without taking a place from anybody."""
        return len(self._begun) + self._queued < self._slots + self._places(name)

    def _lasts(self) -> bool:
        """Whether the load is no burst."""
        now = self._clock()
        standing = self._queued > 0 and now - self._empty_at > STANDING_S
        return standing or now - self._refused_at < CALM_S

    def _keeps_places(self) -> bool:
        """Whether somebody finds room where another is expected no longer."""
        return self._lasts() and self._queued < self._most_waiting

    def _places(self, name: str) -> int:
        """How many may wait now, as far as this caller is concerned.

        Under a load that lasts, one for each slot whose work has lasted at least the share refused of what work usually
        lasts: hardly anybody is refused, and one may come as soon as it began; nearly all are, and he must come when it
        ends. A caller who holds less than others finds half a place a slot in any case. Those expected have theirs.
        """
        if not self._lasts():
            return self._most_waiting
        now = self._clock()
        soon = sum(now - began >= self._refused_share * self._usual_s for _, began in self._begun.values())
        if max(self._held.values(), default=0) > self._held[name] + 1:
            soon = max(soon, (self._slots + 1) // 2)
        return min(soon, self._most_waiting) - len(self._expected)

    def _who_gives_way(self, name: str) -> str | None:
        """Of those who wait or have a place kept, the caller who holds most, where that is more than this one would
        with one more."""
        names = [*self._queues, *(name for name, _ in self._expected.values() if self._keeps_places())]
        most = max(names, key=self._held.__getitem__, default=None)
        return most if most is not None and self._held[most] > self._held[name] + 1 else None

    def _refused(self) -> Overloaded:
        self._refused_at = self._clock()
        self._refused_count += 1
        self._refused_share += _SHARE_SMOOTHING * (1.0 - self._refused_share)
        spread = random.uniform(1.0, 3.0)  # noqa: S311 - so that those who were refused together do not come together
        return Overloaded(
            f"{self.working} searches are worked on and {self._queued} wait.",
            fix="Try again after Retry-After seconds.",
            retry_after_s=spread + self._usual_s * self._queued / self._slots,
            working=self.working,
            waiting=self._queued,
        )
