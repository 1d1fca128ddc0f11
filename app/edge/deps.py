"""Named dependencies: what a route needs, taken from the lifespan's state."""

from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import Request

from app.catalog import Catalog, CatalogWriter
from app.edge.state import Limits, State
from app.edge.uploads import UploadBudget
from app.evaluation import EvaluationDesk
from app.events import EventLog
from app.insights import EvaluationRecords, JudgedPhotos
from app.intake import Intake
from app.loads import LoadDesk
from app.photos import PhotoDecoder, PhotoStore
from app.search import VisualSearch
from app.telemetry import Metrics


def _state(request: Request) -> State:
    return cast("State", request.state)


async def _catalog(request: Request) -> Catalog:
    return _state(request)["catalog"]


async def _writer(request: Request) -> CatalogWriter:
    return _state(request)["writer"]


async def _loads(request: Request) -> LoadDesk:
    return _state(request)["loads"]


async def _decoder(request: Request) -> PhotoDecoder:
    return _state(request)["decoder"]


async def _photos(request: Request) -> PhotoStore:
    return _state(request)["photos"]


async def _events(request: Request) -> EventLog:
    return _state(request)["events"]


async def _judged(request: Request) -> JudgedPhotos:
    return _state(request)["judged"]


async def _evaluations(request: Request) -> EvaluationRecords:
    return _state(request)["evaluations"]


async def _desk(request: Request) -> EvaluationDesk:
    return _state(request)["desk"]


async def _intake(request: Request) -> Intake:
    return _state(request)["intake"]


async def _search(request: Request) -> VisualSearch:
    return _state(request)["search"]


async def _uploads(request: Request) -> UploadBudget:
    return _state(request)["uploads"]


async def _limits(request: Request) -> Limits:
    return _state(request)["limits"]


async def _metrics(request: Request) -> Metrics:
    return _state(request)["metrics"]


CatalogDep = Annotated[Catalog, Depends(_catalog)]
WriterDep = Annotated[CatalogWriter, Depends(_writer)]
LoadsDep = Annotated[LoadDesk, Depends(_loads)]
DecoderDep = Annotated[PhotoDecoder, Depends(_decoder)]
PhotosDep = Annotated[PhotoStore, Depends(_photos)]
EventsDep = Annotated[EventLog, Depends(_events)]
JudgedDep = Annotated[JudgedPhotos, Depends(_judged)]
EvaluationsDep = Annotated[EvaluationRecords, Depends(_evaluations)]
DeskDep = Annotated[EvaluationDesk, Depends(_desk)]
IntakeDep = Annotated[Intake, Depends(_intake)]
SearchDep = Annotated[VisualSearch, Depends(_search)]
UploadsDep = Annotated[UploadBudget, Depends(_uploads)]
LimitsDep = Annotated[Limits, Depends(_limits)]
MetricsDep = Annotated[Metrics, Depends(_metrics)]
