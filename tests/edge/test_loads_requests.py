"""What POST /loads takes and refuses, before any process is started; and calls that name no load."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests.edge.conftest import serving
from tests.edge.problems import assert_problem

pytestmark = pytest.mark.anyio

FEED = {"feed": ("shop.tsv", b"id\ttitle\n")}


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that takes small feeds only."""
    async with serving(settings.model_copy(update={"max_feed_bytes": 20_000, "feed_timeout_s": 0.5})) as made:
        yield made


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"speed": "high"}, "speed"),
        ({"delta": "perhaps"}, "delta"),
        ({"type_from": "color"}, "type_from"),
        ({"max_reject_share": "2"}, "max_reject_share"),
        ({"max_reject_share": "nan"}, "max_reject_share"),
        ({"limit_rate": "0"}, "limit_rate"),
        ({"limit_rate": "inf"}, "limit_rate"),
        ({"name": ""}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"url": "https://shop.example/feed.tsv"}, "url"),
        ({"delta": "true", "delete_missing": "true"}, "delta"),
        ({"images": "true"}, "images"),
    ],
)
async def test_wishes_of_the_wrong_form_are_named(client: httpx.AsyncClient, data: dict[str, str], field: str) -> None:
    problem = assert_problem(await client.post("/loads", files=FEED, data=data), "invalid-request")
    assert field in [error["field"] for error in problem["extra"]["errors"]]
    assert (await client.get("/loads")).json() == {"loads": []}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "file:///etc/passwd"},
        {"url": "ftp://shop.example/feed"},
        {"url": "https://shop.example/a b"},
        {"url": "https://shop.example/\u0000"},
        {"url": ["https://shop.example/"]},
        {"url": "https://shop.example/feed", "feed": "x"},
        {"url": "https://shop.example/" + "x" * 2000},
        [],
        "https://shop.example/feed",
    ],
)
async def test_addresses_of_the_wrong_form_are_refused(client: httpx.AsyncClient, body: Any) -> None:
    assert_problem(await client.post("/loads", json=body), "invalid-request")


async def test_bodies_of_the_wrong_kind_are_refused(client: httpx.AsyncClient) -> None:
    as_json = {"content-type": "application/json; charset=utf-8"}
    assert_problem(await client.post("/loads", content=b"{", headers=as_json), "invalid-json")
    for size in (20_000, 100_000):  # more than an order takes, though a feed may be as large; more than anything may
        assert_problem(await client.post("/loads", content=b"[" * size, headers=as_json), "body-too-large")
    assert_problem(await client.post("/loads", content=b"[" * 10_000, headers=as_json), "invalid-json")
    assert_problem(await client.post("/loads", content=b"id\ttitle"), "unsupported-media-type")
    assert_problem(await client.post("/loads", data={"delta": "true"}), "unsupported-media-type")
    assert_problem(await client.post("/loads", files={"file": ("a", b"x" * 20_000)}), "invalid-form")
    assert_problem(await client.post("/loads", files={"delta": (None, b"true")}), "invalid-request")
    broken = {"content-type": "multipart/form-data; boundary=b"}
    assert_problem(await client.post("/loads", content=b"--b\r\nnot a form", headers=broken), "invalid-form")


async def test_a_feed_that_is_too_large_is_cut_off(client: httpx.AsyncClient, settings: Settings) -> None:
    """And leaves nothing behind; photos keep their own limit."""
    problem = assert_problem(await client.post("/loads", files={"feed": ("a.tsv", b"x" * 100_000)}), "body-too-large")
    assert "gzip" in problem["fix"]
    assert [path for path in settings.loads.rglob("*") if path.is_file()] == []
    photo = await client.post("/search-by-photo", files={"photo": ("a.jpg", b"x" * 100_000)})
    assert_problem(photo, "photo-unsupported-format")


@pytest.mark.parametrize("load_id", ["nothing", "incoming", "%2e%2e", "..%2f..", ".lock", "x" * 100])
@pytest.mark.parametrize(("method", "ending"), [("GET", ""), ("DELETE", ""), ("GET", "/rejects")])
async def test_a_load_that_is_not_there(client: httpx.AsyncClient, load_id: str, method: str, ending: str) -> None:
    response = await client.request(method, f"/loads/{load_id}{ending}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_folder_that_cannot_be_written_is_a_503(settings: Settings) -> None:
    settings.loads.write_text("no folder")
    async with serving(settings) as client:
        assert_problem(await client.post("/loads", files=FEED), "loads-unavailable")
