"""Rows become products of the new generation: many at once, written in batches, holding only what is in work."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.catalog import CatalogWriter, Product, ProductsRejected
from app.intake import INCOMPLETE, Intake, Memory, Prepared, Problem
from catalog_loader.check import CheckedRow
from catalog_loader.rejects import Rejects
from catalog_loader.report import Progress, Summary

WORKERS = 16
"""Products in work at once: enough to keep the analyzer busy while pictures come over a slow network."""

BATCH = 64
"""Products written in one transaction; what a kill can cost is analyzed again."""

IMAGE_FIELDS = ("image_link", "additional_image_link")
LONGEST_BATCH_S = 5.0
CARRIED_AT_ONCE = 500
HEARTBEAT_S = 15.0
"""A writer that is silent for 60 s counts as dead."""


@dataclass(slots=True)
class Pipeline:
    """Fills one generation from checked rows.

    published: content hashes of the published generation that may be taken over as they are. present: hashes of what is
    in the generation being loaded; grows as rows are written. stop: set it to finish what is in work and return.
    """

    writer: CatalogWriter
    generation_id: str
    intake: Intake
    memory: Memory
    published: Mapping[str, str]
    present: dict[str, str]
    rejects: Rejects
    summary: Summary
    progress: Progress
    stop: asyncio.Event
    _work: asyncio.Queue[CheckedRow | None] = field(init=False)
    _done: asyncio.Queue[tuple[CheckedRow, Prepared] | None] = field(init=False)
    _carried: list[CheckedRow] = field(default_factory=list)
    _finished: int = 0
    _looked_at: int = 0

    def __post_init__(self) -> None:
        self._work = asyncio.Queue(WORKERS)
        self._done = asyncio.Queue(BATCH)

    async def run(self, rows: Iterator[CheckedRow]) -> None:
        """Work through the rows, or until `stop` is set; all that was prepared is written when this returns.

        Raises CatalogUnavailable and the like; what was written until then stays.
        """
        async with asyncio.TaskGroup() as tasks:
            heartbeat = tasks.create_task(self._beat())
            writing = tasks.create_task(self._write())
            async with asyncio.TaskGroup() as workers:
                for _ in range(WORKERS):
                    workers.create_task(self._prepare())
                await self._distribute(rows)
                for _ in range(WORKERS):
                    await self._work.put(None)
            await self._done.put(None)
            await writing
            heartbeat.cancel()

    async def _distribute(self, rows: Iterator[CheckedRow]) -> None:
        """Decide what each row needs: nothing, taking over, or the whole way."""
        for number, checked in enumerate(rows):
            if self.stop.is_set():
                return
            if number % 100 == 0:
                await asyncio.sleep(0)
            self.summary.rows += 1
            product = checked.product
            if checked.goes:
                self.summary.departed += 1
                self._show()
            elif product is None:
                self._refuse(checked)
                self._show()
            elif self.present.get(product.id, "").removesuffix(INCOMPLETE) == product.content_hash:
                self._keep(checked, "unchanged" if self._is_published(product) else "resumed")
                self._show()
            elif self._is_published(product):
                self._carried.append(checked)
                if len(self._carried) >= CARRIED_AT_ONCE:
                    await self._carry()
            else:
                await self._work.put(checked)
        await self._carry()

    def _is_published(self, product: Product) -> bool:
        return self.published.get(product.id) == product.content_hash

    async def _carry(self) -> None:
        """Take unchanged products over; one that was deleted meanwhile goes the whole way."""
        batch, self._carried = self._carried, []
        ids = [checked.product.id for checked in batch if checked.product]
        if not ids:
            return
        kept = await self.writer.carry_over(self.generation_id, ids)
        there = set(ids) if kept == len(ids) else set(await self.writer.content_hashes(self.generation_id))
        for checked in batch:
            assert checked.product is not None
            if checked.product.id in there:
                self.present[checked.product.id] = checked.product.content_hash
                self._keep(checked, "unchanged")
                self._show()
            else:
                await self._work.put(checked)

    async def _prepare(self) -> None:
        while (checked := await self._work.get()) is not None:
            if self.stop.is_set():
                self.summary.rows -= 1  # never begun: the next run reads it again
                continue
            assert checked.product is not None
            prepared = await self.intake.prepare(checked.product, line=checked.row.line, memory=self.memory)
            self._looked_at += prepared.analyzed
            self._show()
            await self._done.put((checked, prepared))

    async def _write(self) -> None:
        """Collect prepared products and write them in batches."""
        batch: list[tuple[CheckedRow, Prepared]] = []
        since = time.monotonic()
        while True:
            try:
                async with asyncio.timeout(LONGEST_BATCH_S):
                    ready = await self._done.get()
            except TimeoutError:
                ready, waited = None, True
            else:
                waited = False
                if ready is not None:
                    since = since if batch else time.monotonic()
                    batch.append(ready)
            last = ready is None and not waited
            if batch and (last or waited or len(batch) >= BATCH or time.monotonic() - since > LONGEST_BATCH_S):
                await self._add(batch)
                batch = []
            if last:
                return

    async def _add(self, batch: list[tuple[CheckedRow, Prepared]]) -> None:
        not_taken = await self._written([prepared.product for _, prepared in batch if prepared.product])
        for checked, prepared in batch:
            if prepared.product and prepared.product.id in not_taken:
                cause = f"The catalog does not take the product: {not_taken[prepared.product.id]}."
                problem = Problem("not-taken", "", cause, "Mend what it names.", checked.row.line, prepared.product.id)
                prepared = replace(prepared, product=None, problems=(*prepared.problems, problem))
            self.summary.images_analyzed += prepared.analyzed
            self.summary.images_reused += prepared.reused
            self.summary.images_failed += (
                sum(found.field in IMAGE_FIELDS for found in prepared.problems) - prepared.kept
            )
            self.summary.images_kept += prepared.kept
            if prepared.product is None:
                self._refuse(checked, prepared)
            else:
                self.present[prepared.product.id] = prepared.product.content_hash
                self._keep(checked, "analyzed" if prepared.analyzed else "reused", prepared)

    async def _written(self, products: Sequence[Product]) -> dict[str, str]:
        """Write all but those the catalog does not take; why not, by product id."""
        if not products:
            return {}
        try:
            await self.writer.add(self.generation_id, products)
        except ProductsRejected as some:
            reasons: dict[str, str] = some.rejected
            rest = [product for product in products if product.id not in reasons]
            if len(rest) == len(products):
                raise  # it names none of them: without this the same call would be made for ever
            return reasons | await self._written(rest)
        return {}

    def _refuse(self, checked: CheckedRow, prepared: Prepared | None = None) -> None:
        problems = checked.problems + (prepared.problems if prepared else ())
        self.summary.refused += 1
        self.summary.told.note(problems)
        self.rejects.add(checked.row, problems)

    def _keep(self, checked: CheckedRow, how: str, prepared: Prepared | None = None) -> None:
        problems = checked.problems + (prepared.problems if prepared else ())
        setattr(self.summary, how, getattr(self.summary, how) + 1)
        self.summary.warned += bool(problems)
        self.summary.told.note(problems)

    def _show(self) -> None:
        self._finished += 1
        self.progress.rows(self._finished, self._looked_at)

    async def _beat(self) -> None:
        """Let the writer be heard while pictures take long."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            await self.writer.known_evidence(self.generation_id, [])
