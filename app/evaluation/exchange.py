"""Judged photos as one file: a zip of `queries.jsonl`, in the form of docs/evaluation.md, and the photos it names."""

import json
import zipfile
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from app.errors import BadRequest
from app.evaluation.judgments import InvalidQueries, JudgedPhoto, parsed
from app.evaluation.run import Decode
from app.insights import InvalidJudgedSet, Judged, JudgedPhotos, Told

LIST = "queries.jsonl"
MOST_AT_ONCE = 1_000
"""Photos of one import; each is decoded, so this bounds what one call costs."""
MOST_LIST_BYTES = 8 * 1024 * 1024
PHOTOS = "photos"


@dataclass(frozen=True, slots=True)
class Refused:
    """A photo of an import that was not taken. line: in the list, from 1."""

    line: int
    photo: str
    code: str
    detail: str
    fix: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of an import."""

    taken: int
    refused: tuple[Refused, ...]


async def import_set(file: BinaryIO, photos: JudgedPhotos, decode: Decode, *, max_photo_bytes: int) -> Imported:
    """Take over every photo of the zip that can be read; the others are told, and stop nothing.

    A photo that is there already takes over what the file says of it. Raises InvalidJudgedSet when the file is none.
    """
    taken, refused = 0, []
    known = {one.id for one in await photos.all()}
    async for judged, data in _read(file, max_photo_bytes):
        name = judged.photo.as_posix()
        try:
            if data is None:
                raise InvalidJudgedSet("The file holds no such photo, or it is too large.", fix="Put it into the zip.")
            digest = sha256(data).hexdigest()
            # One of ours that went out and came back is the same photo; decoding it again would make it another.
            kept = (digest, b"") if digest in known else await _clean(decode, data)
        except BadRequest as wrong:
            refused.append(Refused(judged.number, name, wrong.code, wrong.detail, wrong.fix or ""))
            continue
        told = Told(
            name=judged.photo.name,
            **{part: getattr(judged, part) for part in ("product", "group", "type", "color", "box", "sold", "split")},
            conditions=judged.conditions,
        )
        await photos.put(*kept, told, judged.judgments, replace=True)
        taken += 1
    return Imported(taken, tuple(refused))


async def _clean(decode: Decode, data: bytes) -> tuple[str, bytes]:
    photo = await decode(data)
    return photo.sha256, photo.jpeg


async def export_set(photos: JudgedPhotos, into: BinaryIO) -> int:
    """Write all judged photos as such a zip; how many they are."""
    kept = await photos.all()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_STORED) as out:
        for one in kept:
            out.writestr(f"{PHOTOS}/{one.id}.jpg", await photos.jpeg(one.id))
        out.writestr(LIST, lines_of(kept))
    return len(kept)


def lines_of(kept: Iterable[Judged]) -> str:
    """The list of docs/evaluation.md."""
    return "".join(json.dumps(_row(one), ensure_ascii=False) + "\n" for one in kept)


def _row(one: Judged) -> dict[str, Any]:
    told = one.told
    row: dict[str, Any] = {"photo": f"{PHOTOS}/{one.id}.jpg", "product": told.product, "sold": told.sold}
    row |= {"split": told.split}
    optional = {
        "group": told.group,
        "type": told.type,
        "color": told.color,
        "box": list(told.box) if told.box else None,
        "conditions": list(told.conditions),
        "judgments": dict(one.judgments),
    }
    return row | {name: value for name, value in optional.items() if value}


async def _read(file: BinaryIO, max_photo_bytes: int) -> AsyncIterator[tuple[JudgedPhoto, bytes | None]]:
    try:
        with zipfile.ZipFile(file) as archive:
            for judged in _listed(archive):
                yield judged, _bytes(archive, judged.photo, max_photo_bytes)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as broken:
        raise InvalidJudgedSet(
            "The file is no zip that can be read.", fix=f"Send a zip with {LIST} and the photos it names."
        ) from broken


def _listed(archive: zipfile.ZipFile) -> Sequence[JudgedPhoto]:
    lists = [name for name in archive.namelist() if PurePosixPath(name).name == LIST]
    if len(lists) != 1:
        raise InvalidJudgedSet(f"The zip holds {len(lists)} files named {LIST}.", fix="Put exactly one into it.")
    with archive.open(lists[0]) as file:
        data = file.read(MOST_LIST_BYTES + 1)
    if len(data) > MOST_LIST_BYTES:
        raise InvalidJudgedSet(f"{LIST} has more than {MOST_LIST_BYTES} bytes.", fix="Send it in parts.")
    folder = Path(lists[0]).parent
    try:
        lines = data.decode("utf-8").splitlines()
        found = [parsed(line, number, folder) for number, line in enumerate(lines, start=1) if line.strip()]
    except UnicodeDecodeError as wrong:
        raise InvalidJudgedSet(f"{LIST} is not UTF-8 text.", fix="Save it as UTF-8.") from wrong
    except InvalidQueries as wrong:
        raise InvalidJudgedSet(wrong.detail, fix=wrong.fix, **wrong.extra) from wrong
    if not 1 <= len(found) <= MOST_AT_ONCE:
        raise InvalidJudgedSet(
            f"{LIST} names {len(found)} photos.", fix=f"Send 1 to {MOST_AT_ONCE} photos at once.", most=MOST_AT_ONCE
        )
    return found


def _bytes(archive: zipfile.ZipFile, path: Path, most: int) -> bytes | None:
    """The photo's bytes; None where there is none or it has more than `most`, whatever its header says."""
    try:
        with archive.open(path.as_posix()) as file:
            data = file.read(most + 1)
    except KeyError:
        return None
    return data if len(data) <= most else None
