"""What shoppers did with the answers: reported by apps and pages, checked against the answer itself."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Body, Path
from pydantic import Field

from app.api.openapi import body_problems, example
from app.api.schemas import Wire
from app.edge import BeginDep, EventsDep, InvalidJson, InvalidRequest, UnsupportedMediaType
from app.events import Deed, EventsUnavailable, InteractionKind, InteractionMismatch, SearchNotFound

MOST_AT_ONCE = 200

SearchId = Annotated[
    str, Path(min_length=1, max_length=64, description="`search_id` of the answer.", examples=["Zk3vXq0aTtK1mYwE"])
]

_REPORTED: Final[dict[str, Any]] = {
    "interactions": [
        {"kind": "view", "product_id": "lund-armchair-teal", "position": 1},
        {"kind": "click", "product_id": "lund-armchair-teal", "position": 1},
    ]
}


class InteractionModel(Wire):
    """One thing a shopper did with one product of an answer."""

    kind: Literal["view", "click", "cart", "purchase", "reject"] = Field(
        description="`view`: it was seen; `click`: looked at; `cart`, `purchase`; `reject`: not what was meant."
    )
    product_id: str = Field(min_length=1, max_length=200, examples=["lund-armchair-teal"])
    position: int | None = Field(
        default=None, ge=1, description="Where it was shown, from 1, counted over all pages; checked where it is given."
    )


class InteractionReport(Wire):
    """What was done with one answer."""

    interactions: list[InteractionModel] = Field(min_length=1, max_length=MOST_AT_ONCE)


class InteractionReceipt(Wire):
    """What became of a report."""

    recorded: int = Field(description="How many were new; one that is sent again counts once.", examples=[2])


router = APIRouter(tags=["search"])


@router.post(
    "/searches/{search_id}/interactions",
    operation_id="recordInteractions",
    summary="Tell what a shopper did with an answer",
    responses={
        **example("new", "Both were new", {"recorded": 2}),
        **body_problems(
            InvalidJson,
            InvalidRequest,
            UnsupportedMediaType,
            SearchNotFound,
            InteractionMismatch,
            EventsUnavailable,
        ),
    },
)
async def record_interactions(
    search_id: SearchId,
    report: Annotated[InteractionReport, Body(openapi_examples={"click": {"value": _REPORTED}})],
    events: EventsDep,
    begin: BeginDep,
) -> InteractionReceipt:
    """Only products that this answer showed are taken; all of a report is kept or none, and a report may be repeated.

    Nothing about the shopper is asked for or kept. Events are kept for `AKIN_EVENTS_DAYS`.
    """
    deeds = [Deed(InteractionKind(one.kind), one.product_id, one.position) for one in report.interactions]
    await begin()
    return InteractionReceipt(recorded=await events.interact(search_id, deeds))
