"""SQLite files: copied while others write, checked, and found out whether somebody has them open."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

_MAGIC = b"SQLite format 3\0"
_BUSY_S = 30.0
BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database; it belongs to the open file and is worth nothing without it."""


def is_database(path: Path) -> bool:
    """Whether the file is an SQLite database with something in it."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def copy_database(source: Path, target: Path) -> None:
    """One moment of a database that others may write to meanwhile; the copy is one file without a log beside it.

    Raises sqlite3.Error.
    """
    with closing(_opened(source, read_only=True)) as reading, closing(_opened(target)) as writing:
        # In one step: in steps, any writer of another process would make it begin anew, for ever on a busy file.
        reading.backup(writing, pages=-1)
        writing.execute("PRAGMA journal_mode = DELETE").fetchone()


def problem_of(path: Path) -> str:
    """What is wrong with a database that nobody has open; "" when nothing is."""
    try:
        with closing(_opened(path, read_only=True)) as connection:
            said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(1)")]
            broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.Error as unreadable:
        return str(unreadable)
    return "" if said == ["ok"] and broken is None else said[0] if said != ["ok"] else "a reference leads nowhere"


@contextmanager
def nobody_else(path: Path) -> Iterator[bool]:
    """Whether no other process has the database open; it stays so until the block ends."""
    with closing(_opened(path, busy_s=0.5)) as connection:
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchone()
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error:
            yield False
            return
        yield True
        connection.execute("ROLLBACK")


def _opened(path: Path, *, read_only: bool = False, busy_s: float = _BUSY_S) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=busy_s, isolation_level=None)
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    return connection
