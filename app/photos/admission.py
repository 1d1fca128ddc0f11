"""What is decided from the bytes alone, before any codec sees them: size, format, and pixels where the header is plain.

Everything here is pure Python over a few header bytes, so that a server process can refuse most hostile uploads without
handing them to a decoding process.
"""

import struct
from dataclasses import dataclass

from app.photos.errors import (
    EXPORT_FIX,
    RESEND_FIX,
    PhotoEmpty,
    PhotoTooLarge,
    PhotoTooManyPixels,
    PhotoTooSmall,
    PhotoTruncated,
    PhotoUnsupportedFormat,
)

FORMATS = ("jpeg", "png", "webp", "heif", "avif", "gif")
"""All formats that can be read. Of a GIF, as of any animation, the first frame is the photo."""

_SPOKEN = {"jpeg": "JPEG", "png": "PNG", "webp": "WebP", "heif": "HEIC", "avif": "AVIF", "gif": "GIF"}

_OTHERS = (
    (b"II*\0", "TIFF or camera raw"),
    (b"MM\0*", "TIFF or camera raw"),
    (b"BM", "BMP"),
    (b"\0\0\1\0", "ICO"),
    (b"8BPS", "Photoshop"),
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"<svg", "SVG"),
    (b"<?xml", "SVG or XML"),
    (b"<!DOCTYPE", "HTML"),
    (b"<html", "HTML"),
    (b"PK\3\4", "ZIP"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
)

_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """How much a photo may be. Sides and pixels are those of the upload, not of the bounded picture made from it.

    max_bytes: size of the file. max_pixels_jpeg: JPEG is shrunk while it is decoded, so more pixels cost little.
    max_pixels: all other formats. min_side, min_long_side: shortest and longest side, in pixels.
    formats: those accepted, a subset of FORMATS; take one out when its codec has a hole that is not mended yet.
    """

    max_bytes: int = 15 * 1024 * 1024
    max_pixels_jpeg: int = 50_000_000
    max_pixels: int = 25_000_000
    min_side: int = 64
    min_long_side: int = 80
    formats: tuple[str, ...] = FORMATS


def admit(data: bytes, limits: PhotoLimits) -> str:
    """The format of the bytes, decided by content: one of `limits.formats`.

    Raises PhotoEmpty, PhotoTooLarge, PhotoUnsupportedFormat, PhotoTruncated (a header cut off), and PhotoTooManyPixels
    or PhotoTooSmall where the size stands at a fixed place of the header (PNG, WebP, GIF).
    """
    if not data:
        raise PhotoEmpty("The photo has no bytes.", fix="Choose a photo and send it again.")
    if len(data) > limits.max_bytes:
        raise PhotoTooLarge(
            f"The photo has {len(data):,} bytes; {limits.max_bytes:,} are allowed.",
            fix="Send a smaller version; a longest side of 2,000 pixels is plenty.",
            bytes=len(data),
            max_bytes=limits.max_bytes,
        )
    kind = sniff(data)
    if kind not in limits.formats:
        raise _unsupported(data, kind, limits)
    size = _header_size(data, kind)
    if size is not None:
        check_size(*size, kind, limits)
    return kind


def check_size(width: int, height: int, kind: str, limits: PhotoLimits) -> None:
    """Raise PhotoTooManyPixels or PhotoTooSmall when a picture of this size is not accepted."""
    most = limits.max_pixels_jpeg if kind == "jpeg" else limits.max_pixels
    if width * height > most:
        raise PhotoTooManyPixels(
            f"The photo has {width:,} x {height:,} pixels; a {_SPOKEN[kind]} may have {most / 1e6:g} million.",
            fix="Send a smaller version; a longest side of 2,000 pixels is plenty.",
            width=width,
            height=height,
            max_pixels=most,
        )
    if min(width, height) < limits.min_side or max(width, height) < limits.min_long_side:
        raise PhotoTooSmall(
            f"The photo has {width} x {height} pixels; at least {limits.min_long_side} x {limits.min_side} are needed.",
            fix="Send the original photo instead of a thumbnail.",
            width=width,
            height=height,
            min_side=limits.min_side,
            min_long_side=limits.min_long_side,
        )


def sniff(data: bytes) -> str | None:
    """The format the content says it is: one of FORMATS, or None."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    brands = _brands(data)
    if brands & _AVIF_BRANDS:
        return "avif"
    return "heif" if brands & _HEIF_BRANDS else None


def _brands(data: bytes) -> set[bytes]:
    """Major and compatible brands of an ISO base media file (HEIF, AVIF, but also films); empty for anything else."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4], "big"), len(data), 1024)
    return {data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))}


def turns_itself(data: bytes) -> bool:
    """Whether a HEIF container states rotation or mirroring itself, be it by nothing (irot or imir in its meta box)."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"meta":
            meta = data[at : at + size] if size else data[at:]
            return b"irot" in meta or b"imir" in meta
        if size < 8:
            return False
        at += size
    return False


def _unsupported(data: bytes, kind: str | None, limits: PhotoLimits) -> PhotoUnsupportedFormat:
    found = _SPOKEN.get(kind or "") or next((name for magic, name in _OTHERS if data.lstrip().startswith(magic)), None)
    if found is None and data[4:8] == b"ftyp":
        found = "a film"
    accepted = ", ".join(_SPOKEN[name] for name in limits.formats)
    return PhotoUnsupportedFormat(
        f"The content is {f'{found}, which is not accepted' if found else 'no picture we know'}; accepted: {accepted}.",
        fix=EXPORT_FIX,
        found=found,
        accepted=list(limits.formats),
    )


def _header_size(data: bytes, kind: str) -> tuple[int, int] | None:
    """(width, height) where it stands at a fixed place; None where only the codec's parser can tell."""
    try:
        if kind == "png" and data[12:16] == b"IHDR":
            width, height = struct.unpack_from(">II", data, 16)
            return width, height
        if kind == "gif":
            width, height = struct.unpack_from("<HH", data, 6)
            return width, height
        if kind == "webp":
            return _webp_size(data)
    except struct.error:
        raise PhotoTruncated("The file ends inside its header.", fix=RESEND_FIX) from None
    return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """Canvas size of a WebP file: its decoder would allocate the whole canvas just to tell it."""
    chunk = data[12:16]
    if chunk == b"VP8X":
        width, height = struct.unpack_from("<I", data, 24)[0], struct.unpack_from("<I", data, 26)[0] >> 8
        return (width & 0xFFFFFF) + 1, height + 1
    if chunk == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None
