"""Whatever goes wrong, wherever: one problem shape, no stack trace, nothing of the body echoed."""

import logging
from collections.abc import AsyncIterator

import httpx
import pytest

from app.catalog import CatalogUnavailable
from app.settings import Settings
from tests.edge.conftest import serving
from tests.edge.problems import assert_problem

pytestmark = pytest.mark.anyio

SECRET = b"\xff\xd8\xff\xe0 my-secret-photo \x00\x01\x02"


async def test_an_unknown_path_is_a_problem(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/nothing/here"), "not-found")


async def test_a_wrong_method_is_a_problem_and_names_the_right_ones(client: httpx.AsyncClient) -> None:
    response = await client.get("/search-by-photo")
    assert_problem(response, "method-not-allowed")
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize("content_type", ["image/jpeg", "application/octet-stream", "text/plain; charset=utf-8", None])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_raw_bytes_at_a_json_route_are_refused_and_not_echoed(
    client: httpx.AsyncClient, method: str, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    response = await client.request(method, "/products/p1", content=SECRET, headers=headers)
    assert_problem(response, "unsupported-media-type")
    assert b"secret" not in response.content


@pytest.mark.parametrize("body", [SECRET, b"{", b'{"title": "\xff"}', b"[" * 100_000, b"", b"null", b"[1]", b'"x"'])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_broken_json_body_is_the_callers_fault(client: httpx.AsyncClient, method: str, body: bytes) -> None:
    response = await client.request(
        method, "/products/ring-teal", content=body, headers={"content-type": "application/json"}
    )
    assert 400 <= response.status_code < 500
    assert_problem(response, response.json()["code"])
    assert b"secret" not in response.content


async def test_another_body_than_a_form_is_refused_by_the_search(client: httpx.AsyncClient) -> None:
    assert_problem(await client.post("/search-by-photo", json={"photo": "x"}), "unsupported-media-type")
    assert_problem(await client.post("/search-by-photo", data={"photo": "x"}), "unsupported-media-type")
    assert_problem(await client.post("/search-by-photo"), "unsupported-media-type")


async def test_many_wrong_members_give_a_short_answer(client: httpx.AsyncClient) -> None:
    response = await client.put("/products/p1", json={f"wrong{number}": number for number in range(5000)})
    problem = assert_problem(response, "invalid-request")
    assert len(problem["extra"]["errors"]) <= 20


class Broken:
    """Stands in for any part that fails in a way nobody foresaw."""

    def __getattr__(self, name: str) -> object:
        raise RuntimeError("password=hunter2 at /srv/akin/secret.py")


@pytest.fixture
async def broken(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server whose catalog and search fail."""
    async with serving(settings, catalog=Broken(), search=Broken()) as made:
        yield made


async def test_a_crash_says_nothing_of_the_inside_and_is_logged_with_its_id(
    broken: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "akin.edge"):
        response = await broken.get("/products/p1", headers={"x-request-id": "trace-me-1"})
    problem = assert_problem(response, "internal")
    assert problem["request_id"] == "trace-me-1"
    assert "hunter2" not in response.text
    assert "trace-me-1" in caplog.text
    assert "hunter2" in caplog.text


class Away:
    """A catalog that cannot be reached."""

    async def snapshot(self) -> object:
        """Fail as an engine does."""
        raise CatalogUnavailable("The catalog does not answer.", fix="Try again.", retry_after_s=3.2)


async def test_an_absent_part_asks_to_come_back(settings: Settings) -> None:
    async with serving(settings, catalog=Away()) as client:
        response = await client.get("/products/p1")
    assert_problem(response, "catalog-unavailable")
    assert response.headers["retry-after"] == "4"


@pytest.mark.parametrize("sent", ["abc", "A-1_b.2", "x" * 64])
async def test_the_callers_request_id_is_kept(client: httpx.AsyncClient, sent: str) -> None:
    assert (await client.get("/live", headers={"x-request-id": sent})).headers["x-request-id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "a\tb", "<script>", "é"])
async def test_an_unsafe_request_id_is_replaced(client: httpx.AsyncClient, sent: str) -> None:
    response = await client.get("/live", headers=[(b"x-request-id", sent.encode())])
    assert len(response.headers["x-request-id"]) == 32


async def test_the_access_log_holds_no_query(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "akin.access"):
        await client.get("/search", params={"text": "private words"})
    assert "GET /search 200" in caplog.text
    assert "private" not in caplog.text


async def test_a_refused_method_is_told_all_that_the_path_takes(client: httpx.AsyncClient) -> None:
    assert (await client.request("OPTIONS", "/products/p1")).headers["allow"] == "DELETE, GET, PATCH, PUT"
    similar = await client.put("/products/p1/similar", json={})
    assert_problem(similar, "method-not-allowed")
    assert similar.headers["allow"] == "GET"
