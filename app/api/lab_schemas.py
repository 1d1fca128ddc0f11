"""The wire of the search lab: candidates taken apart, judged photos, evaluations."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.schemas import AnalysisModel, Confidence, GapModel, GenerationModel, ProductCard, ReasonModel, Wire

Grade = Annotated[
    float,
    Field(ge=0, le=3, description="3 the very product (exact), 2 similar, 1 related, 0 wrong."),
]
Word = Annotated[str, Field(max_length=200)]
ProductId = Annotated[str, Field(min_length=1, max_length=200)]


class StageWeights(Wire):
    """Weights of one stage: score = logistic(bias + sum of weight times value)."""

    bias: float
    weights: dict[str, float]


class CalibrationModel(Wire):
    """How scores are made now."""

    embedder: str = Field(description="The model whose looks it was fitted on; empty for any.")
    fitted_at: str
    data: str = Field(description="What it was fitted on.")
    cuts: dict[str, float] = Field(description="The fixed cuts on the score: exact, close, loose.")
    stages: dict[str, StageWeights] = Field(description="`fine`: compared closely; `coarse`: not; `words`: no photo.")


class PartModel(Wire):
    """What one kind of evidence adds to the logit: value times weight."""

    feature: str = Field(examples=["hue"])
    value: Confidence
    weight: float
    adds: float


class ScoringModel(Wire):
    """How the score of one candidate adds up: score = logistic(constant + sum of `adds`)."""

    place: int = Field(description="From 1, among all candidates.")
    score: Confidence
    match: Literal["exact", "close", "loose"] | None = Field(description="Null below the relevance cut-off.")
    stage: Literal["fine", "coarse", "words"]
    constant: float = Field(description="The bias, less what words beside a photo take away.")
    logit: float
    parts: list[PartModel]


class CandidateModel(Wire):
    """One candidate with everything that was measured of it."""

    product: ProductCard
    signals: dict[str, float] = Field(description="Raw signals of the catalog, by channel.")
    now: ScoringModel
    trial: ScoringModel | None = Field(description="With the trial weights; null without, or where it was not found.")
    reasons: list[ReasonModel] = Field(description="What a shopper would be told; empty below the cut-off.")


class LabAnswer(Wire):
    """A search taken apart."""

    photo_id: str | None
    analysis: AnalysisModel | None
    candidates: list[CandidateModel]
    found: int = Field(description="Candidates in all.")
    total: int = Field(description="Above the relevance cut-off now.")
    trial_total: int | None = Field(description="Above it with the trial weights.")
    degraded: list[GapModel]
    generation: GenerationModel
    timings_ms: dict[str, float]


class ToldModel(Wire):
    """What is true of a photo; see docs/evaluation.md."""

    name: Word = ""
    product: ProductId | None = None
    group: Word = ""
    type: Word = ""
    color: Word = ""
    box: Annotated[list[Confidence], Field(min_length=4, max_length=4)] | None = None
    sold: bool = True
    split: Literal["fit", "test"] = "test"
    conditions: list[Word] = Field(default=[], max_length=20)


class JudgedChange(Wire):
    """Members given replace those kept; in `judgments`, null takes a judgment away."""

    name: Word | None = None
    product: ProductId | None = None
    group: Word | None = None
    type: Word | None = None
    color: Word | None = None
    sold: bool | None = None
    split: Literal["fit", "test"] | None = None
    judgments: dict[ProductId, Grade | None] = Field(default={}, max_length=1000)


class JudgedModel(ToldModel):
    """A judged photo."""

    id: str = Field(description="SHA-256 of its clean JPEG.")
    judgments: dict[str, Grade]
    photo: str = Field(description="Where its clean JPEG is.", examples=["/judged-photos/5f0c/photo"])


class JudgedList(Wire):
    """All judged photos, newest first."""

    photos: list[JudgedModel]


class RefusedPhoto(Wire):
    """A photo of an import that was not taken."""

    line: int
    photo: str
    code: str
    detail: str
    fix: str


class ImportedModel(Wire):
    """What became of an import."""

    taken: int
    refused: list[RefusedPhoto]


class EvaluationOrder(Wire):
    """What to evaluate."""

    name: Word = Field(default="", description="What to call it.", examples=["more weight on color"])
    weights: dict[str, Any] = Field(
        default={}, description="Trial weights as for `POST /lab/search`; empty: those that serve."
    )
    generation: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        default=None,
        description="The version of the catalog to search in, published or not; null: the published one.",
        examples=["20261121-030304-9"],
    )
    split: Literal["test", "fit"] | None = Field(
        default=None, description="Only judged photos of this split; null: all."
    )


class MeasureModel(Wire):
    """A figure with its 95 % interval. count: photos it is the mean of."""

    value: float
    low: float
    high: float
    count: int


class ShownModel(Wire):
    """An item of an answer, judged."""

    product_id: str
    title: str
    score: float
    match: str
    grade: float


class PhotoFigures(Wire):
    """One judged photo in an evaluation. error: code and detail where it could not be searched."""

    name: str
    figures: dict[str, float]
    error: str
    shown: list[ShownModel]


class EvaluationModel(Wire):
    """One evaluation. The figures are there when it is done."""

    id: str
    begun_at: datetime
    state: Literal["running", "done", "failed", "interrupted"]
    name: str
    weights: dict[str, Any]
    generation: str | None = Field(description="The version that is searched in; null in those of an older Akin.")
    split: Literal["test", "fit"] | None = Field(description="Which judged photos; null: all.")
    done: int
    whole: int
    about: dict[str, str]
    errors: int
    measures: dict[str, MeasureModel]
    timings_ms: dict[str, dict[str, float]]
    photos: dict[str, PhotoFigures] = Field(description="By id of the judged photo; empty in lists.")
    problem: dict[str, str] | None = Field(description="Why it failed: code and detail.")


class EvaluationList(Wire):
    """Evaluations that are kept, newest first."""

    evaluations: list[EvaluationModel]


class ChangeModel(Wire):
    """One figure over the photos both have. difference: later minus earlier, photo by photo."""

    earlier: MeasureModel
    later: MeasureModel
    difference: MeasureModel


class MovedModel(Wire):
    """A photo that is answered better or worse, and by which figure."""

    photo: str
    name: str
    figure: str
    earlier: float
    later: float


class ComparisonModel(Wire):
    """Two evaluations side by side. better, worse: the largest changes first."""

    photos: int
    changes: dict[str, ChangeModel]
    better: list[MovedModel]
    worse: list[MovedModel]
