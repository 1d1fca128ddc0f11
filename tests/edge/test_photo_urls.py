"""A photo named by its address: off by default, never inside, no redirects, and otherwise as if it had been sent."""

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx
import pytest

from app.photos import ImageFetcher
from app.settings import Settings
from tests.edge.conftest import serving
from tests.edge.problems import assert_problem

pytestmark = pytest.mark.anyio


async def search(client: httpx.AsyncClient, url: str, **fields: str) -> httpx.Response:
    """Search with the photo at an address."""
    return await client.post("/search-by-photo", files={"photo_url": (None, url), **as_parts(fields)})


def as_parts(fields: dict[str, str]) -> dict[str, tuple[None, str]]:
    """Text fields of a multipart form."""
    return {name: (None, value) for name, value in fields.items()}


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that follows addresses."""
    async with serving(settings.model_copy(update={"photo_urls": True, "fetch_private": True})) as made:
        yield made


async def test_it_is_off_until_the_operator_wants_it(settings: Settings) -> None:
    async with serving(settings) as client:
        assert_problem(await search(client, "https://pictures.example/a.jpg"), "photo-urls-off")


async def test_a_picture_behind_an_address_is_searched_as_if_it_had_been_sent(
    settings: Settings, pictures: str
) -> None:
    async with (
        ImageFetcher(allow_http=True, allow_private=True) as fetcher,
        serving(settings, photo_urls=fetcher) as client,
    ):
        found = await search(client, f"{pictures}/ring-teal-7.jpg", limit="1")
        assert found.status_code == 200, found.text
        (item,) = found.json()["items"]
        assert item["product"]["id"] == "ring-teal"
        again = await client.post("/search-by-photo", files=as_parts({"photo_id": found.json()["photo_id"]}))
        assert again.status_code == 200
        assert_problem(await search(client, f"{pictures}/broken.jpg"), "photo-unsupported-format")
        assert_problem(await search(client, f"{pictures}/ring-teal-7.jpg", photo_id="x"), "invalid-request")


@pytest.mark.parametrize("url", ["http://127.0.0.1/a.jpg", "ftp://x/a.jpg", "file:///etc/passwd", "", "a.jpg"])
async def test_only_https_is_followed(client: httpx.AsyncClient, url: str) -> None:
    assert_problem(await search(client, url), "image-url-invalid")


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/a.jpg", "https://[::1]/a", "https://169.254.169.254/latest/meta-data", "https://0/"]
)
async def test_nothing_inside_is_dialed_even_where_the_shops_own_pictures_lie_inside(
    client: httpx.AsyncClient, url: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.setblocking(False)
        port = canary.getsockname()[1]
        for address in (url, url.replace("127.0.0.1", f"127.0.0.1:{port}")):
            assert (await search(client, address)).json()["code"] in {"image-forbidden-address", "image-url-invalid"}
        with pytest.raises(BlockingIOError):
            canary.accept()


async def test_an_address_that_answers_late_is_given_up_with_the_deadline(settings: Settings) -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with (
        ImageFetcher(allow_http=True, allow_private=True, timeout_s=60) as fetcher,
        serving(settings, photo_urls=fetcher) as client,
    ):
        client.headers["akin-deadline-ms"] = "300"
        problem = assert_problem(await search(client, f"http://127.0.0.1:{port}/a.jpg"), "deadline")
        assert problem["extra"] == {"deadline_s": 0.3}
    server.close()


@pytest.mark.parametrize("said", ["soon", "0", "9", "-1", "1e3", "1" * 10])
async def test_a_deadline_that_is_none_is_refused(client: httpx.AsyncClient, said: str) -> None:
    said_so = {"akin-deadline-ms": said}
    assert_problem(await client.get("/search", params={"text": "x"}, headers=said_so), "invalid-request")
    form = as_parts({"photo_url": "https://pictures.example/a.jpg"})
    assert_problem(await client.post("/search-by-photo", files=form, headers=said_so), "invalid-request")
