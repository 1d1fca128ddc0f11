"""A caller who goes away stops the work that was done for him."""

import anyio
import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from app.edge.disconnect import while_connected
from app.errors import NotFound

pytestmark = pytest.mark.anyio


def request_that(*, leaves: anyio.Event) -> Request:
    """A request whose caller disconnects when the event is set."""

    async def receive() -> Message:
        await leaves.wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http", "method": "GET", "path": "/", "headers": []}, receive)


async def test_work_is_stopped_when_the_caller_leaves() -> None:
    leaves, stopped = anyio.Event(), anyio.Event()

    async def work() -> None:
        leaves.set()
        try:
            await anyio.sleep_forever()
        finally:
            stopped.set()

    with pytest.raises(ClientDisconnect):
        await while_connected(request_that(leaves=leaves), work())
    assert stopped.is_set()


async def test_work_for_a_caller_who_stays_gives_its_result() -> None:
    async def work() -> int:
        await anyio.lowlevel.checkpoint()
        return 7

    assert await while_connected(request_that(leaves=anyio.Event()), work()) == 7


async def test_an_error_of_the_work_comes_out_as_it_is() -> None:
    async def work() -> int:
        raise NotFound("gone")

    with pytest.raises(NotFound, match="gone"):
        await while_connected(request_that(leaves=anyio.Event()), work())


async def test_cancelling_from_outside_stops_the_work() -> None:
    stopped = anyio.Event()

    async def work() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            stopped.set()

    with anyio.move_on_after(0.01) as scope:
        await while_connected(request_that(leaves=anyio.Event()), work())
    assert scope.cancelled_caught
    assert stopped.is_set()
