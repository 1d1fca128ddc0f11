"""What lives as long as the server: built by the composition root, read by routes through edge.deps."""

from dataclasses import dataclass
from typing import TypedDict

from app.analysis import Analyzer
from app.catalog import Catalog, CatalogWriter
from app.edge.health import Readiness
from app.edge.rates import Rates
from app.edge.turns import Turns
from app.edge.uploads import UploadBudget
from app.evaluation import EvaluationDesk
from app.events import EventLog
from app.insights import EvaluationRecords, JudgedPhotos
from app.intake import Intake
from app.loads import LoadDesk
from app.photos import PhotoDecoder, PhotoStore
from app.search import VisualSearch
from app.telemetry import Metrics


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost. deadline_s: seconds for the whole search. keeps_photos: whether a photo gets an id.
    max_photo_bytes: of a picture file."""

    deadline_s: float
    keeps_photos: bool
    max_photo_bytes: int = 15 * 1024 * 1024


class State(TypedDict):
    """Long-lived objects; starlette hands a copy of this mapping to every request as `request.state`."""

    catalog: Catalog
    writer: CatalogWriter
    loads: LoadDesk
    analyzer: Analyzer
    decoder: PhotoDecoder
    photos: PhotoStore
    events: EventLog
    judged: JudgedPhotos
    evaluations: EvaluationRecords
    desk: EvaluationDesk
    intake: Intake
    search: VisualSearch
    readiness: Readiness
    uploads: UploadBudget
    turns: Turns
    rates: Rates
    limits: Limits
    metrics: Metrics
