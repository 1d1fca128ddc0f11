"""Is the process alive, and can it do its work? Each part is tried for real and named with what to do."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import anyio
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field
from starlette.requests import Request

from app.errors import AppError

Check = Callable[[], Awaitable[str]]
"""Tries one part: returns a short fact for the operator, raises AppError with what to do."""


@dataclass(frozen=True, slots=True)
class PartState:
    """How one part is. detail: a fact when it is well, what is wrong when not. fix: what to do."""

    ok: bool
    detail: str
    fix: str | None = None


_DRAINING = PartState(False, "The server is stopping.", "Send requests elsewhere.")


class Readiness:
    """Tries every part at once, each for at most `patience_s` seconds. Callers who ask at once share one try, so that
    asking costs the server no more than one try at a time."""

    def __init__(self, checks: Mapping[str, Check], *, patience_s: float = 2.0) -> None:
        self._checks = dict(checks)
        self._patience_s = patience_s
        self._draining = False
        self._running: asyncio.Task[dict[str, PartState]] | None = None
        self.last: Mapping[str, PartState] = {}
        """What the last report said."""

    def drain(self) -> None:
        """The server is about to stop: from now on it is not ready, whatever its parts are."""
        self._draining = True

    @property
    def draining(self) -> bool:
        """Whether the server is about to stop."""
        return self._draining

    async def report(self) -> dict[str, PartState]:
        """State of every part, in the order they were given. Never raises for a sick part."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._report(), name="readiness")
        return dict(await asyncio.shield(self._running))

    async def _report(self) -> dict[str, PartState]:
        states: dict[str, PartState] = {}

        async def trying(name: str, check: Check) -> None:
            states[name] = await self._try(check)

        async with anyio.create_task_group() as group:
            for name, check in self._checks.items():
                group.start_soon(trying, name, check)
        self.last = {name: states[name] for name in self._checks}
        if self._draining:
            self.last = {**self.last, "draining": _DRAINING}
        return dict(self.last)

    async def _try(self, check: Check) -> PartState:
        try:
            with anyio.fail_after(self._patience_s):
                return PartState(True, await check())
        except AppError as error:
            return PartState(False, error.detail, error.fix)
        except TimeoutError:
            return PartState(
                False, f"No answer within {self._patience_s:g} seconds.", "The machine may be overloaded: see its load."
            )
        except Exception as error:  # noqa: BLE001 - a health report must come whatever is broken
            return PartState(False, f"Failed with {type(error).__name__}.", "See the server's log.")


class PartModel(BaseModel):
    """How one part is."""

    ok: bool
    detail: str
    fix: str | None = None


class LiveAnswer(BaseModel):
    """The process runs."""

    status: Literal["live"] = "live"


class ReadyAnswer(BaseModel):
    """Whether searches can be answered, part by part."""

    status: Literal["ready", "not-ready"]
    parts: dict[str, PartModel] = Field(
        examples=[{"catalog": {"ok": True, "detail": "answers"}, "decoder": {"ok": True, "detail": "decodes"}}]
    )


router = APIRouter(tags=["health"])


async def _readiness(request: Request) -> Readiness:
    readiness = request.state.readiness
    assert isinstance(readiness, Readiness)
    return readiness


_READY_EXAMPLE = {
    "status": "not-ready",
    "parts": {
        "catalog": {"ok": True, "detail": "It answers.", "fix": None},
        "generation": {
            "ok": False,
            "detail": "No catalog was published yet.",
            "fix": "Load a feed: catalog-loader load FEED.",
        },
    },
}


@router.get(
    "/live",
    operation_id="live",
    summary="Is the process alive?",
    responses={200: {"content": {"application/json": {"examples": {"live": {"value": {"status": "live"}}}}}}},
)
async def live(response: Response) -> LiveAnswer:
    """Touches nothing: restart the process when this does not answer."""
    response.headers["cache-control"] = "no-store"
    return LiveAnswer()


@router.get(
    "/ready",
    operation_id="ready",
    summary="Can it answer searches?",
    responses={
        200: {
            "content": {
                "application/json": {
                    "examples": {
                        "ready": {
                            "value": {
                                "status": "ready",
                                "parts": {"catalog": {"ok": True, "detail": "It answers.", "fix": None}},
                            }
                        }
                    }
                }
            }
        },
        503: {
            "model": ReadyAnswer,
            "description": "At least one part is not well; `fix` says what to do.",
            "content": {"application/json": {"examples": {"empty": {"value": _READY_EXAMPLE}}}},
        },
    },
)
async def ready(response: Response, readiness: Annotated[Readiness, Depends(_readiness)]) -> ReadyAnswer:
    """Tries the catalog, the published generation, the embedder against it, the decoder with a real picture, and its
    queue."""
    states = await readiness.report()
    well = all(state.ok for state in states.values())
    response.status_code = 200 if well else 503
    response.headers["cache-control"] = "no-store"
    return ReadyAnswer(
        status="ready" if well else "not-ready",
        parts={name: PartModel(ok=one.ok, detail=one.detail, fix=one.fix) for name, one in states.items()},
    )
