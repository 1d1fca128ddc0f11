"""What can be wrong with a cluster: readiness says which, and nothing is written."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch

from app.catalog import CatalogUnavailable, EmbeddingMismatch, ProductImage, Query, QueryVector
from app.catalog.elasticsearch import (
    ElasticsearchCatalog,
    ElasticsearchCatalogWriter,
    ElasticsearchOptions,
    open_catalog,
    open_writer,
)
from tests.builders import a_product, a_vector, evidence
from tests.elasticsearch.fake import PRODUCT, Answer, fake_server
from tests.real_elasticsearch import cleared

pytestmark = pytest.mark.anyio


@dataclass
class Shop:
    """A shop in the real cluster with one product published, and a client to do harm with."""

    options: ElasticsearchOptions
    catalog: ElasticsearchCatalog
    writer: ElasticsearchCatalogWriter
    client: AsyncElasticsearch


@pytest.fixture
async def shop(real_elasticsearch: str, anyio_backend: str) -> AsyncIterator[Shop]:
    options = ElasticsearchOptions(hosts=(real_elasticsearch,), prefix=f"r{secrets.token_hex(6)}")
    catalog, writer = open_catalog(options), open_writer(options)
    async with cleared(real_elasticsearch, options.prefix) as client:
        begun = await writer.begin(embedder="test/1", dims=16, source="feed", holder="tester")
        await writer.add(begun.id, [a_product("p1", seed=1)])
        await writer.verify(begun.id, expected_products=1)
        await catalog.publish(begun.id)
        yield Shop(options, catalog, writer, client)
        await writer.close()
        await catalog.close()


async def everything(shop: Shop) -> object:
    """All that a write to the shop would change."""
    client, prefix = shop.client, shop.options.prefix
    made = await client.indices.get(index=f"{prefix}-*", expand_wildcards="all", features="aliases")
    docs = await client.indices.stats(index=f"{prefix}-*", metric="indexing", expand_wildcards="all")
    writes = {index: found["primaries"]["indexing"]["index_total"] for index, found in docs["indices"].items()}
    found = await client.indices.get_index_template(name=f"{prefix}-*")
    return made.body, writes, sorted((one["name"], one["index_template"]["_meta"]) for one in found["index_templates"])


async def test_all_is_well(shop: Shop) -> None:
    await shop.catalog.ping()


async def test_a_disk_at_flood_stage(shop: Shop) -> None:
    await shop.client.indices.put_settings(
        index=f"{shop.options.prefix}-*", settings={"index.blocks.read_only_allow_delete": True}
    )
    with pytest.raises(CatalogUnavailable, match="flood-stage") as told:
        await shop.catalog.ping()
    assert "disk space" in (told.value.fix or "")
    before = await everything(shop)
    with pytest.raises(CatalogUnavailable, match="flood-stage"):
        await shop.catalog.put(a_product("p2", seed=2))
    with pytest.raises(CatalogUnavailable, match="flood-stage"):
        await shop.writer.begin(embedder="test/1", dims=16, source="feed", holder="tester")
    assert await everything(shop) == before
    snapshot = await shop.catalog.snapshot()  # searching goes on
    assert snapshot.generation.products == 1
    assert len(await shop.catalog.generations()) == 1


async def test_templates_that_are_gone(shop: Shop) -> None:
    await shop.client.indices.delete_index_template(name=f"{shop.options.prefix}-*")
    with pytest.raises(CatalogUnavailable, match="no templates") as told:
        await shop.catalog.ping()
    assert "catalog-loader load" in (told.value.fix or "")


async def test_templates_of_another_version(shop: Shop) -> None:
    name = f"{shop.options.prefix}-products"
    await _with_version(shop, name, 0)
    with pytest.raises(CatalogUnavailable, match="of version 0"):
        await shop.catalog.ping()
    await _with_version(shop, name, 99)
    with pytest.raises(CatalogUnavailable, match="of version 99"):
        await shop.catalog.ping()
    before = await everything(shop)
    with pytest.raises(CatalogUnavailable, match="of version 99"):
        await shop.writer.begin(embedder="test/1", dims=16, source="feed", holder="tester")
    assert await everything(shop) == before


async def test_an_index_of_another_version_is_published(shop: Shop) -> None:
    index = f"{shop.options.prefix}-products"
    await shop.client.indices.put_mapping(index=index, meta={"made_by": "akin", "version": 0})
    with pytest.raises(CatalogUnavailable, match="made from templates of version 0"):
        await shop.catalog.ping()


async def test_somebody_elses_index_under_our_alias(shop: Shop) -> None:
    alias = f"{shop.options.prefix}-products"
    theirs = f"{shop.options.prefix}-theirs"
    await shop.client.indices.create(index=theirs)
    await shop.client.indices.put_alias(index=theirs, name=alias)
    before = await everything(shop)
    for harm in (
        shop.catalog.ping(),
        shop.catalog.snapshot(),
        shop.catalog.put(a_product("p2")),
        shop.writer.begin(embedder="test/1", dims=16, source="feed", holder="tester"),
    ):
        with pytest.raises(CatalogUnavailable, match="which Akin did not make"):
            await harm
    assert await everything(shop) == before


async def test_templates_one_of_which_is_gone_come_back_with_the_next_load(shop: Shop) -> None:
    await shop.client.indices.delete_index_template(name=f"{shop.options.prefix}-products")
    begun = await shop.writer.begin(embedder="test/1", dims=16, source="feed", holder="tester")
    await shop.writer.abandon(begun.id)
    await shop.catalog.ping()


async def test_another_embedder(shop: Shop) -> None:
    before = await everything(shop)
    with pytest.raises(EmbeddingMismatch, match="other/1"):
        await shop.catalog.put(a_product("p2", seed=2, images=(ProductImage("u", "cd", evidence(2, 16, "other/1")),)))
    with pytest.raises(EmbeddingMismatch, match="other/1"):
        await (await shop.catalog.snapshot()).retrieve(Query(QueryVector("other/1", a_vector(2))))
    assert await everything(shop) == before


async def test_an_index_no_node_holds(shop: Shop) -> None:
    nowhere = {"index.routing.allocation.require._name": "no-such-node", "number_of_replicas": 0}
    await shop.client.indices.create(
        index=f"{shop.options.prefix}-lost", settings=nowhere, wait_for_active_shards="0", timeout="1s"
    )
    with pytest.raises(CatalogUnavailable, match=f"{shop.options.prefix}-lost .status red") as told:
        await shop.catalog.ping()
    assert "nodes back" in (told.value.fix or "")
    before = await everything(shop)
    with pytest.raises(CatalogUnavailable, match="status red"):
        await shop.writer.begin(embedder="test/1", dims=16, source="feed", holder="tester")
    assert await everything(shop) == before


@pytest.mark.parametrize(
    ("info", "headers", "expected"),
    [
        ({"version": {"number": "7.17.9"}}, PRODUCT, "version 7.17.9"),
        ({"version": {"number": "2.19.0", "distribution": "opensearch"}}, {}, "no Elasticsearch of version 9"),
    ],
    ids=["7.x", "OpenSearch"],
)
async def test_another_server(info: Any, headers: dict[str, str], expected: str) -> None:
    """And nothing is sent that would change it."""
    asked: list[str] = []

    def answer(method: str, path: str, body: bytes) -> Answer:
        asked.append(method)
        return 200, info

    async with fake_server(answer, headers=headers) as url:
        options = ElasticsearchOptions(hosts=(url,))
        catalog, writer = open_catalog(options), open_writer(options)
        with pytest.raises(CatalogUnavailable, match=expected):
            await catalog.ping()
        with pytest.raises(CatalogUnavailable, match=expected):
            await writer.begin(embedder="test/1", dims=16, source="feed", holder="tester")
        await catalog.close()
        await writer.close()
    assert set(asked) == {"GET"}


async def test_an_expired_api_key() -> None:
    reason = "unable to authenticate with provided credentials: API key is expired"
    body = {"error": {"type": "security_exception", "reason": reason}, "status": 401}
    async with fake_server(lambda *_: (401, body)) as url:
        catalog = open_catalog(ElasticsearchOptions(hosts=(url,), api_key="c2VjcmV0OnNlY3JldA=="))
        with pytest.raises(CatalogUnavailable, match="expired") as told:
            await catalog.ping()
        assert "AKIN_ELASTICSEARCH_API_KEY" in (told.value.fix or "")
        assert "c2VjcmV0" not in str(told.value) + str(told.value.fix)
        await catalog.close()


async def test_nobody_there() -> None:
    catalog = open_catalog(ElasticsearchOptions(hosts=("http://127.0.0.1:9",)))
    with pytest.raises(CatalogUnavailable, match="cannot be reached"):
        await catalog.snapshot()
    await catalog.close()


async def _with_version(shop: Shop, name: str, version: int) -> None:
    found = await shop.client.indices.get_index_template(name=name)
    template = dict(found["index_templates"][0]["index_template"])
    template["_meta"] = {"made_by": "akin", "version": version}
    await shop.client.indices.put_index_template(
        name=name,
        index_patterns=template["index_patterns"],
        composed_of=template["composed_of"],
        priority=template["priority"],
        meta=template["_meta"],
    )
