"""The real application while Elasticsearch is slow or gone, with a copy to go on from and without one."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.settings import InvalidSettings, load_settings
from tests.builders import a_photo_file
from tests.edge.conftest import load_shop, serving, settings_in
from tests.edge.problems import assert_problem
from tests.elasticsearch.proxy import Proxy, proxy_to
from tests.real_elasticsearch import cleared

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def loaded(
    real_elasticsearch: str, anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """The prefix of the drawn shop in the cluster."""
    prefix = f"h{secrets.token_hex(6)}"
    async with cleared(real_elasticsearch, prefix):
        folder = tmp_path_factory.mktemp("loaded")
        await load_shop(settings_in(folder, catalog=real_elasticsearch, elasticsearch_prefix=prefix))
        yield prefix


async def until(client: httpx.AsyncClient, path: str, text: str) -> httpx.Response:
    """The first answer that holds the text."""
    async with asyncio.timeout(60):
        while True:
            response = await client.get(path)
            if text in response.text:
                return response
            await asyncio.sleep(0.1)


async def search(client: httpx.AsyncClient) -> tuple[list[str], list[dict[str, str]]]:
    """The best answers to a photo, and what is missing."""
    photo = {"photo": ("x.jpg", a_photo_file("ring", "teal", seed=7))}
    response = await client.post("/search-by-photo", files=photo)
    assert response.status_code == 200, response.text
    body = response.json()
    return [item["product"]["id"] for item in body["items"][:2]], body["degraded"]


async def test_with_a_copy_shoppers_notice_nothing_but_the_word(
    loaded: str, real_elasticsearch: str, tmp_path: Path
) -> None:
    async with proxy_to(real_elasticsearch) as proxy:
        settings = settings_in(
            tmp_path,
            catalog=proxy.address,
            elasticsearch_prefix=loaded,
            catalog_fallback=f"sqlite:///{tmp_path / 'copy.db'}",
        )
        async with serving(settings) as client:
            await until(client, "/ready", "It is a copy of generation")
            well, degraded = await search(client)
            assert (well[0], degraded) == ("ring-teal", [])
            await proxy.turn("hang")
            assert await search(client) == (well, [{"part": "catalog", "reason": "deadline"}])
            ready = await client.get("/ready")
            assert ready.status_code == 200
            assert "answered from the copy" in ready.json()["parts"]["catalog"]["detail"]
            assert (await client.get("/products/ring-teal")).status_code == 200
            await proxy.turn("refuse")
            refused = await client.delete("/products/ring-teal")
            assert_problem(refused, "catalog-unavailable")
            assert int(refused.headers["retry-after"]) >= 1
            await proxy.turn("pass")
            await until(client, "/search?text=ring", '"degraded":[]')
            await _changes_reach_the_copy(client, proxy)


async def _changes_reach_the_copy(client: httpx.AsyncClient, proxy: Proxy) -> None:
    assert (await client.patch("/products/ball-red", json={"title": "A quite new title"})).status_code == 200
    assert (await client.delete("/products/box-teal")).status_code == 204
    await asyncio.sleep(3)  # the copy follows within a second or two
    await proxy.turn("refuse")
    found = (await until(client, "/search?text=quite+new", '"part":"catalog"')).json()
    assert [item["product"]["id"] for item in found["items"]] == ["ball-red"]
    assert (await client.get("/products/box-teal")).status_code == 404


async def test_without_a_copy_it_is_a_503_that_says_when_to_come_back_and_heals_by_itself(
    loaded: str, real_elasticsearch: str, tmp_path: Path
) -> None:
    async with proxy_to(real_elasticsearch) as proxy:
        await proxy.turn("refuse")
        async with serving(settings_in(tmp_path, catalog=proxy.address, elasticsearch_prefix=loaded)) as client:
            response = await client.get("/search", params={"text": "ring"})
            assert_problem(response, "catalog-unavailable")
            assert response.status_code == 503
            assert int(response.headers["retry-after"]) >= 1
            ready = await client.get("/ready")
            assert (ready.status_code, ready.json()["parts"]["catalog"]["ok"]) == (503, False)
            await proxy.turn("pass")
            healed = await client.get("/search", params={"text": "ring"})
            assert (healed.status_code, healed.json()["degraded"]) == (200, [])


@pytest.mark.parametrize(
    ("catalog", "copy"), [("sqlite:///a.db", "sqlite:///b.db"), ("https://a.example:9200", "https://b.example:9200")]
)
def test_a_fallback_that_cannot_be_one_is_refused(catalog: str, copy: str) -> None:
    with pytest.raises(InvalidSettings, match="AKIN_CATALOG_FALLBACK"):
        load_settings(catalog=catalog, catalog_fallback=copy)
