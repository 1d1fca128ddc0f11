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

    def refuse_when_full(self) -> None:
        """Raise Overloaded now where `do` would: before the body is read."""
        self._turns.refuse_when_full(self._caller)

    async def do(self, work: Callable[[Deadline], Awaitable[T]]) -> T:
        """Wait for a turn and work. The body must have been read to its end: the deadline begins now.

        Raises Overloaded, DeadlineExceeded, InvalidRequest for a deadline that is none, ClientDisconnect, and what the
        work raises.
        """
        deadline = Deadline.begin(self._most_s, self._request.headers)

        async def in_turn() -> T:
            async with deadline.kept(), self._turns.turn(self._caller):
                return await work(deadline)

        return await while_connected(self._request, in_turn())


async def _work(request: Request) -> Work:
    return Work(request)


WorkDep = Annotated[Work, Depends(_work)]
