"""Photos: from bytes to a safe, upright, bounded picture."""

from app.photos.admission import FORMATS, PhotoLimits
from app.photos.decode import decode_now
from app.photos.errors import (
    DecoderBusy,
    DecoderClosed,
    PhotoCorrupt,
    PhotoDecodeCrashed,
    PhotoDecodeMemory,
    PhotoDecodeTimeout,
    PhotoEmpty,
    PhotoNotFound,
    PhotoRejected,
    PhotoTooLarge,
    PhotoTooManyPixels,
    PhotoTooSmall,
    PhotoTruncated,
    PhotoUnsupportedFormat,
)
from app.photos.photo import MAX_SIDE, Photo
from app.photos.pool import PhotoDecoder

__all__ = [
    "FORMATS",
    "MAX_SIDE",
    "DecoderBusy",
    "DecoderClosed",
    "Photo",
    "PhotoCorrupt",
    "PhotoDecodeCrashed",
    "PhotoDecodeMemory",
    "PhotoDecodeTimeout",
    "PhotoDecoder",
    "PhotoEmpty",
    "PhotoLimits",
    "PhotoNotFound",
    "PhotoRejected",
    "PhotoTooLarge",
    "PhotoTooManyPixels",
    "PhotoTooSmall",
    "PhotoTruncated",
    "PhotoUnsupportedFormat",
    "decode_now",
]
