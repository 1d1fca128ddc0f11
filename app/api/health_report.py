"""How the server is, for people: parts, queues, hours of searching, problems, and what outside sources cost."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from app.api import insight_examples as examples
from app.api.insight_schemas import (
    FailureModel,
    HealthModel,
    HealthPart,
    HourModel,
    QueueModel,
    SourceDayModel,
    SpendingModel,
    StageModel,
)
from app.api.openapi import example, problems
from app.catalog import CatalogUnavailable, Generation, NothingPublished
from app.edge import CatalogDep, EventsDep, InsightsDep, InvalidRequest, health, state_of
from app.events import EventsUnavailable, Failed, Pulse
from app.insights import Spending

HoursParameter = Annotated[int, Query(ge=1, le=24 * 14, description="Hours to look back.")]

router = APIRouter(prefix="/insights", tags=["insights"])


@router.get(
    "/health",
    operation_id="getHealth",
    summary="How the server is",
    responses={**example("well", "A quiet hour", examples.HEALTH), **problems(InvalidRequest, EventsUnavailable)},
)
async def get_health(
    request: Request, catalog: CatalogDep, events: EventsDep, insights: InsightsDep, hours: HoursParameter = 24
) -> HealthModel:
    """For people; machines ask `/ready` and `/metrics`. Hours and problems are of all processes, queues of this one."""
    state = state_of(request)
    turns, decoder = state["turns"], state["decoder"].state()
    generation = await _published(catalog)
    return HealthModel(
        parts={name: _part(one) for name, one in (await state["readiness"].report()).items()},
        queues={
            "searches": QueueModel(working=turns.working, waiting=turns.waiting, slots=turns.slots),
            "photos": QueueModel(working=decoder.busy, waiting=decoder.waiting, slots=decoder.slots),
        },
        hours=[hour_model(one) for one in await events.pulse(hours=hours)],
        failures=failure_models(await events.failures(hours=hours)),
        spending=_spending(await insights.spending()) if insights.spending is not None else None,
        generation=generation.id if generation is not None else None,
        products=generation.products if generation is not None else 0,
    )


async def _published(catalog: CatalogDep) -> Generation | None:
    try:
        return (await catalog.snapshot()).generation
    except (NothingPublished, CatalogUnavailable):  # `parts` says so
        return None


def _part(one: health.PartState) -> HealthPart:
    return HealthPart(ok=one.ok, detail=one.detail, fix=one.fix)


def hour_model(one: Pulse) -> HourModel:
    """An hour on the wire."""
    return HourModel(
        at=one.at,
        searches=one.searches,
        empty=one.empty,
        asked=dict(one.asked),
        stages={stage.stage: StageModel(p50=stage.p50, p95=stage.p95) for stage in one.stages},
        missing=dict(one.missing),
        interactions=dict(one.deeds),
    )


def failure_models(failures: list[Failed]) -> list[FailureModel]:
    """Problems by code, the most frequent first."""
    found: dict[tuple[str, int], FailureModel] = {}
    for one in failures:  # newest hour first
        known = found.get((one.code, one.status))
        times = one.times + (known.times if known is not None else 0)
        last = known.last_hour if known is not None else one.at
        found[one.code, one.status] = FailureModel(code=one.code, status=one.status, times=times, last_hour=last)
    return sorted(found.values(), key=lambda one: (-one.times, one.code))


def _spending(spending: Spending) -> SpendingModel:
    return SpendingModel(
        today_usd=spending.today_usd,
        today_units=spending.today_units,
        budget_usd=spending.budget_usd,
        budget_units=spending.budget_units,
        breakers=dict(spending.breakers),
        days=[
            SourceDayModel(day=one.day, source=one.source, usd=one.usd, units=one.units, happened=dict(one.happened))
            for one in spending.days
        ],
    )
