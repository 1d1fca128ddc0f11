"""The OpenAPI document: every operation with its errors and examples; built from the same classes that are raised."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api.schemas import Problem
from app.api.scopes import SCOPES
from app.edge import (
    MEDIA_TYPE,
    BodyTimeout,
    BodyTooLarge,
    PreconditionFailed,
    RateLimited,
    ShopNotServed,
    problem_type,
    status_for,
)
from app.errors import AppError
from app.idempotency import IdempotencyMismatch, RepeatRunning, RepeatsUnavailable, WriteOutcomeUnknown
from app.identity import KeyInvalid, KeyMissing, KeysUnavailable, OriginNotAllowed, ScopeMissing

Responses = dict[int | str, dict[str, Any]]

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_NULL = "\0null"
_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")

DESCRIPTION = """
Akin finds what a shop sells that is akin to what a shopper photographed.

Post a photo to `/search-by-photo`; the answer holds ranked products, each with the probability that a shopper calls it
similar and the reasons for it. Every error is one RFC 9457 problem (`application/problem+json`): branch on `code`, show
`detail` and `fix`, and quote `request_id` to the operator.
"""


def problems(*errors: type[AppError]) -> Responses:
    """The error responses of an operation: one entry a status, one example an error, limits and crashes included."""
    by_status: dict[int, list[type[AppError]]] = {}
    for error in dict.fromkeys((*errors, RateLimited, AppError)):
        by_status.setdefault(status_for(error), []).append(error)
    return {status: _response(status, classes) for status, classes in sorted(by_status.items())}


def body_problems(*errors: type[AppError]) -> Responses:
    """`problems` for an operation that takes a body."""
    return problems(BodyTooLarge, BodyTimeout, *errors)


def example(name: str, summary: str, value: object) -> Responses:
    """The successful response with its example."""
    shown = {"summary": summary, "value": keep_nulls(value)}
    return {200: {"content": {"application/json": {"examples": {name: shown}}}}}


def keep_nulls(value: Any) -> Any:
    """Mark the nulls of an example: FastAPI drops them from its document, though our answers have them."""
    if isinstance(value, dict):
        return {name: keep_nulls(part) for name, part in value.items()}
    return [keep_nulls(part) for part in value] if isinstance(value, list) else _NULL if value is None else value


def install_openapi(app: FastAPI) -> None:
    """Give the app its document: as FastAPI makes it, with our problem shape instead of the framework's errors."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION.strip(),
        routes=app.routes,
        tags=[
            {"name": "search", "description": "Find products by photo, by words, or like another product."},
            {"name": "products", "description": "Read and change single products; searchable within 2 seconds."},
            {"name": "loads", "description": "Load whole feeds, or parts of the shop, without a command line."},
            {"name": "generations", "description": "Versions of the catalog: publish, go back, delete."},
            {"name": "lab", "description": "Take searches apart, judge photos, measure settings on them."},
            {"name": "insights", "description": "What keeps products from being found, doubles, how the server is."},
            {"name": "keys", "description": "Who may call: make keys, list them, rotate them, revoke them."},
            {"name": "health", "description": "For whoever runs the server."},
        ],
    )
    schemas = made["components"]["schemas"]
    for name in _FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    made["components"]["securitySchemes"] = {"key": _KEY}
    for item in made["paths"].values():
        for operation in item.values():
            _say_who_may(operation)
            _say_what_conditions_do(operation)
    document: dict[str, Any] = _with_nulls(made)
    return document


_KEY = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "akin_live_…",
    "description": "A key that `akin keys create` made, with the scopes an operation names (`admin` has all of them)."
    " While no key was ever made, this machine's own programs need none.",
}


def _say_who_may(operation: dict[str, Any]) -> None:
    """Note which scope the operation needs, and the answers to whoever lacks it."""
    needed = SCOPES[operation["operationId"]]
    if needed is None:
        operation["security"] = []
        return
    operation["security"] = [{"key": [str(needed)]}]
    _add(operation, KeyMissing, KeyInvalid, ScopeMissing, OriginNotAllowed, ShopNotServed, KeysUnavailable)


def _say_what_conditions_do(operation: dict[str, Any]) -> None:
    """Note the answers of a write that is sent again, or that depends on a version."""
    headers = {one["name"].lower() for one in operation.get("parameters", []) if one["in"] == "header"}
    if "idempotency-key" in headers:
        _add(operation, IdempotencyMismatch, RepeatRunning, WriteOutcomeUnknown, RepeatsUnavailable)
    if "if-match" in headers:
        _add(operation, PreconditionFailed)


def _add(operation: dict[str, Any], *errors: type[AppError]) -> None:
    refusals = problems(*errors)
    for status, response in refusals.items():
        known = operation["responses"].setdefault(str(status), response)
        examples = known["content"][MEDIA_TYPE]["examples"]
        examples |= {
            code: one for code, one in response["content"][MEDIA_TYPE]["examples"].items() if code not in examples
        }
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _with_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_nulls(part) for name, part in value.items()}
    return [_with_nulls(part) for part in value] if isinstance(value, list) else None if value == _NULL else value


def _response(status: int, errors: Sequence[type[AppError]]) -> dict[str, Any]:
    return {
        "description": "; ".join(error.title for error in errors) + ".",
        "content": {
            MEDIA_TYPE: {
                "schema": _PROBLEM,
                "examples": {
                    error.code: {"summary": error.title, "value": _example(status, error)} for error in errors
                },
            }
        },
    }


def _example(status: int, error: type[AppError]) -> dict[str, object]:
    sentence = (error.__doc__ or error.title).strip().splitlines()[0]
    made = {
        "type": problem_type(error.code),
        "title": error.title,
        "status": status,
        "detail": sentence,
        "code": error.code,
        "fix": None,
        "request_id": "5f0c7d0c6f5e4a0f9a3a1b2c3d4e5f60",
        "extra": {},
    }
    kept: dict[str, object] = keep_nulls(made)
    return kept
