"""EventLog: answered searches and what was done with them, in one SQLite file that all processes share."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from app.events import reading, writing
from app.events.errors import EventsUnavailable
from app.events.model import Answered, Deed, Failed, Impression, InteractionKind, Pulse
from app.private_file import PrivateFile

MOST_SEARCHES = 1_000_000
"""Answered pages kept at most, about 1 KB each; the oldest make room."""
FLUSH_EVERY_S = 5.0
_DAY_S = 86_400.0
_HOUR_S = 3_600.0


class EventLog:
    """Keeps events for `keep_days`, at most `most` answered pages, in a file readable by its owner only.

    clock: seconds since the epoch. Calls do not block the event loop; a long reading holds up no writing.
    Every method raises EventsUnavailable when the file cannot be opened, read or written.
    """

    def __init__(
        self,
        path: Path,
        *,
        keep_days: float = 90.0,
        most: int = MOST_SEARCHES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keep_s = keep_days * _DAY_S
        self._most = most
        self._clock = clock
        self._waiting: Counter[tuple[int, str, int]] = Counter()
        self._flushed_at = 0.0

        def trouble(_: str) -> EventsUnavailable:
            return EventsUnavailable(
                f"Events cannot be kept or read in {path.name}.",
                fix="Check the disk space and the rights of the file AKIN_EVENTS names.",
            )

        self._writer = PrivateFile(path, writing.SCHEMA, trouble=trouble)
        self._reader = PrivateFile(path, writing.SCHEMA, trouble=trouble)

    async def answered(self, answered: Answered) -> None:
        """Keep an answered page, so that interactions with it can be checked and counted."""
        now = self._clock()
        await self._writer.write(lambda db: writing.keep(db, answered, now, now - self._keep_s, self._most))

    async def interact(self, search_id: str, deeds: Sequence[Deed]) -> int:
        """Keep what was done with an answer; returns how many of the deeds were new.

        The same deed sent again counts once. All are kept or none. Raises SearchNotFound, InteractionMismatch.
        """
        now = self._clock()
        return await self._writer.write(lambda db: writing.interact(db, search_id, deeds, now, now - self._keep_s))

    async def failed(self, code: str, status: int) -> None:
        """Count a problem that was answered. Written some seconds later, so that a flood of bad requests is no flood
        of writing; a process that is killed forgets those seconds."""
        now = self._clock()
        self._waiting[int(now // _HOUR_S), code, status] += 1
        if now - self._flushed_at > FLUSH_EVERY_S:
            await self.flush()

    async def flush(self) -> None:
        """Write down the problems that wait."""
        now = self._clock()
        waiting, self._waiting, self._flushed_at = self._waiting, Counter(), now
        if waiting:
            await self._writer.write(lambda db: writing.fail(db, waiting, now - self._keep_s))

    async def impressions(self, *, since_days: float = 90.0, limit: int = 100_000) -> list[Impression]:
        """Answered pages with what was done with them, newest first, at most `limit`."""
        since = self._since(since_days)
        return await self._reader.read(lambda db: reading.impressions(db, since, limit))

    async def shown(self, *, since_days: float = 90.0, limit: int = 100_000) -> tuple[int, Counter[str]]:
        """(pages looked at, product id -> pages it was on) of the newest `limit` answered pages."""
        since = self._since(since_days)
        return await self._reader.read(lambda db: reading.shown(db, since, limit))

    async def deeds(self, *, since_days: float = 90.0) -> dict[str, Counter[InteractionKind]]:
        """product id -> how often each kind of thing was done with it."""
        since = self._since(since_days)
        return await self._reader.read(lambda db: reading.deeds(db, since))

    async def pulse(self, *, hours: int = 24) -> list[Pulse]:
        """The last hours, oldest first, hours without a search too."""
        now = self._clock()
        return await self._reader.read(lambda db: reading.pulse(db, now, hours))

    async def failures(self, *, hours: int = 24) -> list[Failed]:
        """Problems that were answered in the last hours, newest hour first."""
        await self.flush()
        since = self._clock() - hours * _HOUR_S
        return await self._reader.read(lambda db: reading.failures(db, since))

    async def close(self) -> None:
        """Finish what is queued and close the file. Calling it twice is harmless."""
        with suppress(EventsUnavailable):  # the second time the file takes nothing any more
            await self.flush()
        await self._writer.close()
        await self._reader.close()

    def _since(self, days: float) -> float:
        """No older than events are kept, whatever is still in the file."""
        return self._clock() - min(days * _DAY_S, self._keep_s)
