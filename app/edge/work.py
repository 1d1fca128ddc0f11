"""How a route does what costs: in its caller's turn, under one deadline, and only while he is there."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar, cast

from fastapi import Depends
from starlette.requests import Request

from app.edge.deadline import Deadline
from app.edge.disconnect import while_connected
from app.edge.peers import counted_as
from app.edge.state import State

T = TypeVar("T")


class Work:
    """The costly part of one request."""

    def __init__(self, request: Request) -> None:
        state = cast("State", request.state)
        self._request = request
        self._turns = state["turns"]
        self._most_s = state["limits"].deadline_s
        self._caller = counted_as(request.scope)
        self._place: object = request.scope["state"].get("place")
        self._deadline: Deadline | None = None

    async def wait_for(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do what only waits, such as for another server: it needs no turn. Raises as `do`, but Overloaded."""
        deadline = self._begun()

        async def waiting() -> T:
            async with deadline.kept():
                return await work()

        return await while_connected(self._request, waiting())

    async def do(self, work: Callable[[Deadline], Awaitable[T]]) -> T:
        """Wait for a turn and work. The body must have been read to its end.

        Raises Overloaded, DeadlineExceeded, InvalidRequest for a deadline that is none, ClientDisconnect, and what the
        work raises.
        """
        deadline = self._begun()

        async def in_turn() -> T:
            async with deadline.kept(), self._turns.turn(self._caller, self._place):
                return await work(deadline)

        return await while_connected(self._request, in_turn())

    def _begun(self) -> Deadline:
        """The one deadline of the request; it begins when it is asked for first, which is when the body was read."""
        if self._deadline is None:
            self._deadline = Deadline.begin(self._most_s, self._request.headers)
        return self._deadline


async def _work(request: Request) -> Work:
    return Work(request)


WorkDep = Annotated[Work, Depends(_work)]
