"""A version of the catalog is loaded but not published, measured beside the published one, compared, then published."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.catalog import GenerationState
from app.settings import Settings
from app.wiring import open_catalog, open_catalog_writer
from tests.builders import a_product
from tests.edge.conftest import serving
from tests.edge.picture_server import PictureServer
from tests.edge.problems import assert_problem
from tests.edge.test_lab_api import finished, judged
from tests.edge.test_loads_api import ended, feed, send

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a shop that sells ten things, two of which were photographed and judged."""
    async with serving(settings.model_copy(update={"fetch_private": True})) as made:
        await judged(made, "ring", "teal", 9)
        await judged(made, "cross", "red", 8, split="fit")
        yield made


async def waiting(client: httpx.AsyncClient, shop: PictureServer) -> str:
    """The id of a version that lacks what was judged, left beside the published one."""
    done = await ended(client, (await send(client, feed(shop, 4), publish="false")).json()["id"])
    assert (done["state"], done["problem"]) == ("verified", None), done
    generation: str = done["summary"]["generation"]
    assert generation in done["summary"]["message"]
    return generation


async def kept(client: httpx.AsyncClient) -> dict[str, str]:
    """The versions' states by id."""
    return {one["id"]: one["state"] for one in (await client.get("/generations")).json()["generations"]}


async def compared(client: httpx.AsyncClient, earlier: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    path = f"/evaluations/{later['id']}/comparison"
    answer: dict[str, Any] = (await client.get(path, params={"earlier": earlier["id"]})).json()
    return answer


async def test_two_versions_are_measured_and_compared_before_one_is_published(
    client: httpx.AsyncClient, shop: PictureServer
) -> None:
    before = await kept(client)
    (published,) = before
    other = await waiting(client, shop)
    assert await kept(client) == {published: "published", other: "verified"}
    now = await finished(client, generation=published)
    new = await finished(client, generation=other)
    assert (now["generation"], now["about"]["generation"]) == (published, published)
    assert (new["generation"], new["about"]["generation"]) == (other, other)
    assert new["about"]["products"] == "4"
    assert {item["product_id"] for one in new["photos"].values() for item in one["shown"]} <= {
        f"n{n}" for n in range(4)
    }
    told = await compared(client, now, new)
    assert told["photos"] == 2
    assert told["changes"]["hit@1"]["difference"]["value"] == -1
    assert len(told["worse"]) == 2
    # Nobody was served by it meanwhile, and what serves did not unlearn anything.
    assert (await client.get("/products/ring-teal")).status_code == 200
    assert (await finished(client))["measures"] == now["measures"]
    assert (await client.post(f"/generations/{other}/publish")).json()["state"] == "published"
    back = await finished(client, generation=published)
    assert back["measures"] == now["measures"]
    for _ in range(20):  # the eyes that serve learn from it within a second or two
        if (await finished(client))["measures"] == new["measures"]:
            return
    raise AssertionError("what serves is not what was measured before it was published")


async def test_only_the_photos_of_a_split_are_measured_where_that_is_wanted(client: httpx.AsyncClient) -> None:
    told = await finished(client, split="fit")
    assert (told["whole"], told["split"]) == (1, "fit")
    assert [one["name"] for one in told["photos"].values()] == ["cross.jpg"]
    assert_problem(await client.post("/evaluations", json={"split": "other"}), "invalid-request")


async def test_the_same_feed_without_the_wish_publishes_what_waits(
    client: httpx.AsyncClient, shop: PictureServer
) -> None:
    other = await waiting(client, shop)
    pictures = len(shop.asked)
    done = await ended(client, (await send(client, feed(shop, 4))).json()["id"])
    assert (done["state"], done["summary"]["generation"]) == ("published", other)
    assert len(shop.asked) == pictures


async def test_a_version_that_cannot_be_searched_is_refused_with_the_reason(
    client: httpx.AsyncClient, settings: Settings, shop: PictureServer
) -> None:
    assert_problem(await client.post("/evaluations", json={"generation": "none"}), "generation-not-found")
    gone = await waiting(client, shop)
    assert (await client.delete(f"/generations/{gone}")).status_code == 204
    assert_problem(await client.post("/evaluations", json={"generation": gone}), "generation-conflict")
    writer, catalog = open_catalog_writer(settings), open_catalog(settings)
    try:
        begun = await writer.begin(embedder="test/1", dims=16, source="another model's", holder="tests")
        assert_problem(await client.post("/evaluations", json={"generation": begun.id}), "generation-conflict")
        await writer.add(begun.id, [a_product("p1")])
        assert (await writer.verify(begun.id, expected_products=1)).state is GenerationState.VERIFIED
    finally:
        await writer.close()
        await catalog.close()
    response = await client.post("/evaluations", json={"generation": begun.id})
    failed = await until_over(client, response.headers["location"])
    assert (failed["state"], failed["problem"]["code"]) == ("failed", "embedder-mismatch")
    assert "test/1" in failed["problem"]["detail"]


async def until_over(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """The evaluation when it no longer runs."""
    told: dict[str, Any] = {"state": "running"}
    for _ in range(1_200):
        told = (await client.get(path)).json()
        if told["state"] != "running":
            break
        await asyncio.sleep(0.05)
    return told
