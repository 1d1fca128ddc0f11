"""The photo of a form: a file, or the id of one that was searched before."""

from app.analysis import InvalidBox
from app.catalog import EmbeddingMismatch
from app.edge import Busy, Form, InvalidRequest
from app.photos import (
    DecoderBusy,
    Photo,
    PhotoCorrupt,
    PhotoDecoder,
    PhotoEmpty,
    PhotoNotFound,
    PhotoStore,
    PhotoTooLarge,
    PhotoTooManyPixels,
    PhotoTooSmall,
    PhotoTruncated,
    PhotoUnsupportedFormat,
)

PHOTO_PROBLEMS = (
    InvalidBox,
    PhotoEmpty,
    PhotoTooLarge,
    PhotoTooManyPixels,
    PhotoTooSmall,
    PhotoUnsupportedFormat,
    PhotoTruncated,
    PhotoCorrupt,
    PhotoNotFound,
    EmbeddingMismatch,
    Busy,
    DecoderBusy,
)


async def photo_of_form(form: Form, decoder: PhotoDecoder, photos: PhotoStore) -> Photo:
    """The photo to search with.

    Digest and pixels are the same whether the file was sent or its photo_id: a cursor of the one continues the other.
    """
    data, photo_id = form.files.get("photo"), form.fields.get("photo_id")
    if (data is None) == (photo_id is None):
        raise InvalidRequest(
            "Send either `photo` or `photo_id`.",
            fix="Send the file as the form field `photo`, e.g. curl -F photo=@chair.jpg.",
            errors=[{"field": "photo", "message": "exactly one of photo and photo_id is needed"}],
        )
    if photo_id is not None:
        return await decoder.reread(await photos.get(photo_id))
    assert data is not None
    return await decoder.decode(data)
