"""Several pictures in one call: whoever asks within a moment travels together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from app.analysis.sighting import Sighting
from app.analysis.source import Picture, SourceFailure

GATHER_S = 0.02
"""How long the first one waits for company."""

Look = Callable[[Sequence[Picture], float], Awaitable[Sequence[Sighting | SourceFailure]]]
"""(pictures, timeout in seconds) -> one answer per picture, in their order."""


class Batches:
    """Gathers pictures for `look`. most: of one call; 1 sends each at once.

    A caller that is cancelled leaves the others alone; a call that fails as a whole fails for all of them.
    """

    def __init__(self, look: Look, most: int) -> None:
        self._look = look
        self._most = most
        self._waiting: list[tuple[Picture, float, asyncio.Future[Sighting]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def look(self, picture: Picture, timeout_s: float) -> Sighting:
        """One picture's answer. Raises SourceFailure."""
        if self._most == 1:
            (answer,) = await self._look([picture], timeout_s)
            if isinstance(answer, SourceFailure):
                raise answer
            return answer
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Sighting] = loop.create_future()
        self._waiting.append((picture, timeout_s, future))
        if len(self._waiting) >= self._most:
            self._leave()
        elif self._timer is None:
            self._timer = loop.call_later(GATHER_S, self._leave)
        return await future

    async def close(self) -> None:
        """Cancel what is on its way."""
        if self._timer is not None:
            self._timer.cancel()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _leave(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, self._waiting = self._waiting, []
        task = asyncio.create_task(self._travel([one for one in batch if not one[2].done()]))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _travel(self, batch: list[tuple[Picture, float, asyncio.Future[Sighting]]]) -> None:
        if not batch:
            return
        try:
            answers = await self._look([picture for picture, _, _ in batch], max(left for _, left, _ in batch))
        except SourceFailure as failure:
            answers = [failure] * len(batch)
        except BaseException as error:
            for _, _, future in batch:
                if not future.done():
                    future.cancel() if isinstance(error, asyncio.CancelledError) else future.set_exception(error)
            raise
        for (_, _, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, SourceFailure):
                future.set_exception(answer)
            else:
                future.set_result(answer)
