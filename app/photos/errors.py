"""Why a photo is refused, kept away or not there: one class, one code and one way out per reason.

    BadRequest
    └── PhotoRejected                the bytes cannot become a Photo
        ├── PhotoEmpty               no bytes at all
        ├── PhotoTooLarge            more bytes than allowed
        ├── PhotoTooManyPixels       more pixels than allowed, known from the header
        ├── PhotoTooSmall            too few pixels to recognize anything
        ├── PhotoUnsupportedFormat   not one of the accepted formats, whatever its name says
        ├── PhotoTruncated           the file ends before the picture does
        ├── PhotoCorrupt             the file contradicts itself
        ├── PhotoDecodeTimeout       decoding took longer than it may; the process was killed
        ├── PhotoDecodeMemory        decoding asked for more memory than it may
        └── PhotoDecodeCrashed       decoding took its process down
    NotFound
    └── PhotoNotFound                no stored photo has this id, or no longer
    Unavailable
    ├── DecoderBusy                  every decoding slot and every waiting place is taken
    ├── DecoderClosed                the decoder was closed, or its processes cannot be started
    └── PhotoStoreUnavailable        the file of searched photos cannot be read or written

Errors of fetching a picture from a URL stand in `app/photos/fetch_errors.py`.
"""

from app.errors import BadRequest, NotFound, Unavailable

EXPORT_FIX = "Export it as a JPEG, or take a screenshot of it, and send that."
RESEND_FIX = "Send the file again; if that does not help, export it as a smaller JPEG or take a new photo."


class PhotoRejected(BadRequest):
    """The bytes cannot become a Photo; every subclass says why and how to mend it."""

    code = "photo-rejected"
    title = "The photo cannot be used"


class PhotoEmpty(PhotoRejected):
    """There were no bytes."""

    code = "photo-empty"
    title = "The photo is empty"


class PhotoTooLarge(PhotoRejected):
    """More bytes than PhotoLimits.max_bytes. extra: bytes, max_bytes."""

    code = "photo-too-large"
    title = "The photo has too many bytes"


class PhotoTooManyPixels(PhotoRejected):
    """More pixels than allowed for the format. extra: width, height, max_pixels."""

    code = "photo-too-many-pixels"
    title = "The photo has too many pixels"


class PhotoTooSmall(PhotoRejected):
    """A side is shorter than allowed. extra: width, height, min_side, min_long_side."""

    code = "photo-too-small"
    title = "The photo is too small"


class PhotoUnsupportedFormat(PhotoRejected):
    """The content is of no accepted format. extra: found (what it looks like, or None), accepted."""

    code = "photo-unsupported-format"
    title = "The format is not supported"


class PhotoTruncated(PhotoRejected):
    """The file ends too early: most often an upload that broke off."""

    code = "photo-truncated"
    title = "The photo is incomplete"


class PhotoCorrupt(PhotoRejected):
    """The content is damaged."""

    code = "photo-corrupt"
    title = "The photo is damaged"


class PhotoDecodeTimeout(PhotoRejected):
    """Decoding did not end in time. extra: timeout_s."""

    code = "photo-decode-timeout"
    title = "The photo takes too long to decode"


class PhotoDecodeMemory(PhotoRejected):
    """Decoding needs more memory than one photo may have."""

    code = "photo-decode-memory"
    title = "The photo takes too much memory to decode"


class PhotoDecodeCrashed(PhotoRejected):
    """The process that decoded this photo died of it; no other photo was touched."""

    code = "photo-decode-crashed"
    title = "The photo cannot be decoded"


class PhotoNotFound(NotFound):
    """No stored photo has this id: it expired, made room for newer ones, or never was."""

    code = "photo-not-found"
    title = "The photo is not stored here"


class DecoderBusy(Unavailable):
    """All decoding slots are busy and as many photos wait as may wait. extra: slots, waiting."""

    code = "photo-decoder-busy"
    title = "Too many photos at once"


class DecoderClosed(Unavailable):
    """The decoder is closed, or its processes cannot be started."""

    code = "photo-decoder-closed"
    title = "Photos cannot be decoded now"


class PhotoStoreUnavailable(Unavailable):
    """The file of searched photos cannot be opened, read or written: a full disk, missing rights, a foreign file."""

    code = "photo-store-unavailable"
    title = "Searched photos cannot be kept now"
