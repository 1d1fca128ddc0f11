"""Bytes -> Photo: formats by content, upright, sRGB, bounded, nothing of the metadata left."""

import hashlib
import io
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from app.photos import (
    FORMATS,
    MAX_SIDE,
    PhotoCorrupt,
    PhotoEmpty,
    PhotoLimits,
    PhotoRejected,
    PhotoTooLarge,
    PhotoTooManyPixels,
    PhotoTooSmall,
    PhotoTruncated,
    PhotoUnsupportedFormat,
    decode_now,
    reread_now,
)
from tests.unit.photos import pictures
from tests.unit.photos.pictures import card, encoded, is_upright

KINDS = tuple(pictures.FORMATS)
SECRET = "52.5163N-13.3777E-planted"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_of_every_format_comes_out_upright(kind: str, orientation: int) -> None:
    """The card's corners are where they belong, whatever way the camera was held."""
    photo = decode_now(pictures.lying(kind, orientation))
    assert is_upright(photo.pixels)
    assert (photo.original_width, photo.original_height) == (160, 120)
    assert photo.format == kind


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_heic_that_turns_itself_is_not_turned_twice(orientation: int) -> None:
    """Phones write both the container's rotation and the same orientation in EXIF."""
    turn = pictures.STORED_FOR[orientation]
    assert turn is not None
    stored = card().transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    pillow_heif.encode("RGB", stored.size, stored.tobytes(), out, exif=exif.tobytes(), quality=90)
    assert b"irot" in out.getvalue() or b"imir" in out.getvalue()
    assert is_upright(decode_now(out.getvalue()).pixels)


@pytest.mark.parametrize("kind", ["jpeg", "webp", "png"])
def test_orientation_in_xmp_alone_counts(kind: str) -> None:
    """Editors write it there."""
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    stored = card().transpose(Image.Transpose.ROTATE_90)
    if kind == "png":
        body = b"XML:com.adobe.xmp\0\0\0\0\0" + xmp
        plain = encoded(stored, "png")
        data = plain[:33] + pictures.chunk(b"iTXt", body) + plain[33:]
    else:
        data = encoded(stored, kind, xmp=xmp)
    assert is_upright(decode_now(data).pixels)


def test_format_is_decided_by_content() -> None:
    """There is no name to be fooled by; the content alone says what it is."""
    assert {decode_now(encoded(card(), kind)).format for kind in KINDS} == set(KINDS)


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "ICO", "PDF", "EPS", "PPM", "TGA", "JPEG2000", "ICNS", "SGI", "DDS"])
def test_other_formats_are_refused_by_name(kind: str) -> None:
    """Pillow could read many of them; strangers' bytes never reach those codecs."""
    with pytest.raises(PhotoUnsupportedFormat) as refusal:
        decode_now(encoded(card(256, 256), kind))
    assert refusal.value.extra["accepted"] == list(FORMATS)
    assert refusal.value.fix


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"%PDF-1.7\n" + bytes(100), "PDF"),
        (b"  <svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(50), "a film"),
        (b"PK\3\4" + bytes(50), "ZIP"),
        (b"hello, this is no picture", None),
        (b"\xff\xd8", None),
    ],
)
def test_a_refusal_names_what_it_found(data: bytes, found: str | None) -> None:
    """So that the sender understands which file was taken by mistake."""
    with pytest.raises(PhotoUnsupportedFormat) as refusal:
        decode_now(data)
    assert refusal.value.extra["found"] == found


def test_a_format_can_be_switched_off() -> None:
    """For the day a codec has a hole that is not mended yet."""
    with pytest.raises(PhotoUnsupportedFormat, match="HEIC"):
        decode_now(encoded(card(), "heif"), PhotoLimits(formats=("jpeg", "png")))


@pytest.mark.parametrize("kind", ["webp", "png", "avif", "GIF", "heif"])
def test_of_an_animation_the_first_frame_is_the_photo(kind: str) -> None:
    """Also of a HEIC with several pictures."""
    assert is_upright(decode_now(pictures.animated(kind)).pixels, tolerance=20)


def test_a_jpeg_with_more_pictures_behind_it_is_a_jpeg() -> None:
    """Phones append gain maps and live previews (MPO)."""
    data = encoded(card(), "MPO", save_all=True, append_images=[Image.new("RGB", (160, 120))])
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.format == "MPO"
    photo = decode_now(data)
    assert photo.format == "jpeg"
    assert is_upright(photo.pixels)


def test_bytes_behind_a_jpeg_do_not_matter() -> None:
    """Motion photos carry a film there."""
    assert is_upright(decode_now(encoded(card(), "jpeg") + b"ftypmp42" * 1000).pixels)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "YCbCr"])
def test_jpeg_and_png_color_modes_become_rgb(mode: str) -> None:
    """Gray, two-tone, palette, print and video colors."""
    kind = "jpeg" if mode in {"CMYK", "YCbCr"} else "png"
    picture = card().convert(mode)
    expected = np.asarray(picture.convert("RGB"), dtype=int)
    photo = decode_now(encoded(picture, kind))
    assert photo.pixels.shape == (120, 160, 3)
    most = 5 if mode == "P" else 4  # a dithered palette is noise, of which the clean JPEG keeps a little less
    assert abs(photo.pixels.astype(int) - expected).mean() < most


def test_a_16_bit_gray_png_keeps_its_tones() -> None:
    """Not clipped to white."""
    ramp = np.tile(np.linspace(0, 65535, 160).astype(np.uint16), (120, 1))
    photo = decode_now(encoded(Image.fromarray(ramp), "png"))
    assert abs(photo.pixels[60, :, 0].astype(int) - ramp[0].astype(int) // 257).max() <= 2  # one of them the JPEG's


@pytest.mark.parametrize("kind", ["png", "webp", "avif", "heif"])
def test_alpha_is_laid_over_white(kind: str) -> None:
    """What is transparent looks as it does on the shop's white page."""
    picture = card().convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 80, 60))
    pixels = decode_now(encoded(picture, kind)).pixels
    assert pixels[30, 40].min() >= 250
    assert abs(pixels[30, 120].astype(int) - (30, 160, 60)).max() < 15


@pytest.mark.parametrize("mode", ["LA", "P"])
def test_transparent_gray_and_palette_are_laid_over_white(mode: str) -> None:
    """The other two ways a PNG can be transparent."""
    if mode == "LA":
        data = encoded(Image.new("LA", (100, 100), (0, 0)), "png")
    else:
        data = encoded(Image.new("P", (100, 100), 0), "png", transparency=0)
    assert decode_now(data).pixels.min() == 255


def test_a_wide_gamut_profile_is_converted() -> None:
    """The samples of a profile with swapped primaries mean other colors, and come out as those."""
    # A profile built from sRGB with its red and blue colorant tags exchanged.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"tmpX").replace(b"bXYZ", b"rXYZ").replace(b"tmpX", b"bXYZ")
    red = Image.new("RGB", (100, 100), (255, 0, 0))
    pixel = decode_now(encoded(red, "png", icc_profile=swapped)).pixels[50, 50]
    assert pixel[2] > 250
    assert pixel[0] < 10


def test_a_broken_profile_is_ignored() -> None:
    """As browsers do."""
    assert is_upright(decode_now(encoded(card(), "png", icc_profile=b"not a profile" * 20)).pixels)


def test_png_gamma_is_applied() -> None:
    """A file that says its samples are linear light gets brighter."""
    plain = encoded(Image.new("RGB", (100, 100), (64, 64, 64)), "png")
    linear = plain[:33] + pictures.chunk(b"gAMA", (100_000).to_bytes(4, "big")) + plain[33:]
    assert decode_now(plain).pixels[0, 0, 0] == 64
    assert abs(int(decode_now(linear).pixels[0, 0, 0]) - round(255 * (64 / 255) ** (1 / 2.2))) <= 1


def test_large_pictures_are_bounded_and_small_ones_never_enlarged() -> None:
    """The longest side is at most MAX_SIDE; proportions stay."""
    large, small = decode_now(encoded(card(4000, 3000), "jpeg")), decode_now(encoded(card(100, 90), "png"))
    assert (large.width, large.height) == (1000, 750)  # a quarter, straight from the codec
    odd = decode_now(encoded(card(1500, 1200), "jpeg"))
    assert (odd.width, odd.height) == (MAX_SIDE, 819)  # half would have fewer than 800 pixels
    assert (large.original_width, large.original_height) == (4000, 3000)
    assert is_upright(large.pixels)
    assert (small.width, small.height) == (100, 90)


@pytest.mark.parametrize("kind", KINDS)
def test_the_clean_jpeg_is_the_same_picture(kind: str) -> None:
    """And the digest is that of the upload."""
    data = encoded(card(), kind)
    photo = decode_now(data)
    with Image.open(io.BytesIO(photo.jpeg)) as opened:
        assert opened.format == "JPEG"
        assert opened.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        again = np.asarray(opened.convert("RGB"), dtype=int)
    assert abs(again - photo.pixels).mean() < 4
    assert photo.sha256 == hashlib.sha256(photo.jpeg).hexdigest()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_planted_in_metadata_comes_through(kind: str) -> None:
    """EXIF with GPS, XMP, comments and text chunks stay behind."""
    exif = Image.Exif()
    exif[0x010E] = exif[0x9286] = SECRET
    exif.get_ifd(0x8825)[0x001D] = SECRET
    options: dict[str, object] = {"exif": exif.tobytes(), "xmp": f"<x>{SECRET}</x>".encode()}
    if kind == "png":
        options = {"exif": exif.tobytes()}
    data = encoded(card(), kind, **options)
    if kind == "png":
        data = data[:33] + pictures.chunk(b"tEXt", b"Comment\0" + SECRET.encode()) + data[33:]
    if kind == "jpeg":
        comment = SECRET.encode()
        data = data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:]
    assert SECRET.encode() in data
    assert SECRET.encode() not in decode_now(data).jpeg


def test_no_bytes_is_its_own_refusal() -> None:
    """Not an unknown format."""
    with pytest.raises(PhotoEmpty):
        decode_now(b"")


def test_too_many_bytes_are_refused() -> None:
    """With the limit in the answer."""
    with pytest.raises(PhotoTooLarge) as refusal:
        decode_now(encoded(card(), "jpeg"), PhotoLimits(max_bytes=500))
    assert refusal.value.extra["max_bytes"] == 500


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_are_counted_before_they_are_decoded(kind: str) -> None:
    """Every format has its cap; a JPEG's is its own."""
    limits = PhotoLimits(max_pixels=160 * 120 - 1, max_pixels_jpeg=160 * 120 - 1)
    with pytest.raises(PhotoTooManyPixels) as refusal:
        decode_now(encoded(card(), kind), limits)
    assert (refusal.value.extra["width"], refusal.value.extra["height"]) == (160, 120)


@pytest.mark.parametrize("size", [(79, 79), (63, 300), (300, 10)])
@pytest.mark.parametrize("kind", KINDS)
def test_too_small_is_refused(kind: str, size: tuple[int, int]) -> None:
    """Nothing can be recognized in a thumbnail."""
    with pytest.raises(PhotoTooSmall):
        decode_now(encoded(card(*size), kind))


def test_the_phone_limits_hold() -> None:
    """48 MP of a phone pass as JPEG; 51 MP do not, nor 26 MP of a PNG."""
    bare = png_bomb(5200, 5000)
    with pytest.raises(PhotoTooManyPixels):
        decode_now(bare)
    assert decode_now(encoded(Image.new("L", (8064, 6048), 90), "jpeg")).width == 8064 // 8
    with pytest.raises(PhotoTooManyPixels):
        decode_now(encoded(Image.new("L", (8500, 6000), 90), "jpeg"))


def png_bomb(width: int, height: int) -> bytes:
    """A PNG that promises many pixels and holds none."""
    return pictures.png(width, height, 1, 0, pictures.chunk(b"IDAT", b""))


@pytest.mark.parametrize(
    "data",
    [
        png_bomb(30_000, 30_000),
        png_bomb(2**31 - 1, 2**31 - 1),
        b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0" + bytes(20),
        b"RIFF\x1e\0\0\0WEBPVP8L\x0a\0\0\0\x2f\xff\xff\xff\x0f" + bytes(20),
        b"GIF89a\xff\xff\xff\xff\0\0\0" + bytes(20),
    ],
    ids=["900 MP PNG", "largest PNG", "WebP canvas", "lossless WebP", "GIF screen"],
)
def test_bombs_are_refused_from_their_header(data: bytes) -> None:
    """Whatever they promise, nothing is allocated for them."""
    with pytest.raises(PhotoTooManyPixels):
        decode_now(data)


def test_a_text_chunk_that_swells_is_refused_or_left_alone() -> None:
    """64 MB of compressed text are never kept."""
    text = pictures.chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(64 * 1024 * 1024)))
    plain = encoded(card(), "png")
    with pytest.raises(PhotoRejected):
        decode_now(plain[:33] + text * 2 + plain[33:])


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", [*KINDS, "GIF"])
def test_a_file_cut_anywhere_is_refused_or_read(kind: str, rng: np.random.Generator) -> None:
    """At 60 random places; never an error of the codec's own."""
    data = encoded(card(400, 300), kind)
    refusals: list[PhotoRejected] = []
    for end in rng.integers(1, len(data), 60):
        try:
            decode_now(data[:end])
        except PhotoRejected as refusal:
            refusals.append(refusal)
    assert len(refusals) > 20
    assert any(isinstance(refusal, PhotoTruncated) for refusal in refusals)
    assert {type(refusal) for refusal in refusals} <= {PhotoTruncated, PhotoCorrupt, PhotoUnsupportedFormat}


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_damaged_exif_does_not_cost_the_picture() -> None:
    """The orientation is lost, the photo is not."""
    data = encoded(card(), "jpeg", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f" + b"\xee" * 40)
    assert is_upright(decode_now(data).pixels)


def test_a_grid_heic_is_put_together() -> None:
    """The way phones store large pictures."""
    data = encoded(card(1200, 900), "heif", tile_size=512)
    assert b"grid" in data
    assert is_upright(decode_now(data).pixels)


def test_refusals_say_how_to_mend_it() -> None:
    """Every class that decode_now raises carries a code of its own and a fix."""
    hopeless = {
        b"": PhotoEmpty,
        b"text": PhotoUnsupportedFormat,
        encoded(card(20, 20), "png"): PhotoTooSmall,
        png_bomb(9000, 9000): PhotoTooManyPixels,
        encoded(card(), "jpeg")[:500]: PhotoTruncated,
        png_bomb(100, 100): PhotoCorrupt,
    }
    codes = set()
    for data, expected in hopeless.items():
        with pytest.raises(expected) as refusal:
            decode_now(data)
        assert refusal.value.fix
        codes.add(refusal.value.code)
    assert len(codes) == len(hopeless)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stored_photo_is_read_back_as_the_same_photo(kind: str) -> None:
    """Its identity stays, its pixels differ by no more than a fine JPEG does, and it says that it is read again."""
    photo = decode_now(encoded(card(1500, 1200), kind))
    again = reread_now(photo.jpeg)
    assert (again.jpeg, again.sha256) == (photo.jpeg, photo.sha256)
    assert (photo.again, again.again) == (False, True)
    assert again.pixels.shape == photo.pixels.shape
    assert np.abs(again.pixels.astype(int) - photo.pixels).mean() < 2.0


def test_the_clean_jpeg_is_made_once_whoever_asks_and_how_often() -> None:
    """Several threads want it at once: the store, the digest, a source outside."""
    photo = decode_now(encoded(card(), "png"))
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: photo.jpeg, range(32)))
    assert all(one is made[0] for one in made)
