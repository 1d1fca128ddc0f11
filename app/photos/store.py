"""PhotoStore: the clean JPEGs of recent searches, so that a search can be refined without sending the photo again."""

import asyncio
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from app.photos.errors import PhotoNotFound, PhotoStoreUnavailable
from app.photos.photo import Photo
from app.private_file import open_private, transaction

T = TypeVar("T")

_ID_BYTES = 16  # 128 bits: an id cannot be guessed, so knowing it is the permission to use it
_BUSY_S = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS photo (
    id TEXT PRIMARY KEY, stored_at REAL NOT NULL, bytes INTEGER NOT NULL, jpeg BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS photo_by_age ON photo (stored_at, bytes);
"""


class PhotoStore:
    """Keeps clean JPEGs in one SQLite file that all server processes share; never the bytes that were uploaded.

    path: the file, made if absent, readable by its owner only. ttl_s: seconds a photo is kept; 0 keeps none.
    max_bytes: of all JPEGs together; the oldest make room. clock: seconds since the epoch.

    Deleted photos are overwritten in the file. Calls do not block the event loop.
    Raises PhotoStoreUnavailable when the file cannot be opened, read or written.
    """

    def __init__(
        self,
        path: Path,
        *,
        ttl_s: float = 3600,
        max_bytes: int = 500_000_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._ttl_s = ttl_s
        self._max_bytes = max_bytes
        self._clock = clock
        with self._mapped_errors():
            self._connection = self._open()
        # One thread owns the connection: SQLite would serialize the calls anyway.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="photo-store")

    async def put(self, photo: Photo) -> str:
        """Keep the photo's clean JPEG; returns a new photo_id: 22 characters of A-Z a-z 0-9 - _ that cannot be guessed.

        Expired photos are removed, and the oldest while the store is over its size.
        """
        photo_id = secrets.token_urlsafe(_ID_BYTES)
        if self._ttl_s > 0:
            await self._run(lambda: self._put(photo_id, photo.jpeg))
        return photo_id

    async def get(self, photo_id: str) -> bytes:
        """The clean JPEG. Raises PhotoNotFound when there is none of that id, or no longer."""
        jpeg = await self._run(lambda: self._get(photo_id))
        if jpeg is None:
            raise PhotoNotFound(
                f"No photo is stored under this id; photos are kept for {self._ttl_s:g} s.", fix="Send the photo again."
            )
        return jpeg

    async def delete(self, photo_id: str) -> None:
        """Forget a photo; no error when there is none of that id."""
        await self._run(lambda: self._delete(photo_id))

    async def close(self) -> None:
        """Close the file. Calling it twice is harmless."""
        await asyncio.to_thread(self._thread.shutdown)
        self._connection.close()

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _open(self) -> sqlite3.Connection:
        return open_private(self._path, _SCHEMA, patience_s=_BUSY_S, erase=True)

    def _put(self, photo_id: str, jpeg: bytes) -> None:
        now = self._clock()
        with self._transaction() as connection:
            connection.execute("DELETE FROM photo WHERE stored_at <= ?", (now - self._ttl_s,))
            connection.execute("INSERT INTO photo VALUES (?, ?, ?, ?)", (photo_id, now, len(jpeg), jpeg))
            (total,) = connection.execute("SELECT sum(bytes) FROM photo").fetchone()
            while total > self._max_bytes:
                oldest, size = connection.execute("SELECT id, bytes FROM photo ORDER BY stored_at LIMIT 1").fetchone()
                connection.execute("DELETE FROM photo WHERE id = ?", (oldest,))
                total -= size

    def _get(self, photo_id: str) -> bytes | None:
        with self._mapped_errors():
            row: tuple[bytes] | None = self._connection.execute(
                "SELECT jpeg FROM photo WHERE id = ? AND stored_at > ?", (photo_id, self._clock() - self._ttl_s)
            ).fetchone()
        return None if row is None else row[0]

    def _delete(self, photo_id: str) -> None:
        with self._transaction() as connection:
            connection.execute("DELETE FROM photo WHERE id = ?", (photo_id,))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction that waits for its turn: IMMEDIATE, as the busy timeout does not cover lock upgrades."""
        with self._mapped_errors(), transaction(self._connection) as connection:
            yield connection

    @contextmanager
    def _mapped_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise PhotoStoreUnavailable(
                "Searched photos cannot be kept or found now.",
                fix="Check the disk space and the rights of the file AKIN_PHOTO_STORE names; it may be deleted safely.",
            ) from error
