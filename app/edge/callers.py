"""Who calls, found out before anything of the body is read; and whether they may, when the operation is known.

`Identify` is middleware and refuses keys that open nothing; `Authorize` is the dependency of every operation and asks
the one table (app/api/scopes.py) for the scope it needs.
"""

from collections.abc import Collection, Mapping

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.edge.peers import address_of
from app.edge.problems import problem
from app.errors import AppError
from app.identity import (
    Caller,
    KeyInvalid,
    KeyMissing,
    KeyRing,
    OriginNotAllowed,
    ScopeMissing,
    is_loopback,
    is_served_here,
)
from app.identity import Scope as KeyScope

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Identify:
    """Puts the Caller into the request's state as `caller`; None for one without a key, who may read public things.

    origins: of web pages that may also call a server that is still open. Reads the key ring from the lifespan's state.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str] = ()) -> None:
        self.app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI call."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        try:
            state["caller"] = await self._caller(state["keys"], scope, Headers(scope=scope))
        except AppError as refusal:
            answer = problem(refusal, str(state.get("request_id", "")))
            if scope["method"] not in SAFE:
                answer.headers["connection"] = "close"  # the body was not read
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _caller(self, keys: KeyRing, scope: Scope, headers: Headers) -> Caller | None:
        caller = await keys.caller(_bearer(headers))
        origin = headers.get("origin")
        if caller is None:
            if scope["method"] not in SAFE:
                raise key_missing()  # now, not after its body was read
        elif caller.key_id is None:
            _refuse_strangers(scope, headers, None if origin in self._origins else origin)
        elif not caller.may_come_from(origin, headers.get("sec-fetch-site")):
            raise OriginNotAllowed(
                f"The key {caller.key_id} may not be used from {origin or 'outside a web page'}.",
                fix="Use it from a page of one of its origins, or make a key for this one: akin keys create --origin.",
            )
        return caller


class Authorize:
    """Dependency of all operations: lets a call through when its caller has the operation's scope.

    scopes: operation id -> scope, None for an operation that is everybody's. One that is not there is nobody's.
    """

    def __init__(self, scopes: Mapping[str, KeyScope | None]) -> None:
        self._scopes = scopes

    async def __call__(self, request: Request) -> None:
        """Raises KeyMissing, ScopeMissing."""
        route = request.scope["route"]
        if not route.include_in_schema:
            return  # a page: it holds nothing of a shop, and asks the operations as anybody does
        needed = self._scopes[route.operation_id]
        if needed is None:
            return
        request.scope["state"]["needed_scope"] = needed
        caller: Caller | None = request.state.caller
        if caller is None:
            raise key_missing()
        if not caller.may(needed):
            raise ScopeMissing(
                f"This call needs the scope {needed}; the key {caller.key_id} has {', '.join(sorted(caller.scopes))}.",
                fix=f"Call with a key that has it: akin keys create --scope {needed}.",
                needed=needed,
                has=sorted(caller.scopes),
            )


def knows_origin(scope: Scope, origin: str) -> bool:
    """Whether some key may be used from that origin, for Cors; which one is shown is checked when it is shown."""
    keys: KeyRing = scope["state"]["keys"]
    return keys.knows_origin(origin)


def key_missing() -> KeyMissing:
    """The error for a call without a key."""
    return KeyMissing("This call needs a key.", fix="Send it in the header: Authorization: Bearer akin_live_…")


def _bearer(headers: Headers) -> str | None:
    """The key a request carries, None without one. Raises KeyInvalid for other ways to say who one is."""
    given = headers.getlist("authorization")
    if not given:
        return None
    kind, _, text = given[0].partition(" ")
    if len(given) > 1 or kind.lower() != "bearer":
        raise KeyInvalid("The header Authorization holds no key.", fix="Send: Authorization: Bearer akin_live_…")
    return text.strip()


def _refuse_strangers(scope: Scope, headers: Headers, origin: str | None) -> None:
    """While nobody needs a key, only this machine's own programs and pages are let in.

    A page of the web can make a browser on this machine call us, under our name (a form) or under its own (a name that
    it lets point to 127.0.0.1): Origin and Host tell. Raises KeyMissing, OriginNotAllowed.
    """
    if not is_loopback(address_of(scope)):
        raise key_missing()
    from_afar = origin is not None and not is_served_here(origin.partition("://")[2])
    if from_afar or not is_served_here(headers.get("host", "")):
        raise OriginNotAllowed(
            "While no key was made, only programs and pages of this machine are answered.",
            fix="Call http://127.0.0.1 or http://localhost; for others, make keys: akin keys create.",
        )
