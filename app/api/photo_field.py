"""The photo of a form: a file, its address, or the id of one that was searched before."""

from collections.abc import Callable

from app.analysis import InvalidBox
from app.catalog import EmbeddingMismatch
from app.edge import Busy, Form, InvalidRequest, PhotoUrlsOff
from app.photos import (
    DecoderBusy,
    ImageFetcher,
    ImageForbiddenAddress,
    ImageNotFound,
    ImageRefused,
    ImageTimeout,
    ImageTooLarge,
    ImageUnreachable,
    ImageUrlInvalid,
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


URL_PROBLEMS = (
    PhotoUrlsOff,
    ImageUrlInvalid,
    ImageForbiddenAddress,
    ImageNotFound,
    ImageRefused,
    ImageTooLarge,
    ImageTimeout,
    ImageUnreachable,
)


async def with_fetched_photo(form: Form, fetcher: ImageFetcher | None, take: Callable[[int], None]) -> Form:
    """The form with the picture behind its `photo_url` as if it had been sent; as it is where it names none.

    fetcher: None where addresses are not followed. take: counts the bytes that are held.
    Raises PhotoUrlsOff, InvalidRequest, Busy, ImageNotFetched.
    """
    url = form.fields.get("photo_url")
    if url is None:
        return form
    if "photo" in form.files or "photo_id" in form.fields:
        raise _one_photo()
    if fetcher is None:
        raise PhotoUrlsOff(
            "This server does not fetch photos.", fix="Send the file as `photo`; the operator may set AKIN_PHOTO_URLS."
        )
    data = await fetcher.fetch(url)
    take(len(data))
    rest = {name: value for name, value in form.fields.items() if name != "photo_url"}
    return Form(rest, {**form.files, "photo": data})


async def photo_of_form(form: Form, decoder: PhotoDecoder, photos: PhotoStore) -> Photo:
    """The photo to search with.

    Digest and pixels are the same whether the file was sent or its photo_id: a cursor of the one continues the other.
    """
    data, photo_id = form.files.get("photo"), form.fields.get("photo_id")
    if (data is None) == (photo_id is None):
        raise _one_photo()
    if photo_id is not None:
        return await decoder.reread(await photos.get(photo_id))
    assert data is not None
    return await decoder.decode(data)


def _one_photo() -> InvalidRequest:
    return InvalidRequest(
        "Send either `photo` or `photo_id`.",
        fix="Send the file as the form field `photo`, e.g. curl -F photo=@chair.jpg.",
        errors=[{"field": "photo", "message": "exactly one of photo, photo_id and photo_url is needed"}],
    )
