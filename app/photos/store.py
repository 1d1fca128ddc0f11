"""PhotoStore: the clean JPEGs of recent searches with what was seen in them, so that a search can be refined and paged
without sending the photo again."""

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from app.photos.errors import PhotoNotFound, PhotoStoreUnavailable
from app.photos.photo import Photo
from app.private_file import PrivateFile, keep_newest

_ID_BYTES = 16  # 128 bits: an id cannot be guessed, so knowing it is the permission to use it
_SCHEMA = """
CREATE TABLE IF NOT EXISTS photo (
    id TEXT PRIMARY KEY, stored_at REAL NOT NULL, bytes INTEGER NOT NULL, jpeg BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS photo_by_age ON photo (stored_at, bytes);
CREATE TABLE IF NOT EXISTS look (
    sha256 TEXT NOT NULL, how TEXT NOT NULL, stored_at REAL NOT NULL, bytes INTEGER NOT NULL, seen BLOB NOT NULL,
    PRIMARY KEY (sha256, how)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS look_by_age ON look (stored_at, bytes);
"""


class PhotoStore:
    """Keeps clean JPEGs in one SQLite file that all server processes share; never the bytes that were uploaded.

    path: the file, made if absent, readable by its owner only. ttl_s: seconds a photo is kept; 0 keeps none.
    max_bytes: of all JPEGs together; the oldest make room. What was seen in them may take an eighth more.
    clock: seconds since the epoch.

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
        self._ttl_s = ttl_s
        self._max_bytes = max_bytes
        self._clock = clock
        self._file = PrivateFile(path, _SCHEMA, trouble=_trouble, erase=True)

    async def put(self, photo: Photo) -> str:
        """Keep the photo's clean JPEG; returns a new photo_id: 22 characters of A-Z a-z 0-9 - _ that cannot be guessed.

        Expired photos are removed, and the oldest while the store is over its size.
        """
        photo_id = secrets.token_urlsafe(_ID_BYTES)
        if self._ttl_s > 0:
            await photo.made()  # outside of the transaction: others may write meanwhile
            await self._file.write(lambda db: self._put(db, photo_id, photo.jpeg))
        return photo_id

    async def look(self, photo: Photo, how: str) -> bytes | None:
        """What was seen in this photo by whom `how` names; None where it is not known, or no longer."""
        sql = "SELECT seen FROM look WHERE sha256 = ? AND how = ? AND stored_at > ?"
        await photo.made()
        asked = (photo.sha256, how, self._clock() - self._ttl_s)
        row: tuple[bytes] | None = await self._file.read(lambda db: db.execute(sql, asked).fetchone())
        return None if row is None else row[0]

    def keep_look(self, photo: Photo, how: str, seen: bytes) -> None:
        """Keep what was seen in this photo as long as photos are kept; returns at once, and tells nobody of trouble."""
        if self._ttl_s > 0:
            self._file.soon(lambda db: self._keep_look(db, photo.sha256, how, seen))

    async def get(self, photo_id: str) -> bytes:
        """The clean JPEG. Raises PhotoNotFound when there is none of that id, or no longer."""
        jpeg = await self._file.read(lambda db: self._get(db, photo_id))
        if jpeg is None:
            raise PhotoNotFound(
                f"No photo is stored under this id; photos are kept for {self._ttl_s:g} s.", fix="Send the photo again."
            )
        return jpeg

    async def delete(self, photo_id: str) -> None:
        """Forget a photo and what was seen in it; no error when there is none of that id."""
        await self._file.write(lambda db: self._delete(db, photo_id))

    async def close(self) -> None:
        """Close the file. Calling it twice is harmless."""
        await self._file.close()

    def _put(self, db: sqlite3.Connection, photo_id: str, jpeg: bytes) -> None:
        now = self._clock()
        db.execute("INSERT INTO photo VALUES (?, ?, ?, ?)", (photo_id, now, len(jpeg), jpeg))
        keep_newest(db, "photo", ("id",), since=now - self._ttl_s, max_bytes=self._max_bytes)

    def _keep_look(self, db: sqlite3.Connection, sha256: str, how: str, seen: bytes) -> None:
        now = self._clock()
        db.execute("INSERT OR REPLACE INTO look VALUES (?, ?, ?, ?, ?)", (sha256, how, now, len(seen), seen))
        keep_newest(db, "look", ("sha256", "how"), since=now - self._ttl_s, max_bytes=self._max_bytes // 8)

    def _delete(self, db: sqlite3.Connection, photo_id: str) -> None:
        jpeg = self._get(db, photo_id)
        if jpeg is not None:
            db.execute("DELETE FROM look WHERE sha256 = ?", (hashlib.sha256(jpeg).hexdigest(),))
        db.execute("DELETE FROM photo WHERE id = ?", (photo_id,))

    def _get(self, db: sqlite3.Connection, photo_id: str) -> bytes | None:
        sql = "SELECT jpeg FROM photo WHERE id = ? AND stored_at > ?"
        row: tuple[bytes] | None = db.execute(sql, (photo_id, self._clock() - self._ttl_s)).fetchone()
        return None if row is None else row[0]


def _trouble(_: str) -> PhotoStoreUnavailable:
    return PhotoStoreUnavailable(
        "Searched photos cannot be kept or found now.",
        fix="Check the disk space and the rights of the file AKIN_PHOTO_STORE names; it may be deleted safely.",
    )
