"""Elasticsearch slow or gone: the copy answers, says so, and steps back when Elasticsearch is there again."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.catalog import CatalogUnavailable, CatalogWriter, Query, QueryVector, elasticsearch, sqlite
from app.catalog.elasticsearch import ElasticsearchCatalog, ElasticsearchOptions
from app.catalog.fallback import CopyKeeper, FallbackCatalog
from tests.builders import a_product, a_vector
from tests.contracts.conftest import DIMS, EMBEDDER
from tests.elasticsearch.proxy import Mode, Proxy, proxy_to
from tests.real_elasticsearch import cleared

pytestmark = pytest.mark.anyio

PATIENCE_S = 0.5
BACK_WITHIN_S = 10.0


@dataclass
class Shop:
    """A shop with p1, p2, p3 published; `catalog` reaches the cluster through `proxy`, `direct` past it."""

    catalog: FallbackCatalog
    keeper: CopyKeeper
    direct: ElasticsearchCatalog
    writer: CatalogWriter
    proxy: Proxy
    options: ElasticsearchOptions
    file: Path

    async def publish(self, *ids: str) -> str:
        """Publish these products as a new generation; its id."""
        begun = await self.writer.begin(embedder=EMBEDDER, dims=DIMS, source="feed", holder="tester")
        await self.writer.add(begun.id, [a_product(one, seed=int(one[1:])) for one in ids])
        await self.writer.attach(begun.id, "teaching", b"taught " + begun.id.encode())
        await self.writer.verify(begun.id, expected_products=len(ids))
        await self.direct.publish(begun.id)
        return begun.id

    async def ids_in_copy(self) -> list[str]:
        """What the copy has."""
        copy = sqlite.open_catalog(self.file)
        try:
            found = await (await copy.snapshot()).retrieve(Query())
            return [item.product_id for item in found.items]
        finally:
            await copy.close()


def a_keeper(direct: ElasticsearchCatalog, file: Path) -> CopyKeeper:
    lock = file.with_name("copy.db.lock")
    return CopyKeeper(direct.original(), sqlite.open_catalog(file), sqlite.open_writer(file), lock=lock)


@pytest.fixture
async def shop(real_elasticsearch: str, anyio_backend: str, tmp_path: Path) -> AsyncIterator[Shop]:
    file, prefix = tmp_path / "copy.db", f"f{secrets.token_hex(6)}"
    options = ElasticsearchOptions(hosts=(real_elasticsearch,), prefix=prefix, timeout_s=5.0)
    async with cleared(real_elasticsearch, prefix), proxy_to(real_elasticsearch) as proxy:
        through = elasticsearch.open_catalog(ElasticsearchOptions(hosts=(proxy.address,), prefix=prefix, timeout_s=5.0))
        direct, writer = elasticsearch.open_catalog(options), elasticsearch.open_writer(options)
        copy = sqlite.open_catalog(file)
        keeper = CopyKeeper(through.original(), copy, sqlite.open_writer(file), lock=file.with_name("copy.db.lock"))
        catalog = FallbackCatalog(through, copy, keeper, patience_s=PATIENCE_S)
        shop = Shop(catalog, keeper, direct, writer, proxy, options, file)
        await shop.publish("p1", "p2", "p3")
        yield shop
        await proxy.turn("pass")
        await catalog.close()
        await direct.close()
        await writer.close()


async def ids(catalog: FallbackCatalog) -> tuple[list[str], str]:
    """What one search finds, and why it is degraded."""
    snapshot = await catalog.snapshot()
    found = await snapshot.retrieve(Query(QueryVector(EMBEDDER, a_vector(1))))
    return [product.id for product in await snapshot.products([item.product_id for item in found.items])], (
        snapshot.degraded
    )


async def back(shop: Shop) -> float:
    """Seconds until searches are answered by Elasticsearch again."""
    began = time.monotonic()
    while (await ids(shop.catalog))[1]:
        assert time.monotonic() - began < 10 * BACK_WITHIN_S
        await asyncio.sleep(0.05)
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("hang", "deadline"), ("reset", "unavailable"), ("refuse", "unavailable"), ("answer 503", "unavailable")],
)
async def test_searches_go_on_from_the_copy_and_come_back(shop: Shop, mode: Mode, reason: str) -> None:
    await shop.keeper.catch_up()
    well, degraded = await ids(shop.catalog)
    assert (well, degraded) == (["p1", *well[1:]], "")
    generation = (await shop.catalog.snapshot()).generation
    await shop.proxy.turn(mode)
    for _ in range(3):
        async with asyncio.timeout(20):  # far more than the patience: a busy machine is no reason for a red test
            assert await ids(shop.catalog) == (well, reason)
    snapshot = await shop.catalog.snapshot()
    assert (snapshot.generation.id, snapshot.generation.published_at) == (generation.id, generation.published_at)
    assert await snapshot.artifact("teaching") == b"taught " + generation.id.encode()
    with pytest.raises(CatalogUnavailable):
        await shop.catalog.put(a_product("p4", seed=4))
    await shop.proxy.turn("pass")
    await back(shop)
    assert await ids(shop.catalog) == (well, "")


async def test_a_search_that_began_before_goes_on_and_stays_within_one_generation(shop: Shop) -> None:
    await shop.keeper.catch_up()
    snapshot = await shop.catalog.snapshot()
    found = await snapshot.retrieve(Query())
    await shop.proxy.turn("reset")
    products = await snapshot.products([item.product_id for item in found.items])
    assert [product.id for product in products] == ["p1", "p2", "p3"]
    assert snapshot.degraded
    await shop.proxy.turn("pass")
    await back(shop)

    await shop.publish("p1", "p8")  # the copy has not followed
    await asyncio.sleep(2)
    snapshot = await shop.catalog.snapshot()
    found = await snapshot.retrieve(Query())
    await shop.proxy.turn("reset")
    with pytest.raises(CatalogUnavailable):
        await snapshot.products([item.product_id for item in found.items])
    found_now, degraded = await ids(shop.catalog)
    assert (set(found_now), degraded) == ({"p1", "p2", "p3"}, "unavailable")


async def test_without_a_copy_it_says_that_it_is_gone(shop: Shop) -> None:
    await shop.proxy.turn("refuse")
    with pytest.raises(CatalogUnavailable, match="cannot be reached") as told:
        await ids(shop.catalog)
    assert told.value.retry_after_s > 0
    await shop.proxy.turn("pass")
    assert (await ids(shop.catalog))[1] == ""


async def test_the_copy_follows_changes_loads_and_rollbacks(shop: Shop) -> None:
    await shop.keeper.catch_up()
    assert await shop.ids_in_copy() == ["p1", "p2", "p3"]
    first = (await shop.direct.snapshot()).generation.id
    await shop.direct.put(a_product("p1", seed=1, title="Changed elsewhere"))
    await shop.direct.put(a_product("p4", seed=4))
    await shop.direct.delete("p2")
    await shop.keeper.catch_up()
    assert await shop.ids_in_copy() == ["p1", "p3", "p4"]
    copy = sqlite.open_catalog(shop.file)
    snapshot = await copy.snapshot()
    assert (await snapshot.products(["p1"]))[0].title == "Changed elsewhere"
    (seen,) = await snapshot.evidence([("p4", 0)])
    assert seen is not None
    assert seen.embedding == pytest.approx(a_vector(4), abs=1e-3)
    await copy.close()

    await shop.publish("p1", "p5")
    await shop.keeper.catch_up()
    # The load took the live changes over, and so has the copy.
    published = await (await shop.direct.snapshot()).retrieve(Query())
    assert await shop.ids_in_copy() == [item.product_id for item in published.items]
    await shop.direct.publish(first)
    await shop.keeper.catch_up()
    assert await shop.ids_in_copy() == ["p1", "p3", "p4"]


async def test_another_process_takes_the_copy_over_with_what_changed_meanwhile(shop: Shop) -> None:
    await shop.keeper.catch_up()
    other = a_keeper(shop.direct, shop.file)
    assert not await other.catch_up(), "one process keeps the copy"
    assert await other.caught_up(patience_s=0), "and it has"
    await shop.keeper.close()
    await shop.direct.delete("p3")
    assert await other.catch_up()
    assert await shop.ids_in_copy() == ["p1", "p2"]
    await other.close()


async def test_a_catalog_of_its_own_is_never_made_a_copy(shop: Shop) -> None:
    writer, catalog = sqlite.open_writer(shop.file), sqlite.open_catalog(shop.file)
    begun = await writer.begin(embedder=EMBEDDER, dims=DIMS, source="my own feed", holder="me")
    await writer.add(begun.id, [a_product("mine")])
    await writer.verify(begun.id, expected_products=1)
    await catalog.publish(begun.id)
    with pytest.raises(CatalogUnavailable, match="catalog of its own"):
        await shop.keeper.catch_up()
    await shop.proxy.turn("refuse")
    with pytest.raises(CatalogUnavailable, match="cannot be reached"):
        await ids(shop.catalog)
    assert await shop.ids_in_copy() == ["mine"]
    await writer.close()
    await catalog.close()


async def test_a_copy_that_is_cut_off_leaves_the_one_before(shop: Shop) -> None:
    await shop.keeper.catch_up()
    await shop.publish(*(f"p{number}" for number in range(1, 10)))
    await shop.proxy.turn("refuse")
    with pytest.raises(CatalogUnavailable):
        await shop.keeper.catch_up()
    assert await shop.ids_in_copy() == ["p1", "p2", "p3"]
    await shop.proxy.turn("pass")
    await shop.keeper.catch_up()
    assert len(await shop.ids_in_copy()) == 9
