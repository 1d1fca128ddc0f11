"""Versions of the catalog over HTTP."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.catalog.sqlite import open_writer
from app.settings import Settings
from tests.builders import a_product
from tests.edge.conftest import serving
from tests.edge.problems import assert_problem

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(settings) as made:
        yield made


async def load(settings: Settings, *ids: str, verify: bool = True) -> str:
    """Fill one more generation, as a loader does; its id."""
    assert settings.sqlite_path is not None
    writer = open_writer(settings.sqlite_path)
    try:
        begun = await writer.begin(embedder="test/1", dims=16, source="sha256:x how feed", holder="tests")
        await writer.add(begun.id, [a_product(product_id) for product_id in ids])
        if verify:
            await writer.verify(begun.id, expected_products=len(ids))
        return begun.id
    finally:
        await writer.close()


async def states(client: httpx.AsyncClient) -> list[str]:
    return [one["state"] for one in (await client.get("/generations")).json()["generations"]]


async def test_a_verified_version_is_published_and_rolled_back(client: httpx.AsyncClient, settings: Settings) -> None:
    first = (await client.get("/generations")).json()["generations"][0]
    assert (first["state"], first["products"], first["embedder"][:11]) == ("published", 10, "akin-local/")
    second = await load(settings, "a", "b")
    assert await states(client) == ["verified", "published"]
    assert (await client.get("/products/a")).status_code == 404
    published = await client.post(f"/generations/{second}/publish")
    assert (published.json()["id"], published.json()["state"], published.json()["products"]) == (second, "published", 2)
    assert (await client.get("/products/a")).status_code == 200
    assert (await client.post("/generations/rollback")).json()["id"] == first["id"]
    assert (await client.get("/products/a")).status_code == 404
    assert await states(client) == ["retired", "published"]


async def test_old_versions_are_pruned(client: httpx.AsyncClient, settings: Settings) -> None:
    ids = [await load(settings, "a") for _ in range(1)]
    await client.post(f"/generations/{ids[0]}/publish")
    kept = (await client.post("/generations/prune")).json()
    assert kept == {"deleted": []}
    deleted = (await client.post("/generations/prune", params={"keep": "0"})).json()["deleted"]
    assert len(deleted) == 1
    assert await states(client) == ["published"]


async def test_an_unfinished_version_is_given_up(client: httpx.AsyncClient, settings: Settings) -> None:
    waiting = await load(settings, "a")
    assert (await client.delete(f"/generations/{waiting}")).status_code == 204
    assert (await client.delete(f"/generations/{waiting}")).status_code == 204
    published = next(one for one in (await client.get("/generations")).json()["generations"] if one["products"])
    assert_problem(await client.delete(f"/generations/{published['id']}"), "generation-conflict")


async def test_steps_that_cannot_be_taken(client: httpx.AsyncClient, settings: Settings) -> None:
    assert_problem(await client.post("/generations/rollback"), "generation-not-found")
    assert_problem(await client.post("/generations/nothing/publish"), "generation-not-found")
    assert_problem(await client.delete("/generations/nothing"), "generation-not-found")
    loading = await load(settings, "a", verify=False)
    assert_problem(await client.post(f"/generations/{loading}/publish"), "generation-conflict")
    for keep in ("-1", "many", "1001"):
        assert_problem(await client.post("/generations/prune", params={"keep": keep}), "invalid-request")
