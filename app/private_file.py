"""Private SQLite files: how every small store of ours opens its file, reads it and writes to it.

Readable by their owner only, in WAL mode, so that several processes share them and a killed one loses nothing.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeVar

from app.errors import AppError

T = TypeVar("T")

Work = Callable[[sqlite3.Connection], T]
Trouble = Callable[[str], AppError]
"""What went wrong, in the words of SQLite or the system -> the error of whose file it is."""


class PrivateFile:
    """One file, one connection, one thread that owns it: pieces of work run one after the other, off the event loop.

    path: the file, made with its folder where it is missing. schema: statements that do nothing where they were run
    before. patience_s: how long a writer waits for those of other processes. synchronous: with NORMAL a power cut may
    lose the last moments, with FULL it may not; a killed process loses nothing with either. erase: what is deleted is
    overwritten.

    Opening, and every method but `soon` and `close`, raises what `trouble` makes when the file cannot be opened, read
    or written, or was closed.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        *,
        trouble: Trouble,
        patience_s: float = 5.0,
        synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
        erase: bool = False,
    ) -> None:
        self.path = path
        self._trouble = trouble
        with self._explained():
            self._connection = _opened(path, schema, patience_s, synchronous, erase=erase)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=path.stem)

    async def write(self, work: Work[T]) -> T:
        """Do the work in a transaction of its own and commit it; what it raises undoes it."""
        return await self._later(self._written, work)

    async def read(self, work: Work[T]) -> T:
        """Do the work, which only reads, without waiting for writers of other processes."""
        return await self._later(self._read, work)

    def soon(self, work: Work[object]) -> None:
        """Write after what is queued, and do not wait: for clean-up while being cancelled. Trouble is dropped: whatever
        it cleans up expires by itself."""
        try:
            self._thread.submit(self._written, work)
        except RuntimeError:  # closed meanwhile
            return

    async def close(self) -> None:
        """Finish what is queued and close the file. Calling it twice is harmless."""
        await asyncio.to_thread(self._thread.shutdown)
        self._connection.close()

    async def _later(self, do: Callable[[Work[T]], T], work: Work[T]) -> T:
        try:
            done = asyncio.get_running_loop().run_in_executor(self._thread, do, work)
        except RuntimeError as closed:  # the server is stopping, and somebody still asks
            raise self._trouble("it was closed") from closed
        return await done

    def _read(self, work: Work[T]) -> T:
        with self._explained():
            return work(self._connection)

    def _written(self, work: Work[T]) -> T:
        with self._explained(), _transaction(self._connection) as connection:
            return work(connection)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise self._trouble(str(error)) from error


def keep_newest(
    connection: sqlite3.Connection, table: str, key: Sequence[str], *, since: float, max_bytes: int
) -> None:
    """Trim a table that has the columns stored_at and bytes, in a transaction of the caller's.

    What was stored at `since` or before goes, then the oldest, until the bytes of all together are at most max_bytes.
    table, key: its name and the columns of its primary key, words of the program and of nobody else.
    """
    columns, marks = ", ".join(key), ", ".join("?" * len(key))
    connection.execute(f"DELETE FROM {table} WHERE stored_at <= ?", (since,))  # noqa: S608
    (total,) = connection.execute(f"SELECT total(bytes) FROM {table}").fetchone()  # noqa: S608
    oldest = f"SELECT bytes, {columns} FROM {table} ORDER BY stored_at LIMIT 1"  # noqa: S608
    while total > max_bytes:
        size, *of = connection.execute(oldest).fetchone()
        connection.execute(f"DELETE FROM {table} WHERE ({columns}) = ({marks})", of)  # noqa: S608
        total -= size


def _opened(path: Path, schema: str, patience_s: float, synchronous: str, *, erase: bool) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, timeout=patience_s, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        if erase:
            connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA journal_size_limit = 16777216")
        connection.executescript(schema)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """A write transaction that waits for its turn: IMMEDIATE, as the busy timeout does not cover lock upgrades."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
