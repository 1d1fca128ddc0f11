"""The door: under five times the load four of five requests are refused, and here that costs little.

A search that would get no turn is answered before a task is made for it, before anything is routed or of its body read.
What that saves is measured in docs/decisions/0120.
"""

from collections.abc import Collection, Iterable

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from app.edge.cors import Origins
from app.edge.errors import Overloaded
from app.edge.headers import add_envelope
from app.edge.health import Readiness
from app.edge.peers import Network, address_behind, named
from app.edge.problems import problem
from app.edge.request_id import request_id_from
from app.edge.turns import Turns
from app.identity import id_in
from app.telemetry import Metrics, tell


class Door:
    """Asked by the connection (wire.py) for every request whose headers are there.

    calls: method and path of those that need turns. trusted: see Peers. What is let in can still be refused inside.

    A key is believed here: whoever shows another's is refused as the other is, and when he is let in, Identify looks
    at it. A server that stops refuses nobody here, as answers tell more then. Refusals make no trace.
    """

    def __init__(
        self,
        turns: Turns,
        readiness: Readiness,
        metrics: Metrics,
        origins: Origins,
        *,
        calls: Collection[tuple[str, str]],
        trusted: Iterable[Network] = (),
    ) -> None:
        self._turns = turns
        self._readiness = readiness
        self._metrics = metrics
        self._origins = origins
        self._calls = frozenset(calls)
        self._trusted = tuple(trusted)

    def refusal(self, scope: Scope, method: str, path: str) -> Response | None:
        """The whole answer for whoever is not let in, counted and logged; None for everybody else.

        scope: with the caller's address, the headers and the lifespan's state.
        """
        if (method, path) not in self._calls or self._readiness.draining:
            return None
        headers = Headers(scope=scope)
        try:
            self._turns.refuse_when_full(self._name(scope, headers))
        except Overloaded as refusal:
            return self._answer(scope, headers, method, path, refusal)
        return None

    def _name(self, scope: Scope, headers: Headers) -> str:
        key_id = id_in(headers.get("authorization", "").partition(" ")[2].strip())
        return named(key_id, address_behind(scope, self._trusted))

    def _answer(self, scope: Scope, headers: Headers, method: str, path: str, refusal: Overloaded) -> Response:
        request_id = request_id_from(headers)
        answer = problem(refusal, request_id)
        add_envelope(answer.headers, request_id)
        self._origins.tell(scope, answer.headers)
        tell(
            self._metrics,
            method=method,
            route=path,
            status=answer.status_code,
            spent_s=0.0,
            request_id=request_id,
            code=refusal.code,
        )
        return answer
