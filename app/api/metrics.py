"""What Prometheus fetches, and who may."""

import anyio
from fastapi import APIRouter, Response
from starlette.requests import Request

from app.api.openapi import problems
from app.edge import MetricsDep, OperatorsOnly, asks_from_this_machine
from app.identity import DEFAULT_SHOP, Caller, Scope

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={
        200: {
            "description": "All figures of all server processes, in the format the Accept header asks for.",
            "content": {
                "text/plain": {
                    "schema": {"type": "string"},
                    "examples": {"figures": {"value": 'akin_http_requests_total{method="GET"} 1.0\n'}},
                }
            },
        },
        **problems(OperatorsOnly),
    },
)
async def figures(request: Request, metrics: MetricsDep) -> Response:
    """Request rates, errors and times by route; stages of a search; queues, engine, sources, loads, memory.

    Answered to programs on this machine, and to keys of the server's own shop with the scope `insights:read`.
    """
    caller: Caller | None = request.state.caller
    is_operator = caller is not None and caller.shop == DEFAULT_SHOP and caller.may(Scope.INSIGHTS_READ)
    if not asks_from_this_machine(request) and not (is_operator and caller is not None and caller.key_id is not None):
        raise OperatorsOnly(
            "These figures are for whoever runs the server.",
            fix="Ask from the machine itself, without a proxy, or with a key that has insights:read.",
        )
    body, content_type = await anyio.to_thread.run_sync(metrics.exposition, request.headers.get("accept", ""))
    return Response(body, headers={"content-type": content_type, "cache-control": "no-store"})
