"""What was seen in each product picture when it was looked at, by the picture's bytes; loads and servers write it."""

import asyncio
import json
import logging
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.analysis import (
    Attribute,
    Box,
    Color,
    DetectedObject,
    Label,
    ObjectType,
    PhotoAnalysis,
    picture_quality,
)
from app.insights.errors import InsightsUnavailable
from app.insights.store import InsightStore
from app.photos import Photo

MOST_PICTURES = 2_000_000
"""Pictures remembered, about 1 KB each; those not seen for the longest time make room."""
_ASKED_AT_ONCE = 500

logger = logging.getLogger("akin.insights")


@dataclass(frozen=True, slots=True)
class PictureNote:
    """One picture. width, height: of the picture as it was sent. blur: 0 (sharp) to 1. text: share of it that writing
    covers, 0..1. analysis: without its embedding and features."""

    sha256: str
    seen_at: datetime
    width: int
    height: int
    blur: float
    text: float
    analysis: PhotoAnalysis


class PictureNotes:
    """Keeps notes in an InsightStore, which it does not own."""

    def __init__(self, store: InsightStore, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._silent = False

    async def note(self, sha256: str, photo: Photo, analysis: PhotoAnalysis) -> None:
        """Judge the picture and keep what was seen. A store that fails spoils no load: it is logged once."""
        quality = await asyncio.to_thread(picture_quality, photo.pixels)
        told = {
            "size": [photo.original_width, photo.original_height],
            "blur": round(quality.blur, 3),
            "text": round(quality.text, 4),
            **_told(analysis),
        }
        row = (sha256, self._clock(), json.dumps(told, ensure_ascii=False, separators=(",", ":")))
        try:
            await self._store.write(lambda db: _keep(db, row))
        except InsightsUnavailable as failure:
            if not self._silent:
                logger.warning("what is seen in pictures is not kept: %s", failure.detail)
            self._silent = True

    async def of(self, sha256s: Sequence[str]) -> dict[str, PictureNote]:
        """The notes there are, by the picture's digest."""
        found: dict[str, PictureNote] = {}
        wanted = [one for one in dict.fromkeys(sha256s) if one]
        for start in range(0, len(wanted), _ASKED_AT_ONCE):
            part = wanted[start : start + _ASKED_AT_ONCE]
            rows = await self._store.read(lambda db, part=part: _rows(db, part))  # type: ignore[misc]
            found |= {sha256: _note(sha256, seen_at, json.loads(told)) for sha256, seen_at, told in rows}
        return found


def _keep(db: sqlite3.Connection, row: tuple[str, float, str]) -> None:
    db.execute("INSERT OR REPLACE INTO picture VALUES (?, ?, ?)", row)
    if int(row[1]) % 97 == 0:  # counting costs more than writing: now and then is enough
        (count,) = db.execute("SELECT count(*) FROM picture").fetchone()
        if count > MOST_PICTURES:
            db.execute(
                "DELETE FROM picture WHERE sha256 IN (SELECT sha256 FROM picture ORDER BY seen_at LIMIT ?)",
                (count - MOST_PICTURES,),
            )


def _rows(db: sqlite3.Connection, part: Sequence[str]) -> list[tuple[str, float, str]]:
    marks = ",".join("?" * len(part))
    rows: list[tuple[str, float, str]] = db.execute(
        f"SELECT sha256, seen_at, told FROM picture WHERE sha256 IN ({marks})",  # noqa: S608 - marks only
        list(part),
    ).fetchall()
    return rows


def _told(analysis: PhotoAnalysis) -> dict[str, Any]:
    return {
        "region": analysis.region.as_tuple(),
        "types": [(one.name, round(one.confidence, 4), one.source) for one in analysis.type_alternatives]
        or ([(analysis.type.name, round(analysis.type.confidence, 4), analysis.type.source)] if analysis.type else []),
        "attributes": [(one.name, one.value, round(one.confidence, 4), one.source) for one in analysis.attributes],
        "labels": [(one.name, round(one.confidence, 4), one.source) for one in analysis.labels],
        "colors": [(one.name, one.hex, round(one.share, 4)) for one in analysis.colors],
        "objects": [
            {"type": one.type, "confidence": round(one.confidence, 4), "box": one.box.as_tuple(), "source": one.source}
            for one in analysis.objects
        ],
        "novelty": analysis.novelty,
    }


def _note(sha256: str, seen_at: float, told: Mapping[str, Any]) -> PictureNote:
    types = tuple(ObjectType(*one) for one in told["types"])
    analysis = PhotoAnalysis(
        region=Box(*told["region"]),
        type=types[0] if types else None,
        type_alternatives=types,
        attributes=tuple(Attribute(*one) for one in told["attributes"]),
        labels=tuple(Label(*one) for one in told["labels"]),
        colors=tuple(Color(*one) for one in told["colors"]),
        objects=tuple(
            DetectedObject(one["type"], one["confidence"], Box(*one["box"]), one["source"]) for one in told["objects"]
        ),
        novelty=told["novelty"],
    )
    width, height = told["size"]
    return PictureNote(
        sha256, datetime.fromtimestamp(seen_at, UTC), width, height, told["blur"], told["text"], analysis
    )
