"""Evaluations ordered over HTTP: one at a time, in this process, on the judged photos the shop has gathered."""

import asyncio
import logging
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.catalog import Catalog
from app.errors import AppError
from app.evaluation.compare import Comparison, compared, figures_of
from app.evaluation.judgments import JudgedPhoto
from app.evaluation.metrics import Measure
from app.evaluation.report import report_of
from app.evaluation.run import Decode, Outcome, search_all
from app.insights import (
    EvaluationRecord,
    EvaluationRecords,
    EvaluationState,
    Judged,
    JudgedPhotos,
    NothingJudged,
)
from app.search import VisualSearch, tried

SHOWN = 10
"""Items of each answer that are kept with the figures."""

logger = logging.getLogger("akin.evaluation")


class EvaluationDesk:
    """Starts evaluations and tells of them; records and photos are shared by all server processes.

    search: as it serves. decode: bytes to Photo (PhotoDecoder.decode). Owns nothing but the task that is running.
    """

    def __init__(
        self,
        search: VisualSearch,
        catalog: Catalog,
        decode: Decode,
        photos: JudgedPhotos,
        records: EvaluationRecords,
    ) -> None:
        self._search = search
        self._catalog = catalog
        self._decode = decode
        self._photos = photos
        self._records = records
        self._task: asyncio.Task[None] | None = None

    async def start(self, name: str, changes: Mapping[str, Any]) -> EvaluationRecord:
        """Begin to search for every judged photo; returns at once. changes: trial weights, {} for those that serve.

        Raises NothingJudged, EvaluationRunning, NothingPublished; ValueError for changes that cannot be used.
        """
        search = self._search.with_calibration(tried(self._search.calibration, changes)) if changes else self._search
        kept = await self._photos.all()
        if not kept:
            raise NothingJudged("No photo was judged yet.", fix="Judge photos in the search lab, or import some.")
        await self._catalog.snapshot()
        record = await self._records.begin({"name": name, "weights": dict(changes)}, len(kept))
        self._task = asyncio.create_task(self._run(record, search, kept))
        return record

    async def compare(self, earlier_id: str, later_id: str) -> Comparison:
        """Two finished evaluations, photo by photo. Raises EvaluationNotFound, NothingJudged."""
        tables = []
        for one in (earlier_id, later_id):
            result = (await self._records.get(one)).result
            tables.append({photo: told["figures"] for photo, told in result.get("photos", {}).items()})
        comparison = compared(tables[0], tables[1])
        if not comparison.photos:
            raise NothingJudged(
                "The two evaluations have no judged photo in common.",
                fix="Choose two of the same photos.",
            )
        return comparison

    async def close(self) -> None:
        """Stop what is running; it is told as interrupted."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self, record: EvaluationRecord, search: VisualSearch, kept: list[Judged]) -> None:
        state, result = EvaluationState.INTERRUPTED, dict[str, Any]()
        try:
            result = await self._measured(record, search, kept)
            state = EvaluationState.DONE
        except AppError as failure:
            state, result = EvaluationState.FAILED, {"problem": {"code": failure.code, "detail": failure.detail}}
        except Exception:
            logger.exception("evaluation %s failed", record.id)
            state, result = EvaluationState.FAILED, {"problem": {"code": "internal", "detail": "See the server's log."}}
        finally:
            with suppress(AppError):
                await asyncio.shield(self._records.end(record.id, state, result))

    async def _measured(self, record: EvaluationRecord, search: VisualSearch, kept: list[Judged]) -> dict[str, Any]:
        generation = (await self._catalog.snapshot()).generation
        with tempfile.TemporaryDirectory(prefix="akin-judged-") as folder:
            photos = [await self._on_disk(Path(folder), number, one) for number, one in enumerate(kept, start=1)]
            outcomes: list[Outcome] = []
            for done, one in enumerate(photos, start=1):
                outcomes += await search_all(search, self._catalog, self._decode, [one])
                await self._records.progress(record.id, done)
        about = {
            "generation": generation.id,
            "products": str(generation.products),
            "embedder": generation.embedder,
            "calibration": search.calibration.fitted_at,
        }
        report = await asyncio.to_thread(report_of, outcomes, about)
        return {
            "about": about,
            "errors": report.errors,
            "measures": {name: _measure(figure) for name, figure in report.measures.items()},
            "timings_ms": {stage: dict(values) for stage, values in report.timings_ms.items()},
            "photos": {one.id: _photo(one, outcome) for one, outcome in zip(kept, outcomes, strict=True)},
        }

    async def _on_disk(self, folder: Path, number: int, one: Judged) -> JudgedPhoto:
        path = folder / f"{one.id}.jpg"
        await asyncio.to_thread(path.write_bytes, await self._photos.jpeg(one.id))
        told = {name: value for name, value in asdict(one.told).items() if name != "name"}
        return JudgedPhoto(number=number, photo=path, judgments=one.judgments, **told)


def _measure(figure: Measure) -> dict[str, float | int]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(figure).items()}


def _photo(one: Judged, outcome: Outcome) -> dict[str, Any]:
    return {
        "name": one.told.name,
        "figures": figures_of(outcome),
        "error": outcome.error,
        "shown": [
            {"product_id": item.product_id, "title": item.title, "score": round(item.score, 4), "match": item.match,
             "grade": item.grade}
            for item in outcome.shown[:SHOWN]
        ],
    }  # fmt: skip
