"""Where the embedded server counts requests: one SQLite file that all its processes share."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from limits.aio.storage import MovingWindowSupport, Storage

T = TypeVar("T")

_BUSY_S = 2.0
_SWEPT_EVERY_S = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS hit (key TEXT NOT NULL, at REAL NOT NULL, units INTEGER NOT NULL, until REAL NOT NULL);
CREATE INDEX IF NOT EXISTS hit_by_key ON hit (key, at, units);
CREATE INDEX IF NOT EXISTS hit_by_end ON hit (until);
"""


class SqliteWindows(Storage, MovingWindowSupport):
    """A storage of the library `limits` that knows the moving window, exactly, across processes.

    path: the file, made with the first hit, readable by its owner only. It holds who asked during the last window and
    nothing older. clock: seconds since the epoch.
    """

    STORAGE_SCHEME = None

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(wrap_exceptions=True)
        self._path = path
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._swept_at = 0.0
        # One thread owns the connection: SQLite would serialize the calls anyway.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rates")

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """What the file may raise."""
        return (sqlite3.Error, OSError)

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Book `amount` if the last `expiry` seconds hold no more than `limit` with it; whether it was booked."""
        return await self._run(lambda: self._acquire(key, limit, expiry, amount))

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the oldest booking of the window was made (now where there is none), and the units booked."""
        return await self._run(lambda: self._window(key, expiry))

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Refuse: fixed windows are not kept."""
        raise NotImplementedError

    async def get(self, key: str) -> int:
        """Units booked and not yet forgotten."""
        return await self._run(lambda: self._window(key, 0)[1])

    async def get_expiry(self, key: str) -> float:
        """Refuse: fixed windows are not kept."""
        raise NotImplementedError

    async def check(self) -> bool:
        """Whether the file can be used."""
        return await self._run(lambda: self._open() is not None)

    async def reset(self) -> int | None:
        """Forget everything."""
        return await self._run(lambda: self._open().execute("DELETE FROM hit").rowcount)

    async def clear(self, key: str) -> None:
        """Forget one key."""
        await self._run(lambda: self._open().execute("DELETE FROM hit WHERE key = ?", (key,)))

    async def close(self) -> None:
        """Close the file. Calling it twice is harmless."""
        await asyncio.to_thread(self._thread.shutdown)
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            made = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            try:
                made.execute("PRAGMA journal_mode = WAL")
                made.execute("PRAGMA synchronous = OFF")  # what a power cut takes away is a minute's counts
                made.execute("PRAGMA secure_delete = ON")
                made.executescript(_SCHEMA)
            except sqlite3.Error:
                made.close()
                raise
            self._connection = made
        return self._connection

    def _acquire(self, key: str, limit: int, expiry: int, amount: int) -> bool:
        connection = self._open()
        # IMMEDIATE: what is counted must still hold when it is booked, whatever other processes do.
        connection.execute("BEGIN IMMEDIATE")
        try:
            now = self._clock()
            self._sweep(connection, now)
            (used,) = connection.execute(
                "SELECT coalesce(sum(units), 0) FROM hit WHERE key = ? AND at > ?", (key, now - expiry)
            ).fetchone()
            fits: bool = used + amount <= limit
            if fits:
                connection.execute("INSERT INTO hit VALUES (?, ?, ?, ?)", (key, now, amount, now + expiry))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return fits

    def _sweep(self, connection: sqlite3.Connection, now: float) -> None:
        if not 0 <= now - self._swept_at < _SWEPT_EVERY_S:
            connection.execute("DELETE FROM hit WHERE until <= ?", (now,))
            self._swept_at = now

    def _window(self, key: str, expiry: int) -> tuple[float, int]:
        now = self._clock()
        since = now - expiry if expiry else 0.0
        begin, used = (
            self._open()
            .execute("SELECT min(at), coalesce(sum(units), 0) FROM hit WHERE key = ? AND at > ?", (key, since))
            .fetchone()
        )
        return (now if begin is None else begin), used
