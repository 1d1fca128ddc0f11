"""The wire of loads and generations: what is sent and what is told."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas import Wire

TypeFromWord = Literal[
    "product_type", "custom_label_0", "custom_label_1", "custom_label_2", "custom_label_3", "custom_label_4"
]
StateWord = Literal[
    "running",
    "cancelling",
    "published",
    "verified",
    "unchanged",
    "checked",
    "refused",
    "interrupted",
    "cancelled",
    "failed",
]
ReadableName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class LoadWishes(BaseModel):
    """How a feed is to be loaded; the names are those of the loader's options."""

    model_config = ConfigDict(extra="forbid", frozen=True)  # not strict: a form has texts only

    name: ReadableName | None = Field(
        default=None, description="What the feed is called; a load goes on only under the name it began with."
    )
    dry_run: bool = Field(default=False, description="Check every row and say what would be refused; change nothing.")
    images: bool = Field(default=False, description="In a dry run, fetch and decode the pictures too.")
    type_from: TypeFromWord = Field(default="product_type", description="Where the kind of thing stands.")
    delta: bool = Field(default=False, description="Change only the feed's products; one goes where its row says so.")
    delete_missing: bool = Field(
        default=False, description="The feed is the whole shop: products it lacks go. So it is without `delta`."
    )
    yes: bool = Field(
        default=False, description="Publish also when many rows are refused or more than a fifth of the products goes."
    )
    refetch: bool = Field(default=False, description="Fetch the pictures of unchanged products too.")
    fresh: bool = Field(default=False, description="Do not continue an interrupted load of this feed.")
    publish: bool = Field(
        default=True,
        description="False: leave the verified version beside the published one, to be measured and published later.",
    )
    max_reject_share: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.2, description="Publish nothing when a larger share of the rows is refused."
    )
    limit_rate: Annotated[float, Field(ge=0.01, le=10_000)] | None = Field(
        default=None, description="Fetch at most so many pictures a second."
    )


class LoadByAddress(LoadWishes):
    """A feed that is fetched from its address."""

    model_config = ConfigDict(strict=True)  # JSON has types: false is no share

    url: Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\x00-\x20\x7f]+$")] = Field(
        description="Address of the feed, which must be public (see AKIN_FETCH_PRIVATE).",
        examples=["https://shop.example/feed.tsv.gz"],
    )


class ProgressModel(Wire):
    """How far a load is."""

    stage: str = Field(examples=["Looking at pictures"])
    done: int = Field(description="Rows done in this stage.")
    total: int | None = Field(description="Rows of this stage; null while unknown.")
    pictures: int = Field(description="Pictures looked at so far.")


class RowCounts(Wire):
    """The feed's rows by what became of them."""

    total: int
    analyzed: int = Field(description="Products whose pictures were looked at.")
    reused: int = Field(description="Changed products whose pictures were known.")
    unchanged: int
    resumed: int = Field(description="Done by an earlier, interrupted run.")
    refused: int
    warned: int
    departed: int = Field(description="Rows that say a product goes.")


class PictureCounts(Wire):
    """The feed's pictures by what became of them."""

    analyzed: int
    reused: int
    failed: int
    kept: int = Field(description="Could not be fetched now and are as they were published.")


class RowProblem(Wire):
    """One thing wrong with one row; the codes stand in docs/feeds.md."""

    code: str = Field(examples=["bad-price"])
    field: str = Field(examples=["price"])
    cause: str
    fix: str
    line: int
    product_id: str
    severity: Literal["error", "warning"]


class LoadSummary(Wire):
    """What a load did."""

    message: str
    generation: str | None = Field(description="The version it filled.")
    products: int = Field(description="Products of the published version afterwards.")
    gone: int = Field(description="Products that were published before and are not afterwards.")
    seconds: float
    rows: RowCounts
    pictures: PictureCounts
    problems: dict[str, int] = Field(description="How often each code came up.")
    samples: list[RowProblem] = Field(description="Some of the problems, errors rather than warnings.")


class TroubleModel(Wire):
    """Why a load did not come to a good end."""

    code: str
    detail: str
    fix: str | None


class LoadModel(Wire):
    """A load. Ask again until `state` is none of `running` and `cancelling`."""

    id: str
    state: StateWord
    name: str = Field(description="What the feed is called.")
    url: str | None
    dry_run: bool
    delta: bool
    created_at: datetime
    ended_at: datetime | None
    holder: str = Field(description="The process that loads: host, number, start and what it does.")
    progress: ProgressModel
    summary: LoadSummary | None = Field(description="Null until the loader came to an end of its own.")
    problem: TroubleModel | None
    rejects: str | None = Field(description="Path of the refused rows on this server, where there are any.")


class LoadList(Wire):
    """The newest loads first."""

    loads: list[LoadModel]


class KeptGeneration(Wire):
    """A version of the catalog."""

    id: str
    state: Literal["loading", "verified", "published", "retired", "abandoned"]
    created_at: datetime
    published_at: datetime | None
    embedder: str = Field(description="The model that made its vectors.", examples=["akin-local/2"])
    products: int
    images: int = Field(description="Pictures with evidence.")
    source: str = Field(description="Digest and name of the feed it was made from.")
    holder: str = Field(description="Who loaded it, or loads it now.")


class GenerationList(Wire):
    """All kept versions, newest first."""

    generations: list[KeptGeneration]


class Pruned(Wire):
    """What was deleted."""

    deleted: list[str] = Field(description="Ids of the versions that are gone.")
