"""ETag, If-Match and If-None-Match on products and on the versions of the catalog."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest

from app.settings import Settings
from tests.edge.conftest import serving
from tests.edge.problems import assert_problem
from tests.edge.test_generations_api import load

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(settings) as made:
        yield made


async def test_a_product_that_did_not_change_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/products/ball-red")
    etag = first.headers["etag"]
    same = await client.get("/products/ball-red", headers={"if-none-match": f'"other", W/{etag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    changed = await client.patch("/products/ball-red", json={"title": "New"})
    after = await client.get("/products/ball-red", headers={"if-none-match": etag})
    assert (after.status_code, after.json()["title"]) == (200, "New")
    assert after.headers["etag"] == changed.headers["etag"] != etag


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_only_what_was_seen_is_changed(client: httpx.AsyncClient, method: str) -> None:
    seen = (await client.get("/products/ball-red")).headers["etag"]
    body: dict[str, Any] = {} if method == "DELETE" else {"json": {"title": "Mine"}}
    await client.patch("/products/ball-red", json={"title": "Theirs"})
    now = await client.get("/products/ball-red")
    for expected in (seen, f"W/{now.headers['etag']}", '"x"'):
        refused = await client.request(method, "/products/ball-red", headers={"if-match": expected}, **body)
        assert assert_problem(refused, "precondition-failed")["extra"]["etag"] == now.headers["etag"]
        assert (await client.get("/products/ball-red")).json()["title"] == "Theirs"
    if method != "PUT":  # a product without a picture is not taken, whatever was seen
        fine = {"if-match": f'"x", {now.headers["etag"]}'}
        assert (await client.request(method, "/products/ball-red", headers=fine, **body)).is_success


async def test_what_is_not_there_matches_nothing(client: httpx.AsyncClient) -> None:
    absent = await client.delete("/products/nowhere", headers={"if-match": "*"})
    assert_problem(absent, "precondition-failed")
    assert absent.json()["extra"]["etag"] is None


async def test_of_two_who_saw_the_same_one_changes_it(client: httpx.AsyncClient) -> None:
    """Twenty at once, each with the version that all of them read."""
    etag = (await client.get("/products/ball-red")).headers["etag"]
    statuses: list[int] = []

    async def change(number: int) -> None:
        answer = await client.patch("/products/ball-red", json={"title": f"Title {number}"}, headers={"if-match": etag})
        statuses.append(answer.status_code)

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(change, number)
    assert sorted(statuses) == [200] + [412] * 19


async def test_patches_of_different_members_at_once_are_all_kept(client: httpx.AsyncClient) -> None:
    async def change(name: str) -> None:
        assert (await client.patch("/products/ball-red", json={name: f"a {name}"})).status_code == 200

    async with anyio.create_task_group() as group:
        for name in ("size", "material", "pattern", "brand"):
            group.start_soon(change, name)
    product = (await client.get("/products/ball-red")).json()
    assert [product[name] for name in ("size", "material", "brand")] == ["a size", "a material", "a brand"]


async def test_a_version_is_published_only_where_the_list_is_as_it_was_seen(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    seen = (await client.get("/generations")).headers["etag"]
    assert (await client.get("/generations", headers={"if-none-match": seen})).status_code == 304
    made = await load(settings, "a")
    stale = {"if-match": seen}
    for method, path in (
        ("POST", f"/generations/{made}/publish"),
        ("POST", "/generations/rollback"),
        ("POST", "/generations/prune"),
        ("DELETE", f"/generations/{made}"),
    ):
        assert_problem(await client.request(method, path, headers=stale), "precondition-failed")
    listed = await client.get("/generations", headers={"if-none-match": seen})
    assert [one["state"] for one in listed.json()["generations"]] == ["verified", "published"]
    fresh = {"if-match": listed.headers["etag"]}
    assert (await client.post(f"/generations/{made}/publish", headers=fresh)).status_code == 200
    assert_problem(await client.post("/generations/rollback", headers=fresh), "precondition-failed")
