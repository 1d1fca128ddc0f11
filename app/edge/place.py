"""A place for whoever was let in, from the end of his headers to the end of his body."""

from collections.abc import Collection
from contextlib import ExitStack

from starlette.types import ASGIApp, Receive, Scope, Send

from app.edge.errors import Overloaded
from app.edge.peers import counted_as
from app.edge.problems import problem
from app.edge.turns import Turns


class KeepPlace:
    """Pure ASGI middleware: who calls has a place for as long as most bodies take to read (`place` in the request's
    state); who takes longer can still be refused by the route.

    calls: method and path of those that need turns. Most who get none were turned away at the door; here his key is
    known to be his, and who gets no turn by it is answered without his body. Takes the Turns from the lifespan's state.
    """

    def __init__(self, app: ASGIApp, *, calls: Collection[tuple[str, str]]) -> None:
        self.app = app
        self._calls = frozenset(calls)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI call."""
        if scope["type"] == "http" and (scope["method"], scope["path"]) in self._calls:
            await self._let_in(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        turns: Turns = scope["state"]["turns"]
        with ExitStack() as inside:
            try:
                scope["state"]["place"] = inside.enter_context(turns.expecting(counted_as(scope)))
            except Overloaded as refusal:
                await problem(refusal, str(scope["state"].get("request_id", "")))(scope, receive, send)
            else:
                await self.app(scope, receive, send)
