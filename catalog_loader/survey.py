"""`check`: what a load would refuse, with or without looking at the pictures."""

import asyncio
import time

from app.errors import AppError
from app.intake import Decoder, ImageSource, Problem, Severity, TypeFrom, decoded, shown
from catalog_loader.check import CheckedRow, checked_rows, column_warnings
from catalog_loader.rejects import Rejects
from catalog_loader.report import Outcome, Progress, Summary
from catalog_loader.sources import Feed

AT_ONCE = 64
"""Rows whose pictures are fetched together."""

DECODING = 4
"""Pictures sent to the decoder at once; a decoder turns down what exceeds its waiting places."""

Pictures = tuple[Decoder, ImageSource]


async def check(
    feed: Feed,
    type_from: TypeFrom,
    progress: Progress,
    stop: asyncio.Event,
    *,
    pictures: Pictures | None = None,
    rejects: Rejects | None = None,
) -> Summary:
    """Check the whole feed.

    pictures: who fetches and decodes them; None checks only what the feed says. rejects: takes the refused rows.
    """
    began = time.monotonic()
    summary = Summary(feed=feed.name)
    summary.told.note(feed.warnings)
    progress.stage("Checking the feed")
    batch: list[CheckedRow] = []
    for checked in checked_rows(feed.format, type_from):
        batch.append(checked)
        if len(batch) == AT_ONCE:
            await _count(batch, summary, pictures, rejects)
            batch = []
            progress.rows(summary.rows, 0)
            await asyncio.sleep(0)
        if stop.is_set():
            summary.message = "Stopped before the end."
            return summary
    await _count(batch, summary, pictures, rejects)
    summary.told.note(column_warnings(feed.format))
    summary.outcome = Outcome.CHECKED
    summary.seconds = time.monotonic() - began
    summary.message = _message(summary, cut_short=feed.format.cut_short)
    if rejects:
        rejects.keep()
        summary.rejects = str(rejects.path) if rejects.count else ""
    return summary


def _message(summary: Summary, *, cut_short: bool) -> str:
    good = summary.rows - summary.refused
    ending = " The feed ends before its end tag: it was cut short." if cut_short else ""
    return f"{good:,} of {summary.rows:,} rows can be loaded; nothing was written.{ending}"


async def _count(batch: list[CheckedRow], summary: Summary, pictures: Pictures | None, rejects: Rejects | None) -> None:
    """Add the rows to the summary, and the refused ones to the rejects."""
    decoding = asyncio.Semaphore(DECODING)
    failures = await asyncio.gather(*(_failures(checked, pictures, decoding) for checked in batch))
    for checked, failed in zip(batch, failures, strict=True):
        summary.rows += 1
        summary.images_failed += len(failed)
        problems = (*checked.problems, *failed)
        summary.told.note(problems)
        if checked.goes:
            summary.departed += 1
        elif checked.product is None or any(problem.refuses for problem in failed):
            summary.refused += 1
            if rejects:
                rejects.add(checked.row, problems)
        else:
            summary.warned += bool(problems)


async def _failures(checked: CheckedRow, pictures: Pictures | None, decoding: asyncio.Semaphore) -> list[Problem]:
    """What is wrong with the row's pictures: errors when none can be used, else warnings."""
    product = checked.product
    if product is None or pictures is None:
        return []
    decoder, images = pictures
    problems = []
    for position, image in enumerate(product.images):
        try:
            data = await images.fetch(image.url)
            async with decoding:
                await decoded(decoder, data)
        except AppError as failure:
            name = "additional_image_link" if position else "image_link"
            cause = f"{shown(image.url, 100)}: {failure.detail}"
            problems.append(Problem(failure.code, name, cause, failure.fix or "", checked.row.line, product.id))
    if len(problems) == len(product.images):
        return problems
    return [Problem(p.code, p.field, p.cause, p.fix, p.line, p.product_id, Severity.WARNING) for p in problems]
