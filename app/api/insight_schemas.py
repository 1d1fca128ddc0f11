"""The wire of insights: what keeps products from being found, doubles, what was seen in pictures, how the server is."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.api.schemas import AnalysisModel, Confidence, ProductCard, Wire

CauseWord = Literal[
    "no-picture", "tiny", "blurred", "never-shown", "color", "writing", "duplicate", "no-type", "one-picture"
]


class HindranceModel(Wire):
    """One thing that keeps a product from being found."""

    cause: CauseWord
    detail: str
    fix: str


class HardToFind(Wire):
    """A product with what keeps it from being found, the worst first."""

    product: ProductCard
    harm: float = Field(description="What products are put in order by; the larger, the harder to find.")
    hindrances: list[HindranceModel]


class FindabilityModel(Wire):
    """One page of products that are hard to find, the worst first."""

    state: Literal["ready", "surveying"] = Field(description="`surveying`: ask again in some seconds.")
    done: int
    products: int = Field(description="Products of the shop; `done` of them were looked at.")
    generation: str | None
    made_at: datetime | None
    items: list[HardToFind]
    total: int
    causes: dict[str, int] = Field(description="Cause -> products, over the whole shop.")
    unknown_pictures: int = Field(description="Pictures nothing was noted of: they were loaded by an older version.")
    answers: int = Field(description="Answers that were looked through for what was shown.")
    next_offset: int | None


class TwinModel(Wire):
    """Two products that look the same."""

    one: ProductCard
    other: ProductCard
    likeness: float = Field(description="Cosine of their main pictures.")
    same: bool | None = Field(description="What somebody decided; null while nobody did.")


class TwinList(Wire):
    """Pairs of products that look the same, the likest first."""

    state: Literal["ready", "surveying"]
    pairs: list[TwinModel]
    total: int
    complete: bool = Field(description="Whether all products were compared: very large types are not.")


class Verdict(Wire):
    """A decision about two products; null takes it back."""

    one: str = Field(min_length=1, max_length=200)
    other: str = Field(min_length=1, max_length=200)
    same: bool | None


class SeenPicture(Wire):
    """What was seen in one picture; nulls where nothing was noted."""

    image: str | None
    width: int | None
    height: int | None
    blur: Confidence | None = Field(description="0 sharp to 1.")
    writing: Confidence | None = Field(description="Share of the picture that writing seems to cover.")
    seen_at: datetime | None
    analysis: AnalysisModel | None


class SeenPictures(Wire):
    """What was seen in each picture of a product, in its order."""

    pictures: list[SeenPicture]


class HealthPart(Wire):
    """How one part is."""

    ok: bool
    detail: str
    fix: str | None


class QueueModel(Wire):
    """How full a queue of this server process is."""

    working: int
    waiting: int
    slots: int


class StageModel(Wire):
    """Milliseconds of one stage."""

    p50: float
    p95: float


class HourModel(Wire):
    """One hour of searching, all processes together."""

    at: datetime
    searches: int
    empty: int = Field(description="Answers without any item.")
    asked: dict[str, int]
    stages: dict[str, StageModel]
    missing: dict[str, int] = Field(description="Part -> answers it had no part in.")
    interactions: dict[str, int]


class FailureModel(Wire):
    """How often a problem was answered within the hours asked for."""

    code: str
    status: int
    times: int
    last_hour: datetime


class SourceDayModel(Wire):
    """One outside source on one day."""

    day: str
    source: str
    usd: float
    units: int
    happened: dict[str, int]


class SpendingModel(Wire):
    """What outside sources cost."""

    today_usd: float
    today_units: int
    budget_usd: float | None
    budget_units: int | None
    breakers: dict[str, str]
    days: list[SourceDayModel]


class HealthModel(Wire):
    """How the server is, for people."""

    parts: dict[str, HealthPart]
    queues: dict[str, QueueModel]
    hours: list[HourModel] = Field(description="Oldest first, hours without a search too.")
    failures: list[FailureModel]
    spending: SpendingModel | None = Field(description="Null where no outside source is set up.")
    generation: str | None
    products: int
