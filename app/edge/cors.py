"""Which web pages may read answers: exactly the listed origins, told to the browser on every answer, errors included.

starlette's CORSMiddleware decides before it is known whose key was shown, and refuses in plain text; so these few rules
are our own.
"""

from collections.abc import Callable, Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PERMISSION = {
    "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
    "access-control-allow-headers": "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match,"
    " Akin-Deadline-Ms, X-Request-Id",
    "access-control-max-age": "600",
}
_EXPOSED = "ETag, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"

KnowsOrigin = Callable[[Scope, str], bool]


def _none_known(_scope: Scope, _origin: str) -> bool:
    return False


class Origins:
    """Where pages come from that may read answers.

    origins: as browsers write them (`https://shop.example`). known: whether, besides, some key of the shop names the
    origin; a preflight shows no key, so it is asked for any. Credentials of the browser (cookies) are never allowed:
    who calls shows a key.
    """

    def __init__(self, origins: Collection[str] = (), known: KnowsOrigin = _none_known) -> None:
        self._origins = frozenset(origins)
        self._known = known

    def allowed(self, scope: Scope) -> str | None:
        """The origin of the page that asks, where it may read the answer."""
        origin = Headers(scope=scope).get("origin")
        return origin if origin is not None and (origin in self._origins or self._known(scope, origin)) else None

    def tell(self, scope: Scope, answer: MutableHeaders) -> None:
        """Write into an answer's headers who may read it."""
        _tell(answer, self.allowed(scope))


def _tell(answer: MutableHeaders, allowed: str | None) -> None:
    answer.add_vary_header("Origin")
    if allowed is not None:
        answer["access-control-allow-origin"] = allowed
        answer["access-control-expose-headers"] = _EXPOSED


class Cors:
    """Pure ASGI middleware."""

    def __init__(self, app: ASGIApp, *, origins: Origins) -> None:
        self.app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI call."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        allowed = self._origins.allowed(scope)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                _tell(MutableHeaders(scope=message), allowed)
            await send(message)

        headers = Headers(scope=scope)
        if scope["method"] == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers:
            # To a page that may not call the permission just lacks its origin: browsers show it no more than that.
            permission = _PERMISSION if allowed is not None else {}
            await Response(status_code=204, headers=permission)(scope, receive, sending)
        else:
            await self.app(scope, receive, sending)
