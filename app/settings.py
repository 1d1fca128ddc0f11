"""Settings: read once from the environment (AKIN_*), frozen, checked, and passed no further than the composition roots.

Every setting stands in docs/settings.md with its default; tests/edge/test_settings.py compares the two.
"""

import os
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from app.errors import AppError
from app.settings_catalog import CatalogSettings
from app.settings_edge import EdgeSettings

PREFIX = "AKIN_"


class InvalidSettings(AppError):
    """A setting has a value that cannot be used; raised before anything is opened."""

    code: ClassVar[str] = "invalid-settings"
    title: ClassVar[str] = "The settings cannot be used"


class Settings(CatalogSettings, EdgeSettings):
    """All settings of the server and the command-line programs. Read them with `load_settings`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    analyzers: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("local",),
        description="Who looks at photos, separated by commas: `local` always, and any of `google_vision`, `vertex`,"
        " `rekognition`, `google_automl` ([cloud.md](cloud.md)).",
    )
    embedder: str = Field(
        default="local",
        description="What turns a picture into a vector: `local`; `onnx:PATH` of a model with its TOML beside it;"
        " `fastembed:NAME` of a model on the hub; `vertex` (or `vertex:CARD`) for one at Vertex AI"
        " ([embedders.md](embedders.md)).",
    )
    models: Path = Field(
        default=Path("data/models"),
        description="Folder where models of `fastembed:` are kept, in fastembed's own layout.",
    )
    calibration: Path | None = Field(
        default=None,
        description="A calibration of the score fitted to the shop's own judged photos (`akin tune`), instead of the"
        " shipped one.",
    )
    rules: Path | None = Field(
        default=None,
        description="Merchandising rules (TOML): pin, boost and bury ([rules.md](rules.md)); read again when changed.",
    )
    deadline_ms: int = Field(
        default=10_000, ge=100, le=120_000, description="Longest time a search may take, in milliseconds."
    )
    sources_ms: int = Field(
        default=3000,
        ge=50,
        le=60_000,
        description="Longest wait for outside sources, in milliseconds; 0.6 of what is left of a search where that is"
        " less.",
    )
    google_features: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("labels", "objects"),
        description="What Google Vision is asked, each paid by itself: `labels`, `objects`, `colors`, `logos`, `text`,"
        " `web`, `safe_search`.",
    )
    google_endpoint: str | None = Field(
        default=None, description="Another address for Google Vision and AutoML: `https://HOST`, e.g. the EU's."
    )
    google_product_set: str | None = Field(
        default=None,
        description="Product set of Vision Product Search to ask too: `projects/P/locations/L/productSets/S`.",
    )
    google_product_categories: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("homegoods-v2",), description="Categories looked through in that product set."
    )
    vertex_endpoint: str | None = Field(
        default=None, description="Another address for Vertex AI than that of the model's region: `https://HOST`."
    )
    aws_region: str | None = Field(default=None, description="Region of Rekognition; none asks the AWS configuration.")
    aws_endpoint: str | None = Field(default=None, description="Another address for Rekognition: `https://HOST`.")
    model_cards: Path | None = Field(
        default=None, description="Folder with the TOML cards of the shop's own models ([cloud.md](cloud.md))."
    )
    vocabulary: Path | None = Field(
        default=None, description="The shop's own words for what sources say, added to the shipped vocabulary (TOML)."
    )
    trust: Path | None = Field(
        default=None, description="How far each source is believed, fitted with `akin trust` (TOML)."
    )
    prices: Path | None = Field(default=None, description="Price table of outside calls, instead of the shipped one.")
    cloud_store: Path = Field(
        default=Path("data/cloud.db"),
        description="File where outside calls are counted and their answers kept; all processes share it.",
    )
    cloud_cache_days: float = Field(
        default=30, ge=0, le=3650, description="How long an outside answer is kept, in days; `0` keeps none."
    )
    cloud_cache_mb: int = Field(
        default=200, ge=1, le=100_000, description="Most room outside answers may take, in megabytes."
    )
    budget_units_per_minute: int | None = Field(
        default=None, ge=0, description="Most units (one feature of one photo) bought a minute, by all processes."
    )
    budget_units_per_day: int | None = Field(default=None, ge=0, description="Most units bought a day (UTC).")
    budget_usd_per_minute: float | None = Field(default=None, ge=0, description="Most US dollars spent a minute.")
    budget_usd_per_day: float | None = Field(default=None, ge=0, description="Most US dollars spent a day (UTC).")
    cascade: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="Outside sources are asked only where the type, after a look at the catalog, is less sure than"
        " this; `1` asks always.",
    )
    cascade_attributes: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Attributes that must be known, else sources are asked too, e.g. `material`."
    )
    hybrid_look: bool = Field(
        default=True, description="Look again, closer, where a source found the object elsewhere than the eyes did."
    )
    blur_faces: Path | None = Field(
        default=None, description="A YuNet face detector (ONNX): faces are blurred before a photo leaves."
    )
    loader_ask_above_usd: float = Field(
        default=1.0, ge=0, description="The loader asks before it spends more than this on outside sources."
    )
    max_photo_bytes: int = Field(
        default=15 * 1024 * 1024, ge=10_000, le=200_000_000, description="Largest photo accepted, in bytes."
    )
    body_timeout_s: float = Field(
        default=15.0, gt=0, le=600, description="Longest time a caller may take to send a request body, in seconds."
    )
    decode_slots: int = Field(
        default=0, ge=0, le=64, description="Photos decoded at once per server process; `0` means one per core."
    )
    decode_timeout_s: float = Field(
        default=3.0, gt=0, le=60, description="Time after which a decoding process is killed, in seconds."
    )
    decode_memory_mb: int = Field(
        default=768, ge=128, le=8192, description="Memory one decoding process may take, in MiB."
    )
    look_processes: int | None = Field(
        default=None,
        ge=0,
        le=64,
        description="Processes per server process in which the embedded eyes look at photos; none given: one per photo"
        " decoded at once. `0` looks in the server's own threads, which saves some 40 MB each and answers fewer"
        " searches. Models of `AKIN_EMBEDDER=onnx:…` and `fastembed:…` always look in threads.",
    )
    shops: Path | None = Field(
        default=None,
        description="TOML file of the shops this server serves, a table each"
        " ([production.md](production.md#several-shops)); none: one shop, `default`, with the settings as they are.",
    )
    shop: str | None = Field(
        default=None,
        description="The shop of that file that a command works for (`catalog-loader`, `akin search`, …); `akin serve`"
        " serves all.",
    )
    keys: Path = Field(
        default=Path("data/keys.db"),
        description="File of the API keys that `akin keys` makes: hashes only, shared by all server processes"
        " of a machine ([several machines](production.md#several-machines)). Without a key in it the"
        " server is open, to this machine only.",
    )
    writes: Path = Field(
        default=Path("data/writes.db"),
        description="File that keeps for a day how writes with an `Idempotency-Key` were answered; all server processes"
        " of a machine share it ([several machines](production.md#several-machines)).",
    )
    photo_store: Path = Field(
        default=Path("data/photos.db"),
        description="File that keeps clean copies of searched photos and what was seen in them, so that a search can be"
        " refined by `photo_id`.",
    )
    photo_ttl_s: int = Field(
        default=3600, ge=0, le=30 * 86_400, description="How long a searched photo is kept, in seconds; `0` keeps none."
    )
    events: Path = Field(
        default=Path("data/events.db"),
        description="File of answered searches and of what shoppers did with the answers; shared by all server"
        " processes. It holds no photo, no words and nobody's name or address.",
    )
    events_days: float = Field(default=90, gt=0, le=3650, description="How long events are kept, in days.")
    insights: Path = Field(
        default=Path("data/insights"),
        description="Folder of what is known about pictures, judged photos and decided duplicates; shared by all server"
        " processes and the loader.",
    )
    fetch_private: bool = Field(
        default=False,
        description="`true` also fetches product pictures over plain http and from private addresses: for a shop whose"
        " pictures lie in its own network.",
    )
    loads: Path = Field(
        default=Path("data/loads"),
        description="Folder of the loads that were started over HTTP: their feeds, states and refused rows; shared by"
        " all server processes.",
    )
    max_feed_bytes: int = Field(
        default=1 << 30, ge=10_000, le=8 << 30, description="Largest feed accepted over HTTP, in bytes."
    )
    feed_timeout_s: float = Field(
        default=600.0, gt=0, le=86_400, description="Longest time a feed may take to arrive over HTTP, in seconds."
    )
    media: Path | None = Field(
        default=None,
        description="Folder served at `/media`, so that the relative image links of a feed can be shown.",
    )
    host: str = Field(default="127.0.0.1", description="Address the server listens on.")
    port: int = Field(default=8000, ge=0, le=65_535, description="Port the server listens on; `0` picks a free one.")
    workers: int = Field(default=1, ge=1, le=64, description="Server processes.")
    drain_s: int = Field(
        default=15, ge=0, le=600, description="Time running requests get to finish when the server stops, in seconds."
    )
    keep_alive_s: int = Field(
        default=75,
        ge=1,
        le=3600,
        description="How long an idle connection is kept open, in seconds: longer than the balancer keeps its own, or"
        " it sends a request over one that is being closed (Google's: 620).",
    )
    drain_delay_s: float = Field(
        default=0.0,
        ge=0,
        le=300,
        description="When the server is told to stop: seconds during which `/ready` says no and requests are still"
        " taken, so that what sends them can go elsewhere first; 5 behind a load balancer.",
    )
    log: Literal["plain", "json"] = Field(
        default="plain", description="Form of log lines: `plain`, or `json`, one object a line."
    )
    trace_endpoint: str | None = Field(
        default=None,
        pattern="^https?://[^@]+$",
        description="Where traces go: an OTLP collector, `http://HOST:4318/v1/traces`; none makes no traces"
        " ([observability.md](observability.md)).",
    )
    trace_share: float = Field(default=0.1, ge=0, le=1, description="Share of requests of which a trace is kept.")

    @field_validator(
        "analyzers",
        "google_features",
        "google_product_categories",
        "cascade_attributes",
        mode="before",
    )
    @classmethod
    def _split_names(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(name for name in (part.strip() for part in value.split(",")) if name)

    @field_validator("analyzers")
    @classmethod
    def _at_least_one_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or len(set(value)) != len(value):
            raise ValueError("name at least one analyzer, and each only once")
        return value

    @field_validator("embedder")
    @classmethod
    def _known_embedder(cls, value: str) -> str:
        kind, colon, which = value.partition(":")
        if value in ("local", "vertex") or (kind in ("onnx", "fastembed", "vertex") and colon and which):
            return value
        raise ValueError(
            "write `local`, `onnx:` and a file's path, `fastembed:` and a name, `vertex`, or `vertex:` and a card"
        )

    @property
    def max_body_bytes(self) -> int:
        """Largest request body: the photo and some room for the other parts of the form."""
        return self.max_photo_bytes + 256 * 1024

    @property
    def decode_processes(self) -> int:
        """Decoding processes of one server process."""
        return self.decode_slots or os.cpu_count() or 1

    @property
    def looking_processes(self) -> int:
        """Processes of one server process in which the embedded eyes look; 0 for none."""
        return self.decode_processes if self.look_processes is None else self.look_processes

    @property
    def looks_with_embedded_eyes(self) -> bool:
        """Whether this machine looks with the embedded eyes, not with a model of its own."""
        return self.embedder.partition(":")[0] not in ("onnx", "fastembed")

    @property
    def searches_at_once(self) -> int:
        """Searches one server process works on at once."""
        # Whoever waits for another company's server needs no core meanwhile.
        waits = self.analyzers != ("local",) or self.embedder.partition(":")[0] == "vertex"
        return self.search_slots or self.decode_processes * (16 if waits else 1)

    @property
    def searches_waiting(self) -> int:
        """Searches that may wait for one of those."""
        return 4 * self.searches_at_once if self.search_queue is None else self.search_queue


def load_settings(**overrides: object) -> Settings:
    """Read the environment; `overrides` (command-line options) win over it.

    Raises InvalidSettings naming every wrong variable at once, also AKIN_* variables that do not exist.
    """
    unknown = unknown_variables()
    if unknown:
        raise InvalidSettings(
            f"Unknown setting: {', '.join(unknown)}.", fix="Correct or remove it; docs/settings.md lists all settings."
        )
    try:
        # The plugin types the constructor by fields; overrides are checked by the same validation at run time.
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        problems = [_describe(entry["loc"], entry["msg"]) for entry in error.errors()]
        raise InvalidSettings(
            "; ".join(problems) + ".", fix="Correct the environment; docs/settings.md lists all settings."
        ) from None


def unknown_variables() -> list[str]:
    """AKIN_* variables of the environment that are no setting: most often a typing mistake."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)


def _describe(location: tuple[int | str, ...], message: str) -> str:
    text = message.removeprefix("Value error, ")
    return f"{PREFIX}{str(location[0]).upper()}: {text}" if location else text
