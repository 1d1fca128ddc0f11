"""The SQLite file that all processes count in: one connection, owned by one thread."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from app.metering.errors import MeterUnavailable
from app.private_file import open_private, transaction

T = TypeVar("T")

_BUSY_S = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS spent (
    day TEXT NOT NULL, source TEXT NOT NULL, sku TEXT NOT NULL, units INTEGER NOT NULL, micros INTEGER NOT NULL,
    PRIMARY KEY (day, source, sku)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent_in (
    span TEXT PRIMARY KEY, units INTEGER NOT NULL, micros INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS happened (
    day TEXT NOT NULL, source TEXT NOT NULL, what TEXT NOT NULL, times INTEGER NOT NULL,
    PRIMARY KEY (day, source, what)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answer (
    key TEXT PRIMARY KEY, stored_at REAL NOT NULL, bytes INTEGER NOT NULL, value BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS answer_by_age ON answer (stored_at, bytes);
CREATE TABLE IF NOT EXISTS asking (key TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unplaced (
    source TEXT NOT NULL, word TEXT NOT NULL, seen_as TEXT NOT NULL, times INTEGER NOT NULL,
    PRIMARY KEY (source, word, seen_as)
) WITHOUT ROWID;
"""


class MeterStore:
    """Runs short transactions on the file, one after the other, off the event loop.

    path: made if absent, readable by its owner only. Raises MeterUnavailable when it cannot be opened, read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._mapped_errors():
            self._connection = self._open()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="meter")

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work in a write transaction of its own and commit it."""
        return await self._later(self._transacted, work)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work, which only reads, without waiting for writers of other processes."""
        return await self._later(self._mapped, work)

    def soon(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Do the work after what is queued, and do not wait: for clean-up while being cancelled. Trouble is dropped:
        whatever it cleans up expires by itself."""
        try:
            self._thread.submit(self._transacted, work)
        except RuntimeError:  # closed meanwhile
            return

    async def close(self) -> None:
        """Finish what is queued and close the file. Calling it twice is harmless."""
        await asyncio.to_thread(self._thread.shutdown)
        self._connection.close()

    async def _later(self, do: Callable[[Callable[[sqlite3.Connection], T]], T], work: Callable[..., T]) -> T:
        try:
            done = asyncio.get_running_loop().run_in_executor(self._thread, do, work)
        except RuntimeError as closed:  # the server is stopping, and somebody still looks
            raise MeterUnavailable(f"{self._path.name} is closed.", fix="Start again.") from closed
        return await done

    def _open(self) -> sqlite3.Connection:
        return open_private(self._path, _SCHEMA, patience_s=_BUSY_S)

    def _mapped(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._mapped_errors():
            return work(self._connection)

    def _transacted(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._mapped_errors(), transaction(self._connection) as connection:
            return work(connection)

    @contextmanager
    def _mapped_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise MeterUnavailable(
                f"Outside calls cannot be counted in {self._path.name}: {error}.",
                fix="Check the disk space and the rights of the file AKIN_CLOUD_STORE names.",
            ) from error
