"""One load: survey the feed, fill a new generation, teach, verify, publish. Kill it anywhere, and run it again."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.catalog import Catalog, CatalogWriter, Generation, GenerationState, VerificationFailed
from app.intake import ARTIFACT, Fit, Intake, TypeFrom, teach
from catalog_loader.check import Survey, checked_rows, column_warnings, surveyed
from catalog_loader.errors import LoadRefused
from catalog_loader.memory import EarlierLoad
from catalog_loader.pipeline import CARRIED_AT_ONCE, Pipeline
from catalog_loader.rejects import Rejects
from catalog_loader.report import Outcome, Progress, Summary
from catalog_loader.sources import Feed

MAX_LOSS = 0.2
"""Share of the published products that a load may take away without asking."""

KEPT_GENERATIONS = 3
"""Retired generations kept for rollback."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a feed is to be loaded.

    holder: who loads, for others to see. rejects: where refused rows go. delta: the feed's products replace or join the
    published ones, instead of being all there is; a product goes only where a row says so. max_reject_share: 0..1 of
    the rows; with more refused nothing is published. yes: publish whatever the gates say. refetch: fetch the pictures
    of unchanged products too. fresh: give up what an interrupted load left. publish: False leaves the verified
    generation beside what is published.
    """

    holder: str
    rejects: Path
    type_from: TypeFrom = TypeFrom.PRODUCT_TYPE
    delta: bool = False
    max_reject_share: float = 0.2
    yes: bool = False
    refetch: bool = False
    fresh: bool = False
    publish: bool = True


@dataclass(frozen=True, slots=True)
class Parts:
    """What a load works with. embedder, dims: of the analyzer inside `intake`. fit: what the catalog teaches.

    is_taught: whether this analyzer can still learn from what an earlier load stored. afford: told how many pictures
    may have to be looked at, before the first is; raises LoadRefused when that is too dear.
    """

    catalog: Catalog
    writer: CatalogWriter
    intake: Intake
    fit: Fit
    embedder: str
    dims: int
    is_taught: Callable[[bytes], bool] = lambda _: True
    afford: Callable[[int], None] = lambda _: None


async def load(feed: Feed, wanted: Wanted, parts: Parts, progress: Progress, stop: asyncio.Event) -> Summary:
    """Load the feed. The summary says how it ended; what was published before stays unless it says PUBLISHED.

    stop: set it to finish what is in work, keep it, and return. Raises GenerationConflict while another load is alive,
    CatalogUnavailable, and Unavailable when pictures cannot be decoded or analyzed at all.
    """
    began = time.monotonic()
    summary = Summary(feed=feed.name)
    summary.told.note(feed.warnings)
    try:
        with Rejects(feed, wanted.rejects) as rejects:
            await _Load(feed, wanted, parts, progress, stop, summary, rejects).run()
    except (LoadRefused, VerificationFailed) as refused:
        summary.outcome = Outcome.REFUSED
        summary.message = f"Nothing was published. {refused.detail} {refused.fix or ''}".strip()
    summary.seconds = time.monotonic() - began
    return summary


class _Load:
    """The steps of one load, and what they share."""

    def __init__(
        self,
        feed: Feed,
        wanted: Wanted,
        parts: Parts,
        progress: Progress,
        stop: asyncio.Event,
        summary: Summary,
        rejects: Rejects,
    ) -> None:
        self.feed, self.wanted, self.parts = feed, wanted, parts
        self.progress, self.stop, self.summary, self.rejects = progress, stop, summary, rejects
        self.writer = parts.writer

    async def run(self) -> None:
        """From the feed to the published generation."""
        known = await self.parts.catalog.generations()
        published = next((found for found in known if found.state is GenerationState.PUBLISHED), None)
        hashes = await self.writer.content_hashes(published.id) if published else {}
        survey = await self._survey(hashes)
        if survey is None:
            self._interrupted("Nothing was begun.")
            return
        self._gate_before(survey, hashes)
        if published and self._says_nothing_new(survey, hashes, published) and await self._is_taught():
            self.summary.outcome, self.summary.generation = Outcome.UNCHANGED, published.id
            self.summary.rows, self.summary.unchanged = survey.rows, survey.unchanged
            self.summary.departed = len(survey.departures)
            self.summary.products = len(hashes)
            self.summary.message = "Nothing to do: the feed says what is published already."
            self.rejects.keep()
            return
        finished = next((found for found in known if self._is_finished(found)), None)
        if finished:
            # Killed between its last check and publishing; there is nothing left to do but that.
            taken = survey.products if self.wanted.delta else finished.products
            self.summary.rows, self.summary.departed = survey.rows, len(survey.departures)
            self.summary.refused = survey.rows - len(survey.departures) - taken
            self.summary.resumed = taken
            await self._publish(finished.id)
            return
        anew = self.wanted.refetch or not self._same_embedder(published)
        self.parts.afford(survey.pictures if anew else survey.new_pictures)
        generation = await self._opened(known)
        self.summary.generation = generation.id
        present = await self._filled(generation, published, hashes, survey)
        if present is not None:
            self.summary.gone = sum(product_id not in present for product_id in hashes)
            self._gate_after(len(hashes))
            await self._finish(generation.id, present)

    @property
    def _source(self) -> str:
        """What must be the same for a load to be continued."""
        how = f"{'delta ' if self.wanted.delta else ''}type-from={self.wanted.type_from}"
        return f"sha256:{self.feed.digest} {how} {self.feed.name}"

    async def _survey(self, hashes: Mapping[str, str]) -> Survey | None:
        """Read the whole feed once; None when told to stop."""
        self.progress.stage("Checking the feed")
        survey = Survey()
        for survey in surveyed(self.feed.format, self.wanted.type_from, hashes):
            self.progress.rows(survey.rows, 0)
            await asyncio.sleep(0)
            if self.stop.is_set():
                return None
        return survey

    def _gate_before(self, survey: Survey, hashes: Mapping[str, str]) -> None:
        """Refuse a feed that would harm before hours are spent on its pictures. Raises LoadRefused."""
        refusal = None
        departed = sum(product_id in hashes for product_id in survey.departures)
        lost = departed if self.wanted.delta else len(hashes) - survey.published
        if not survey.products and not (self.wanted.delta and survey.departures):
            refusal = LoadRefused("Not one row of the feed is a product.", fix="See: catalog-loader check FEED.")
        elif self.wanted.yes:
            return
        elif survey.refused > self.wanted.max_reject_share * survey.rows:
            refusal = self._too_many_refused(survey.refused, survey.rows)
        elif self.feed.format.cut_short:
            refusal = LoadRefused(
                "The feed ends before its end tag: it was cut short.",
                fix="Export or download it again, or publish it as it is with --yes.",
            )
        elif lost > MAX_LOSS * len(hashes):
            refusal = self._too_many_gone(lost, len(hashes))
        if refusal:
            self.summary.rows, self.summary.refused = survey.rows, survey.refused
            self.summary.told = survey.told
            raise refusal

    def _gate_after(self, published: int) -> None:
        """The same, now that pictures may have failed too. Raises LoadRefused."""
        summary = self.summary
        if self.wanted.yes:
            return
        if summary.refused > self.wanted.max_reject_share * summary.rows:
            self._keep_rejects()
            raise self._too_many_refused(summary.refused, summary.rows)
        if summary.gone > MAX_LOSS * published:
            self._keep_rejects()
            raise self._too_many_gone(summary.gone, published)

    def _too_many_refused(self, refused: int, rows: int) -> LoadRefused:
        return LoadRefused(
            f"{refused:,} of {rows:,} rows were refused; {self.wanted.max_reject_share:.0%} are allowed.",
            fix="Mend the feed and load it again; or publish the rest with --yes, or a larger --max-reject-share.",
        )

    def _too_many_gone(self, lost: int, published: int) -> LoadRefused:
        return LoadRefused(
            f"{lost:,} of {published:,} published products would go; {MAX_LOSS:.0%} may without asking.",
            fix="If they are really gone, say --yes; if the feed is a part of the shop, load it with --delta.",
        )

    async def _is_taught(self) -> bool:
        """Whether what the published generation taught can be used by this version's eyes."""
        taught = await (await self.parts.catalog.snapshot()).artifact(ARTIFACT)
        return taught is not None and self.parts.is_taught(taught)

    def _says_nothing_new(self, survey: Survey, hashes: Mapping[str, str], published: Generation) -> bool:
        stays = survey.departures.isdisjoint(hashes.keys()) if self.wanted.delta else len(hashes) == survey.products
        everything = survey.unchanged == survey.products and stays
        return (
            everything
            and not survey.refused
            and not self.wanted.refetch
            and (published.embedder, published.dims) == (self.parts.embedder, self.parts.dims)
        )

    def _same_embedder(self, published: Generation | None) -> bool:
        return published is not None and published.embedder == self.parts.embedder

    def _is_finished(self, generation: Generation) -> bool:
        return (
            generation.state is GenerationState.VERIFIED
            and (generation.source, generation.embedder) == (self._source, self.parts.embedder)
            and not self.wanted.fresh
        )

    async def _opened(self, known: Sequence[Generation]) -> Generation:
        """The interrupted load's generation when it was of this feed, else a new one."""
        found = None
        if not self.wanted.fresh:
            found = await self.writer.resume(
                source=self._source, embedder=self.parts.embedder, holder=self.wanted.holder
            )
        return found or await self.writer.begin(
            embedder=self.parts.embedder, dims=self.parts.dims, source=self._source, holder=self.wanted.holder
        )

    async def _filled(
        self, generation: Generation, published: Generation | None, hashes: Mapping[str, str], survey: Survey
    ) -> dict[str, str] | None:
        """Put all products into the generation: content hash by product id; None when told to stop."""
        present = dict(await self.writer.content_hashes(generation.id))
        if self.wanted.delta and published:
            staying = [product_id for product_id in hashes if product_id not in survey.departures]
            present = await self._carried(generation, published, staying, present)
        same = self._same_embedder(published)
        self.progress.stage("Looking at pictures", survey.rows)
        pipeline = Pipeline(
            writer=self.writer,
            generation_id=generation.id,
            intake=self.parts.intake,
            memory=EarlierLoad(self.parts.catalog, self.writer, generation.id, hashes if same else {}),
            published=hashes if same and not self.wanted.refetch else {},
            present=present,
            rejects=self.rejects,
            summary=self.summary,
            progress=self.progress,
            stop=self.stop,
        )
        await _unwrapped(pipeline.run(checked_rows(self.feed.format, self.wanted.type_from)))
        if self.stop.is_set():
            self._interrupted(f"{len(present):,} of {survey.products:,} products are kept.")
            return None
        self.summary.told.note(column_warnings(self.feed.format))
        return present

    async def _carried(
        self, generation: Generation, published: Generation, staying: Sequence[str], present: dict[str, str]
    ) -> dict[str, str]:
        """Bring what stays into the generation of a delta; what an interrupted run brought is left as it is."""
        if (published.embedder, published.dims) != (self.parts.embedder, self.parts.dims):
            await self.writer.abandon(generation.id)
            raise LoadRefused(
                f"What is published was made with {published.embedder}, this load uses {self.parts.embedder}.",
                fix="Load the whole feed, without --delta.",
            )
        missing = [product_id for product_id in staying if product_id not in present]
        self.progress.stage("Taking over what is published", len(missing))
        for start in range(0, len(missing), CARRIED_AT_ONCE):
            await self.writer.carry_over(generation.id, missing[start : start + CARRIED_AT_ONCE])
            self.progress.rows(start, 0)
        return dict(await self.writer.content_hashes(generation.id))

    async def _finish(self, generation_id: str, present: Mapping[str, str]) -> None:
        """Teach, verify, publish."""
        self.progress.stage("Learning from the products")
        await teach(self.writer, generation_id, self.parts.fit)
        self.progress.stage("Verifying")
        await self.writer.verify(generation_id, expected_products=len(present))
        await self._publish(generation_id)

    async def _publish(self, generation_id: str) -> None:
        if not self.wanted.publish:
            self.summary.outcome, self.summary.generation = Outcome.VERIFIED, generation_id
            self.summary.products = await self._published_products()
            self.summary.message = (
                f"Version {generation_id} is ready beside the published one. "
                f"`akin generations publish {generation_id}` publishes it, `akin generations abandon` gives it up."
            )
            self._keep_rejects()
            return
        self.progress.stage("Publishing")
        published = await self.parts.catalog.publish(generation_id)
        self.summary.outcome = Outcome.PUBLISHED
        self.summary.generation, self.summary.products = published.id, published.products
        self.summary.message = f"Published generation {published.id}: {published.products:,} products."
        self._keep_rejects()
        await self._tidy(published)

    async def _published_products(self) -> int:
        known = await self.parts.catalog.generations()
        return next((one.products for one in known if one.state is GenerationState.PUBLISHED), 0)

    async def _tidy(self, published: Generation) -> None:
        """Free what nobody will publish any more: old generations, and those verified before this one."""
        for old in await self.parts.catalog.generations():
            if old.state is GenerationState.VERIFIED and old.created_at < published.created_at:
                await self.writer.abandon(old.id)
        await self.writer.prune(keep=KEPT_GENERATIONS)

    def _keep_rejects(self) -> None:
        self.rejects.keep()
        self.summary.rejects = str(self.rejects.path) if self.rejects.count else ""

    def _interrupted(self, what: str) -> None:
        self.summary.outcome = Outcome.INTERRUPTED
        self.summary.message = f"Stopped before the end. {what} Run the same command again to go on."


async def _unwrapped(work: Coroutine[None, None, None]) -> None:
    """Run it; of several failures at once, raise the first as itself."""
    try:
        await work
    except BaseExceptionGroup as group:
        failure: BaseException = group
        while isinstance(failure, BaseExceptionGroup):
            failure = failure.exceptions[0]
        raise failure from None
