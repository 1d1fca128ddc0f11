"""Bytes -> Photo, in this process. The only module that lets image codecs loose on strangers' bytes.

Servers call it through `PhotoDecoder` (app/photos/pool.py), which runs it in processes that can be killed.
No process-wide switch of Pillow is touched: plugins are called by class, so neither the registry of formats nor
MAX_IMAGE_PIXELS decides anything here.
"""

import functools
import io
import struct
import zlib
from dataclasses import replace

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import AvifImagePlugin, ExifTags, Image, ImageCms
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from app.photos.admission import PhotoLimits, admit, check_size, turns_itself
from app.photos.clean import CleanJpeg
from app.photos.errors import RESEND_FIX, PhotoCorrupt, PhotoDecodeMemory, PhotoRejected, PhotoTruncated
from app.photos.lean import FewReads, lean
from app.photos.photo import MAX_SIDE, Photo

DRAFT_SIDE = 800
"""A JPEG may be decoded at 1/2, 1/4 or 1/8 while its longest side keeps this many pixels. A 12 MP photo then comes out
at 1008 pixels, which saves decoding it larger and shrinking it; nothing that looks at photos needs more."""
_MAX_ICC_BYTES = 4 * 1024 * 1024
_PLAIN_GAMMA = 0.45455

# JpegImageFile itself never turns into an MPO, the way phones put gain maps and previews behind the first picture.
_PLUGINS: dict[str, type[ImageFile]] = {
    "jpeg": JpegImageFile,
    "png": PngImageFile,
    "webp": WebPImageFile,
    "avif": AvifImagePlugin.AvifImageFile,
    "gif": GifImageFile,
}

_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TURNED = {5, 6, 7, 8}

CODEC_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,
    Image.DecompressionBombError,
    ImageCms.PyCMSError,
    struct.error,
    zlib.error,
)
"""What Pillow, pillow-heif and the codecs below them raise on bad bytes; their own lists are shorter than the truth."""


def decode_now(data: bytes, limits: PhotoLimits | None = None) -> Photo:
    """Decode one photo in this process and thread, however long it takes.

    The first frame of an animation, the primary picture of a HEIC, is the photo. EXIF and XMP orientation, rotation and
    mirroring of HEIC and AVIF, ICC profiles and PNG gamma are applied; alpha is laid over white.

    Raises a PhotoRejected; never what a codec raises.
    """
    limits = limits or PhotoLimits()
    kind = admit(data, limits)
    try:
        picture, (width, height), orientation = _read(data, kind, limits)
        profile, gamma = _color_space(picture)
        pixels = _pixels(_srgb(_without_alpha(_bounded(_eight_bit(picture))), profile, gamma), orientation)
    except PhotoRejected:
        raise
    except MemoryError as error:
        raise out_of_memory() from error
    except CODEC_FAILURES as error:
        raise _refusal(data, kind, error) from error
    if orientation in _TURNED:
        width, height = height, width
    return Photo(pixels, CleanJpeg(), kind, original_width=width, original_height=height)


def reread_now(jpeg: bytes, limits: PhotoLimits | None = None) -> Photo:
    """The Photo of a clean JPEG that was kept: the same digest, and pixels that differ as little as JPEG does.

    Raises a PhotoRejected for bytes that are no such JPEG.
    """
    admit(jpeg, limits or PhotoLimits())
    try:
        pixels = _read_clean(jpeg)
    except MemoryError as error:
        raise out_of_memory() from error
    except CODEC_FAILURES as error:
        raise _refusal(jpeg, "jpeg", error) from error
    height, width = pixels.shape[:2]
    return Photo(pixels, CleanJpeg(jpeg), "jpeg", original_width=width, original_height=height, again=True)


def as_kept(photo: Photo) -> Photo:
    """The photo as it is when it is read again, to the bit, without a worker: the JPEG is our own, made from pixels a
    moment ago. For what is sent away and paid for once, whether the photo came as a file or by its id."""
    return photo if photo.again else replace(photo, pixels=_read_clean(photo.jpeg), again=True)


def decode_in_one_thread() -> None:
    """Tell the codecs of this process to start no threads.

    A worker's own switch: as many photos as cores are decoded at once, so a second thread per photo gains nothing and
    costs address space.
    """
    pillow_heif.options.DECODE_THREADS = 1
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def out_of_memory() -> PhotoDecodeMemory:
    """The refusal for a photo whose decoding hit the memory limit."""
    return PhotoDecodeMemory(
        "Decoding the photo takes more memory than one photo may have.",
        fix="Send a smaller version, or export it as a JPEG.",
    )


def _read(data: bytes, kind: str, limits: PhotoLimits) -> tuple[Image.Image, tuple[int, int], int]:
    """(loaded first frame, full stored size, EXIF orientation still to be applied)."""
    picture: Image.Image
    if kind == "heif":
        container = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
        size: tuple[int, int] = container.size
        check_size(*size, kind, limits)
        picture = container.to_pillow()
        # libheif has applied the container's own rotation and mirroring, which EXIF repeats; only a file that has none
        # was written by a program that left the turning to EXIF.
        spoken = picture.info.get("original_orientation")
        return picture, size, 1 if turns_itself(data) or spoken not in _TRANSPOSE else spoken
    file = _PLUGINS[kind](FewReads(lean(data, kind), kind))
    size = file.size
    check_size(*size, kind, limits)
    if kind == "jpeg":
        file.draft(file.mode, _bounded_size(size, DRAFT_SIDE))
    file.load()
    return file, size, _orientation(file)


def _orientation(picture: Image.Image) -> int:
    """EXIF orientation 1..8 from EXIF or XMP; 1 where there is none or it cannot be read."""
    try:
        value = picture.getexif().get(ExifTags.Base.Orientation, 1)
    except CODEC_FAILURES:
        return 1  # a picture with damaged metadata is still a picture
    return value if isinstance(value, int) and value in _TRANSPOSE else 1


def _color_space(picture: Image.Image) -> tuple[bytes, float | None]:
    """(ICC profile or b"", PNG gamma where it alone says how the samples are to be read)."""
    profile = picture.info.get("icc_profile") or b""
    gamma = picture.info.get("gamma")
    if profile or "srgb" in picture.info or not isinstance(gamma, float) or not 0.1 <= gamma <= 10:
        gamma = None
    return (profile if len(profile) <= _MAX_ICC_BYTES else b""), gamma


def _eight_bit(picture: Image.Image) -> Image.Image:
    """The picture in L, LA, RGB, RGBA or CMYK."""
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.mode in {"I", "F"}:
        return Image.fromarray(np.clip(np.asarray(picture) / 256, 0, 255).astype(np.uint8))
    if picture.has_transparency_data:
        return picture if picture.mode in {"LA", "RGBA"} else picture.convert("RGBA")
    if picture.mode == "1":
        return picture.convert("L")
    return picture if picture.mode in {"L", "RGB", "CMYK"} else picture.convert("RGB")


def _bounded_size(size: tuple[int, int], most: int = MAX_SIDE) -> tuple[int, int]:
    """`size` shrunk in proportion until its longest side is at most `most`; never enlarged, never 0."""
    scale = min(1.0, most / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _bounded(picture: Image.Image) -> Image.Image:
    target = _bounded_size(picture.size)
    if target == picture.size:
        return picture
    # Hamming shrinks about as cleanly as bicubic in half its time, and after the codec this is the dearest step.
    return picture.resize(target, Image.Resampling.HAMMING, reducing_gap=3.0)


def _without_alpha(picture: Image.Image) -> Image.Image:
    """Alpha laid over white, where there is any."""
    if picture.mode not in {"LA", "RGBA"}:
        return picture
    ground = Image.new(picture.mode, picture.size, "white")
    return Image.alpha_composite(ground, picture).convert("L" if picture.mode == "LA" else "RGB")


def _srgb(picture: Image.Image, profile: bytes, gamma: float | None) -> Image.Image:
    """The picture as RGB in sRGB. A profile that cannot be used is ignored, as every browser does."""
    if profile:
        try:
            transformed = ImageCms.applyTransform(picture, _transform(profile, picture.mode))
        except CODEC_FAILURES:
            transformed = None
        if transformed is not None:
            return transformed
    picture = picture if picture.mode == "RGB" else picture.convert("RGB")
    if gamma is None or abs(gamma - _PLAIN_GAMMA) < 0.02:
        return picture
    table = [round(255 * (sample / 255) ** (_PLAIN_GAMMA / gamma)) for sample in range(256)]
    return picture.point(table * 3)


@functools.lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    """The transform into sRGB; cached because all photos of one phone carry the same profile."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")


def _pixels(picture: Image.Image, orientation: int) -> NDArray[np.uint8]:
    upright = picture.transpose(_TRANSPOSE[orientation]) if orientation in _TRANSPOSE else picture
    return np.array(upright, dtype=np.uint8)


def _read_clean(jpeg: bytes) -> NDArray[np.uint8]:
    return np.array(JpegImageFile(io.BytesIO(jpeg)), dtype=np.uint8)


def _refusal(data: bytes, kind: str, error: BaseException) -> PhotoRejected:
    if _ends_early(data, kind, str(error).lower()):
        return PhotoTruncated("The file ends before the picture is complete.", fix=RESEND_FIX)
    return PhotoCorrupt(f"The content starts like a {kind.upper()} but cannot be decoded.", fix=RESEND_FIX)


def _ends_early(data: bytes, kind: str, message: str) -> bool:
    if kind == "png":
        return b"IEND" not in data[-64:]
    if kind == "webp":
        return int.from_bytes(data[4:8], "little") + 8 > len(data)
    return any(word in message for word in ("truncat", "end of file", "end of data", "eof", "no more data"))
