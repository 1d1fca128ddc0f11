"""Pure ASGI middleware: the request's envelope (id, headers), the answer to a crash, the cap on its body.

Pure ASGI, because starlette's BaseHTTPMiddleware hides client disconnects and buffers. `Envelope` is outside of all but
what observes (app/telemetry), so that every answer carries the request id and the security headers.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.edge.errors import BodyTimeout, BodyTooLarge
from app.edge.headers import add_envelope
from app.edge.health import Readiness
from app.edge.problems import internal_problem, problem
from app.edge.request_id import request_id_from
from app.errors import AppError
from app.telemetry import working_for

logger = logging.getLogger("akin.edge")


class Envelope:
    """Gives each request an id, and each answer its headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI call."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = request_id_from(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if _stopping(scope):
                    headers["connection"] = "close"  # the next request over it would meet a server that is gone
                add_envelope(headers, request_id)
            await send(message)

        with working_for(request_id):
            await self.app(scope, receive, sending)


def _stopping(scope: Scope) -> bool:
    readiness = scope["state"].get("readiness")
    return isinstance(readiness, Readiness) and readiness.draining


class CrashAnswer:
    """Answers whatever nobody foresaw with a clean 500. Inside of Envelope and Cors: a page sees it as what it is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI call."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception:
            request_id = str(scope.get("state", {}).get("request_id", ""))
            logger.exception("request %s failed", request_id)
            if begun:
                raise  # the server must cut the connection, so that nobody takes a part for all
            await internal_problem(request_id)(scope, receive, send)


class BodyLimit:
    """Refuses a body that is too large or too slow, before any parser has seen it.

    max_bytes: largest body. timeout_s: longest time from the request's head to the end of its body. other: what single
    calls take instead, by method and path.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_bytes: int,
        timeout_s: float,
        other: Mapping[tuple[str, str], "Allowance"] = MappingProxyType({}),
    ) -> None:
        self.app = app
        self._usual = Allowance(max_bytes, timeout_s)
        self._other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI call."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = str(scope.get("state", {}).get("request_id", ""))
        allowed = self._other.get((scope["method"], scope["path"]), self._usual)
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdigit() or int(declared[:20]) > allowed.max_bytes:
            await _closing(problem(allowed.too_large(), request_id))(scope, receive, send)
            return
        meter = _BodyMeter(receive, allowed.max_bytes, allowed.timeout_s)
        replaced = False

        async def sending(message: Message) -> None:
            # Frameworks turn an exception while reading into their own 400; what really happened wins.
            nonlocal replaced
            if meter.refusal is not None and message["type"] == "http.response.start":
                replaced = True
                await _closing(problem(allowed.explain(meter.refusal), request_id))(scope, receive, send)
            elif not replaced:
                await send(message)

        try:
            await self.app(scope, meter.receive, sending)
        except _BodyRefused as refused:
            if not replaced:
                await _closing(problem(allowed.explain(refused), request_id))(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How large and how slow a body may be. smaller: how a caller can send less."""

    max_bytes: int
    timeout_s: float
    smaller: str = "Send a smaller photo: 1024 pixels on the longer side are enough."

    def explain(self, refused: "_BodyRefused") -> AppError:
        """The error for a body that was cut off."""
        return self.too_slow() if refused.slow else self.too_large()

    def too_large(self) -> AppError:
        """The error for a body of too many bytes."""
        return BodyTooLarge(
            f"The body is larger than {self.max_bytes} bytes.", fix=self.smaller, max_bytes=self.max_bytes
        )

    def too_slow(self) -> AppError:
        """The error for a body that took too long."""
        return BodyTimeout(
            f"The body did not arrive within {self.timeout_s:g} seconds.",
            fix=f"Try again on a better connection. {self.smaller}",
            timeout_s=self.timeout_s,
        )


class _BodyRefused(Exception):
    """Stops whoever reads the body; the middleware answers."""

    def __init__(self, *, slow: bool) -> None:
        super().__init__("body too slow" if slow else "body too large")
        self.slow = slow


class _BodyMeter:
    """Counts and times the body as it passes. After its end, only disconnects pass, and nothing is timed."""

    def __init__(self, receive: Receive, max_bytes: int, timeout_s: float) -> None:
        self._receive = receive
        self._left = max_bytes
        self._deadline = time.monotonic() + timeout_s
        self._ended = False
        self.refusal: _BodyRefused | None = None

    async def receive(self) -> Message:
        if self._ended:
            return await self._receive()
        if self.refusal is not None:
            raise self.refusal
        message: Message | None = None
        with anyio.move_on_after(max(0.0, self._deadline - time.monotonic())):
            message = await self._receive()
        if message is None:
            raise self._refuse(slow=True)
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise self._refuse(slow=False)
        self._ended = not message.get("more_body", False)
        return message

    def _refuse(self, *, slow: bool) -> _BodyRefused:
        self.refusal = _BodyRefused(slow=slow)
        return self.refusal


def _closing(response: Response) -> Response:
    """The rest of the body was not read, so the connection cannot be used again."""
    response.headers["connection"] = "close"
    return response
