"""Private SQLite files: how every small store of ours opens its file and writes to it.

Readable by their owner only, in WAL mode, so that several processes share them and a killed one loses nothing.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal


def open_private(
    path: Path,
    schema: str,
    *,
    patience_s: float,
    synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
    erase: bool = False,
) -> sqlite3.Connection:
    """A connection for any one thread at a time; the file and its folder are made where they are missing.

    schema: statements that do nothing where they were run before. patience_s: how long a writer waits for others.
    synchronous: with NORMAL a power cut may lose the last moments, with FULL it may not; a killed process loses nothing
    with either. erase: what is deleted is overwritten. Raises sqlite3.Error, OSError.
    """
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
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """A write transaction that waits for its turn: IMMEDIATE, as the busy timeout does not cover lock upgrades."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
