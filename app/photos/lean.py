"""What a JPEG or PNG carries besides its picture is left out before a codec reads it, where there is too much of it.

Pillow keeps every piece of metadata and joins and unpacks some of them: 13 MB of Exif made of 200 pieces cost 200 ms
and 40 MB, 64 KB of packed texts 400 ms, two million empty pieces three seconds, and 12 MB of padding between two pieces
four. Nothing of that is ever looked at. An ordinary file is handed on as it is. The other formats hold each kind of
metadata once, as it is.
"""

import io
from collections.abc import Iterator

from app.photos.errors import EXPORT_FIX, PhotoCorrupt

MOST_PIECES = 20_000
"""A PNG of 15 MB in pieces of a kilobyte, as some programs write it, has 15,000."""
_MOST_SEGMENTS = 2_000
"""A JPEG's are up to 64 KB each: 15 MB of profile and previews make 240."""
_MOST_READS, _MOST_READS_PNG = 30_000, 100_000
"""A PNG in 20,000 pieces is read in 80,000 steps, a GIF's comment of 3 MB in 25,000, a phone's photo in a hundred."""
_MOST_CARRIED = 256 * 1024
_MOST_PROFILE = 4 * 1024 * 1024

_APP0, _APP1, _APP2, _APP14, _APP15, _COMMENT, _SCAN = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE, 0xDA
_EXIF, _XMP, _ICC = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0"

_PNG_READ = {b"iCCP", b"gAMA", b"sRGB", b"cHRM", b"tRNS", b"acTL", b"fcTL", b"fdAT", b"eXIf"}
_PNG_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
_MOST_TEXTS = 8
"""Orientation may stand in one of them."""

Span = tuple[int, int]


class FewReads(io.BytesIO):
    """A file that raises PhotoCorrupt for a codec that reads it bit by bit: through padding, or pieces `lean` did not
    see."""

    def __init__(self, data: bytes, kind: str) -> None:
        """kind: format of the data."""
        super().__init__(data)
        self._left = _MOST_READS_PNG if kind == "png" else _MOST_READS

    def read(self, size: int | None = -1, /) -> bytes:
        """Read on."""
        self._left -= 1
        if self._left < 0:
            raise _in_pieces()
        return super().read(size)


def lean(data: bytes, kind: str) -> bytes:
    """The file without what it carries in excess, its picture untouched; most often `data` itself.

    Raises PhotoCorrupt for more pieces than any program writes. What is no JPEG or PNG after all is handed on, for the
    codec to refuse.
    """
    if kind == "jpeg":
        return _without(data, _jpeg_excess(data))
    return _without(data, _png_excess(data)) if kind == "png" else data


def _without(data: bytes, excess: list[Span]) -> bytes:
    if not excess:
        return data
    view, kept, at = memoryview(data), [], 0
    for start, end in excess:
        kept.append(view[at:start])
        at = end
    return b"".join([*kept, view[at:]])


def _jpeg_excess(data: bytes) -> list[Span]:
    """All application data but one of each kind that is read, where it is much in all."""
    carried, profile, excess = 0, [], []
    seen: set[tuple[int, bytes]] = set()
    for marker, start, end in _segments(data):
        if not (_APP0 <= marker <= _APP15 or marker == _COMMENT):
            continue
        carried += end - start
        name = next((one for one in (_EXIF, _XMP, _ICC) if data.startswith(one, start + 4)), b"")
        if marker == _APP2 and name == _ICC:
            profile.append((start, end))
        elif (marker in (_APP0, _APP14) or (marker == _APP1 and name)) and (marker, name) not in seen:
            seen.add((marker, name))
        else:
            excess.append((start, end))
    if carried <= _MOST_CARRIED:
        return []
    unread = sum(end - start for start, end in profile) > _MOST_PROFILE
    return sorted(excess + profile) if unread else excess


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of each segment before the first scan, as far as the file is in order."""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        if data[at : at + 1] != b"\xff" or at + 4 > len(data):
            return
        marker, end = data[at + 1], at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker < 0xC0 or marker in (_SCAN, 0xFF) or end > len(data) or end < at + 4:
            return
        yield marker, at, end
        at = end
    raise _in_pieces()


def _png_excess(data: bytes) -> list[Span]:
    """Chunks that are not read, and texts beyond the first few, where they are much in all or many texts."""
    carried, texts, excess = 0, 0, []
    for name, start, end in _chunks(data):
        ancillary = bool(name[:1].islower())
        if not ancillary or name in _PNG_READ:
            continue
        carried += end - start
        texts += name in _PNG_TEXTS
        if name not in _PNG_TEXTS or texts > _MOST_TEXTS:
            excess.append((start, end))
    return excess if carried > _MOST_CARRIED or texts > _MOST_TEXTS else []


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(name, start, end) of each chunk, as far as the file is in order."""
    at = 8
    for _ in range(MOST_PIECES):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if at + 12 > len(data) or end > len(data):
            return
        yield data[at + 4 : at + 8], at, end
        at = end
    raise _in_pieces()


def _in_pieces() -> PhotoCorrupt:
    return PhotoCorrupt("The file is made of too many pieces.", fix=EXPORT_FIX)
