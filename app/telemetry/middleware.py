"""Pure ASGI middleware around everything: counts, times and traces each request, and writes its line in the log."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.telemetry.metrics import METHODS, UNMATCHED, Metrics
from app.tracing import ServerSpan

QUIET = frozenset({"/live", "/ready", "/metrics"})
"""Asked every few seconds by machines: counted, but no trace, and no log line while they are well."""

_REFUSED = 503
"""Answers of which there are most when there is least time; their lines may be written a little later, together."""

access = logging.getLogger("akin.access")


class Observed:
    """Sees every request by its route's template; the path and the query, a caller's words, are never told."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI call."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0
        quiet = scope["path"] in QUIET
        span = None if quiet else ServerSpan(_method(scope), scope["headers"])

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.in_progress.inc()
        try:
            await self.app(scope, receive, sending)
        except BaseException:
            status = 0  # what was begun was cut off
            raise
        finally:
            self._metrics.in_progress.dec()
            self._tell(scope, status, time.perf_counter() - started, span)

    def _tell(self, scope: Scope, status: int, spent_s: float, span: ServerSpan | None) -> None:
        state = scope.get("state", {})
        request_id = str(state.get("request_id", ""))
        route = route_of(scope)
        tell(
            self._metrics,
            method=_method(scope),
            route=route,
            status=status,
            spent_s=spent_s,
            request_id=request_id,
            code=str(state.get("problem_code", "")),
            logged=span is not None or status != 200,
        )
        if span is not None:
            span.end(route=route, status=status, request_id=request_id)


def tell(
    metrics: Metrics,
    *,
    method: str,
    route: str,
    status: int,
    spent_s: float,
    request_id: str,
    code: str,
    logged: bool = True,
) -> None:
    """Count one request, and write its line in the log. route: its template. status: 0 where the answer was cut off.
    code: of the problem it was answered with, "" without one."""
    metrics.requests.labels(method, route, str(status)).inc()
    metrics.request_s.labels(method, route).observe(spent_s)
    if code:
        metrics.problems.labels(code).inc()
    if logged:
        fields = {
            "method": method,
            "route": route,
            "status": status,
            "duration_ms": round(spent_s * 1000, 1),
            "request_id": request_id,
            "code": code,
        }
        told = f"{method} {route} {status} {spent_s * 1000:.0f}ms {request_id}"
        access.info("%s", told, extra={"fields": fields, "patient": status == _REFUSED})


def route_of(scope: Scope) -> str:
    """The template of the route that took the request, e.g. `/products/{product_id}`; `(none)` where none did."""
    template = getattr(scope.get("route"), "path", None)
    return str(template) if template else UNMATCHED


def _method(scope: Scope) -> str:
    return str(scope["method"]) if scope["method"] in METHODS else "OTHER"
