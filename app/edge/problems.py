"""Every error leaves as one RFC 9457 problem: the same members whatever went wrong, and nothing of the body echoed."""

import logging
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from app.edge.errors import (
    InvalidJson,
    InvalidRequest,
    MethodNotAllowed,
    RateLimited,
    UnsupportedMediaType,
    status_of,
)
from app.errors import AppError, BadRequest, NotFound, Unavailable
from app.events import EventLog, EventsUnavailable

MEDIA_TYPE = "application/problem+json"
_MAX_LISTED = 20
"""Most wrong fields listed in one problem: a body with 100,000 wrong members gets a short answer."""

logger = logging.getLogger("akin.edge")


class ProblemResponse(JSONResponse):
    """A problem+json answer. Its code is left in the request's state, for whoever counts."""

    media_type = MEDIA_TYPE
    code = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        scope.setdefault("state", {})["problem_code"] = self.code
        await super().__call__(scope, receive, send)


def problem(error: AppError, request_id: str) -> ProblemResponse:
    """The answer for an error: type, title, status, detail, code, fix, request_id, and the error's own facts."""
    status = status_of(error)
    content = {
        "type": problem_type(error.code),
        "title": error.title,
        "status": status,
        "detail": error.detail,
        "code": error.code,
        "fix": error.fix,
        "request_id": request_id,
        "extra": error.extra,
    }
    headers: dict[str, str] = {"cache-control": "no-store"}
    if isinstance(error, (Unavailable, RateLimited)):
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after_s)))
    if error.code in _CHALLENGES:
        headers["www-authenticate"] = f'Bearer realm="akin"{_CHALLENGES[error.code]}'
    answer = ProblemResponse(content, status, headers)
    answer.code = error.code
    return answer


_CHALLENGES = {
    "not-authenticated": "",
    "key-missing": "",
    "key-invalid": ', error="invalid_token"',
    "scope-missing": ', error="insufficient_scope"',
}
"""What RFC 6750 wants said to whoever comes without the right key."""


def problem_type(code: str) -> str:
    """The stable identifier of a kind of problem; docs/errors.md has a section for each."""
    return f"urn:akin:problem:{code}"


def internal_problem(request_id: str) -> ProblemResponse:
    """The answer when we failed: says nothing of the inside, names the id to look for in the log."""
    return problem(AppError("The server failed on this request; it is not the request's fault.", fix=_ASK), request_id)


_ASK = "Try again; if it happens again, give the operator the request id."


def request_id_of(request: Request) -> str:
    """The id the middleware gave this request."""
    return str(getattr(request.state, "request_id", ""))


def install_handlers(app: FastAPI) -> None:
    """Make the app answer every expected error as a problem. Crashes are answered by the outermost middleware."""
    app.add_exception_handler(AppError, _on_app_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)


async def _on_app_error(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, AppError)
    if status_of(error) >= 500:
        logger.warning("%s: %s (request %s)", error.code, error.detail, request_id_of(request))
    return await _counted(request, error)


async def _counted(request: Request, error: AppError) -> ProblemResponse:
    """The answer, after it was counted for whoever looks after the server; counting that fails spoils no answer."""
    caller = getattr(request.state, "caller", None)
    shop = getattr(request.state, "shops", {}).get(caller.shop) if caller is not None else None
    events = getattr(shop, "events", None)
    if isinstance(events, EventLog):
        with suppress(EventsUnavailable):
            await events.failed(error.code, status_of(error))
    return problem(error, request_id_of(request))


async def _on_invalid(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)
    return await _counted(request, _as_app_error(error.errors(), request.headers.get("content-type", "")))


def _as_app_error(errors: Sequence[Mapping[str, Any]], content_type: str) -> AppError:
    if any(entry["type"] == "json_invalid" for entry in errors):
        return InvalidJson("The body is not JSON.", fix="Send one JSON object in UTF-8.")
    whole_body = any(tuple(entry["loc"]) == ("body",) for entry in errors)
    if whole_body and "json" not in content_type:
        return UnsupportedMediaType(
            "This call takes a JSON body.", fix="Send JSON with the header Content-Type: application/json."
        )
    listed = [
        {"field": ".".join(str(part) for part in entry["loc"][1:]), "message": str(entry["msg"])}
        for entry in errors[:_MAX_LISTED]
    ]
    fields = ", ".join(dict.fromkeys(entry["field"] or "body" for entry in listed))
    return InvalidRequest(
        f"These values cannot be used: {fields}.", fix="Correct what `extra.errors` names.", errors=listed
    )


async def _on_http(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, HTTPException)
    answer = await _counted(request, _from_status(error.status_code))
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    if error.status_code == 405:
        answer.headers["allow"] = _allowed(request) or answer.headers.get("allow", "")
    return answer


def _allowed(request: Request) -> str:
    """All methods of the path: the framework names those of the first route alone, and each method is a route."""
    path = getattr(request.scope.get("route"), "path_format", "")
    return ", ".join(sorted(method.upper() for method in request.app.openapi()["paths"].get(path, ())))


def _from_status(status: int) -> AppError:
    """What the framework itself refuses, in our words."""
    match status:
        case 404:
            return NotFound("There is nothing at this path.", fix="docs/http.md lists all paths; /openapi.json too.")
        case 405:
            return MethodNotAllowed("The path does not take this method.", fix="Use one of the methods in `Allow`.")
        case 415:
            return UnsupportedMediaType("This call takes another kind of body.", fix="Correct the Content-Type header.")
        case _ if status < 500:
            return BadRequest("The request could not be read.", fix="Check the body and its Content-Type.")
        case _:
            return AppError("The server could not answer.", fix=_ASK)
