"""Evaluations over HTTP: how good the search is on the judged photos, with the weights that serve or with others."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response

from app.api import lab_examples as examples
from app.api.lab_schemas import (
    ChangeModel,
    ComparisonModel,
    EvaluationList,
    EvaluationModel,
    EvaluationOrder,
    MeasureModel,
    MovedModel,
    PhotoFigures,
)
from app.api.openapi import body_problems, example, keep_nulls, problems
from app.catalog import CatalogUnavailable, GenerationConflict, GenerationNotFound, NothingPublished
from app.edge import BeginDep, DeskDep, EvaluationsDep, InvalidJson, InvalidRequest, UnsupportedMediaType
from app.evaluation import Measuring, Moved
from app.insights import (
    EvaluationNotFound,
    EvaluationRecord,
    EvaluationRunning,
    InsightsUnavailable,
    InvalidWeights,
    NothingJudged,
)

EvaluationId = Annotated[
    str, Path(min_length=1, max_length=64, description="The evaluation's id.", examples=["20261121-030303-5f0c"])
]
Earlier = Annotated[
    str, Query(min_length=1, max_length=64, description="The evaluation to compare with.", examples=["20261120-0101-a"])
]

router = APIRouter(prefix="/evaluations", tags=["lab"])


@router.post(
    "",
    operation_id="startEvaluation",
    summary="Measure the search on the judged photos",
    status_code=202,
    response_model=EvaluationModel,
    responses={
        202: {"content": {"application/json": {"examples": {"begun": {"value": keep_nulls(examples.RUNNING)}}}}},
        **body_problems(
            InvalidJson,
            InvalidRequest,
            UnsupportedMediaType,
            InvalidWeights,
            NothingJudged,
            EvaluationRunning,
            NothingPublished,
            GenerationNotFound,
            GenerationConflict,
            CatalogUnavailable,
            InsightsUnavailable,
        ),
    },
)
async def start_evaluation(
    order: Annotated[
        EvaluationOrder,
        Body(openapi_examples={"trial": {"value": examples.ORDER}, "version": {"value": examples.VERSION}}),
    ],
    response: Response,
    desk: DeskDep,
    begin: BeginDep,
) -> EvaluationModel:
    """Search for every judged photo in the version that is published now; the answer comes at once.

    `generation` searches in another version instead, also one that was never published, with what that version taught;
    it is opened beside the one that serves and takes its memory while it is measured. `weights` measures trial weights.
    One evaluation at a time; the newest 30 are kept. Two of them are compared with `compareEvaluations`.
    """
    await begin()
    try:
        record = await desk.start(Measuring(order.name, order.weights, order.generation, order.split))
    except ValueError as wrong:
        raise InvalidWeights(
            f"The trial weights cannot be used. {wrong}", fix="GET /lab/weights shows stages, features and cuts."
        ) from None
    response.headers["location"] = f"/evaluations/{record.id}"
    return evaluation_model(record)


@router.get(
    "",
    operation_id="listEvaluations",
    summary="List the evaluations",
    responses={**example("one", "One that is done", examples.EVALUATIONS), **problems(InsightsUnavailable)},
)
async def list_evaluations(records: EvaluationsDep) -> EvaluationList:
    """The newest ones with their figures, without single photos."""
    found = await records.all()
    return EvaluationList(evaluations=[evaluation_model(one, photos=False) for one in found])


@router.get(
    "/{evaluation_id}",
    operation_id="getEvaluation",
    summary="How an evaluation is going",
    responses={
        **example("done", "It is done", examples.EVALUATION),
        **problems(InvalidRequest, EvaluationNotFound, InsightsUnavailable),
    },
)
async def get_evaluation(evaluation_id: EvaluationId, records: EvaluationsDep) -> EvaluationModel:
    """State and progress; at the end the figures, of all photos and of each."""
    return evaluation_model(await records.get(evaluation_id))


@router.get(
    "/{evaluation_id}/comparison",
    operation_id="compareEvaluations",
    summary="Compare two evaluations",
    responses={
        **example("better", "One photo is answered better", examples.COMPARISON),
        **problems(InvalidRequest, EvaluationNotFound, NothingJudged, InsightsUnavailable),
    },
)
async def compare_evaluations(
    evaluation_id: EvaluationId, earlier: Earlier, desk: DeskDep, records: EvaluationsDep
) -> ComparisonModel:
    """Two settings, or two versions of the catalog, on the photos both have: figures, intervals, and what got worse.

    The interval of `difference` is of the same photos in pairs: where it lies on one side of 0, the change is real.
    """
    found = await desk.compare(earlier, evaluation_id)
    photos = (await records.get(evaluation_id)).result.get("photos", {})

    def moved(one: Moved) -> MovedModel:
        return MovedModel(name=photos.get(one.photo, {}).get("name", ""), **asdict(one))

    return ComparisonModel(
        photos=found.photos,
        changes={
            name: ChangeModel(
                earlier=MeasureModel(**asdict(one.earlier)),
                later=MeasureModel(**asdict(one.later)),
                difference=MeasureModel(**asdict(one.difference)),
            )
            for name, one in found.changes.items()
        },
        better=[moved(one) for one in found.better],
        worse=[moved(one) for one in found.worse],
    )


def evaluation_model(record: EvaluationRecord, *, photos: bool = True) -> EvaluationModel:
    """An evaluation on the wire."""
    result = record.result
    return EvaluationModel(
        id=record.id,
        begun_at=record.begun_at,
        state=record.state.value,
        name=record.ordered.get("name", ""),
        weights=record.ordered.get("weights", {}),
        generation=record.ordered.get("generation"),
        split=record.ordered.get("split"),
        done=record.done,
        whole=record.whole,
        about=result.get("about", {}),
        errors=result.get("errors", 0),
        measures={name: MeasureModel(**one) for name, one in result.get("measures", {}).items()},
        timings_ms=result.get("timings_ms", {}),
        photos={one: PhotoFigures.model_validate(told) for one, told in result.get("photos", {}).items()}
        if photos
        else {},
        problem=result.get("problem"),
    )
