"""Photos: from bytes to a safe, upright, bounded picture."""

from app.photos.admission import FORMATS, PhotoLimits
from app.photos.arena import Arena, Arenas
from app.photos.clean import CleanJpeg
from app.photos.decode import as_kept, decode_now, reread_now
from app.photos.decode_bare import draft_decode, encode_jpeg
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
    PhotoStoreUnavailable,
    PhotoTooLarge,
    PhotoTooManyPixels,
    PhotoTooSmall,
    PhotoTruncated,
    PhotoUnsupportedFormat,
)
from app.photos.fetch import ImageFetcher
from app.photos.fetch_errors import (
    ImageForbiddenAddress,
    ImageNotFetched,
    ImageNotFound,
    ImageRefused,
    ImageTimeout,
    ImageTooLarge,
    ImageUnreachable,
    ImageUrlInvalid,
)
from app.photos.fork_server import be_called, fork_server
from app.photos.memory import keep_freed_memory
from app.photos.photo import MAX_SIDE, Photo
from app.photos.pool import DecoderState, PhotoDecoder
from app.photos.store import PhotoStore

__all__ = [
    "FORMATS",
    "MAX_SIDE",
    "Arena",
    "Arenas",
    "CleanJpeg",
    "DecoderBusy",
    "DecoderClosed",
    "DecoderState",
    "ImageFetcher",
    "ImageForbiddenAddress",
    "ImageNotFetched",
    "ImageNotFound",
    "ImageRefused",
    "ImageTimeout",
    "ImageTooLarge",
    "ImageUnreachable",
    "ImageUrlInvalid",
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
    "PhotoStore",
    "PhotoStoreUnavailable",
    "PhotoTooLarge",
    "PhotoTooManyPixels",
    "PhotoTooSmall",
    "PhotoTruncated",
    "PhotoUnsupportedFormat",
    "as_kept",
    "be_called",
    "decode_now",
    "draft_decode",
    "encode_jpeg",
    "fork_server",
    "keep_freed_memory",
    "reread_now",
]
