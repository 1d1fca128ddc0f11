"""/loads, /generations and /ready with the catalog in Elasticsearch: the same calls, the same answers."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from app.settings import Settings
from app.wiring import open_catalog, open_catalog_writer
from tests.builders import a_product
from tests.edge.conftest import serving, settings_in
from tests.edge.picture_server import PictureServer, picture_server
from tests.edge.problems import assert_problem
from tests.edge.test_lab_api import finished, judged
from tests.edge.test_loads_api import begun, ended, feed, send
from tests.real_elasticsearch import cleared

pytestmark = pytest.mark.anyio


@pytest.fixture
def pictures() -> Iterator[PictureServer]:
    with picture_server() as server:
        yield server


@pytest.fixture
async def settings(real_elasticsearch: str, anyio_backend: str, tmp_path: Path) -> AsyncIterator[Settings]:
    """Settings of an empty shop."""
    prefix = f"w{secrets.token_hex(6)}"
    async with cleared(real_elasticsearch, prefix):
        yield settings_in(tmp_path, catalog=real_elasticsearch, elasticsearch_prefix=prefix, fetch_private=True)


async def kept(client: httpx.AsyncClient) -> list[tuple[str, int]]:
    """The versions' states and sizes, newest first."""
    listed = (await client.get("/generations")).json()["generations"]
    return [(one["state"], one["products"]) for one in listed]


async def test_loads_and_versions(settings: Settings, pictures: PictureServer) -> None:
    """A load with a refused row, a second one refused while it runs, changes meanwhile; then back, on, and away."""
    async with serving(settings) as client:
        assert_problem(await client.get("/search", params={"text": "ring"}), "nothing-published")
        bad = f"bad\tNo price\t{pictures.address}/ring-red-7.jpg\tmuch\tin stock\tToys > Rings"
        first = await ended(client, (await send(client, feed(pictures, 8, bad))).json()["id"])
        assert first["state"] == "published", first
        assert first["summary"]["products"] == 8
        assert (await client.get(first["rejects"])).content.endswith(f"{bad}\n".encode())

        pictures.asked.clear()
        second = await begun(client, pictures, feed(pictures, 9, price="6.00 USD"))
        refused = assert_problem(await send(client, feed(pictures, 3)), "load-running")
        assert "catalog-loader load shop.tsv" in refused["extra"]["holder"]
        assert (await client.patch("/products/n1", json={"title": "Patched meanwhile"})).status_code == 200
        assert (await client.delete("/products/n2")).status_code == 204
        assert await kept(client) == [("loading", 0), ("published", 7)]
        pictures.open.set()
        done = await ended(client, second["id"])
        assert done["state"] == "published", done
        assert (await client.get("/products/n1")).json()["title"] == "Patched meanwhile"
        assert_problem(await client.get("/products/n2"), "product-not-found")
        assert await kept(client) == [("published", 8), ("retired", 7)]

        back = await client.post("/generations/rollback")
        assert back.json()["id"] == first["summary"]["generation"]
        on = await client.post(f"/generations/{done['summary']['generation']}/publish")
        assert on.json()["state"] == "published"
        assert_problem(await client.post("/generations/no-such-one/publish"), "generation-not-found")
        assert_problem(await client.delete(f"/generations/{on.json()['id']}"), "generation-conflict")
        assert (await client.post("/generations/prune", params={"keep": 0})).json()["deleted"] == [back.json()["id"]]
        assert await kept(client) == [("published", 8)]


async def test_a_version_is_measured_before_it_is_published(settings: Settings, pictures: PictureServer) -> None:
    async with serving(settings) as client:
        first = await ended(client, (await send(client, feed(pictures, 8))).json()["id"])
        await judged(client, "ring", "red", 0, product="n0")
        second = await ended(client, (await send(client, feed(pictures, 3), publish="false")).json()["id"])
        assert await kept(client) == [("verified", 3), ("published", 8)]
        measured = [await finished(client, generation=one["summary"]["generation"]) for one in (first, second)]
        assert [one["about"]["products"] for one in measured] == ["8", "3"]
        assert measured[1]["generation"] == second["summary"]["generation"]
        path = f"/evaluations/{measured[1]['id']}/comparison"
        told = (await client.get(path, params={"earlier": measured[0]["id"]})).json()
        assert told["photos"] == 1
        assert (await client.get("/products/n7")).status_code == 200
        await client.post(f"/generations/{second['summary']['generation']}/publish")
        again = await finished(client, generation=first["summary"]["generation"])
        assert again["measures"] == measured[0]["measures"]


async def test_another_embedder_is_named_and_nothing_is_written(settings: Settings) -> None:
    writer, catalog = open_catalog_writer(settings), open_catalog(settings)
    begun = await writer.begin(embedder="test/1", dims=16, source="sha256:x how feed", holder="tests")
    await writer.add(begun.id, [a_product("p1")])
    await writer.verify(begun.id, expected_products=1)
    await catalog.publish(begun.id)
    left = await writer.begin(embedder="test/1", dims=16, source="sha256:x how feed", holder="tests")
    async with serving(settings) as client:
        ready = await client.get("/ready")
        part = ready.json()["parts"]["embedder"]
        assert (ready.status_code, part["ok"]) == (503, False)
        assert "test/1" in part["detail"]
        assert "AKIN_EMBEDDER" in part["fix"]
        assert (await client.delete(f"/generations/{left.id}")).status_code == 204
        with picture_server() as pictures:
            image = f"{pictures.address}/ring-red-7.jpg"
            put = await client.put("/products/new", json={"title": "A ring", "images": [image]})
            assert_problem(put, "embedder-mismatch")
        await asyncio.sleep(2)
        assert_problem(await client.get("/products/new"), "product-not-found")
    await writer.close()
    await catalog.close()
