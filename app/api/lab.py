"""The search lab: a search taken apart, with trial weights beside those that serve."""

import json
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request

from app.api.lab_examples import LAB_ANSWER, LAB_FORM, WEIGHTS
from app.api.lab_schemas import CalibrationModel, CandidateModel, LabAnswer, PartModel, ScoringModel, StageWeights
from app.api.openapi import body_problems, example, problems
from app.api.photo_field import PHOTO_PROBLEMS, photo_of_form
from app.api.schemas import GapModel, GenerationModel
from app.api.search import SEARCH_PROBLEMS
from app.api.shapes import analysis_model, item_model, product_card
from app.edge import (
    DecoderDep,
    Form,
    InvalidForm,
    LimitsDep,
    PhotosDep,
    SearchDep,
    UnsupportedMediaType,
    UploadsDep,
    WorkDep,
    read_form,
    read_wishes,
    refuse_unknown,
)
from app.insights import InvalidWeights
from app.photos import PhotoDecoder, PhotoStore
from app.search import Calibration, Dissected, Findings, Stopwatch, VisualSearch, Wishes, deadline, dissected, tried

FIELDS: Final = ("photo", "photo_id", "crop", "text", "filters", "limit", "weights")
MOST_CANDIDATES: Final = 300

router = APIRouter(prefix="/lab", tags=["lab"])


@router.get(
    "/weights",
    operation_id="getWeights",
    summary="How scores are made now",
    responses={**example("shipped", "The weights that ship, shortened", WEIGHTS), **problems()},
)
async def get_weights(search: SearchDep) -> CalibrationModel:
    """The fitted weights of each stage and the cuts on the score: what `weights` of `POST /lab/search` changes."""
    now = search.calibration
    return CalibrationModel(
        embedder=now.embedder,
        fitted_at=now.fitted_at,
        data=now.data,
        cuts={"exact": now.exact, "close": now.close, "loose": now.loose},
        stages={
            stage.value: StageWeights(
                bias=one.bias, weights={feature.value: weight for feature, weight in one.weights.items()}
            )
            for stage, one in now.stages.items()
        },
    )


@router.post(
    "/search",
    operation_id="searchInLab",
    summary="Take a search apart",
    openapi_extra={"requestBody": LAB_FORM},
    responses={
        **example("chair", "One candidate, shortened", LAB_ANSWER),
        **body_problems(InvalidForm, UnsupportedMediaType, InvalidWeights, *SEARCH_PROBLEMS, *PHOTO_PROBLEMS),
    },
)
async def search_in_lab(
    request: Request,
    search: SearchDep,
    decoder: DecoderDep,
    photos: PhotosDep,
    uploads: UploadsDep,
    limits: LimitsDep,
    work: WorkDep,
) -> LabAnswer:
    """Every candidate, also those below the cut-off, with its signals and how its score adds up.

    `weights` is a JSON object such as `{"fine": {"weights": {"hue": 3}}, "cuts": {"loose": 0.2}}`: the same search is
    done with these too, and both scores stand side by side. Nothing that shoppers see changes.
    """
    with uploads.hold() as take:
        form = await read_form(request, take, file_fields=frozenset({"photo"}))
        refuse_unknown(form.fields, FIELDS)
        trial = trial_of(search.calibration, form.fields.get("weights", ""))
        wishes = read_wishes({name: value for name, value in form.fields.items() if name != "limit"})
        most = _most(form.fields.get("limit", ""))
        keeps = limits.keeps_photos
        return await work.do(
            lambda within: _taken_apart(form, wishes, most, search, trial, decoder, photos, keeps, within.left_s)
        )


def trial_of(calibration: Calibration, text: str) -> Calibration | None:
    """The trial calibration of a JSON text; None for "". Raises InvalidWeights."""
    if not text:
        return None
    try:
        changes = json.loads(text)
        if not isinstance(changes, dict):
            raise ValueError("`weights` is not a JSON object.")
        return tried(calibration, changes) if changes else None
    except (ValueError, RecursionError) as wrong:
        raise InvalidWeights(
            f"The trial weights cannot be used. {wrong}", fix="GET /lab/weights shows stages, features and cuts."
        ) from None


def _most(text: str) -> int:
    return min(MOST_CANDIDATES, int(text)) if text.isascii() and text.isdigit() and 0 < len(text) <= 4 else 60


async def _taken_apart(
    form: Form,
    wishes: Wishes,
    most: int,
    search: VisualSearch,
    trial: Calibration | None,
    decoder: PhotoDecoder,
    photos: PhotoStore,
    keeps: bool,
    deadline_s: float | None,
) -> LabAnswer:
    async with deadline(deadline_s):
        photo = await photo_of_form(form, decoder, photos)
        photo_id = form.fields.get("photo_id") or (await photos.put(photo) if keeps else None)
        watch = Stopwatch()
        now = await search.find(photo, wishes, watch)
        other = await search.with_calibration(trial).find(photo, wishes) if trial is not None else None
        return await _answer(photo_id, now, other, search, trial, most, watch)


async def _answer(
    photo_id: str | None,
    now: Findings,
    other: Findings | None,
    search: VisualSearch,
    trial: Calibration | None,
    most: int,
    watch: Stopwatch,
) -> LabAnswer:
    first = {one.scored.product_id: one for one in dissected(now.scored, now.question, search.calibration)}
    second: dict[str, Dissected] = {}
    if other is not None and trial is not None:
        second = {one.scored.product_id: one for one in dissected(other.scored, other.question, trial)}
    wanted = list(dict.fromkeys([*list(first)[:most], *[one for one in list(second)[:most] if one in first]]))
    products = {product.id: product for product in await now.snapshot.products(wanted)}
    shown = [first[one].scored for one in wanted if one in products and first[one].match is not None]
    reasons = {one.product.id: item_model(one).reasons for one in search.ranked(now, shown, products)}
    generation = now.snapshot.generation
    return LabAnswer(
        photo_id=photo_id,
        analysis=analysis_model(now.analysis) if now.analysis is not None else None,
        candidates=[
            CandidateModel(
                product=product_card(products[one], first[one].scored.candidate.image),
                signals={name.value: value for name, value in first[one].scored.candidate.signals.items()},
                now=scoring(first[one]),
                trial=scoring(second[one]) if one in second else None,
                reasons=reasons.get(one, []),
            )
            for one in wanted
            if one in products
        ],
        found=len(first),
        total=sum(one.match is not None for one in first.values()),
        trial_total=sum(one.match is not None for one in second.values()) if other is not None else None,
        degraded=[GapModel(part=gap.part, reason=gap.reason) for gap in (now.analysis.gaps if now.analysis else ())],
        generation=GenerationModel(id=generation.id, published_at=generation.published_at),
        timings_ms={stage: round(spent, 2) for stage, spent in watch.milliseconds.items()},
    )


def scoring(one: Dissected) -> ScoringModel:
    """How a score adds up. Numbers are not rounded: they sum to the logit."""
    return ScoringModel(
        place=one.place,
        score=one.scored.score,
        match=one.match.value if one.match is not None else None,
        stage=one.stage.value,
        constant=one.constant,
        logit=one.logit,
        parts=[
            PartModel(feature=part.feature.value, value=part.value, weight=part.weight, adds=part.adds)
            for part in one.parts
        ],
    )
