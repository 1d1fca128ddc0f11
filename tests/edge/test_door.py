"""Who is turned away at the door, over a real socket: searches that would get no turn, and nobody else."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
from prometheus_client import generate_latest

from app.edge import wire
from app.edge.cors import Origins
from app.edge.door import Door
from app.edge.health import Readiness
from app.edge.turns import Turns
from app.identity.secret import new_id, new_text
from app.telemetry import Metrics
from tests.edge.test_wire import assert_refused, connection, port_of, rest, wire_server

pytestmark = pytest.mark.anyio

HERE = "address:127.0.0.1"
PAGE = "https://shop.example"
BODY = b"x" * 40_000


@dataclass
class House:
    """A server that searches at `/1`, with one slot and one place to wait."""

    turns: Turns = field(default_factory=lambda: Turns(1, 1))
    readiness: Readiness = field(default_factory=lambda: Readiness({}))
    metrics: Metrics = field(default_factory=Metrics)
    port: int = 0
    held: list["asyncio.Task[None]"] = field(default_factory=list)

    async def fill(self, *names: str) -> None:
        """Work for these, in this order, that does not end before `empty`."""

        async def work(name: str) -> None:
            async with self.turns.turn(name):
                await asyncio.sleep(60)

        for name in names:
            self.held.append(asyncio.create_task(work(name)))
            await asyncio.sleep(0)

    async def empty(self) -> None:
        for one in self.held:
            one.cancel()
        await asyncio.gather(*self.held, return_exceptions=True)
        self.held.clear()


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(wire, "LINGER_S", 0.4)
    made = House()
    calls = [("POST", "/1"), ("GET", "/1")]
    async with wire_server() as server:
        server.lifespan.state["door"] = Door(made.turns, made.readiness, made.metrics, Origins([PAGE]), calls=calls)
        made.port = port_of(server)
        yield made
        await made.empty()


def post(*headers: str, path: str = "/1", body: bytes = BODY) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def one_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body of the next answer."""
    async with asyncio.timeout(20):
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(int(line.split()[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        return head, await reader.readexactly(size)


async def asked(house: House, request: bytes) -> bytes:
    """The status line."""
    async with connection(house.port) as (reader, writer):
        writer.write(request)
        return (await one_answer(reader))[0].split(b"\r\n")[0]


async def test_whoever_gets_no_turn_is_told_so_in_full(house: House) -> None:
    await house.fill(HERE, HERE)
    async with connection(house.port) as (reader, writer):
        writer.write(post("Connection: close", "X-Request-Id: mine-7", f"Origin: {PAGE}"))
        answer = await rest(reader)
    assert_refused(answer, "overloaded", 503)
    head = answer.partition(b"\r\n\r\n")[0].decode().lower().split("\r\n")
    assert "x-request-id: mine-7" in head
    assert f"access-control-allow-origin: {PAGE}" in head
    assert "vary: origin" in head
    assert any(line.startswith("retry-after: ") and int(line.split()[1]) >= 1 for line in head)
    told = generate_latest(house.metrics.registry).decode()
    assert 'akin_http_requests_total{method="POST",route="/1",status="503"} 1.0' in told
    assert 'akin_problems_total{code="overloaded"} 1.0' in told


async def test_a_strange_page_is_not_told(house: House) -> None:
    await house.fill(HERE, HERE)
    async with connection(house.port) as (reader, writer):
        writer.write(post("Connection: close", "Origin: https://elsewhere.example"))
        assert b"access-control" not in await rest(reader)


async def test_the_connection_goes_on_after_a_whole_request(house: House) -> None:
    """Also where the next request came together with the refused one."""
    await house.fill(HERE, HERE)
    async with connection(house.port) as (reader, writer):
        writer.write(post())
        head, body = await one_answer(reader)
        assert head.startswith(b"HTTP/1.1 503 ")
        assert json.loads(body)["code"] == "overloaded"
        writer.write(post() + post(path="/3", body=b""))
        assert (await one_answer(reader))[0].startswith(b"HTTP/1.1 503 ")
        assert (await one_answer(reader))[1] == b"xxx"
        await house.empty()
        writer.write(post())
        assert (await one_answer(reader))[1] == b"x"


async def test_a_body_that_is_still_sent_is_thrown_away(house: House) -> None:
    """The answer comes before the body's end, and reaches the caller who sends on."""
    await house.fill(HERE, HERE)
    whole = post(body=bytes(3_000_000))
    async with connection(house.port) as (reader, writer):
        writer.write(whole[:50_000])
        head, _ = await one_answer(reader)
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"connection: close" in head
        writer.write(whole[50_000:])
        await writer.drain()
        assert await rest(reader) == b""


async def test_all_other_calls_come_in(house: House) -> None:
    await house.fill(HERE, HERE)
    assert await asked(house, post(path="/2")) == b"HTTP/1.1 200 OK"
    assert await asked(house, b"PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n") == b"HTTP/1.1 200 OK"
    assert (await asked(house, b"GET /1?text=a HTTP/1.1\r\nHost: x\r\n\r\n")).startswith(b"HTTP/1.1 503 ")


async def test_whoever_holds_less_comes_in(house: House) -> None:
    """By the id his key says; what is no key says nothing."""
    await house.fill(HERE, HERE)
    with_key = f"Authorization: Bearer {new_text(new_id())}"
    assert await asked(house, post(with_key)) == b"HTTP/1.1 200 OK"
    assert (await asked(house, post("Authorization: Bearer akin_live_nobody"))).startswith(b"HTTP/1.1 503 ")


async def test_the_loudest_key_is_turned_away_and_an_address_comes_in(house: House) -> None:
    key_id = new_id()
    await house.fill(f"key:{key_id}", f"key:{key_id}")
    loud = f"Authorization: Bearer {new_text(key_id)}"
    assert (await asked(house, post(loud))).startswith(b"HTTP/1.1 503 ")
    assert await asked(house, post()) == b"HTTP/1.1 200 OK"


async def test_a_server_that_stops_turns_nobody_away(house: House) -> None:
    """Its answers close their connections, and who asks again is served elsewhere."""
    await house.fill(HERE, HERE)
    house.readiness.drain()
    assert await asked(house, post()) == b"HTTP/1.1 200 OK"


async def test_many_are_turned_away_at_once(house: House) -> None:
    """Whatever comes in pieces, whoever hangs up early: everybody else gets one whole answer."""
    await house.fill(HERE, HERE)

    async def come(number: int) -> bytes:
        request = post(*(["Connection: close"] if number % 2 else []))
        async with AsyncExitStack() as stack:
            reader, writer = await stack.enter_async_context(connection(house.port))
            if number % 5 == 0:
                writer.write(request[: 30 + number])
                return b""
            for at in range(0, len(request), 9_001):
                writer.write(request[at : at + 9_001])
                await asyncio.sleep(0)
            return (await one_answer(reader))[0]

    heads = await asyncio.gather(*(come(number) for number in range(60)))
    assert all(head.startswith(b"HTTP/1.1 503 ") for number, head in enumerate(heads) if number % 5)
    assert house.turns.refused >= 48
