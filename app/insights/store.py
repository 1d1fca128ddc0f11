"""The SQLite file behind all insights: one connection, owned by one thread, shared by processes through the file."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from app.insights.errors import InsightsUnavailable
from app.private_file import open_private, transaction

T = TypeVar("T")

_BUSY_S = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS judged (
    id TEXT PRIMARY KEY, added_at REAL NOT NULL, told TEXT NOT NULL, jpeg BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS judgment (
    photo TEXT NOT NULL, product TEXT NOT NULL, grade REAL NOT NULL, at REAL NOT NULL, PRIMARY KEY (photo, product)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS evaluation (
    id TEXT PRIMARY KEY, begun_at REAL NOT NULL, holder TEXT NOT NULL, state TEXT NOT NULL, ordered TEXT NOT NULL,
    done INTEGER NOT NULL, whole INTEGER NOT NULL, result TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS picture (
    sha256 TEXT PRIMARY KEY, seen_at REAL NOT NULL, told TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pair (
    one TEXT NOT NULL, other TEXT NOT NULL, same INTEGER NOT NULL, at REAL NOT NULL, PRIMARY KEY (one, other)
) WITHOUT ROWID;
"""


class InsightStore:
    """Runs short pieces of work on the file, one after the other, off the event loop.

    folder: made if absent; the file in it, insights.db, is readable by its owner only.
    Raises InsightsUnavailable when it cannot be opened, read or written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "insights.db"
        with self._mapped_errors():
            self._connection = self._open()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="insights")

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work in a transaction of its own and commit it."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transacted, work)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work, which only reads."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._mapped, work)

    async def close(self) -> None:
        """Finish what is queued and close the file. Calling it twice is harmless."""
        await asyncio.to_thread(self._thread.shutdown)
        self._connection.close()

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
            raise InsightsUnavailable(
                f"Insights cannot be kept or read in {self._path.name}.",
                fix="Check the disk space and the rights of the folder AKIN_INSIGHTS names.",
            ) from error
