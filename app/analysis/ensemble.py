"""An Analyzer made of the embedded eyes and outside sources: all at once, under one deadline, merged and explained."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.analysis.analyzer import Analyzer
from app.analysis.asking import Asker, SourceState
from app.analysis.merge import main_thing, merged, overlap
from app.analysis.model import Box, Gap, PhotoAnalysis
from app.analysis.patience import answering_by, wait_until
from app.analysis.sighting import Sighting
from app.analysis.source import Picture, Reason, SourceFailure
from app.analysis.trust import Trust
from app.analysis.vocabulary import Vocabulary
from app.errors import Unavailable
from app.metering import UnplacedWords
from app.photos import Photo

SAME_REGION = 0.6
"""A source's box that overlaps the region the eyes chose more than this is no reason to look again."""
SUREST_BOX = 0.5
"""Boxes less sure than this do not move the region."""

logger = logging.getLogger("akin.sources")

Outgoing = Callable[[Photo], Awaitable[Picture]]
"""Makes what leaves Akin out of a photo."""


@dataclass(frozen=True, slots=True)
class Cascade:
    """When outside sources are asked. below: only where the type is less sure than this, 0..1; 1 asks always.

    attributes: those that must be known; a missing one is a reason to ask too.
    """

    below: float = 1.0
    attributes: tuple[str, ...] = ()

    @property
    def always(self) -> bool:
        """Whether sources are asked for every photo at once."""
        return self.below >= 1.0

    def wanted(self, analysis: PhotoAnalysis, type_confidence: float) -> bool:
        """Whether asking can change the answer."""
        known = {one.name for one in analysis.attributes}
        return type_confidence < self.below or not set(self.attributes) <= known


@dataclass(frozen=True, slots=True)
class _Said:
    sightings: Mapping[str, Sighting]
    gaps: tuple[Gap, ...]


class Ensemble:
    """Looks with `base` and asks all sources at the same time.

    base: makes region, embedding and features; without it there is no answer. patience_s: longest wait for sources;
    where a request's deadline leaves less, a share of that (patience.py). What is late is cancelled and named in
    `gaps`, as is everything else that kept a source from having a part. broken: sources that could not be built, with
    the reason.
    hybrid: look again, closer, where a source found the object elsewhere than the eyes did. beside: askers of others
    (the base's embedder) that are opened, shown and closed together with these.
    """

    name = "ensemble"

    def __init__(
        self,
        base: Analyzer,
        askers: Sequence[Asker],
        *,
        vocabulary: Vocabulary,
        trust: Trust,
        outgoing: Outgoing,
        words: UnplacedWords,
        broken: Sequence[Gap] = (),
        patience_s: float = 3.0,
        cascade: Cascade | None = None,
        hybrid: bool = True,
        beside: Sequence[Asker] = (),
    ) -> None:
        self._beside = tuple(beside)
        self._base = base
        self._askers = tuple(askers)
        self._vocabulary = vocabulary
        self._trust = trust
        self._outgoing = outgoing
        self._words = words
        self._broken = tuple(broken)
        self._patience_s = patience_s
        self._cascade = cascade or Cascade()
        self._hybrid = hybrid
        self._noting: set[asyncio.Task[None]] = set()
        self._said_odd: dict[str, str] = {}

    async def analyze(self, photo: Photo, crop: Box | None = None) -> PhotoAnalysis:
        """See Analyzer. With a cascade nobody outside is asked here; see `deepen`."""
        if not self._cascade.always:
            analysis = await self._base.analyze(photo, crop)
            return replace(analysis, gaps=(*analysis.gaps, *self._broken))
        until = wait_until(self._patience_s)
        asking = asyncio.create_task(self._ask(photo, until))
        try:
            base = await self._base.analyze(photo, crop)
            said = await asking
        finally:
            asking.cancel()
        return await self._joined(photo, crop, base, said, until)

    async def deepen(
        self, photo: Photo, crop: Box | None, analysis: PhotoAnalysis, type_confidence: float
    ) -> PhotoAnalysis | None:
        """The second step of a cascade: ask the sources if that can change the answer, else None.

        analysis: what `analyze` said. type_confidence: how sure the type is by now, after looking at the catalog.
        """
        if self._cascade.always or not self._askers:
            return None
        if not self._cascade.wanted(analysis, type_confidence):
            for asker in self._askers:
                await asker.spared()
            return None
        until = wait_until(self._patience_s)
        return await self._joined(photo, crop, replace(analysis, gaps=()), await self._ask(photo, until), until)

    async def open(self) -> None:
        """Make all sources ready, before the first photo comes."""
        await asyncio.gather(*(asker.open() for asker in (*self._askers, *self._beside)))

    def states(self) -> tuple[SourceState, ...]:
        """How the sources are, for /ready and metrics."""
        return tuple(asker.state() for asker in (*self._askers, *self._beside))

    @property
    def broken(self) -> tuple[Gap, ...]:
        """Sources that could not be built."""
        return self._broken

    async def close(self) -> None:
        """Close the sources; the base belongs to whoever made it."""
        for asker in (*self._askers, *self._beside):
            await asker.close()
        await asyncio.gather(*self._noting, return_exceptions=True)

    async def _ask(self, photo: Photo, until: float) -> _Said:
        if not self._askers:
            return _Said({}, self._broken)
        try:
            picture = await self._outgoing(photo)
        except Unavailable as failure:
            self._log_once("sources", f"were not asked: {failure.detail}")
            unasked = tuple(Gap(asker.name, Reason.UNAVAILABLE.value) for asker in self._askers)
            return _Said({}, (*self._broken, *unasked))
        answers = await asyncio.gather(*(self._answer(asker, picture, until) for asker in self._askers))
        sightings = {name: seen for name, seen, _ in answers if seen is not None}
        gaps = tuple(gap for _, _, found in answers for gap in found)
        return _Said(sightings, (*self._broken, *gaps))

    async def _answer(self, asker: Asker, picture: Picture, until: float) -> tuple[str, Sighting | None, list[Gap]]:
        try:
            sighting = await asker.ask(picture, until)
        except SourceFailure as failure:
            return asker.name, None, [Gap(asker.name, failure.reason.value)]
        if sighting.oddities:
            self._log_once(asker.name, f"left out {'; '.join(sighting.oddities)}")
        gaps = [Gap(asker.name, Reason.BAD_ANSWER.value)] if sighting.oddities else []
        if sighting.empty:
            self._log_once(asker.name, "answered with nothing at all")
            gaps = gaps or [Gap(asker.name, Reason.NOTHING_SEEN.value)]
        return asker.name, sighting, gaps

    async def _joined(
        self, photo: Photo, crop: Box | None, base: PhotoAnalysis, said: _Said, until: float
    ) -> PhotoAnalysis:
        if crop is None and self._hybrid:
            with answering_by(until):  # an embedder elsewhere is not waited for once more beyond that
                base = await self._looked_closer(photo, base, said.sightings)
        whole = merged(base, said.sightings, self._vocabulary, self._trust, crop=crop)
        if whole.unplaced:
            self._note(whole.unplaced, whole.analysis)
        for name in whole.unplaced_only:
            self._log_once(name, "said only words the vocabulary lacks; see `akin vocabulary gaps`")
        strange = tuple(Gap(name, Reason.UNKNOWN_WORDS.value) for name in whole.unplaced_only)
        return replace(whole.analysis, gaps=(*base.gaps, *said.gaps, *strange))

    async def _looked_closer(
        self, photo: Photo, base: PhotoAnalysis, sightings: Mapping[str, Sighting]
    ) -> PhotoAnalysis:
        """Look again where a source found the object, if that is not where the eyes looked."""
        thing = main_thing(sightings, self._vocabulary, self._trust)
        if thing is None or thing.word.confidence < SUREST_BOX or overlap(thing.box, base.region) > SAME_REGION:
            return base
        closer = await self._base.analyze(photo, thing.box)
        return replace(closer, objects=base.objects, gaps=base.gaps)

    def _note(self, unplaced: tuple[tuple[str, str], ...], analysis: PhotoAnalysis) -> None:
        """Remember words nobody could place; the answer does not wait for it."""
        task = asyncio.create_task(self._noted(unplaced, analysis.type.name if analysis.type else ""))
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def _noted(self, unplaced: tuple[tuple[str, str], ...], seen_as: str) -> None:
        try:
            await self._words.add(unplaced, seen_as)
        except Unavailable as trouble:
            self._log_once("words", trouble.detail)

    def _log_once(self, name: str, what: str) -> None:
        if self._said_odd.get(name) != what:
            logger.warning("%s %s", name, what)
            self._said_odd[name] = what
