"""TLS and API keys, real ones: what a key must be allowed, what is said where it is not, and where it has expired."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from elasticsearch import AsyncElasticsearch

from app.catalog import CatalogUnavailable, Query
from app.catalog.elasticsearch import ElasticsearchOptions, open_catalog, open_writer
from tests.builders import a_product
from tests.contracts.conftest import DIMS, EMBEDDER
from tests.elasticsearch.proxy import proxy_to
from tests.real_elasticsearch import cleared

pytestmark = pytest.mark.anyio

# As docs/elasticsearch.md says it; "akin" there is the prefix.
LOADER = {"cluster": ["monitor", "manage_index_templates"], "privileges": ["all"]}
SERVER = {"cluster": ["monitor"], "privileges": ["read", "write", "view_index_metadata", "maintenance"]}


@dataclass
class Cluster:
    """A cluster behind TLS. options: without a key; `ca_certs` vouches for the address's certificate."""

    options: ElasticsearchOptions
    client: AsyncElasticsearch

    async def key(self, allowed: dict[str, list[str]], *, expiration: str | None = None) -> ElasticsearchOptions:
        """Options with a new key for the shop's indices."""
        indices = [{"names": [f"{self.options.prefix}-*"], "privileges": allowed["privileges"]}]
        role: dict[str, Any] = {"cluster": allowed["cluster"], "indices": indices}
        name = f"test-{self.options.prefix}"
        made = await self.client.security.create_api_key(
            name=name, role_descriptors={"role": role}, expiration=expiration
        )
        return replace(self.options, api_key=str(made["encoded"]))


@pytest.fixture
async def cluster(real_elasticsearch: str, anyio_backend: str, tmp_path: Path) -> AsyncIterator[Cluster]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    prefix = f"s{secrets.token_hex(6)}"
    async with cleared(real_elasticsearch, prefix) as client, proxy_to(real_elasticsearch, authority) as proxy:
        await client.security.authenticate()  # fails where an older checkout started the shared server without security
        yield Cluster(ElasticsearchOptions((proxy.address,), ca_certs=tmp_path / "ca.pem", prefix=prefix), client)


async def loaded(options: ElasticsearchOptions, *ids: str) -> str:
    """Load and publish these products as a loader with this key does."""
    writer, catalog = open_writer(options), open_catalog(options)
    try:
        begun = await writer.begin(embedder=EMBEDDER, dims=DIMS, source="feed", holder="tester")
        await writer.carry_over(begun.id, ["p1"])
        await writer.add(begun.id, [a_product(one, seed=int(one[1:])) for one in ids])
        await writer.attach(begun.id, "teaching", b"x")
        await writer.verify(begun.id, expected_products=len(ids))
        await catalog.publish(begun.id)
        await writer.prune(keep=0)
        return begun.id
    finally:
        await writer.close()
        await catalog.close()


async def test_the_privileges_that_the_docs_name_are_enough(cluster: Cluster) -> None:
    loader, server = await cluster.key(LOADER), await cluster.key(SERVER)
    await loaded(loader, "p1", "p2")
    await loaded(loader, "p1", "p2", "p3")
    catalog = open_catalog(server)
    await catalog.ping()
    await catalog.put(a_product("p4", seed=4))
    await catalog.delete("p2")
    found = await (await catalog.snapshot()).retrieve(Query(text="armchair"))
    assert {item.product_id for item in found.items} == {"p1", "p3", "p4"}
    await catalog.close()


async def test_a_key_that_may_not_is_told_so_and_nothing_is_written(cluster: Cluster) -> None:
    await loaded(await cluster.key(LOADER), "p1")
    reader = await cluster.key({"cluster": ["monitor"], "privileges": ["read", "view_index_metadata"]})
    catalog, writer = open_catalog(reader), open_writer(reader)
    for harm in (
        writer.begin(embedder=EMBEDDER, dims=DIMS, source="feed", holder="tester"),
        catalog.put(a_product("p2", seed=2)),
    ):
        with pytest.raises(CatalogUnavailable, match="may not") as told:
            await harm
        assert "docs/elasticsearch.md" in (told.value.fix or "")
    await catalog.close()
    await writer.close()
    assert (await cluster.client.count(index=f"{reader.prefix}-products"))["count"] == 1


async def test_an_expired_key_says_so_and_writes_nothing(cluster: Cluster) -> None:
    await loaded(await cluster.key(LOADER), "p1")
    key = await cluster.key(LOADER, expiration="1s")
    await asyncio.sleep(1.5)
    catalog, writer = open_catalog(key), open_writer(key)
    for call in (
        catalog.ping(),
        catalog.snapshot(),
        catalog.put(a_product("p2", seed=2)),
        writer.begin(embedder=EMBEDDER, dims=DIMS, source="feed", holder="tester"),
    ):
        with pytest.raises(CatalogUnavailable, match="expired") as told:
            await call
        assert "AKIN_ELASTICSEARCH_API_KEY" in (told.value.fix or "")
        assert key.api_key not in f"{told.value}{told.value.fix}"
    await catalog.close()
    await writer.close()
    assert (await cluster.client.count(index=f"{key.prefix}-products"))["count"] == 1


async def test_a_certificate_of_another_authority_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    for ca_certs in (tmp_path / "other.pem", None):
        catalog = open_catalog(replace(cluster.options, ca_certs=ca_certs))
        with pytest.raises(CatalogUnavailable, match="certificate is not trusted") as told:
            await catalog.ping()
        assert "AKIN_ELASTICSEARCH_CA" in (told.value.fix or "")
        await catalog.close()
