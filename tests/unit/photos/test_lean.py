"""Files that carry far more than a picture: the picture is read, the rest costs nothing."""

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from app.photos import PhotoCorrupt, decode_now
from app.photos.lean import MOST_PIECES, lean
from bench.mutations import healthy, mutant
from tests.unit.photos.pictures import card, chunk, encoded, is_upright, lying, png

JPEG = encoded(card(), "JPEG", quality=95)
PNG = encoded(card(), "PNG")


def segment(marker: int, body: bytes) -> bytes:
    """One JPEG segment."""
    return b"\xff" + bytes([marker]) + (len(body) + 2).to_bytes(2, "big") + body


def carrying(data: bytes, *pieces: bytes) -> bytes:
    """The JPEG or PNG with these pieces behind its first ones, where cameras write metadata."""
    at = 33 if data.startswith(b"\x89PNG") else 4 + int.from_bytes(data[4:6], "big")
    return data[:at] + b"".join(pieces) + data[at:]


JUNK = {
    "exif in pieces": [segment(0xE1, b"Exif\0\0" + bytes(65_000))] * 40,
    "comments": [segment(0xFE, bytes(65_000))] * 40,
    "previews": [segment(0xED, b"Photoshop 3.0\0" + bytes(65_000))] * 40,
    "profile": [segment(0xE2, b"ICC_PROFILE\0" + bytes([number, 200]) + bytes(65_000)) for number in range(1, 201)],
}
TEXTS = {
    "packed": [chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**20)))] * 64,
    "plain": [chunk(b"tEXt", b"a\0" + bytes(100_000))] * 64,
    "unknown": [chunk(b"zzZz", bytes(2**20))] * 4,
}


@pytest.mark.parametrize("pieces", JUNK.values(), ids=list(JUNK))
def test_the_picture_of_a_jpeg_stays(pieces: list[bytes]) -> None:
    """What is left is an ordinary file."""
    heavy = carrying(JPEG, *pieces)
    assert len(lean(heavy, "jpeg")) < len(JPEG) + 70_000
    assert np.array_equal(decode_now(heavy).pixels, decode_now(JPEG).pixels)


@pytest.mark.parametrize("pieces", TEXTS.values(), ids=list(TEXTS))
def test_the_picture_of_a_png_stays(pieces: list[bytes]) -> None:
    """What is left is an ordinary file."""
    heavy = carrying(PNG, *pieces)
    assert len(lean(heavy, "png")) < len(heavy) / 4
    assert np.array_equal(decode_now(heavy).pixels, decode_now(PNG).pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_is_read_is_kept(orientation: int) -> None:
    """The first Exif says which way is up, whatever follows."""
    at_end = lying("jpeg", orientation)
    scan = at_end.index(b"\xff\xda")
    heavy = at_end[:scan] + b"".join(JUNK["exif in pieces"] + JUNK["previews"]) + at_end[scan:]
    assert is_upright(decode_now(heavy).pixels)


def test_the_color_profile_is_kept() -> None:
    """Colors are the same with and without what is left out."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()  # cannot be used for RGB
    usable = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for one in (profile, usable):
        light = encoded(card(), "JPEG", icc_profile=one)
        heavy = carrying(light, *JUNK["comments"])
        assert one in lean(heavy, "jpeg")
        assert np.array_equal(decode_now(heavy).pixels, decode_now(light).pixels)


def test_ordinary_files_are_handed_on_as_they_are() -> None:
    """Nothing is copied for them."""
    for kind in ("jpeg", "png", "webp", "heif", "avif"):
        for variant, data in healthy(kind):
            assert lean(data, kind) is data, (kind, variant)


GIF = encoded(card(), "GIF", comment=b"bought in May")
STEPS = 100_000
_FIRST = 13 + (6 << (GIF[10] & 7))
ENDLESS = {
    "jpeg segments": carrying(JPEG, segment(0xE5, b"") * (MOST_PIECES + 1)),
    "jpeg segments without length": carrying(JPEG, b"\xff\xe5\0\0" * STEPS),
    "jpeg bare markers": carrying(JPEG, b"\xff\xd0" * STEPS),
    "jpeg padding": carrying(JPEG, b"\xff" * 2**20),
    "jpeg stuffing": carrying(JPEG, b"\xff\0" * 2**19),
    "jpeg zeros": carrying(JPEG, bytes(2**20)),
    "jpeg zeros to its end": JPEG[:4] + bytes(2**20),
    "png chunks": carrying(PNG, chunk(b"zzZz", b"") * (MOST_PIECES + 1)),
    "gif extensions": GIF[:_FIRST] + b"!\1\0" * STEPS + GIF[_FIRST:],
    "gif comment": GIF[:_FIRST] + b"!\xfe" + b"\1a" * STEPS + b"\0" + GIF[_FIRST:],
    "gif zeros": GIF[:_FIRST] + bytes(2**20) + GIF[_FIRST:],
}


@pytest.mark.parametrize("data", ENDLESS.values(), ids=list(ENDLESS))
def test_a_file_of_endless_pieces_is_refused(data: bytes) -> None:
    """No codec walks through two million of them, nor through a megabyte between two."""
    with pytest.raises(PhotoCorrupt):
        decode_now(data)


@pytest.mark.parametrize("padding", [b"\xff" * 20_000, b"\xff\0" * 10_000, bytes(20_000), b"\xff\xd0" * 500])
def test_padding_between_segments_is_passed_over(padding: bytes) -> None:
    """As cameras and careless programs leave it."""
    assert np.array_equal(decode_now(carrying(JPEG, padding, segment(0xE5, b"x"))).pixels, decode_now(JPEG).pixels)


def test_a_png_in_many_pieces_is_read() -> None:
    """Some programs write a kilobyte at a time; here it is a few bytes."""
    noise = np.random.default_rng(3).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in noise))
    pieces = [chunk(b"IDAT", packed[at : at + 10]) for at in range(0, len(packed), 10)]
    whole = encoded(Image.fromarray(noise), "PNG")
    assert 15_000 < len(pieces) < MOST_PIECES
    assert np.array_equal(
        decode_now(png(300, 200, 8, 2, *pieces, chunk(b"IEND", b""))).pixels, decode_now(whole).pixels
    )


@pytest.mark.parametrize("padding", [b"!\1\1a\0" * 5_000, b"!\xfe" + b"\1a" * 9_000 + b"\0", bytes(20_000)])
def test_a_talkative_gif_is_read(padding: bytes) -> None:
    """Comments and what programs add of their own."""
    assert np.array_equal(decode_now(GIF[:_FIRST] + padding + GIF[_FIRST:]).pixels, decode_now(GIF).pixels)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(["jpeg", "png"]))
def test_a_hurt_file_only_ever_gets_shorter(index: int, kind: str) -> None:
    """Its first bytes stay, so that it is refused or read as the format it was taken for."""
    data = mutant(11, index, (kind,))[1]
    left = lean(data, kind)
    assert len(left) <= len(data)
    assert left[:2] == data[:2]
