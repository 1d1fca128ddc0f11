"""Work for a caller who is still there: when the connection goes, the work is stopped."""

from collections.abc import Awaitable
from typing import TypeVar

import anyio
from starlette.requests import ClientDisconnect, Request

T = TypeVar("T")


async def while_connected(request: Request, work: Awaitable[T]) -> T:
    """Await the work; cancel it when the caller disconnects. The body must have been read to its end.

    Raises ClientDisconnect when the work was stopped, else what the work raises.
    """
    outcome: list[T] = []
    failure: list[Exception] = []

    async def working(scope: anyio.CancelScope) -> None:
        try:
            outcome.append(await work)
        except Exception as error:  # noqa: BLE001 - carried out of the task group unwrapped, and raised below
            failure.append(error)
        scope.cancel()

    async def watching(scope: anyio.CancelScope) -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(working, group.cancel_scope)
        group.start_soon(watching, group.cancel_scope)
    if failure:
        raise failure[0]
    if not outcome:
        raise ClientDisconnect
    return outcome[0]
