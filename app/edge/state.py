"""What lives as long as the server: built by the composition root, read by routes through edge.deps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from app.analysis import Analyzer
from app.catalog import Catalog, CatalogWriter
from app.edge.door import Door
from app.edge.health import Readiness
from app.edge.rates import Rates
from app.edge.turns import Turns
from app.edge.uploads import UploadBudget
from app.evaluation import EvaluationDesk
from app.events import EventLog
from app.idempotency import RepeatStore
from app.identity import KeyRing
from app.insights import EvaluationRecords, Insights, JudgedPhotos
from app.intake import Intake
from app.loads import LoadDesk
from app.photos import ImageFetcher, PhotoDecoder, PhotoStore
from app.search import VisualSearch
from app.telemetry import Metrics


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost. deadline_s: seconds for the whole search. keeps_photos: whether a photo gets an id.
    max_photo_bytes: of a picture file."""

    deadline_s: float
    keeps_photos: bool
    max_photo_bytes: int = 15 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Shop:
    """Everything that holds or knows one shop's data. A request gets the parts of its caller's shop and no other's
    (edge.deps), so whatever belongs to a shop belongs here, and what all shops share into State."""

    id: str
    catalog: Catalog
    writer: CatalogWriter
    loads: LoadDesk
    analyzer: Analyzer
    photos: PhotoStore
    events: EventLog
    insights: Insights
    judged: JudgedPhotos
    evaluations: EvaluationRecords
    desk: EvaluationDesk
    intake: Intake
    search: VisualSearch


class State(TypedDict):
    """Long-lived objects; starlette hands a copy of this mapping to every request as `request.state`."""

    shops: Mapping[str, Shop]
    keys: KeyRing
    repeats: RepeatStore
    decoder: PhotoDecoder
    readiness: Readiness
    uploads: UploadBudget
    turns: Turns
    rates: Rates
    photo_urls: ImageFetcher | None
    limits: Limits
    metrics: Metrics
    door: Door
