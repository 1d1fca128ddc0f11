"""A survey of the whole shop: every product with what keeps it from being found, and pairs that look the same."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from app.catalog import AfterProduct, Catalog, Product, Query, Snapshot
from app.events import EventLog, EventsUnavailable
from app.insights.findability import Cause, ColorFits, Hindrance, duplicate_of, harm_of, hindrances, worst_first
from app.insights.pairs import Look, Pair, Verdicts, near_pairs
from app.insights.pictures import PictureNotes

STALE_S = 600.0
"""A survey older than this is made again when it is asked for."""
_PAGE = 1_000
_SHOWN_DAYS = 30.0
_SHOWN_PAGES = 20_000


@dataclass(frozen=True, slots=True)
class Row:
    """One product that is hard to find; the larger `harm`, the harder."""

    product: Product
    hindrances: tuple[Hindrance, ...]
    harm: float


@dataclass(frozen=True, slots=True)
class Surveyed:
    """products: how many were looked at; rows: those with hindrances, the worst first. unknown: pictures of which
    nothing was noted. answers: how many were looked through for what was shown. twins: the products of the pairs.
    all_compared: whether every pair was."""

    generation: str
    made_at: datetime
    products: int
    rows: tuple[Row, ...]
    unknown: int
    answers: int
    pairs: tuple[Pair, ...]
    twins: Mapping[str, Product]
    all_compared: bool
    causes: Mapping[Cause, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """A survey under way."""

    done: int
    whole: int


class Survey:
    """Makes surveys in the background, one at a time, and keeps the newest in memory.

    color_fits: see findability. Owns nothing but the task that is running.
    """

    def __init__(
        self, catalog: Catalog, events: EventLog, notes: PictureNotes, verdicts: Verdicts, color_fits: ColorFits
    ) -> None:
        self._catalog = catalog
        self._events = events
        self._notes = notes
        self._verdicts = verdicts
        self._color_fits = color_fits
        self._made: Surveyed | None = None
        self._made_at = 0.0
        self._task: asyncio.Task[Surveyed] | None = None
        self._progress = Progress(0, 0)

    async def report(self, *, patience_s: float = 2.0, anew: bool = False) -> Surveyed | Progress:
        """The survey of the published generation; how far it is, when it is not done within `patience_s`.

        anew: do not take one that is there. Raises NothingPublished, CatalogUnavailable, InsightsUnavailable.
        """
        snapshot = await self._catalog.snapshot()
        made = self._made
        fresh = made is not None and made.generation == snapshot.generation.id
        if made is not None and fresh and not anew and time.monotonic() - self._made_at < STALE_S:
            return await self._with_verdicts(made)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._survey(snapshot))
        done, _ = await asyncio.wait([self._task], timeout=patience_s)
        if not done:
            return self._progress
        self._made, self._made_at = self._task.result(), time.monotonic()
        return await self._with_verdicts(self._made)

    async def close(self) -> None:
        """Stop what is running."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _with_verdicts(self, made: Surveyed) -> Surveyed:
        """The survey with what was decided since, and no product blamed for a twin that is decided about."""
        decided = await self._verdicts.all()
        pairs = tuple(replace(pair, same=decided.get((pair.one, pair.other))) for pair in made.pairs)
        rows = {row.product.id: row for row in made.rows}
        for product_id, others in twins_of(pairs).items():
            if product_id in made.twins:
                before = rows[product_id].hindrances if product_id in rows else ()
                found = worst_first((*before, duplicate_of(others)))
                rows[product_id] = Row(made.twins[product_id], found, harm_of(found))
        ranked = sorted(rows.values(), key=lambda row: (-row.harm, row.product.id))
        causes = Counter(one.cause for row in ranked for one in row.hindrances)
        return replace(made, rows=tuple(ranked), pairs=pairs, causes=dict(causes))

    async def _survey(self, snapshot: Snapshot) -> Surveyed:
        whole = (await snapshot.count()).products
        self._progress = Progress(0, whole)
        answers, shown = await self._shown()
        rows: list[Row] = []
        looks: list[Look] = []
        done = unknown = 0
        async for page in _pages(snapshot):
            known = await self._notes.of([image.sha256 for product in page for image in product.images])
            for product in page:
                notes = [known.get(image.sha256) for image in product.images]
                unknown += notes.count(None)
                found = hindrances(
                    product, notes, color_fits=self._color_fits, shown=shown[product.id], answers=answers
                )
                if found:
                    rows.append(Row(product, found, harm_of(found)))
            looks += await _looks(snapshot, page)
            done += len(page)
            self._progress = Progress(done, whole)
        pairs, all_compared = await asyncio.to_thread(near_pairs, looks)
        twins = await snapshot.products(list(dict.fromkeys(one for pair in pairs for one in (pair.one, pair.other))))
        return Surveyed(
            generation=snapshot.generation.id,
            made_at=datetime.now(UTC),
            products=done,
            rows=tuple(rows),
            unknown=unknown,
            answers=answers,
            pairs=tuple(pairs),
            twins={product.id: product for product in twins},
            all_compared=all_compared,
        )

    async def _shown(self) -> tuple[int, Counter[str]]:
        try:
            return await self._events.shown(since_days=_SHOWN_DAYS, limit=_SHOWN_PAGES)
        except EventsUnavailable:  # then nothing is said of what was shown
            return 0, Counter()


def twins_of(pairs: Sequence[Pair]) -> dict[str, list[str]]:
    """product id -> the products it looks the same as, of pairs that nobody decided about or that are the same."""
    twins: dict[str, list[str]] = {}
    for pair in pairs:
        if pair.same is not False:
            twins.setdefault(pair.one, []).append(pair.other)
            twins.setdefault(pair.other, []).append(pair.one)
    return twins


async def _pages(snapshot: Snapshot) -> AsyncIterator[list[Product]]:
    """All products, by id."""
    after = ""
    while True:
        found = await snapshot.retrieve(Query(filters=(AfterProduct(after),), limit=_PAGE))
        if found.items:
            yield await snapshot.products([one.product_id for one in found.items])
            after = found.items[-1].product_id
        if found.complete:
            return


async def _looks(snapshot: Snapshot, page: Sequence[Product]) -> list[Look]:
    evidence = await snapshot.evidence([(product.id, 0) for product in page])
    return [
        Look(product.id, product.type or "", product.item_group_id, picture.embedding)
        for product, picture in zip(page, evidence, strict=True)
        if picture is not None
    ]
