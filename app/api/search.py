"""Searching: by photo, by words."""

import asyncio
import logging
import time
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from app.analysis import Gap
from app.api import examples
from app.api.noting import worded
from app.api.openapi import body_problems, example, problems
from app.api.photo_field import PHOTO_PROBLEMS, URL_PROBLEMS, photo_of_form, with_fetched_photo
from app.api.schemas import SearchAnswer
from app.catalog import CatalogUnavailable, NothingPublished, UnknownFilter
from app.edge import (
    Deadline,
    DecoderDep,
    EventsDep,
    Form,
    InvalidForm,
    InvalidJson,
    InvalidRequest,
    Limits,
    LimitsDep,
    MetricsDep,
    Overloaded,
    PhotosDep,
    PhotoUrlsDep,
    SearchDep,
    UnsupportedMediaType,
    UploadsDep,
    WorkDep,
    read_form,
    read_wishes,
    refuse_unknown,
)
from app.errors import Unavailable
from app.events import Asked, EventLog
from app.photos import Photo, PhotoDecoder, PhotoStore
from app.search import (
    CursorExpired,
    DeadlineExceeded,
    EmptyQuery,
    InvalidCursor,
    SearchResult,
    Sort,
    VisualSearch,
    Wishes,
)
from app.telemetry import Metrics

PHOTO_FIELDS = ("photo", "photo_id", "photo_url", "crop", "text", "filters", "limit", "cursor", "sort", "variants")
WORD_FIELDS = ("text", "filters", "limit", "cursor", "sort", "variants")

SEARCH_PROBLEMS = (
    InvalidRequest,
    InvalidJson,
    UnknownFilter,
    InvalidCursor,
    CursorExpired,
    DeadlineExceeded,
    Overloaded,
    NothingPublished,
    CatalogUnavailable,
)

TextParameter = Annotated[str, Query(description="What to look for, in words.", examples=["teal velvet armchair"])]
FiltersParameter = Annotated[
    str, Query(description="Filters as a JSON object; see `POST /search-by-photo`.", examples=[examples.FILTERS])
]
LimitParameter = Annotated[str, Query(description="Items a page, 1 to 100; 24 when left out.", examples=["24"])]
CursorParameter = Annotated[str, Query(description="`next_cursor` of the page before.")]
SortParameter = Annotated[
    str, Query(description=f"Order of the result set: {', '.join(Sort)}; `match`, the best first, when left out.")
]
VariantsParameter = Annotated[
    str,
    Query(
        description="`together`, when left out: one card for the variants of one thing, opened on the best one; total "
        "and facets count cards. `apart`: every variant by itself."
    ),
]

logger = logging.getLogger("akin.api")
router = APIRouter(tags=["search"])


@router.post(
    "/search-by-photo",
    operation_id="searchByPhoto",
    summary="Find products like the photographed thing",
    openapi_extra={"requestBody": examples.SEARCH_FORM},
    responses={
        **example("match", "A chair that the shop sells in another color", examples.PHOTO_ANSWER),
        **body_problems(
            InvalidForm,
            UnsupportedMediaType,
            *SEARCH_PROBLEMS,
            *PHOTO_PROBLEMS,
            *URL_PROBLEMS,
        ),
    },
)
async def search_by_photo(
    request: Request,
    search: SearchDep,
    decoder: DecoderDep,
    photos: PhotosDep,
    photo_urls: PhotoUrlsDep,
    events: EventsDep,
    uploads: UploadsDep,
    limits: LimitsDep,
    work: WorkDep,
    metrics: MetricsDep,
) -> SearchAnswer:
    """Send the photo as `photo`, or `photo_id` of an earlier answer to refine that search or to get its next page.
    Where the shop allows it, `photo_url` names a picture on the public web instead (https, no redirects).

    JPEG, PNG, WebP, HEIC and AVIF are recognized by their content. The picture is turned upright, shrunk to 1024 pixels
    and stripped of everything but its pixels before anything else sees it. An empty `items` is an honest answer: the
    shop sells nothing like it.
    """
    with uploads.hold() as take:
        form = await read_form(request, take, file_fields=frozenset({"photo"}))
        refuse_unknown(form.fields, PHOTO_FIELDS)
        wishes = read_wishes(form.fields)
        whole = await work.wait_for(lambda: with_fetched_photo(form, photo_urls, take))
        return await work.do(
            lambda deadline: _answer(whole, wishes, search, decoder, photos, events, limits, deadline, metrics)
        )


@router.get(
    "/search",
    operation_id="searchByWords",
    summary="Find products by words",
    responses={
        **example("match", "Two chairs", examples.WORDS_ANSWER),
        **problems(EmptyQuery, *SEARCH_PROBLEMS),
    },
)
async def search_by_words(
    request: Request,
    search: SearchDep,
    events: EventsDep,
    work: WorkDep,
    metrics: MetricsDep,
    text: TextParameter = "",
    filters: FiltersParameter = "",
    limit: LimitParameter = "",
    cursor: CursorParameter = "",
    sort: SortParameter = "",
    variants: VariantsParameter = "",
) -> SearchAnswer:
    """Titles, brands, types, colors, materials and descriptions are searched; the best matches come first."""
    refuse_unknown(request.query_params, WORD_FIELDS)
    wishes = read_wishes(
        {"text": text, "filters": filters, "limit": limit, "cursor": cursor, "sort": sort, "variants": variants}
    )
    result = await work.do(lambda deadline: search.by_text(wishes, deadline_s=deadline.left_s))
    tell(metrics, Asked.WORDS, result)
    return await worded(events, result, Asked.WORDS)


async def _answer(
    form: Form,
    wishes: Wishes,
    search: VisualSearch,
    decoder: PhotoDecoder,
    photos: PhotoStore,
    events: EventLog,
    limits: Limits,
    deadline: Deadline,
    metrics: Metrics,
) -> SearchAnswer:
    started = time.perf_counter()
    photo = await photo_of_form(form, decoder, photos)
    decoded = time.perf_counter()
    keeping = _Keeping(form.fields.get("photo_id"), photo, photos if limits.keeps_photos else None)
    try:
        # The photo is written away while it is searched for; beside the eyes, encoding it would slow these down.
        result = await search.by_photo(photo, wishes, deadline_s=deadline.left_s, when_seen=keeping.begin)
        photo_id, gaps = await keeping.kept()
    finally:
        keeping.cancel()
    decode_ms = (decoded - started) * 1000
    whole = replace(result, degraded=(*result.degraded, *gaps), timings_ms={"decode": decode_ms, **result.timings_ms})
    tell(metrics, Asked.PHOTO, whole)
    return await worded(events, whole, Asked.PHOTO, photo_id)


def tell(metrics: Metrics, kind: Asked, result: SearchResult) -> None:
    """Book one answered search: how it ended, which parts it lacked, how long its stages took."""
    gaps = ((gap.part, gap.reason) for gap in result.degraded)
    metrics.searched(kind.value, found=result.total > 0, gaps=gaps, stages_ms=result.timings_ms)


class _Keeping:
    """Keeps the photo of a search, where photos are kept; a store that fails costs the id, not the search."""

    def __init__(self, known: str | None, photo: Photo, photos: PhotoStore | None) -> None:
        """known: the id the photo was read by. photos: None keeps none."""
        self._known = known
        self._photo = photo
        self._photos = photos if known is None else None
        self._putting: asyncio.Task[str] | None = None

    def begin(self) -> None:
        """Begin to write it away."""
        if self._photos is not None and self._putting is None:
            self._putting = asyncio.create_task(self._photos.put(self._photo))

    async def kept(self) -> tuple[str | None, tuple[Gap, ...]]:
        """The id to refine the search by, and what the answer lacks where there is none."""
        self.begin()
        try:
            return (await self._putting if self._putting is not None else self._known), ()
        except Unavailable as failure:
            logger.warning("a photo was not kept: %s", failure.detail)
            return None, (Gap("photo_store", "unavailable"),)

    def cancel(self) -> None:
        """Nobody waits any more."""
        if self._putting is not None:
            self._putting.cancel()
