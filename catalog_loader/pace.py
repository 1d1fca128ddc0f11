"""No faster than asked: so that a load does not crowd out the shop's own visitors from its picture server."""

import asyncio
import time
from collections.abc import Callable

from app.intake import ImageSource


class PacedImages:
    """An ImageSource that begins at most so many fetches a second, evenly spread; what was missed is not made up for.

    clock: monotonic seconds.
    """

    def __init__(self, images: ImageSource, per_second: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._images = images
        self._apart_s = 1.0 / per_second
        self._clock = clock
        self._next = 0.0

    async def fetch(self, url: str) -> bytes:
        """See ImageSource."""
        now = self._clock()
        turn = max(now, self._next)
        self._next = turn + self._apart_s
        if turn > now:
            await asyncio.sleep(turn - now)
        return await self._images.fetch(url)
