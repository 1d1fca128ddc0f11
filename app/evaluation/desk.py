"""Evaluations ordered over HTTP: one at a time, in this process, on the judged photos the shop has gathered."""

import asyncio
import logging
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from app.catalog import SEARCHABLE, Catalog, Generation, GenerationConflict, GenerationNotFound, GenerationState
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

Opened = tuple[VisualSearch, Catalog]
OpenVersion = Callable[[str], AbstractAsyncContextManager[Opened]]
"""Opens one version of the catalog by its id: a search in it, with what it taught, and the version as a catalog.

Raises GenerationNotFound, GenerationConflict, EmbeddingMismatch, CatalogUnavailable."""

logger = logging.getLogger("akin.evaluation")


@dataclass(frozen=True, slots=True)
class Measuring:
    """What is to be measured. weights: trial weights, {} for those that serve. generation: the version searched in,
    published or not; None for the published one. split: only photos of this one ("test", "fit"); None for all."""

    name: str = ""
    weights: Mapping[str, Any] = field(default_factory=dict)
    generation: str | None = None
    split: str | None = None


class EvaluationDesk:
    """Starts evaluations and tells of them; records and photos are shared by all server processes.

    search: as it serves. decode: bytes to Photo (PhotoDecoder.decode). open_version: for a search in a version that may
    not be published. Owns nothing but the task that is running.
    """

    def __init__(
        self,
        search: VisualSearch,
        catalog: Catalog,
        decode: Decode,
        photos: JudgedPhotos,
        records: EvaluationRecords,
        open_version: OpenVersion,
    ) -> None:
        self._search = search
        self._catalog = catalog
        self._decode = decode
        self._photos = photos
        self._records = records
        self._open_version = open_version
        self._task: asyncio.Task[None] | None = None

    async def start(self, wanted: Measuring) -> EvaluationRecord:
        """Begin to search for every judged photo; returns at once.

        Raises NothingJudged, EvaluationRunning, NothingPublished, GenerationNotFound, GenerationConflict (the version
        cannot be searched), CatalogUnavailable; ValueError for weights that cannot be used.
        """
        tried(self._search.calibration, wanted.weights)
        kept = [one for one in await self._photos.all() if wanted.split in (None, one.told.split)]
        if not kept:
            raise NothingJudged("No such photo was judged yet.", fix="Judge photos in the search lab, or import some.")
        generation = await self._version(wanted.generation)
        if generation.state is GenerationState.PUBLISHED:
            wanted = replace(wanted, generation=None)  # it is open already
        ordered = {"name": wanted.name, "weights": dict(wanted.weights), "generation": generation.id}
        record = await self._records.begin(ordered | {"split": wanted.split}, len(kept))
        self._task = asyncio.create_task(self._run(record, wanted, kept))
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

    async def _version(self, generation_id: str | None) -> Generation:
        """The version that is meant, looked up cheaply. Raises as `start` says."""
        if generation_id is None:
            return (await self._catalog.snapshot()).generation
        for one in await self._catalog.generations():
            if one.id == generation_id:
                if one.state in SEARCHABLE:
                    return one
                raise GenerationConflict(
                    f"Version '{one.id}' is {one.state}: it cannot be searched.",
                    fix="Choose one that is verified, published or retired.",
                    state=one.state.value,
                )
        raise GenerationNotFound(
            f"There is no version '{generation_id}'.", fix="GET /generations lists all that are kept."
        )

    async def _run(self, record: EvaluationRecord, wanted: Measuring, kept: list[Judged]) -> None:
        state, result = EvaluationState.INTERRUPTED, dict[str, Any]()
        try:
            result = await self._found(record, wanted, kept)
            state = EvaluationState.DONE
        except AppError as failure:
            state, result = EvaluationState.FAILED, {"problem": {"code": failure.code, "detail": failure.detail}}
        except Exception:
            logger.exception("evaluation %s failed", record.id)
            state, result = EvaluationState.FAILED, {"problem": {"code": "internal", "detail": "See the server's log."}}
        finally:
            with suppress(AppError):
                await asyncio.shield(self._records.end(record.id, state, result))

    async def _found(self, record: EvaluationRecord, wanted: Measuring, kept: list[Judged]) -> dict[str, Any]:
        """What came out; all of it of one version. Raises GenerationConflict when that went away meanwhile."""
        if wanted.generation is None:
            result = await self._measured(record, wanted, kept, (self._search, self._catalog))
        else:
            async with self._open_version(wanted.generation) as opened:
                result = await self._measured(record, wanted, kept, opened)
        searched = await self._version(wanted.generation)
        if searched.id != result["about"]["generation"]:
            raise GenerationConflict("Another version was published meanwhile.", fix="Measure again.")
        return result

    async def _measured(
        self, record: EvaluationRecord, wanted: Measuring, kept: list[Judged], opened: Opened
    ) -> dict[str, Any]:
        search, catalog = opened
        if wanted.weights:
            search = search.with_calibration(tried(search.calibration, wanted.weights))
        generation = (await catalog.snapshot()).generation
        with tempfile.TemporaryDirectory(prefix="akin-judged-") as folder:
            photos = [await self._on_disk(Path(folder), number, one) for number, one in enumerate(kept, start=1)]
            outcomes: list[Outcome] = []
            for done, one in enumerate(photos, start=1):
                outcomes += await search_all(search, catalog, self._decode, [one])
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
