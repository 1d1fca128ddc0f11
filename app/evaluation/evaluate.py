"""`akin evaluate`: judged photos in, a report out."""

import asyncio
from collections.abc import Sequence

from app.catalog import Catalog
from app.evaluation.judgments import JudgedPhoto
from app.evaluation.report import Report, report_of
from app.evaluation.run import Decode, Progress, search_all
from app.search import Calibration, VisualSearch


async def evaluate(
    search: VisualSearch,
    catalog: Catalog,
    decode: Decode,
    photos: Sequence[JudgedPhoto],
    *,
    calibration: Calibration,
    source: str = "",
    progress: Progress | None = None,
    stop: asyncio.Event | None = None,
) -> Report:
    """Search for every photo, one after the other, and measure the answers.

    search: as it serves; what it was taught must be learned already. decode: bytes to Photo (PhotoDecoder.decode).
    calibration: the one `search` uses, named in the report. source: what the photos are called in the report.
    progress: called with (done, all). stop: when set, the report is of the photos done so far, `complete` False.
    Raises NothingPublished, CatalogUnavailable. Photos that cannot be read or searched are counted, not raised.
    """
    generation = (await catalog.snapshot()).generation
    outcomes = await search_all(search, catalog, decode, photos, progress=progress, stop=stop)
    about = {
        "photos": source,
        "generation": generation.id,
        "products": str(generation.products),
        "embedder": generation.embedder,
        "calibration": f"{calibration.fitted_at} for {calibration.embedder or 'any embedder'}",
        "cuts": f"exact >= {calibration.exact}, close >= {calibration.close}, loose >= {calibration.loose}",
    }
    return await asyncio.to_thread(report_of, outcomes, about, complete=len(outcomes) == len(photos))
