"""Keep each answer as an event, so that what shoppers do with it can be checked and learned from, and word it."""

import asyncio
import logging

from app.analysis import Gap
from app.api import schemas
from app.api.shapes import gap_model, search_answer
from app.errors import Unavailable
from app.events import Answered, Asked, EventLog
from app.search import SearchResult

logger = logging.getLogger("akin.api")

KEPT_WITHIN_S = 0.25
"""A shopper waits no longer for the log; what is written later is kept all the same."""


async def worded(
    events: EventLog, result: SearchResult, asked: Asked, photo_id: str | None = None
) -> schemas.SearchAnswer:
    """The answer on the wire, kept; a log that fails costs the interactions, not the search."""
    keeping = asyncio.ensure_future(_kept(events, result, asked))
    try:
        await asyncio.sleep(0)  # it is written away while it is worded
        answer = search_answer(result, photo_id)
        gap = await keeping
    finally:
        keeping.cancel()
    if gap is not None:
        answer.degraded.append(gap_model(gap))
    return answer


async def _kept(events: EventLog, result: SearchResult, asked: Asked) -> Gap | None:
    """What the answer lacks for not having been kept; None where it was."""
    seen = result.analysis
    answered = Answered(
        search_id=result.search_id,
        asked=asked,
        generation=result.generation.id,
        products=tuple(item.product.id for item in result.items),
        scores=tuple(item.score for item in result.items),
        first=result.first,
        total=result.total,
        type=seen.type.name if seen is not None and seen.type is not None else "",
        timings_ms=result.timings_ms,
        missing=tuple(gap.part for gap in result.degraded),
        evidence=b"".join(item.evidence.packed() for item in result.items if item.evidence is not None),
    )
    try:
        async with asyncio.timeout(KEPT_WITHIN_S):
            await events.answered(answered)
    except TimeoutError:
        logger.warning("an answer is kept late: the log of events is busy")
        return Gap("events", "deadline")
    except Unavailable as failure:
        logger.warning("an answer was not kept: %s", failure.detail)
        return Gap("events", "unavailable")
    return None
