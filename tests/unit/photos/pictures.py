"""Pictures made in the test: a four-colored card in every format, orientation and color mode, and hostile files."""

import io
import struct
import zlib

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

pillow_heif.register_heif_opener()

FORMATS = {"jpeg": "JPEG", "png": "PNG", "webp": "WEBP", "heif": "HEIF", "avif": "AVIF"}
CORNERS = {
    "top left": (200, 30, 40),
    "top right": (30, 160, 60),
    "bottom left": (40, 60, 190),
    "bottom right": (240,) * 3,
}

STORED_FOR = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""EXIF orientation -> how a camera that was held that way stores the upright picture."""


def card(width: int = 160, height: int = 120) -> Image.Image:
    """An upright card with another color in each corner."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    top, left = slice(0, height // 2), slice(0, width // 2)
    bottom, right = slice(height // 2, None), slice(width // 2, None)
    for (rows, columns), color in zip(
        ((top, left), (top, right), (bottom, left), (bottom, right)), CORNERS.values(), strict=True
    ):
        pixels[rows, columns] = color
    return Image.fromarray(pixels)


def corners(pixels: NDArray[np.uint8]) -> dict[str, tuple[int, ...]]:
    """The colors in the middle of the four quarters."""
    height, width = pixels.shape[:2]
    places = {
        "top left": (height // 4, width // 4),
        "top right": (height // 4, 3 * width // 4),
        "bottom left": (3 * height // 4, width // 4),
        "bottom right": (3 * height // 4, 3 * width // 4),
    }
    return {name: tuple(int(value) for value in pixels[place]) for name, place in places.items()}


def is_upright(pixels: NDArray[np.uint8], tolerance: int = 12) -> bool:
    """Whether each corner has the color of the upright card."""
    seen = corners(pixels)
    return all(
        abs(value - expected) <= tolerance
        for name, color in CORNERS.items()
        for value, expected in zip(seen[name], color, strict=True)
    )


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    """The picture as a file's bytes."""
    out = io.BytesIO()
    picture.save(out, FORMATS.get(kind, kind), **options)
    return out.getvalue()


def lying(kind: str, orientation: int, **options: object) -> bytes:
    """The card as a camera held in that orientation writes it."""
    turn = STORED_FOR[orientation]
    stored = card() if turn is None else card().transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(stored, kind, exif=exif.tobytes(), **options)


def chunk(name: bytes, body: bytes) -> bytes:
    """One PNG chunk."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, depth: int, color_type: int, *chunks: bytes) -> bytes:
    """A PNG file with a header and the given chunks."""
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IEND", b"")


def animated(kind: str) -> bytes:
    """Three frames; the first is the card."""
    others = [Image.new("RGB", card().size, color) for color in ("black", "white")]
    return encoded(card(), kind, save_all=True, append_images=others, duration=100)
