"""The connection itself, over a real socket: what is no HTTP, endless or slow heads, bodies nobody wants."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from app.edge import wire
from app.edge.headers import SECURITY_HEADERS

pytestmark = pytest.mark.anyio


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer at once, with as many bytes as the path says, without reading the body."""
    if scope["path"] == "/close":
        headers = [(b"content-length", b"7"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"no more"})
        return
    size = int(scope["path"].strip("/") or 2)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % size)]})
    await send({"type": "http.response.body", "body": b"x" * size})


@asynccontextmanager
async def wire_server() -> AsyncIterator[uvicorn.Server]:
    """A server of `answering`, and its port by `port_of`."""
    config = uvicorn.Config(
        answering, http=wire.BoundedHttp, ws="none", lifespan="off", log_config=None, access_log=False, port=0
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn sets no event
        await asyncio.sleep(0.01)
    yield server
    server.should_exit = True
    await serving


def port_of(server: uvicorn.Server) -> int:
    """Where it listens."""
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """The port of a server whose patience is short."""
    for name in ("HEAD_TIMEOUT_S", "LINGER_S", "WRITE_TIMEOUT_S"):
        monkeypatch.setattr(wire, name, 0.4)
    async with wire_server() as server:
        yield port_of(server)


@asynccontextmanager
async def connection(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A bare connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the server hangs up."""
    try:
        async with asyncio.timeout(20):
            return await reader.read()
    except ConnectionResetError:
        return b""


def assert_refused(answer: bytes, code: str, status: int) -> None:
    """The bytes are one problem with all headers that answers have."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0].startswith(f"http/1.1 {status} ")
    assert "content-type: application/problem+json" in lines
    assert "connection: close" in lines
    assert all(f"{name}: {value}" in lines for name, value in SECURITY_HEADERS.items())
    problem = json.loads(body)
    assert (problem["code"], problem["status"]) == (code, status)
    assert f"x-request-id: {problem['request_id']}" in lines


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50),
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"BREW /pot HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_told_so(port: int, sent: bytes) -> None:
    async with connection(port) as (reader, writer):
        writer.write(sent)
        assert_refused(await rest(reader), "bad-http", 400)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nx: " + b"a" * wire.MAX_HEAD_BYTES,
        b"GET / HTTP/1.1\r\n" + b"x: a\r\n" * wire.MAX_HEAD_BYTES,
        b"GET /" + b"a" * wire.MAX_HEAD_BYTES,
        b"GET / HTTP/1.1\r\nx: " + b"a" * wire.MAX_HEAD_BYTES + b"\r\n\r\n",
    ],
    ids=["endless header", "endless headers", "endless line", "one large header"],
)
async def test_a_head_is_cut_at_its_limit(port: int, sent: bytes) -> None:
    async with connection(port) as (reader, writer):
        writer.write(sent)
        assert_refused(await rest(reader), "head-too-large", 431)


async def test_a_head_byte_by_byte_is_cut_off(port: int) -> None:
    async with connection(port) as (reader, writer):

        async def dripping() -> None:
            for byte in b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 1000:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.05)

        drip = asyncio.create_task(dripping())
        assert_refused(await rest(reader), "head-timeout", 408)
        drip.cancel()


async def test_a_connection_that_asks_nothing_is_closed(port: int) -> None:
    async with connection(port) as (reader, _):
        assert await rest(reader) == b""


async def test_the_head_of_a_second_request_is_timed_too(port: int) -> None:
    async with connection(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        await reader.readuntil(b"xx")
        writer.write(b"GET / HT")
        assert_refused(await rest(reader), "head-timeout", 408)


async def test_a_refusal_reaches_a_caller_who_still_sends(port: int) -> None:
    async with connection(port) as (reader, writer):
        writer.write(b"POST /close HTTP/1.1\r\nhost: x\r\ncontent-length: 20000000\r\n\r\n")
        with suppress(ConnectionError):
            for _ in range(300):
                writer.write(b"y" * 65_536)
                await writer.drain()
        answer = await rest(reader)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.endswith(b"no more")


async def test_several_requests_share_a_connection(port: int) -> None:
    request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
    async with connection(port) as (reader, writer):
        writer.write(request + request)
        for _ in range(2):
            assert b" 200 " in await reader.readuntil(b"xx")
        await asyncio.sleep(0.1)
        writer.write(request)
        assert b" 200 " in await reader.readuntil(b"xx")


async def test_a_body_that_was_answered_before_its_end_is_taken_for_a_while_only(port: int) -> None:
    async with connection(port) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n")
        assert b" 200 " in await reader.readuntil(b"xx")

        async def dripping() -> None:
            while True:
                writer.write(b"y")
                await asyncio.sleep(0.05)

        drip = asyncio.create_task(dripping())
        assert await rest(reader) == b""
        drip.cancel()


async def test_after_such_a_body_the_connection_serves_on(port: int) -> None:
    async with connection(port) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n")
        await reader.readuntil(b"xx")
        writer.write(b"y" * 10 + b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b" 200 " in await reader.readuntil(b"xx")


async def test_a_caller_who_does_not_read_is_left(port: int) -> None:
    async with connection(port) as (reader, writer):
        writer.write(b"GET /50000000 HTTP/1.1\r\nhost: x\r\n\r\n")
        await asyncio.sleep(1.5)
        got = await rest(reader)
        assert len(got) < 50_000_000
