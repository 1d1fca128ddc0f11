"""The SQLite file: its connections, transactions, version, and the words its errors are told in."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from queue import Empty, Full, LifoQueue

from app.catalog.errors import CatalogUnavailable

SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 30.0
"""How long a writer waits for the writers before it; a load's batch or a publish takes far less."""

_SCHEMA = Path(__file__).with_name("schema.sql")
_PAGE_BYTES = 8192  # seven 512-dimension vectors a page instead of three with 4096
_WAL_KEPT_BYTES = 64 * 1024 * 1024
_IDLE_READERS = 4


class Database:
    """One catalog file: any number of readers, one writer at a time, in this and in other processes.

    Everything here blocks; callers bring their own threads. Every sqlite3 error leaves as CatalogUnavailable.
    max_bytes: the file may not grow beyond it; a write that would is refused as a full disk is.
    """

    def __init__(self, path: Path, *, max_bytes: int | None = None) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._closed = False
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue(_IDLE_READERS)
        self._write_lock = threading.Lock()
        with self._told():
            _make_folder(path.parent)
            self._writer = self._connect()
            try:
                self._prepare(self._writer)
            except BaseException:
                self._writer.close()
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A read transaction: everything read inside is one state of the catalog."""
        with self._told():
            connection = self._borrow()
            try:
                connection.execute("BEGIN")
                yield connection
            except BaseException:
                connection.close()
                raise
            connection.execute("COMMIT")
            self._give_back(connection)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: all of it is kept (on the disk, when this returns) or, after any exception, none."""
        # BEGIN IMMEDIATE: a transaction that upgrades from reading to writing is refused at once instead of waiting.
        with self._told():
            if not self._write_lock.acquire(timeout=BUSY_TIMEOUT_S):
                raise CatalogUnavailable("Another write takes too long.", retry_after_s=5.0)
            try:
                self._refuse_when_closed()
                self._writer.execute("BEGIN IMMEDIATE")
                try:
                    yield self._writer
                    self._writer.execute("COMMIT")
                except BaseException:
                    if self._writer.in_transaction:  # a full disk has rolled back already
                        self._writer.execute("ROLLBACK")
                    raise
            finally:
                self._write_lock.release()

    def prove(self) -> None:
        """Read something from the file as it lies on the disk: a connection that is kept answers from its cache,
        whatever became of the file. Raises CatalogUnavailable."""
        with self._told(), closing(self.private_reader()) as fresh:
            fresh.execute("SELECT number FROM generations LIMIT 1").fetchone()

    def private_reader(self) -> sqlite3.Connection:
        """A connection of the caller's own, for PRAGMA data_version; the caller closes it."""
        with self._told():
            self._refuse_when_closed()
            return self._connect(read_only=True)

    def close(self) -> None:
        """Close every connection; transactions in flight end first. Calling it twice is harmless."""
        with self._write_lock:
            self._closed = True
            self._writer.close()
        self._close_idle()

    def _connect(self, *, read_only: bool = False) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_KEPT_BYTES}")
        if read_only:
            connection.execute("PRAGMA query_only = ON")
        return connection

    def _borrow(self) -> sqlite3.Connection:
        self._refuse_when_closed()
        try:
            return self._idle.get_nowait()
        except Empty:
            return self._connect(read_only=True)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        try:
            self._idle.put_nowait(connection)
        except Full:
            connection.close()
        if self._closed:
            self._close_idle()

    def _close_idle(self) -> None:
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise CatalogUnavailable("The catalog was closed.", fix="Open it again.")

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        _switch_to_wal(connection)
        if self._max_bytes is not None:
            page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {max(1, self._max_bytes // page_bytes)}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            self._create_or_check(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _create_or_check(self, connection: sqlite3.Connection) -> None:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        if not tables:
            for statement in _statements(_SCHEMA.read_text(encoding="utf-8")):
                connection.execute(statement)
            return
        if "schema_version" not in tables or "generations" not in tables:
            raise CatalogUnavailable(
                f"{self.path.name} is an SQLite file, but not a catalog.", fix="Name another file in AKIN_CATALOG."
            )
        found = connection.execute("SELECT version FROM schema_version").fetchone()[0]
        if found > SCHEMA_VERSION:
            raise CatalogUnavailable(
                f"{self.path.name} was written by a newer Akin: its schema is version {found}, "
                f"this Akin knows versions up to {SCHEMA_VERSION}.",
                fix="Upgrade Akin, or load the feed into a new file.",
                found=found,
                known=SCHEMA_VERSION,
            )

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise unavailable(error, self.path.name) from error


def unavailable(error: sqlite3.Error, name: str) -> CatalogUnavailable:
    """Say an SQLite error in the catalog's words. name: of the file, without its folder."""
    primary = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    match primary:
        case sqlite3.SQLITE_FULL:
            return CatalogUnavailable(
                f"There is no room left for {name}; nothing of this write was kept.",
                fix="Free space on the disk, or prune old generations; no restart is needed.",
                retry_after_s=30.0,
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return CatalogUnavailable(f"{name} is busy with other writes.", retry_after_s=5.0)
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return CatalogUnavailable(
                f"{name} is damaged, or no SQLite file.", fix="Restore a backup, or load the feed into a new file."
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return CatalogUnavailable(
                f"{name} cannot be opened or written.",
                fix="Check that its folder exists and that Akin's user may write both the folder and the file.",
            )
        case sqlite3.SQLITE_IOERR:
            return CatalogUnavailable(
                f"The disk refused to read or write {name}; nothing of this write was kept.",
                fix="Check the disk and its quota; no restart is needed.",
                retry_after_s=30.0,
            )
    return CatalogUnavailable(f"SQLite could not answer from {name}: {error}.")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CatalogUnavailable(
            f"The catalog's folder cannot be made: {error.strerror}.", fix="Check the path in AKIN_CATALOG."
        ) from error


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Turn the journal to WAL; the file remembers. Two processes may open a new file in the same moment."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # The busy handler is not asked here: changing the journal needs the file for itself.
            if (error.sqlite_errorcode & 0xFF) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one (executescript would commit the open transaction)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
