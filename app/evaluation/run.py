"""Search for every judged photo and keep what was answered, in the words of the judgments."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from app.catalog import MAX_CANDIDATES, Catalog, FacetField, OneOf, Product, Query, Snapshot
from app.errors import AppError
from app.evaluation.judgments import JudgedPhoto, grade, right_rank, similarity
from app.photos import Photo
from app.search import Match, RankedProduct, VisualSearch, Wishes

DEPTH = 24
"""Items looked at per answer: one page."""

Decode = Callable[[bytes], Awaitable[Photo]]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Shown:
    """One item of an answer, judged.

    right: it is the very product. similar: a shopper would call it so; None where nobody can tell.
    """

    product_id: str
    title: str
    type: str
    picture: str
    score: float
    match: str
    grade: float
    right: bool
    similar: bool | None
    reasons: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one judged photo. ideal: grades of what the shop sells, best first, as many as can be shown.

    wanted_title, wanted_picture: of the photographed product, "" when it is not sold. error: code and detail when the
    photo could not be searched, else "".
    """

    judged: JudgedPhoto
    shown: tuple[Shown, ...] = ()
    total: int = 0
    ideal: tuple[float, ...] = ()
    seen_type: str = ""
    type_confidence: float = 0.0
    seen_colors: tuple[tuple[str, str], ...] = ()
    novelty: float | None = None
    wanted_title: str = ""
    wanted_picture: str = ""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    error: str = ""

    @property
    def matched(self) -> bool:
        """Whether anything was called exact or close."""
        return any(item.match in (Match.EXACT, Match.CLOSE) for item in self.shown)


class Shelf:
    """What the shop sells, as far as judging needs it; each type and product is asked for once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._products: dict[str, Product | None] = {}
        self._types: dict[str, list[Product]] = {}

    async def product(self, product_id: str) -> Product | None:
        """One product, or None when it is not sold."""
        if product_id not in self._products:
            found = await self._snapshot.products([product_id])
            self._products[product_id] = found[0] if found else None
        return self._products[product_id]

    async def of_type(self, kind: str) -> list[Product]:
        """Products of a type (at most MAX_CANDIDATES: more than any page can show)."""
        if kind not in self._types:
            query = Query(filters=(OneOf(FacetField.TYPE, (kind,)),), limit=MAX_CANDIDATES)
            found = await self._snapshot.retrieve(query)
            self._types[kind] = await self._snapshot.products([one.product_id for one in found.items])
        return self._types[kind]

    async def ideal(self, judged: JudgedPhoto) -> tuple[float, ...]:
        """The grades a perfect answer would show, best first."""
        if judged.judgments:
            return tuple(sorted(judged.judgments.values(), reverse=True)[:DEPTH])
        sold = {one.id: one for one in (await self.of_type(judged.type) if judged.type else [])}
        very = await self.product(judged.product) if judged.product is not None else None
        if very is not None:
            sold[very.id] = very
        return tuple(sorted((grade(judged, one) for one in sold.values()), reverse=True)[:DEPTH])


async def search_all(
    search: VisualSearch,
    catalog: Catalog,
    decode: Decode,
    photos: Sequence[JudgedPhoto],
    *,
    progress: Progress | None = None,
    stop: asyncio.Event | None = None,
) -> list[Outcome]:
    """One outcome a photo, in order. A photo that cannot be read or searched is an outcome with its error.

    progress: called with (done, all) after each. stop: when set, what is done so far is returned.
    """
    shelf = Shelf(await catalog.snapshot())
    outcomes = []
    for done, judged in enumerate(photos, start=1):
        if stop is not None and stop.is_set():
            break
        outcomes.append(await outcome_of(search, shelf, decode, judged))
        if progress is not None:
            progress(done, len(photos))
    return outcomes


async def outcome_of(search: VisualSearch, shelf: Shelf, decode: Decode, judged: JudgedPhoto) -> Outcome:
    """Search for one photo and judge what was shown."""
    started = perf_counter()
    try:
        photo = await decode(await asyncio.to_thread(judged.photo.read_bytes))
        decoded = (perf_counter() - started) * 1000.0
        result = await search.by_photo(photo, Wishes(limit=DEPTH, text=judged.text, ruled=False))
    except OSError as error:
        return Outcome(judged, error=f"unreadable: {error.strerror}")
    except AppError as error:
        return Outcome(judged, error=f"{error.code}: {error.detail}")
    whole = (perf_counter() - started) * 1000.0
    seen = result.analysis
    wanted = await shelf.product(judged.product) if judged.product is not None else None
    return Outcome(
        judged=judged,
        shown=await judged_items(shelf, judged, result.items),
        total=result.total,
        ideal=await shelf.ideal(judged),
        timings_ms={"decode": decoded, **result.timings_ms, "whole": whole},
        seen_type=seen.type.name if seen is not None and seen.type is not None else "",
        type_confidence=seen.type.confidence if seen is not None and seen.type is not None else 0.0,
        seen_colors=tuple((color.name, color.hex) for color in seen.colors) if seen is not None else (),
        novelty=seen.novelty if seen is not None else None,
        wanted_title=wanted.title if wanted is not None else "",
        wanted_picture=wanted.images[0].url if wanted is not None and wanted.images else "",
    )


async def judged_items(shelf: Shelf, judged: JudgedPhoto, items: Sequence[RankedProduct]) -> tuple[Shown, ...]:
    """The items of an answer beside what is true."""
    sold = await shelf.product(judged.product) if judged.product is not None else None
    right = right_rank(judged, [item.product.id for item in items])
    return tuple(
        Shown(
            product_id=item.product.id,
            title=item.product.title,
            type=item.product.type or "",
            picture=item.product.images[item.image].url if item.image < len(item.product.images) else "",
            score=item.score,
            match=item.match.value,
            grade=grade(judged, item.product),
            right=good,
            similar=similarity(judged, item.product, sold),
            reasons=tuple((reason.code.value, reason.value, reason.weight) for reason in item.reasons),
        )
        for item, good in zip(items, right, strict=True)
    )
