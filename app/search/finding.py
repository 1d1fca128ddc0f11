"""Finding: from a question to every candidate with its score, before anything is cut, counted or paged."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np

from app.analysis import Analyzer, Box, PhotoAnalysis, Vocabulary, WordsAsLooks, glance, read_vocabulary
from app.catalog import (
    Candidate,
    Catalog,
    Channel,
    ImageEvidence,
    NotProduct,
    Product,
    ProductNotFound,
    Query,
    Snapshot,
)
from app.photos import Photo
from app.search.calibration import Calibration
from app.search.closer import look_closer, twins
from app.search.fitting import Fit
from app.search.model import Wishes
from app.search.narrowing import Wordbook, fits_of, met, recolored, unsaid
from app.search.pictured import Pictured, PictureWords, joined, moved_closeness, moved_looks
from app.search.query import analysis_of_product, query_for_photo, query_for_words
from app.search.rank import (
    Closeness,
    Question,
    Scored,
    nearest_of,
    rank,
    refine,
    relevant,
    worth_a_closer_look,
)
from app.search.settle import VOTERS, agreement, settled
from app.search.wording import Reading

CLOSER_LOOKS = 48
"""Candidates whose pictures are compared closely; 0.3 ms each (docs/decisions/0051)."""
GLANCES = 480
"""Further candidates whose key points are glanced at where nothing close was found; 0.06 ms each with their reading."""
SECOND_LOOKS = 24
"""Of those, how many are compared closely: the ones with the most counterparts."""
NOTHING_SAID = Reading()

Deepen = Callable[[Photo, Box | None, PhotoAnalysis, float], Awaitable[PhotoAnalysis | None]]
"""(photo, crop, analysis, how sure its type is now, 0..1) -> a deeper analysis, or None where none is needed."""


class Stopwatch:
    """Milliseconds of each stage, in the order they were passed."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}
        self._since = perf_counter()

    def lap(self, stage: str) -> None:
        """Book the time since the lap before (or the start) to the stage."""
        now = perf_counter()
        self.milliseconds[stage] = self.milliseconds.get(stage, 0.0) + (now - self._since) * 1000.0
        self._since = now


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything found for one question, before it is cut: what `akin tune` and `akin evaluate` look at too.

    scored: all candidates, best first, also those below the cut-off; with words beside a photo, those that would be
    shown without the words. reading, fits: what the words were taken for, and how products meet it. twins: pairs of
    near-duplicates among those looked at closely.
    """

    snapshot: Snapshot
    query: Query
    question: Question
    analysis: PhotoAnalysis | None
    scored: tuple[Scored, ...]
    reading: Reading = NOTHING_SAID
    twins: tuple[tuple[str, str], ...] = ()
    fits: Mapping[str, Fit] = field(default_factory=dict)

    def said_of(self, scored: Scored) -> str:
        """What of the words this product meets, "" where that was not looked at."""
        return self.fits[scored.product_id].found if scored.product_id in self.fits else ""


class Seeker:
    """Looks, asks the catalog, looks closer and scores. Raises what catalog and analyzer raise."""

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
        looks: WordsAsLooks | None = None,
    ) -> None:
        """See VisualSearch."""
        self._pictures = PictureWords(looks)
        self._catalog = catalog
        self._analyzer = analyzer
        self._calibration = calibration
        self._executor = executor
        self._popularity = popularity or {}
        self._deepen = deepen
        self._words = Wordbook(vocabulary or read_vocabulary())

    async def find(
        self,
        photo: Photo,
        wishes: Wishes,
        watch: Stopwatch | None = None,
        when_seen: Callable[[], object] | None = None,
    ) -> Findings:
        """All candidates for a photo with their scores, uncut: the judgments of a fit need those below the cut too.

        when_seen: called once the photo was analyzed.
        """
        watch = watch or Stopwatch()
        analysis = await self._analyzer.analyze(photo, wishes.crop)
        watch.lap("analyze")
        if when_seen is not None:
            when_seen()
        snapshot = await self._catalog.snapshot()
        findings = await self._for_analysis(snapshot, analysis, wishes, watch)
        if self._deepen is None:
            return findings
        voters = relevant(findings.scored, self._calibration)[:VOTERS]
        products = {one.id: one for one in await snapshot.products([one.product_id for one in voters])}
        now = settled_by(analysis, voters, products)
        sure = agreement(analysis.type, now.type if now is not None else None)
        deeper = await self._deepen(photo, wishes.crop, analysis, sure)
        watch.lap("deepen")
        return findings if deeper is None else await self._for_analysis(snapshot, deeper, wishes, watch)

    async def find_similar(self, product_id: str, wishes: Wishes, watch: Stopwatch) -> Findings:
        """All candidates akin to a product, but itself. Raises ProductNotFound."""
        snapshot = await self._catalog.snapshot()
        analysis = await known_of(snapshot, product_id)
        watch.lap("analyze")
        others = replace(wishes, filters=(*wishes.filters, NotProduct((product_id,))))
        return await self._for_analysis(snapshot, analysis, others, watch)

    async def find_words(self, wishes: Wishes, watch: Stopwatch | None = None) -> Findings:
        """All candidates for words with their scores, uncut."""
        watch = watch or Stopwatch()
        snapshot = await self._catalog.snapshot()
        reading = await self._words.read(snapshot, wishes.text)
        watch.lap("read")
        question = Question(photo=False, words=True)
        query = query_for_words(wishes, reading)
        pictured = await self._pictures.for_words(snapshot, query, reading)
        findings = await self._gather(snapshot, query, question, None, watch, pictured.further)
        if not reading.unwanted and (reading.wanted or reading.price is None):
            return replace(findings, reading=reading)
        return await self._met_by_all(findings, reading, pictured)

    async def _met_by_all(self, findings: Findings, reading: Reading, pictured: Pictured) -> Findings:
        """Products that have what the words ask against are no answer to words alone; where they ask for nothing else
        (a price, "no arms"), all others meet them."""
        asked = findings.scored if not reading.wanted else relevant(findings.scored, self._calibration)
        lexicon = await self._words.lexicon(findings.snapshot)
        products = await findings.snapshot.products([one.product_id for one in asked])
        fits = await asyncio.to_thread(fits_of, reading, products, lexicon, pictured.shares)
        spared = [one for one in asked if one.product_id in fits and fits[one.product_id].share > 0.0]
        if not reading.wanted:
            meeting = [met(one.candidate, fits[one.product_id], reading) for one in spared]
            spared = rank(meeting, findings.question, self._calibration, popularity=self._popularity)
        return replace(findings, scored=tuple(spared), reading=reading, fits=fits)

    async def _for_analysis(
        self, snapshot: Snapshot, analysis: PhotoAnalysis, wishes: Wishes, watch: Stopwatch
    ) -> Findings:
        reading = await self._words.read(snapshot, wishes.text)
        query = query_for_photo(analysis, wishes, reading)
        question = Question(photo=True, words=reading.says_something, novelty=analysis.novelty)
        if not question.words:
            return replace(await self._gather(snapshot, query, question, analysis, watch), reading=reading)
        return await self._narrowed(snapshot, query, question, analysis, reading, watch)

    async def _narrowed(
        self,
        snapshot: Snapshot,
        query: Query,
        question: Question,
        analysis: PhotoAnalysis,
        reading: Reading,
        watch: Stopwatch,
    ) -> Findings:
        """Of what the photo alone would show, what meets the words first; nothing else, so that words never lead
        away from the photo."""
        found = await retrieved(snapshot, query, analysis)
        pictured = await self._pictures.beside_photo(snapshot, query, analysis, reading, found)
        found = joined(found, pictured.further) if pictured.further else found
        watch.lap("retrieve")
        plain = replace(question, words=False)
        alone = rank([unsaid(one) for one in found], plain, self._calibration, popularity=self._popularity)
        akin = {one.product_id: one.candidate for one in relevant(alone, self._calibration)}
        lexicon = await self._words.lexicon(snapshot)
        products = await snapshot.products(list(akin))
        fits = await asyncio.to_thread(fits_of, reading, products, lexicon, pictured.shares)
        meeting = [met(one, fits[key], reading) for key, one in akin.items() if key in fits]
        meeting = moved_looks(meeting, pictured.moved)
        scored = rank(meeting, question, self._calibration, popularity=self._popularity)
        watch.lap("rank")
        near, copies = await self._closeness(snapshot, analysis, scored, plain)
        watch.lap("verify")
        alone = refine([one for one in alone if one.product_id in fits], plain, self._calibration, near)
        akin_still = {one.product_id for one in relevant(alone, self._calibration)}
        looked = recolored(moved_closeness(near, pictured.moved), fits, reading)
        scored = refine(scored, question, self._calibration, looked, self._popularity)
        kept = tuple(one for one in scored if one.product_id in akin_still)
        watch.lap("rank")
        return Findings(snapshot, query, question, analysis, kept, reading, copies, fits)

    async def _gather(
        self,
        snapshot: Snapshot,
        query: Query,
        question: Question,
        analysis: PhotoAnalysis | None,
        watch: Stopwatch,
        further: Sequence[Candidate] = (),
    ) -> Findings:
        found = await retrieved(snapshot, query, analysis)
        found = joined(found, further) if further else found
        watch.lap("retrieve")
        scored = rank(found, question, self._calibration, popularity=self._popularity)
        watch.lap("rank")
        copies: tuple[tuple[str, str], ...] = ()
        if analysis is not None:
            near, copies = await self._closeness(snapshot, analysis, scored, question)
            watch.lap("verify")
            scored = refine(scored, question, self._calibration, near, self._popularity)
            watch.lap("rank")
        return Findings(snapshot, query, question, analysis, tuple(scored), twins=copies)

    async def _closeness(
        self, snapshot: Snapshot, analysis: PhotoAnalysis, scored: list[Scored], question: Question
    ) -> tuple[dict[str, Closeness], tuple[tuple[str, str], ...]]:
        """The closer looks, by product id, and which of the products are near-duplicates.

        Where nothing close is among them, the key points of more candidates are glanced at: the very thing, turned by
        a quarter or half hidden, may look like nothing it is, and its print still proves it.
        """
        chosen = worth_a_closer_look(scored, CLOSER_LOOKS)
        seen = await pictures_of(snapshot, chosen)
        if not seen:
            return {}, ()
        loop = asyncio.get_running_loop()
        near, copies = await loop.run_in_executor(self._executor, looked_at, analysis, seen)
        found = dict(zip((product_id for product_id, _ in seen), near, strict=True))
        best = refine(chosen, question, self._calibration, found)[0]
        if best.score >= self._calibration.close or len(scored) == len(chosen) or not analysis.features:
            return found, copies
        more = await pictures_of(snapshot, nearest_of(scored, {one.product_id for one in chosen}, GLANCES))
        return found | await loop.run_in_executor(self._executor, proven, analysis, more), copies


async def pictures_of(snapshot: Snapshot, chosen: Sequence[Scored]) -> list[tuple[str, ImageEvidence]]:
    """The candidates' product ids with the pictures they were found by, as far as these are readable."""
    evidence = await snapshot.evidence([(one.product_id, one.candidate.image) for one in chosen])
    return [(one.product_id, picture) for one, picture in zip(chosen, evidence, strict=True) if picture is not None]


def proven(analysis: PhotoAnalysis, seen: Sequence[tuple[str, ImageEvidence]]) -> dict[str, Closeness]:
    """The closer look at the pictures with the most key points that have a counterpart, by product id. Blocking."""
    counterparts = glance(analysis.features, [picture.features for _, picture in seen])
    best = [seen[row] for row in np.argsort(-counterparts, kind="stable")[:SECOND_LOOKS] if counterparts[row] > 0.0]
    near = look_closer(analysis, [picture for _, picture in best])
    return dict(zip((product_id for product_id, _ in best), near, strict=True))


async def retrieved(snapshot: Snapshot, query: Query, analysis: PhotoAnalysis | None) -> Sequence[Candidate]:
    """The candidates. Where a part of the photo's vector is missing, the look of the rest is taken for the whole."""
    found = (await snapshot.retrieve(query)).items
    share = analysis.embedding.share if analysis is not None and analysis.embedding is not None else 1.0
    if share == 1.0:
        return found
    return [one.looking(one.signals[Channel.LOOK] / share) if Channel.LOOK in one.signals else one for one in found]


def looked_at(
    analysis: PhotoAnalysis, seen: Sequence[tuple[str, ImageEvidence]]
) -> tuple[list[Closeness], tuple[tuple[str, str], ...]]:
    """The closer look at each picture, and the near-duplicates among them. Blocking."""
    return look_closer(analysis, [picture for _, picture in seen]), tuple(twins(seen))


def settled_by(
    analysis: PhotoAnalysis | None, voters: Sequence[Scored], products: Mapping[str, Product]
) -> PhotoAnalysis | None:
    """The analysis with its type settled by the best answers, the same on every page."""
    if analysis is None:
        return None
    there = [(products[one.product_id].type, one.score) for one in voters if one.product_id in products]
    return settled(analysis, there)


async def known_of(snapshot: Snapshot, product_id: str) -> PhotoAnalysis:
    """What is known of a product by its first readable picture. Raises ProductNotFound."""
    products = await snapshot.products([product_id])
    if not products:
        raise ProductNotFound(f"There is no product {product_id!r}.", fix="Use an id from a search result.")
    product = products[0]
    pictures = await snapshot.evidence([(product.id, position) for position in range(len(product.images))])
    return analysis_of_product(product, next((picture for picture in pictures if picture is not None), None))
