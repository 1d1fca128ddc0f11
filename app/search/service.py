"""VisualSearch: the one use case. Analyze, retrieve, look closer, rank, cut, count, page."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from secrets import token_urlsafe

from app.analysis import Analyzer, Gap, Vocabulary, WordsAsLooks, answering_by, read_vocabulary
from app.catalog import Catalog, FacetField, Product, Snapshot
from app.photos import Photo
from app.search.calibration import Calibration, Feature
from app.search.cursor import Cursor, read_cursor, search_key
from app.search.errors import DeadlineExceeded, EmptyQuery, InvalidLimit
from app.search.explain import explain
from app.search.finding import Deepen, Findings, Seeker, Stopwatch, settled_by
from app.search.folding import Card, by_card, each_alone, folded, several
from app.search.model import Match, RankedProduct, Reason, ReasonCode, SearchResult, Sort, Variant, Wishes
from app.search.rank import (
    Scored,
    contributions,
    evidence_of,
    match_of,
    relevant,
)
from app.search.rulebook import NO_RULES, Rulebook
from app.search.rules import Placing, Rules, placing
from app.search.settle import VOTERS
from app.search.sorting import placed

MOST_ON_A_PAGE = 100
FACETS = tuple(FacetField)
MOST_VALUES = 20
"""Values of a facet that are told."""
MOST_COUNTED = 200
"""Values that are counted where counts of products become counts of cards: the order may change among them."""
NO_WISHES = Wishes()


class VisualSearch:
    """Finds products by photo, by words, or like another product.

    The result set is every candidate whose score is at or above the relevance cut-off. Total, facets and pages are
    taken from it, so they agree; filters narrow all of them and change no score. A page is continued by its cursor:
    together the pages hold every product of the result set once, as long as nothing is changed meanwhile.

    Every method raises InvalidLimit, InvalidCursor, CursorExpired, DeadlineExceeded (when deadline_s is given and
    passes), and what catalog and analyzer raise: NothingPublished, CatalogUnavailable, EmbeddingMismatch, Unavailable.
    """

    def __init__(
        self,
        catalog: Catalog,
        analyzer: Analyzer,
        calibration: Calibration,
        *,
        executor: Executor | None = None,
        popularity: Mapping[str, float] | None = None,
        deepen: Deepen | None = None,
        vocabulary: Vocabulary | None = None,
        rulebook: Rulebook | None = None,
        looks: WordsAsLooks | None = None,
    ) -> None:
        """rulebook: merchandising rules; None has none. looks: words as vectors of the pictures' space, or None.

        vocabulary: synonyms of types and materials in texts; None takes the shipped one.

        deepen: asked after the first look at the catalog; what it answers is searched with instead.

        executor: where pictures are compared; None takes the event loop's own threads.

        popularity: product id -> 0..1; it nudges, see rank.py.
        """
        self._catalog = catalog
        self._analyzer = analyzer
        self._calibration = calibration
        self._executor = executor
        self._popularity = popularity or {}
        self._deepen = deepen
        self._vocabulary = vocabulary or read_vocabulary()
        self._rulebook = rulebook or Rulebook()
        self._looks = looks
        self._seeker = Seeker(
            catalog,
            analyzer,
            calibration,
            executor=executor,
            popularity=popularity,
            deepen=deepen,
            vocabulary=self._vocabulary,
            looks=looks,
        )

    @property
    def calibration(self) -> Calibration:
        """How its scores are made."""
        return self._calibration

    @property
    def popularity(self) -> Mapping[str, float]:
        """Product id -> 0..1, as it is now."""
        return self._popularity

    def with_calibration(self, calibration: Calibration) -> "VisualSearch":
        """The same search whose scores are made with other numbers."""
        return VisualSearch(
            self._catalog,
            self._analyzer,
            calibration,
            executor=self._executor,
            popularity=self._popularity,
            deepen=self._deepen,
            vocabulary=self._vocabulary,
            rulebook=self._rulebook,
            looks=self._looks,
        )

    async def by_photo(
        self,
        photo: Photo,
        wishes: Wishes = NO_WISHES,
        *,
        deadline_s: float | None = None,
        when_seen: Callable[[], object] | None = None,
    ) -> SearchResult:
        """What the shop sells that is akin to the photographed thing. Words in the wishes refine the answer.

        when_seen: called once the photo was analyzed, for what would only slow that down.
        """
        async with deadline(deadline_s):
            check(wishes)
            watch = Stopwatch()
            findings = await self._seeker.find(photo, wishes, watch, when_seen)
            await photo.made()  # its digest is of the clean JPEG, which most often was made meanwhile
            key = search_key("photo", photo.sha256, repr(wishes.crop), wishes.text.strip(), filters_key(wishes))
            return await self._page(findings, wishes, key, watch)

    async def by_text(self, wishes: Wishes, *, deadline_s: float | None = None) -> SearchResult:
        """What the shop sells that fits the words. Raises EmptyQuery when there are none."""
        async with deadline(deadline_s):
            check(wishes)
            if not wishes.text.strip():
                raise EmptyQuery("The search holds no words.", fix="Send words in `text`, or search by photo.")
            watch = Stopwatch()
            findings = await self.find_words(wishes, watch)
            key = search_key("words", wishes.text.strip(), filters_key(wishes))
            return await self._page(findings, wishes, key, watch)

    async def similar_to(
        self,
        product_id: str,
        wishes: Wishes = NO_WISHES,
        *,
        deadline_s: float | None = None,
    ) -> SearchResult:
        """Other products akin to this one. Raises ProductNotFound."""
        async with deadline(deadline_s):
            check(wishes)
            watch = Stopwatch()
            findings = await self._seeker.find_similar(product_id, wishes, watch)
            key = search_key("similar", product_id, wishes.text.strip(), filters_key(wishes))
            page = await self._page(findings, wishes, key, watch)
            return replace(page, analysis=None)

    async def find(self, photo: Photo, wishes: Wishes, watch: Stopwatch | None = None) -> Findings:
        """All candidates for a photo with their scores, uncut: the judgments of a fit need those below the cut too."""
        return await self._seeker.find(photo, wishes, watch)

    async def find_words(self, wishes: Wishes, watch: Stopwatch | None = None) -> Findings:
        """All candidates for words with their scores, uncut."""
        return await self._seeker.find_words(wishes, watch)

    async def _page(self, findings: Findings, wishes: Wishes, key: str, watch: Stopwatch) -> SearchResult:
        snapshot = findings.snapshot
        generation = snapshot.generation
        rules = self._rulebook.rules() if wishes.ruled and wishes.sort is Sort.MATCH else NO_RULES
        key = page_key(key, wishes, rules)
        after = read_cursor(wishes.cursor, search=key, generation=generation.id) if wishes.cursor is not None else None
        results = relevant(findings.scored, self._calibration)
        put = await self._put(findings, results, rules, wishes)
        cards = folded(results, findings.twins) if wishes.fold else each_alone(results)
        best = [card.best for card in cards]
        order = ruled(cards, put) if put else placed(best, wishes.sort, await _prices(snapshot, best, wishes.sort))
        rest = order if after is None else [pair for pair in order if after.starts_after(pair[0], pair[1].product_id)]
        shown = [one for _, one in rest[: wishes.limit]]
        voters = results[:VOTERS] if findings.analysis is not None else []
        together = several(cards)
        wanted = dict.fromkeys([*(one.product_id for one in (*voters, *shown)), *together])
        # One counts in memory, the other reads the file: neither waits for the other.
        counted = [one.candidate.product_id for one in results]
        facets, found = await asyncio.gather(
            snapshot.facets(counted, FACETS, MOST_COUNTED if together else MOST_VALUES),
            snapshot.products(list(wanted)),
        )
        products = {product.id: product for product in found}
        facets = by_card(facets, cards, products, MOST_VALUES) if together else facets
        watch.lap("facets")
        # One that was deleted since it was found is left out.
        items = self.ranked(findings, [one for one in shown if one.product_id in products], products)
        items = with_variants(items, cards) if together else items
        items = with_rules(items, cards, put) if put else items
        analysis = settled_by(findings.analysis, voters, products)
        watch.lap("explain")
        last = rest[len(shown) - 1] if len(rest) > len(shown) else None
        cursor = Cursor(generation.id, key, last[0], last[1].product_id).encoded() if last is not None else None
        return SearchResult(
            search_id=token_urlsafe(12),
            items=items,
            total=len(cards),
            facets=facets,
            generation=generation,
            analysis=analysis,
            next_cursor=cursor,
            degraded=self._degraded(findings),
            timings_ms=watch.milliseconds,
            first=len(cards) - len(rest) + 1,
            reading=findings.reading,
        )

    async def _put(self, findings: Findings, results: Sequence[Scored], rules: Rules, wishes: Wishes) -> Placing | None:
        """Where rules put the results; None where none is on. Only then the products of the whole set are read."""
        seen = findings.analysis.type.name if findings.analysis is not None and findings.analysis.type else ""
        acting = rules.on(self._rulebook.today(), seen, wishes.text)
        if not acting or not results:
            return None
        products = await findings.snapshot.products([one.product_id for one in results])
        return placing(results, {one.id: one for one in products}, acting)

    def ranked(
        self, findings: Findings, shown: Sequence[Scored], products: Mapping[str, Product]
    ) -> tuple[RankedProduct, ...]:
        """What a shopper is shown of these candidates: products (by id, each must be there) with their reasons."""
        parts = contributions(shown, findings.question, self._calibration, self._popularity)
        return tuple(
            self._item(findings, scored, part, products[scored.product_id])
            for scored, part in zip(shown, parts, strict=True)
        )

    def _item(
        self, findings: Findings, scored: Scored, part: Mapping[Feature, float], product: Product
    ) -> RankedProduct:
        said = findings.said_of(scored)
        return RankedProduct(
            product=product,
            image=scored.candidate.image,
            score=scored.score,
            match=match_of(scored.score, self._calibration) or Match.LOOSE,
            reasons=explain(scored, part, product, findings.query, findings.analysis, said),
            evidence=evidence_of(scored, part, findings.question, self._calibration),
        )

    def _degraded(self, findings: Findings) -> tuple[Gap, ...]:
        gaps = findings.analysis.gaps if findings.analysis is not None else ()
        embedder = findings.query.vector.embedder if findings.query.vector is not None else self._calibration.embedder
        if self._calibration.embedder not in ("", embedder):
            gaps = (*gaps, Gap("calibration", "other-embedder"))
        if findings.snapshot.degraded:
            gaps = (*gaps, Gap("catalog", findings.snapshot.degraded))
        return gaps


def page_key(key: str, wishes: Wishes, rules: Rules) -> str:
    """What makes two pages pages of one search, beyond what was asked for: the order, the cards, the rules."""
    parts = [key, wishes.sort if wishes.sort is not Sort.MATCH else "", "folded" if wishes.fold else "", rules.version]
    return " ".join(part for part in parts if part)


def ruled(cards: Sequence[Card], put: Placing) -> list[tuple[float, Scored]]:
    """(place, best of the card), the first place first; a card stands where a rule puts one of its variants."""
    found = [(max(put.place[one.product_id] for one in (card.best, *card.others)), card.best) for card in cards]
    return sorted(found, key=lambda pair: (-pair[0], pair[1].product_id))


def with_rules(items: Sequence[RankedProduct], cards: Sequence[Card], put: Placing) -> tuple[RankedProduct, ...]:
    """The items with the rules that moved their cards among their reasons, of weight 0."""
    names = {
        card.best.product_id: dict.fromkeys(
            name for one in (card.best, *card.others) for name in put.named.get(one.product_id, ())
        )
        for card in cards
    }
    return tuple(
        replace(item, reasons=(*item.reasons, *(Reason(ReasonCode.RULE, name, 0.0) for name in names[item.product.id])))
        for item in items
    )


def with_variants(items: Sequence[RankedProduct], cards: Sequence[Card]) -> tuple[RankedProduct, ...]:
    """The items with the other variants of their cards."""
    others = {card.best.product_id: card.others for card in cards if card.others}
    return tuple(
        replace(item, variants=tuple(Variant(one.product_id, one.score) for one in others[item.product.id]))
        if item.product.id in others
        else item
        for item in items
    )


async def _prices(snapshot: Snapshot, results: Sequence[Scored], sort: Sort) -> Mapping[str, Decimal | None]:
    """What a shopper pays for each result; read only where the order asks for it."""
    if sort is Sort.MATCH:
        return {}
    products = await snapshot.products([one.product_id for one in results])
    return {one.id: one.sells_for.amount if one.sells_for is not None else None for one in products}


@asynccontextmanager
async def deadline(seconds: float | None) -> AsyncIterator[None]:
    """Give up after so many seconds. Raises DeadlineExceeded."""
    scope = asyncio.timeout(seconds)
    at = None if seconds is None else asyncio.get_running_loop().time() + seconds
    try:
        with answering_by(at):
            async with scope:
                yield
    except TimeoutError as error:
        if not scope.expired():  # somebody else's time-out, not ours to explain
            raise
        raise DeadlineExceeded(
            f"The search did not finish within {seconds} s.", fix="Try again in a moment.", deadline_s=seconds
        ) from error


def check(wishes: Wishes) -> None:
    """Refuse a page size that cannot be served. Raises InvalidLimit."""
    if not 1 <= wishes.limit <= MOST_ON_A_PAGE:
        raise InvalidLimit(
            f"A page of {wishes.limit} items cannot be had.",
            fix=f"Ask for 1 to {MOST_ON_A_PAGE} items.",
            limit=wishes.limit,
        )


def filters_key(wishes: Wishes) -> str:
    """The filters in one fixed form: their order does not make another search."""
    return "\n".join(sorted(repr(one) for one in wishes.filters))
