"""Answers already paid for, by content hash and pipeline; and who is asking right now, over all processes."""

import sqlite3
import time
from collections.abc import Callable
from enum import Enum

from app.metering.store import MeterStore
from app.private_file import keep_newest


class Turn(Enum):
    """Whose turn it is to ask: ours, or somebody else is asking already."""

    OURS = "ours"
    WAIT = "wait"


class Answers:
    """A bounded cache in a MeterStore, which it does not own.

    ttl_s: seconds an answer is kept; 0 keeps none. max_bytes: of all answers together; the oldest make room.
    It holds what sources said, never a picture.
    """

    def __init__(
        self,
        store: MeterStore,
        *,
        ttl_s: float = 30 * 86_400,
        max_bytes: int = 200_000_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._ttl_s = ttl_s
        self._max_bytes = max_bytes
        self._clock = clock

    async def get(self, key: str) -> bytes | None:
        """The answer, or None."""
        return await self._store.read(lambda db: self._get(db, key))

    async def take_turn(self, key: str, lease_s: float) -> bytes | Turn:
        """The answer where there is one; else whether the caller is to ask, for at most `lease_s` seconds.

        Of all callers in all processes one is told OURS; the others WAIT and call again. A turn ends with `end_turn`,
        or when its lease runs out because the process died.
        """
        return await self._store.write(lambda db: self._take_turn(db, key, lease_s))

    def put(self, key: str, value: bytes) -> None:
        """Keep an answer and end the turn, after what is being written; returns at once: who has an answer need not
        wait until it is kept. Where it cannot be kept, the turn ends by itself."""
        self._store.soon(lambda db: self._put(db, key, value))

    def end_turn(self, key: str) -> None:
        """Let somebody else ask; returns at once."""
        self._store.soon(lambda db: db.execute("DELETE FROM asking WHERE key = ?", (key,)))

    def _get(self, db: sqlite3.Connection, key: str) -> bytes | None:
        row: tuple[bytes] | None = db.execute(
            "SELECT value FROM answer WHERE key = ? AND stored_at > ?", (key, self._clock() - self._ttl_s)
        ).fetchone()
        return None if row is None else row[0]

    def _take_turn(self, db: sqlite3.Connection, key: str, lease_s: float) -> bytes | Turn:
        known = self._get(db, key)
        if known is not None:
            return known
        now = self._clock()
        row: tuple[float] | None = db.execute("SELECT until FROM asking WHERE key = ?", (key,)).fetchone()
        # A lease further off than any lease can be was taken before the clock was set back.
        if row is not None and now < row[0] <= now + 3600:
            return Turn.WAIT
        db.execute("INSERT OR REPLACE INTO asking VALUES (?, ?)", (key, now + lease_s))
        return Turn.OURS

    def _put(self, db: sqlite3.Connection, key: str, value: bytes) -> None:
        now = self._clock()
        db.execute("DELETE FROM asking WHERE key = ? OR until < ?", (key, now - 3600))
        if self._ttl_s <= 0:
            return
        db.execute("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)", (key, now, len(value), value))
        keep_newest(db, "answer", ("key",), since=now - self._ttl_s, max_bytes=self._max_bytes)
