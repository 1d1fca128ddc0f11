"""What a load may take away, who may load, and what it says of products: the loader's own code on Elasticsearch."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.catalog import GenerationConflict, GenerationState
from app.catalog.elasticsearch import ElasticsearchOptions, open_writer
from catalog_loader.report import Outcome
from tests.elasticsearch.loading import shop_in
from tests.loader.shop import DIMS, Shop, ids
from tests.real_elasticsearch import cleared

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(
    real_elasticsearch: str, anyio_backend: str, tmp_path: Path
) -> AsyncIterator[tuple[Shop, ElasticsearchOptions]]:
    options = ElasticsearchOptions(hosts=(real_elasticsearch,), prefix=f"d{secrets.token_hex(6)}")
    async with cleared(real_elasticsearch, options.prefix), shop_in(tmp_path, options) as made:
        yield made, options


async def test_deltas_and_what_may_go(shop: tuple[Shop, ElasticsearchOptions]) -> None:
    """A delta adds, changes and takes out by name; a whole feed takes at most a fifth away unasked."""
    made, _ = shop
    made.sell(*ids(10))
    assert (await made.load()).products == 10
    made.rows = []
    made.sell("p3", title="Another title")
    made.sell("new")
    made.say_gone("p9")
    summary = await made.load(delta=True)
    assert (summary.outcome, summary.products, summary.departed) == (Outcome.PUBLISHED, 10, 1)
    assert (await made.catalog.snapshot()).generation.products == 10
    assert set(await made.published()) == {*ids(9), "new"}
    assert (await made.products())["p3"].title == "Another title"

    made.rows = []
    made.sell(*ids(5))
    refused = await made.load()
    assert refused.outcome is Outcome.REFUSED
    assert "5 of 10 published products would go" in refused.message
    assert len(await made.published()) == 10
    assert (await made.load(yes=True)).products == 5
    assert await made.published() == ids(5)


async def test_what_is_unchanged_is_not_looked_at_and_what_is_not_taken_is_named(
    shop: tuple[Shop, ElasticsearchOptions],
) -> None:
    made, _ = shop
    made.sell(*ids(12))
    made.not_taken = {"p4": "document_parsing_exception: it is bad"}
    summary = await made.load()
    assert (summary.products, summary.refused) == (11, 1)
    assert summary.told.codes["not-taken"] == 1
    looks = made.eyes.looks.total()
    made.not_taken = {}
    made.change("p1", price="6.00 USD")
    again = await made.load()
    assert (again.unchanged, again.products) == (10, 12)
    assert made.eyes.looks.total() - looks <= 1


async def test_the_second_of_two_loads_is_told_who_holds_the_first(shop: tuple[Shop, ElasticsearchOptions]) -> None:
    made, options = shop
    made.sell(*ids(5))
    await made.load()
    other = open_writer(options)
    begun = await other.begin(embedder="eyes/1", dims=DIMS, source="another feed", holder="host-b:77:0 their load")
    made.sell("p5")
    with pytest.raises(GenerationConflict, match="host-b:77:0 their load"):
        await _at_once(made, options)
    states = {one.id: one.state for one in await made.catalog.generations()}
    assert states[begun.id] is GenerationState.LOADING
    await other.abandon(begun.id)
    assert (await made.load()).products == 6
    await other.close()


async def _at_once(shop: Shop, options: ElasticsearchOptions) -> None:
    """Load without the two minutes that the shop lets pass, after which the other load would count as dead."""
    now = Shop(shop.folder, shop.catalog, lambda _: open_writer(options))
    now.rows = shop.rows
    await now.load()
