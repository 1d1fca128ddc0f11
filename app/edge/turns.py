"""Turns: how many searches a server process works on at once, and the short queue before them.

A server that takes all work offered gets slower for everybody until nobody is served. So only as much is worked on as
there are slots, a little more waits, and the rest is asked to come back, before its body is read. The queue is fair:
callers are served in rotation, and when it is full the caller with the most places gives one up to a newcomer.
"""

import asyncio
import random
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from app.edge.errors import Overloaded

STANDING_S = 0.5
"""A queue that was not empty for so long is no burst that will pass: it only makes everybody wait (the idea of CoDel).
From then on no more wait than half the slots."""
CALM_S = 2.0
"""So long after the last refusal a burst may wait again. Else the queue would fill anew whenever it was empty for a
moment, and those served under load would have waited longest."""
_SMOOTHING = 0.1


class Turns:
    """Callers are told apart by a name.

    slots: searches worked on at once. waiting: places of the queue. clock: seconds that only grow.
    For one event loop.
    """

    def __init__(self, slots: int, waiting: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._slots = slots
        self._most_waiting = waiting
        self._clock = clock
        self._working = 0
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._queued = 0
        self._empty_at = clock()
        self._refused_at = float("-inf")
        self._usual_s = 0.1

    @property
    def slots(self) -> int:
        """Searches worked on at once."""
        return self._slots

    @property
    def working(self) -> int:
        """Searches worked on now."""
        return self._working

    @property
    def waiting(self) -> int:
        """Searches that wait now."""
        return self._queued

    def refuse_when_full(self, name: str) -> None:
        """Raise Overloaded where `turn` would: asked before the body is read, so that a refusal costs nothing."""
        if self._working >= self._slots and self._queued >= self._places() and not self._has_less(name):
            raise self._overloaded()

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Wait for a slot and hold it until the block ends. Raises Overloaded when there is no place to wait, or when
        the place is taken by a caller who has fewer."""
        await self._enter(name)
        began = self._clock()
        try:
            yield
            self._usual_s += _SMOOTHING * (self._clock() - began - self._usual_s)
        finally:
            self._leave()

    async def _enter(self, name: str) -> None:
        if self._working < self._slots and not self._queued:
            self._working += 1
            return
        if self._queued >= self._places():
            if not self._has_less(name):
                raise self._overloaded()
            self._evict()
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self._queued:
            self._empty_at = self._clock()
        self._queues.setdefault(name, deque()).append(mine)
        self._queued += 1
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled() and mine.exception() is None:
                self._leave()  # the slot came in the same moment in which the caller left
            else:
                self._forget(name, mine)
            raise

    def _leave(self) -> None:
        """Hand the slot to the next caller in rotation."""
        self._working -= 1
        while self._queues and self._working < self._slots:
            name, queue = self._queues.popitem(last=False)
            following = queue.popleft()
            self._queued -= 1
            if queue:
                self._queues[name] = queue
            if not following.done():
                self._working += 1
                following.set_result(None)

    def _forget(self, name: str, mine: "asyncio.Future[None]") -> None:
        queue = self._queues.get(name)
        if queue is not None and mine in queue:
            queue.remove(mine)
            self._queued -= 1
            if not queue:
                del self._queues[name]

    def _places(self) -> int:
        """How many may wait now."""
        now = self._clock()
        standing = self._queued > 0 and now - self._empty_at > STANDING_S
        if standing or now - self._refused_at < CALM_S:
            return min((self._slots + 1) // 2, self._most_waiting)
        return self._most_waiting

    def _has_less(self, name: str) -> bool:
        """Whether the caller, with one place more, still has fewer than another."""
        own = len(self._queues.get(name, ()))
        return any(len(queue) > own + 1 for queue in self._queues.values())

    def _evict(self) -> None:
        """The caller with the most places loses the newest of them."""
        name = max(self._queues, key=lambda one: len(self._queues[one]))
        last = self._queues[name].pop()
        self._queued -= 1
        if not last.done():
            last.set_exception(self._overloaded())

    def _overloaded(self) -> Overloaded:
        self._refused_at = self._clock()
        spread = random.uniform(1.0, 3.0)  # noqa: S311 - so that those who were refused together do not come together
        return Overloaded(
            f"{self._working} searches are worked on and {self._queued} wait.",
            fix="Try again after Retry-After seconds.",
            retry_after_s=spread + self._usual_s * self._queued / self._slots,
            working=self._working,
            waiting=self._queued,
        )
