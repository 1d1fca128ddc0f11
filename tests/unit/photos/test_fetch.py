"""URL -> bytes: what is fetched, what is refused, and that nothing private is ever dialed."""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from app.photos import (
    ImageFetcher,
    ImageForbiddenAddress,
    ImageNotFetched,
    ImageNotFound,
    ImageRefused,
    ImageTimeout,
    ImageTooLarge,
    ImageUnreachable,
    ImageUrlInvalid,
)
from app.photos.addresses import is_public

pytestmark = pytest.mark.anyio

PICTURE = b"\xff\xd8\xff" + bytes(5000)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(PICTURE) + PICTURE
AddressInfo = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]


class Shop:
    """A web server on 127.0.0.1 that gives raw answers in turn and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[bytes]] = {}
        self.requests: list[bytes] = []
        self.connections = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request on one connection; an empty answer is silence, the last answer of a path repeats."""
        self.connections += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head)
            path = head.split()[1].decode()
            queue = self.answers[path]
            answer = queue.pop(0) if len(queue) > 1 else queue[0]
            if not answer:
                await reader.read()
            writer.write(answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def url(self, path: str, *answers: bytes) -> str:
        """The URL of a path that answers so."""
        self.answers[path] = list(answers)
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """A running web server."""
    shop = Shop()
    server = await asyncio.start_server(shop.serve, "127.0.0.1", 0)
    shop.port = server.sockets[0].getsockname()[1]
    yield shop
    server.close()


@asynccontextmanager
async def fetcher(**options: float | bool) -> AsyncIterator[ImageFetcher]:
    """A fetcher that may reach 127.0.0.1 over plain http."""
    async with ImageFetcher(**{"allow_http": True, "allow_private": True, **options}) as fetcher:  # type: ignore[arg-type]
        yield fetcher


def redirect(to: str, status: int = 302) -> bytes:
    """An answer that sends the caller elsewhere."""
    return f"HTTP/1.1 {status} Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


def status(code: int, *headers: str) -> bytes:
    """An answer without a body."""
    return "\r\n".join([f"HTTP/1.1 {code} Because", *headers, "Content-Length: 0", "", ""]).encode()


async def test_the_bytes_arrive_whole(shop: Shop) -> None:
    """With the host's name, no cookies and no compression asked for."""
    url = shop.url("/a.jpg?size=big", OK)
    async with fetcher() as images:
        assert await images.fetch(url) == PICTURE
    assert f"Host: 127.0.0.1:{shop.port}".encode() in shop.requests[0]
    assert b"identity" in shop.requests[0]


@pytest.mark.parametrize(("code", "refusal"), [(404, ImageNotFound), (410, ImageNotFound), (403, ImageRefused)])
async def test_a_refusal_of_the_server_is_final(shop: Shop, code: int, refusal: type[ImageNotFetched]) -> None:
    """It is asked once, and the status is told."""
    url = shop.url("/a.jpg", status(code))
    async with fetcher() as images:
        with pytest.raises(refusal) as raised:
            await images.fetch(url)
    assert raised.value.extra == {"url": url, "status": code}
    assert len(shop.requests) == 1


@pytest.mark.parametrize("first", [status(503), status(429, "Retry-After: 0"), status(500), b"HTTP/1.1 gibberish"])
async def test_a_passing_failure_is_tried_again(shop: Shop, first: bytes) -> None:
    """Overload and broken answers pass."""
    async with fetcher() as images:
        assert await images.fetch(shop.url("/a.jpg", first, OK)) == PICTURE
    assert len(shop.requests) == 2


async def test_a_lasting_failure_is_reported_after_three_tries(shop: Shop) -> None:
    """Not more: the server may be dying."""
    async with fetcher() as images:
        with pytest.raises(ImageUnreachable):
            await images.fetch(shop.url("/a.jpg", status(502)))
    assert len(shop.requests) == 3


async def test_a_body_that_breaks_off_is_no_picture(shop: Shop) -> None:
    """Fewer bytes than announced."""
    async with fetcher() as images:
        with pytest.raises(ImageUnreachable):
            await images.fetch(shop.url("/a.jpg", OK[:-100]))


@pytest.mark.parametrize(
    "answer", [OK, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + PICTURE], ids=["announced", "endless"]
)
async def test_too_many_bytes_are_not_read(shop: Shop, answer: bytes) -> None:
    """Whether or not the size is announced."""
    async with fetcher(max_bytes=1000) as images:
        with pytest.raises(ImageTooLarge) as raised:
            await images.fetch(shop.url("/a.jpg", answer))
    assert raised.value.extra["max_bytes"] == 1000


async def test_silence_ends_with_the_time_limit(shop: Shop) -> None:
    """The limit is for the whole call, retries included."""
    async with fetcher(timeout_s=0.3) as images:
        with pytest.raises(ImageTimeout):
            await images.fetch(shop.url("/a.jpg", b""))


async def test_nobody_listens() -> None:
    """A closed port of a reachable host."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        async with fetcher() as images:
            with pytest.raises(ImageUnreachable):
                await images.fetch(f"http://127.0.0.1:{unused.getsockname()[1]}/a.jpg")


async def test_redirects_are_followed_only_as_far_as_allowed(shop: Shop) -> None:
    """Not at all for shoppers, three times for feeds, relative ones too."""
    shop.url("/3.jpg", OK)
    shop.url("/2.jpg", redirect("/3.jpg", 308))
    url = shop.url("/1.jpg", redirect("2.jpg", 301))
    async with fetcher(max_redirects=2) as images:
        assert await images.fetch(url) == PICTURE
    async with fetcher(max_redirects=1) as images:
        with pytest.raises(ImageRefused):
            await images.fetch(url)
    async with fetcher() as images:
        with pytest.raises(ImageRefused):
            await images.fetch(url)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://127.0.0.1/", "http://user:secret@127.0.0.1/"])
async def test_a_redirect_cannot_lead_where_a_url_could_not(shop: Shop, target: str) -> None:
    """Every step is judged like the first."""
    async with fetcher(max_redirects=3) as images:
        with pytest.raises(ImageUrlInvalid):
            await images.fetch(shop.url("/a.jpg", redirect(target)))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.jpg",
        "//shop.example/a.jpg",
        "http://shop.example/a.jpg",
        "ftp://shop.example/a.jpg",
        "file:///etc/passwd",
        "https://",
        "https:///a.jpg",
        "https://user:secret@shop.example/a.jpg",
        "https://shop.example:22/a.jpg",
        "https://shop.example:9200/a.jpg",
        "https://shop.example:99999/a.jpg",
        "https://shop.example/" + "a" * 3000,
        "https://sh\x00op.example/",
        "javascript:alert(1)",
    ],
)
async def test_a_url_we_do_not_follow_is_refused(url: str) -> None:
    """By default only https on the usual ports; a password is never repeated in the answer."""
    async with ImageFetcher() as images:
        with pytest.raises(ImageUrlInvalid) as raised:
            await images.fetch(url)
    assert "secret" not in str(raised.value.extra) + raised.value.detail


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",  # noqa: S104 - an address to be refused, not bound
        "10.1.2.3",
        "172.31.255.255",
        "192.168.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.64.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "localhost",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::]",
        "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
        "[2606:4700::5efe:10.0.0.1]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fec0::1]",
        "[ff02::1]",
        "[2001:db8::1]",
        "[100::1]",
    ],
)
async def test_private_addresses_are_refused_in_every_spelling(host: str) -> None:
    """Short, decimal, octal, mapped, translated, tunneled: none is dialed."""
    async with ImageFetcher(timeout_s=5) as images:
        with pytest.raises((ImageForbiddenAddress, ImageUrlInvalid)):
            await images.fetch(f"https://{host}/a.jpg")


@pytest.mark.parametrize("number", ["93.184.216.34", "8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_public(number: str) -> None:
    """The table does not refuse the internet; names behind NAT64 are judged by what they mean."""
    assert is_public(ipaddress.ip_address(number))


def resolving(monkeypatch: pytest.MonkeyPatch, answers: Callable[[str], list[str]]) -> list[str]:
    """Replace the system's resolver; returns the list of names it was asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *_: object, **__: object) -> list[AddressInfo]:
        if host.replace(".", "").isdigit():  # the dialer itself turns numbers into socket addresses
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in answers(host)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


async def test_a_name_that_leads_inside_is_refused_and_not_dialed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary behind the name sees no connection."""
    resolving(monkeypatch, lambda _: ["127.0.0.1"])
    monkeypatch.setattr("app.photos.fetch.PORTS", (shop.port,))
    async with ImageFetcher(allow_http=True) as images:
        with pytest.raises(ImageForbiddenAddress):
            await images.fetch(f"http://pictures.example:{shop.port}/a.jpg")
    assert shop.connections == 0


async def test_the_judged_address_itself_is_dialed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that answers otherwise the second time changes nothing: there is no second time."""
    turns = iter([["127.0.0.1"], ["127.0.0.2"]])
    asked = resolving(monkeypatch, lambda _: next(turns))
    shop.url("/a.jpg", OK)
    async with fetcher() as images:
        assert await images.fetch(f"http://pictures.example:{shop.port}/a.jpg") == PICTURE
    assert asked == ["pictures.example"]
    assert f"Host: pictures.example:{shop.port}".encode() in shop.requests[0]
