"""Judged photos: what people said is right for a photo. The photos are the clean JPEGs, never what was uploaded."""

import json
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from app.insights.errors import InsightsUnavailable, JudgedPhotoNotFound
from app.insights.store import InsightStore

MOST_PHOTOS = 5_000


@dataclass(frozen=True, slots=True)
class Told:
    """What is true of a photo; the fields of docs/evaluation.md but the photo and the judgments."""

    name: str = ""
    product: str | None = None
    group: str = ""
    type: str = ""
    color: str = ""
    box: tuple[float, float, float, float] | None = None
    sold: bool = True
    split: str = "test"
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """A judged photo. id: the SHA-256 of its clean JPEG. judgments: product id -> grade 0..3."""

    id: str
    told: Told
    judgments: Mapping[str, float] = field(default_factory=dict)


class JudgedPhotos:
    """Keeps judged photos in an InsightStore, which it does not own; at most MOST_PHOTOS."""

    def __init__(self, store: InsightStore, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    async def put(
        self, photo_id: str, jpeg: bytes, told: Told, judgments: Mapping[str, float | None], *, replace: bool
    ) -> Judged:
        """Keep a photo with what is true of it. judgments are added to those it has; None takes one away.

        replace: whether `told` wins over what is known of a photo that is there already.
        Raises InsightsUnavailable when there are MOST_PHOTOS.
        """
        now = self._clock()
        return await self._store.write(lambda db: _put(db, photo_id, jpeg, told, judgments, replace, now))

    async def judge(self, photo_id: str, told: Told, judgments: Mapping[str, float | None]) -> Judged:
        """Change what is true of a photo that is there. Raises JudgedPhotoNotFound."""
        now = self._clock()

        def work(db: sqlite3.Connection) -> Judged:
            _one(db, photo_id)
            return _put(db, photo_id, b"", told, judgments, True, now)

        return await self._store.write(work)

    async def get(self, photo_id: str) -> Judged:
        """One photo. Raises JudgedPhotoNotFound."""
        return await self._store.read(lambda db: _one(db, photo_id))

    async def jpeg(self, photo_id: str) -> bytes:
        """Its clean JPEG. Raises JudgedPhotoNotFound."""
        return await self._store.read(lambda db: _jpeg(db, photo_id))

    async def all(self) -> list[Judged]:
        """All judged photos, newest first."""
        return await self._store.read(_all)

    async def delete(self, photo_id: str) -> None:
        """Forget a photo and its judgments. Raises JudgedPhotoNotFound."""

        def work(db: sqlite3.Connection) -> None:
            _one(db, photo_id)
            db.execute("DELETE FROM judgment WHERE photo = ?", (photo_id,))
            db.execute("DELETE FROM judged WHERE id = ?", (photo_id,))

        await self._store.write(work)


def _put(
    db: sqlite3.Connection,
    photo_id: str,
    jpeg: bytes,
    told: Told,
    judgments: Mapping[str, float | None],
    replace: bool,
    now: float,
) -> Judged:
    known = db.execute("SELECT 1 FROM judged WHERE id = ?", (photo_id,)).fetchone()
    text = json.dumps(asdict(told), ensure_ascii=False)
    if known is None:
        (count,) = db.execute("SELECT count(*) FROM judged").fetchone()
        if count >= MOST_PHOTOS:
            raise InsightsUnavailable(
                f"{MOST_PHOTOS} judged photos are kept already.", fix="Delete some that no longer matter."
            )
        db.execute("INSERT INTO judged VALUES (?, ?, ?, ?)", (photo_id, now, text, jpeg))
    elif replace:
        db.execute("UPDATE judged SET told = ? WHERE id = ?", (text, photo_id))
    for product, grade in judgments.items():
        if grade is None:
            db.execute("DELETE FROM judgment WHERE photo = ? AND product = ?", (photo_id, product))
        else:
            db.execute("INSERT OR REPLACE INTO judgment VALUES (?, ?, ?, ?)", (photo_id, product, grade, now))
    return _one(db, photo_id)


def _one(db: sqlite3.Connection, photo_id: str) -> Judged:
    row = db.execute("SELECT id, told FROM judged WHERE id = ?", (photo_id,)).fetchone()
    if row is None:
        raise JudgedPhotoNotFound("No judged photo has this id.", fix="GET /judged-photos lists all.")
    grades = db.execute("SELECT product, grade FROM judgment WHERE photo = ? ORDER BY product", (photo_id,))
    return Judged(row[0], _told(row[1]), dict(grades.fetchall()))


def _jpeg(db: sqlite3.Connection, photo_id: str) -> bytes:
    _one(db, photo_id)
    row: tuple[bytes] = db.execute("SELECT jpeg FROM judged WHERE id = ?", (photo_id,)).fetchone()
    return row[0]


def _all(db: sqlite3.Connection) -> list[Judged]:
    grades: dict[str, dict[str, float]] = {}
    for photo, product, grade in db.execute("SELECT photo, product, grade FROM judgment ORDER BY product"):
        grades.setdefault(photo, {})[product] = grade
    rows = db.execute("SELECT id, told FROM judged ORDER BY added_at DESC, id")
    return [Judged(photo_id, _told(told), grades.get(photo_id, {})) for photo_id, told in rows]


def _told(text: str) -> Told:
    whole = json.loads(text)
    box = whole["box"]
    return Told(**{**whole, "box": tuple(box) if box else None, "conditions": tuple(whole["conditions"])})
