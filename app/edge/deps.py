"""Named dependencies: what a route needs, taken from the lifespan's state; what is a shop's, from the caller's."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import Request

from app.catalog import Catalog, CatalogWriter
from app.edge.callers import key_missing
from app.edge.errors import ShopNotServed
from app.edge.state import Limits, Shop, State
from app.edge.uploads import UploadBudget
from app.evaluation import EvaluationDesk
from app.events import EventLog
from app.identity import Caller, KeyRing
from app.insights import EvaluationRecords, Insights, JudgedPhotos
from app.intake import Intake
from app.loads import LoadDesk
from app.photos import ImageFetcher, PhotoDecoder, PhotoStore
from app.search import VisualSearch
from app.telemetry import Metrics

Alone = Callable[[str], AbstractAsyncContextManager[None]]
"""Holds a thing of the shop, by its name, while it is looked at and changed: see RepeatStore.alone."""


def state_of(request: Request) -> State:
    """What all shops share."""
    return cast("State", request.state)


async def _caller(request: Request) -> Caller:
    caller: Caller | None = request.state.caller
    if caller is None:
        raise key_missing()
    return caller


async def _shop(request: Request) -> Shop:
    caller = await _caller(request)
    shop = state_of(request)["shops"].get(caller.shop)
    if shop is None:
        raise ShopNotServed(
            f"The key {caller.key_id} is for the shop {caller.shop}, which is not served here.",
            fix="Use a key of a shop that AKIN_SHOPS names.",
        )
    return shop


async def _key_ring(request: Request) -> KeyRing:
    return state_of(request)["keys"]


async def _catalog(request: Request) -> Catalog:
    return (await _shop(request)).catalog


async def _writer(request: Request) -> CatalogWriter:
    return (await _shop(request)).writer


async def _loads(request: Request) -> LoadDesk:
    return (await _shop(request)).loads


async def _decoder(request: Request) -> PhotoDecoder:
    return state_of(request)["decoder"]


async def _photos(request: Request) -> PhotoStore:
    return (await _shop(request)).photos


async def _events(request: Request) -> EventLog:
    return (await _shop(request)).events


async def _insights(request: Request) -> Insights:
    return (await _shop(request)).insights


async def _judged(request: Request) -> JudgedPhotos:
    return (await _shop(request)).judged


async def _evaluations(request: Request) -> EvaluationRecords:
    return (await _shop(request)).evaluations


async def _desk(request: Request) -> EvaluationDesk:
    return (await _shop(request)).desk


async def _intake(request: Request) -> Intake:
    return (await _shop(request)).intake


async def _photo_urls(request: Request) -> ImageFetcher | None:
    return state_of(request)["photo_urls"]


async def _search(request: Request) -> VisualSearch:
    return (await _shop(request)).search


async def _uploads(request: Request) -> UploadBudget:
    return state_of(request)["uploads"]


async def _limits(request: Request) -> Limits:
    return state_of(request)["limits"]


async def _metrics(request: Request) -> Metrics:
    return state_of(request)["metrics"]


async def _alone(request: Request) -> Alone:
    shop, repeats = await _shop(request), state_of(request)["repeats"]
    return lambda thing: repeats.alone(shop.id, thing)


CallerDep = Annotated[Caller, Depends(_caller)]
ShopDep = Annotated[Shop, Depends(_shop)]
CatalogDep = Annotated[Catalog, Depends(_catalog)]
AloneDep = Annotated[Alone, Depends(_alone)]
WriterDep = Annotated[CatalogWriter, Depends(_writer)]
LoadsDep = Annotated[LoadDesk, Depends(_loads)]
DecoderDep = Annotated[PhotoDecoder, Depends(_decoder)]
PhotosDep = Annotated[PhotoStore, Depends(_photos)]
EventsDep = Annotated[EventLog, Depends(_events)]
KeyRingDep = Annotated[KeyRing, Depends(_key_ring)]
InsightsDep = Annotated[Insights, Depends(_insights)]
JudgedDep = Annotated[JudgedPhotos, Depends(_judged)]
EvaluationsDep = Annotated[EvaluationRecords, Depends(_evaluations)]
DeskDep = Annotated[EvaluationDesk, Depends(_desk)]
PhotoUrlsDep = Annotated[ImageFetcher | None, Depends(_photo_urls)]
IntakeDep = Annotated[Intake, Depends(_intake)]
SearchDep = Annotated[VisualSearch, Depends(_search)]
UploadsDep = Annotated[UploadBudget, Depends(_uploads)]
LimitsDep = Annotated[Limits, Depends(_limits)]
MetricsDep = Annotated[Metrics, Depends(_metrics)]
