"""Mutated picture files: the endless stream of nearly right uploads that every open door gets.

`mutants(seed, count)` yields (name, bytes), the same ones for the same seed. The name starts with "seed/index" and says
how the mutant was made, so that one that did harm can be made again: `mutant(seed, index)`.
"""

import io
import random
import struct
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pillow_heif
from PIL import Image, ImageFilter

FORMATS = ("jpeg", "png", "webp", "heif", "avif")
_SIDE = 192


def mutants(seed: int, count: int, formats: tuple[str, ...] = FORMATS) -> Iterator[tuple[str, bytes]]:
    """`count` mutants, their formats in turn; independent of each other."""
    for index in range(count):
        yield mutant(seed, index, formats)


def mutant(seed: int, index: int, formats: tuple[str, ...] = FORMATS) -> tuple[str, bytes]:
    """(name, bytes) of one mutant: one healthy file, hurt one to four times."""
    rng = random.Random(f"{seed}/{index}")
    kind = formats[index % len(formats)]
    variant, data = rng.choice(healthy(kind))
    hurts = []
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        name, hurt = rng.choice(_HURTS)
        data = hurt(data, kind, rng)
        hurts.append(name)
    return f"{seed}/{index} {kind} {variant} {'+'.join(hurts)}", data


@cache
def healthy(kind: str) -> tuple[tuple[str, bytes], ...]:
    """(variant, bytes) of unhurt files of a format: plain, with alpha, gray, progressive, animated, with metadata."""
    picture = _scene()
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Akin"
    exif.get_ifd(0x8825)[0x001D] = "2026:11:21"
    note = exif.tobytes()
    frames: dict[str, object] = {"save_all": True, "append_images": [picture.filter(ImageFilter.BLUR)], "duration": 50}
    recipes: dict[str, dict[str, tuple[Image.Image, dict[str, object]]]] = {
        "jpeg": {
            "plain": (picture, {"quality": 85}),
            "progressive": (picture, {"progressive": True, "subsampling": 0}),
            "cmyk": (picture.convert("CMYK"), {}),
            "gray": (picture.convert("L"), {"restart_marker_blocks": 8}),
            "exif": (picture, {"exif": note, "comment": b"note"}),
        },
        "png": {
            "plain": (picture, {}),
            "palette": (picture.convert("P"), {"transparency": 3}),
            "alpha": (picture.convert("RGBA"), {"exif": note}),
            "16-bit": (Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257), {}),
            "animated": (picture, frames),
        },
        "webp": {
            "plain": (picture, {"quality": 80}),
            "lossless": (picture, {"lossless": True}),
            "alpha": (picture.convert("RGBA"), {"exif": note}),
            "animated": (picture, frames),
        },
        "heif": {
            "plain": (picture, {}),
            "alpha": (picture.convert("RGBA"), {}),
            "exif": (picture, {"exif": note}),
            "grid": (picture, {"tile_size": 96}),
        },
        "avif": {
            "plain": (picture, {"speed": 10}),
            "alpha": (picture.convert("RGBA"), {"speed": 10, "exif": note}),
            "animated": (picture, {"speed": 10, **frames}),
        },
    }
    return tuple((variant, _encoded(image, kind, options)) for variant, (image, options) in recipes[kind].items())


def _scene() -> Image.Image:
    """A picture with edges, tones and grain, so that every part of a codec has something to do."""
    y, x = np.mgrid[0:_SIDE, 0:_SIDE] / _SIDE
    layers = np.stack([x, y, np.hypot(x - 0.5, y - 0.5) < 0.3], axis=2) * 200
    grain = np.random.default_rng(1).normal(0, 12, layers.shape)
    return Image.fromarray(np.clip(layers + 30 + grain, 0, 255).astype(np.uint8))


def _encoded(picture: Image.Image, kind: str, options: dict[str, object]) -> bytes:
    out = io.BytesIO()
    if kind == "heif":
        pillow_heif.from_pillow(picture).save(out, **options)
    else:
        picture.save(out, kind.upper(), **options)
    return out.getvalue()


def _flip_bits(data: bytes, _: str, rng: random.Random) -> bytes:
    """1 to 64 bits, anywhere."""
    hurt = bytearray(data)
    for _bit in range(rng.choice((1, 2, 8, 64)) if hurt else 0):
        hurt[rng.randrange(len(hurt))] ^= 1 << rng.randrange(8)
    return bytes(hurt)


def _flip_header(data: bytes, _: str, rng: random.Random) -> bytes:
    """1 to 8 bytes within the first 512, where sizes and tables stand."""
    hurt = bytearray(data)
    for _byte in range(rng.randint(1, 8) if hurt else 0):
        hurt[rng.randrange(min(len(hurt), 512))] = rng.randrange(256)
    return bytes(hurt)


def _truncate(data: bytes, _: str, rng: random.Random) -> bytes:
    """Cut off anywhere."""
    return data[: rng.randrange(1, len(data))] if len(data) > 1 else data


def _remove(data: bytes, _: str, rng: random.Random) -> bytes:
    """Take a run out of the middle."""
    start = rng.randrange(len(data)) if data else 0
    return data[:start] + data[start + rng.choice((1, 4, 64, 1024)) :]


def _repeat(data: bytes, _: str, rng: random.Random) -> bytes:
    """Put a run in twice."""
    start = rng.randrange(len(data)) if data else 0
    run = data[start : start + rng.choice((1, 4, 64, 1024))]
    return data[:start] + run * rng.choice((2, 3, 50)) + data[start:]


def _overwrite(data: bytes, _: str, rng: random.Random) -> bytes:
    """A run of zeros, ones or noise."""
    start = rng.randrange(len(data)) if data else 0
    size = min(rng.choice((4, 32, 256)), len(data) - start)
    filler = rng.choice((bytes(size), b"\xff" * size, rng.randbytes(size)))
    return data[:start] + filler + data[start + size :]


def _edit_length(data: bytes, kind: str, rng: random.Random) -> bytes:
    """A wrong value in the length field of a segment, chunk or box."""
    spots = _parts(data, kind)
    if not spots:
        return _flip_header(data, kind, rng)
    start, _end = rng.choice(spots)
    layout, offset = {"jpeg": (">H", 2), "webp": ("<I", 4)}.get(kind, (">I", 0))
    most = 0xFFFF if layout == ">H" else 0xFFFFFFFF
    value = rng.choice((0, 1, 2, 7, 8, len(data), most // 2, most - 1, most, rng.randrange(most)))
    at, size = start + offset, struct.calcsize(layout)
    return data[:at] + struct.pack(layout, min(value, most)) + data[at + size :] if at + size <= len(data) else data


def _swap_parts(data: bytes, kind: str, rng: random.Random) -> bytes:
    """Two segments, chunks or boxes change places."""
    spots = _parts(data, kind)
    if len(spots) < 2:
        return _repeat(data, kind, rng)
    (a, b), (c, d) = sorted(rng.sample(spots, 2))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:] if b <= c else data


def _double_part(data: bytes, kind: str, rng: random.Random) -> bytes:
    """A segment, chunk or box stands there again, up to 40 times."""
    spots = _parts(data, kind)
    if not spots:
        return _repeat(data, kind, rng)
    start, end = rng.choice(spots)
    return data[:end] + data[start:end] * rng.choice((1, 2, 40)) + data[end:]


def _splice(data: bytes, kind: str, rng: random.Random) -> bytes:
    """The head of this file, the tail of another, mostly of the same format."""
    other = rng.choice(healthy(kind if rng.random() < 0.7 else rng.choice(FORMATS)))[1]
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other)) :]


_HURTS: tuple[tuple[str, Callable[[bytes, str, random.Random], bytes]], ...] = (
    ("bits", _flip_bits),
    ("bits", _flip_bits),
    ("header", _flip_header),
    ("header", _flip_header),
    ("truncate", _truncate),
    ("remove", _remove),
    ("repeat", _repeat),
    ("overwrite", _overwrite),
    ("length", _edit_length),
    ("length", _edit_length),
    ("swap", _swap_parts),
    ("double", _double_part),
    ("splice", _splice),
)


def _parts(data: bytes, kind: str) -> list[tuple[int, int]]:
    """(start, end) of the segments (JPEG), chunks (PNG, WebP) or boxes down to the properties (HEIF, AVIF)."""
    start, header, layout, offset, extra = {
        "jpeg": (2, 4, ">H", 2, 2),
        "png": (8, 8, ">I", 0, 12),
        "webp": (12, 8, "<I", 4, 8),
    }.get(kind, (0, 8, ">I", 0, 0))
    found: list[tuple[int, int]] = []
    while start + header <= len(data) and len(found) < 200:
        if kind == "jpeg" and data[start] != 0xFF:
            break
        size = struct.unpack_from(layout, data, start + offset)[0] + extra
        end = start + size + (size & 1 if kind == "webp" else 0)
        if size < header or end > len(data):
            break
        found.append((start, end))
        inside = kind in {"heif", "avif"} and data[start + 4 : start + 8] in {b"meta", b"iprp", b"ipco"}
        start = start + (12 if data[start + 4 : start + 8] == b"meta" else 8) if inside else end
    return found
