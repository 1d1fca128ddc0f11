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


class Cors:
    """Pure ASGI middleware.

    origins: allowed ones, as browsers write them (`https://shop.example`). known: whether, besides, some key of the
    shop names the origin; a preflight shows no key, so it is asked for any. Credentials of the browser (cookies) are
    never allowed: who calls shows a key.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str] = (), known: KnowsOrigin = _none_known) -> None:
        self.app = app
        self._origins = frozenset(origins)
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI call."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        allowed = origin is not None and (origin in self._origins or self._known(scope, origin))

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.add_vary_header("Origin")
                if origin is not None and allowed:
                    answer["access-control-allow-origin"] = origin
                    answer["access-control-expose-headers"] = _EXPOSED
            await send(message)

        if scope["method"] == "OPTIONS" and origin is not None and "access-control-request-method" in headers:
            # To a page that may not call the permission just lacks its origin: browsers show it no more than that.
            await Response(status_code=204, headers=_PERMISSION if allowed else {})(scope, receive, sending)
        else:
            await self.app(scope, receive, sending)
