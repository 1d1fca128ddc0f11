"""The body is capped and timed before any parser sees it, with and without Content-Length."""

from collections.abc import AsyncIterator

import anyio
import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from app.edge.middleware import BodyLimit, CrashAnswer
from app.settings import Settings
from tests.edge.conftest import serving
from tests.edge.problems import assert_problem

pytestmark = pytest.mark.anyio

CAP = 300_000


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that takes small photos only."""
    small = settings.model_copy(update={"max_photo_bytes": CAP - 256 * 1024, "body_timeout_s": 2.0})
    async with serving(small) as made:
        yield made


class Counted:
    """A body in chunks, without a length, that counts how much of it was taken."""

    def __init__(self, chunks: int, pause_s: float = 0.0) -> None:
        self.taken = 0
        self._chunks = chunks
        self._pause_s = pause_s

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self._chunks):
            self.taken += 1
            await anyio.sleep(self._pause_s)
            yield b"x" * 1000


@pytest.mark.parametrize("path", ["/search-by-photo", "/products/p1"])
async def test_a_declared_body_that_is_too_large_is_refused_unread(client: httpx.AsyncClient, path: str) -> None:
    body = Counted(1)
    method = "POST" if path == "/search-by-photo" else "PUT"
    response = await client.request(method, path, content=body, headers={"content-length": str(CAP + 1)})
    problem = assert_problem(response, "body-too-large")
    assert problem["extra"]["max_bytes"] == CAP
    assert response.headers["connection"] == "close"
    assert body.taken == 0


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/search-by-photo", "multipart/form-data; boundary=b"),
        ("/products/p1", "application/json"),
        ("/products/p1", "text/plain"),
    ],
)
async def test_a_chunked_body_is_cut_at_the_cap(client: httpx.AsyncClient, path: str, content_type: str) -> None:
    body = Counted(5_000)
    preamble = b'--b\r\ncontent-disposition: form-data; name="photo"; filename="x"\r\n\r\n'

    async def chunks() -> AsyncIterator[bytes]:
        yield preamble
        async for chunk in body:
            yield chunk

    method = "POST" if path == "/search-by-photo" else "PUT"
    response = await client.request(method, path, content=chunks(), headers={"content-type": content_type})
    assert_problem(response, "body-too-large")
    assert body.taken <= CAP / 1000 + 1


@pytest.mark.parametrize("length", ["-1", "1e3", "many", "9" * 30])
async def test_a_length_that_is_no_length_is_refused(client: httpx.AsyncClient, length: str) -> None:
    response = await client.post("/search-by-photo", content=Counted(1), headers={"content-length": length})
    assert_problem(response, "body-too-large")


async def test_a_slow_body_is_cut_off(client: httpx.AsyncClient) -> None:
    response = await client.put(
        "/products/p1", content=Counted(1000, pause_s=0.05), headers={"content-type": "application/json"}
    )
    assert_problem(response, "body-timeout")
    assert response.headers["connection"] == "close"


async def test_a_body_at_the_cap_passes_and_disconnects_are_still_seen() -> None:
    """The app behind reads the whole body, then is told of the disconnect, with no time limit on that wait."""
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] != "http.disconnect":
            seen.append(f"{len(message['body'])}")
        seen.append("gone")

    messages: list[Message] = [
        {"type": "http.request", "body": b"x" * 5, "more_body": True},
        {"type": "http.request", "body": b"x" * 5, "more_body": False},
    ]

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        await anyio.sleep(0.2)  # longer than the body may take
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError("nothing is answered")

    limited = BodyLimit(app, max_bytes=10, timeout_s=0.1)
    await limited({"type": "http", "method": "POST", "path": "/", "headers": []}, receive, send)
    assert seen == ["5", "5", "gone"]


async def test_an_answer_that_broke_off_is_not_mended() -> None:
    """Once the answer has begun the connection must break, or a client would take a part for the whole."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("broken half-way")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    with pytest.raises(RuntimeError, match="half-way"):
        await CrashAnswer(app)({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start"]
