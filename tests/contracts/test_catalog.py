"""The Catalog port: products and their evidence, single changes, absence, closing."""

import asyncio
from decimal import Decimal

import numpy as np
import pytest

from app.catalog import (
    Availability,
    CatalogUnavailable,
    Channel,
    EmbeddingMismatch,
    FacetCount,
    FacetField,
    ImageEvidence,
    Money,
    NothingPublished,
    OneOf,
    Product,
    ProductImage,
    ProductNotFound,
    Query,
    QueryVector,
    SeenAttribute,
    SeenColor,
    SeenLabel,
)
from tests.builders import a_product, a_vector, evidence
from tests.contracts.conftest import EMBEDDER, Engine

pytestmark = pytest.mark.anyio

EVERYTHING = Product(
    id="ø/ 1 \"x\" 'y' %; --",
    title="Fauteuil « Élan » 椅子",
    description="line one\nline two\ttab",
    link="https://shop.example/p?a=1&b=2",
    brand="Élan & Söhne",
    type="armchair",
    category=("Furniture", "Chairs"),
    google_category="436",
    price=Money(Decimal("129.90"), "EUR"),
    sale_price=Money(Decimal("99.00"), "EUR"),
    availability=Availability.BACKORDER,
    gtin="4006381333931",
    color="Teal/Gold",
    material="velvet",
    pattern="striped",
    size="80 x 90 cm",
    item_group_id="élan",
    custom_labels=("summer", "", "new"),
    images=(ProductImage("https://shop.example/1.jpg", "cd" * 32), ProductImage("https://shop.example/2.jpg")),
    attributes=(SeenAttribute("material", "velvet", 0.71, "local"),),
    labels=(SeenLabel("chair", 0.98, "google_vision"),),
    colors=(SeenColor("teal", "#1d7f86", 0.62),),
    content_hash="abc",
)


async def test_an_empty_catalog_says_that_nothing_is_published(engine: Engine) -> None:
    with pytest.raises(NothingPublished):
        await engine.catalog.snapshot()
    with pytest.raises(NothingPublished):
        await engine.catalog.put(a_product())
    with pytest.raises(NothingPublished):
        await engine.catalog.delete("p1")
    assert await engine.catalog.generations() == []
    assert await engine.writer.last_change() is None
    await engine.catalog.ping()


async def test_a_published_generation_may_be_empty(engine: Engine) -> None:
    await engine.publish()
    snapshot = await engine.catalog.snapshot()
    answer = await snapshot.retrieve(Query(vector=QueryVector(EMBEDDER, a_vector()), text="chair"))
    assert (answer.items, answer.complete, snapshot.generation.products) == ((), True, 0)
    assert await snapshot.facets([], list(FacetField)) == dict.fromkeys(FacetField, ())
    assert await engine.catalog.put(a_product("p1"))
    assert await engine.ids() == ["p1"]


async def test_a_product_comes_back_as_it_was_written(engine: Engine) -> None:
    await engine.publish(EVERYTHING)
    (read,) = await (await engine.catalog.snapshot()).products([EVERYTHING.id])
    for name in Product.__dataclass_fields__:
        if name != "images":
            assert getattr(read, name) == getattr(EVERYTHING, name), name
    assert [(image.url, image.sha256) for image in read.images] == [
        (image.url, image.sha256) for image in EVERYTHING.images
    ]


async def test_products_come_in_the_order_asked_for_without_evidence_and_absent_ids_are_left_out(shop: Engine) -> None:
    read = await (await shop.catalog.snapshot()).products(["p3", "nobody", "p1"])
    assert [product.id for product in read] == ["p3", "p1"]
    assert all(image.evidence is None for product in read for image in product.images)
    assert await (await shop.catalog.snapshot()).products([]) == []


async def test_evidence_is_exact_to_float16_and_none_where_there_is_none(engine: Engine) -> None:
    seen = ImageEvidence(
        EMBEDDER, a_vector(7), (0.1, 0.2, 0.3, 0.4), b"\x00features\xff", (SeenColor("teal", "#1d7f86", 0.5),)
    )
    images = (ProductImage("a"), ProductImage("b", "ef" * 32, seen), ProductImage("c", "", evidence(8)))
    await engine.publish(a_product("p1", images=images), a_product("p2", images=()))
    asked = [("p1", 1), ("p1", 0), ("nobody", 0), ("p2", 0), ("p1", 2), ("p1", 9)]
    first, *others = await (await engine.catalog.snapshot()).evidence(asked)
    assert first is not None
    np.testing.assert_array_equal(first.embedding, seen.embedding.astype(np.float16).astype(np.float32))
    assert first.embedding.dtype == np.float32
    assert (first.embedder, first.region, first.features, first.colors) == (
        EMBEDDER, seen.region, seen.features, seen.colors,
    )  # fmt: skip
    assert [other is not None for other in others] == [False, False, False, True, False]


async def test_the_same_picture_may_be_seen_differently_in_two_products(engine: Engine) -> None:
    images = [(ProductImage("u", "ab" * 32, evidence(seed)),) for seed in (1, 2)]
    await engine.publish(a_product("p1", images=images[0]), a_product("p2", images=images[1]))
    read = await (await engine.catalog.snapshot()).evidence([("p1", 0), ("p2", 0)])
    for found, seed in zip(read, (1, 2), strict=True):
        assert found is not None
        np.testing.assert_allclose(found.embedding, a_vector(seed), atol=1e-3)


async def test_put_adds_and_replaces_and_is_seen_at_once(shop: Engine) -> None:
    assert await shop.catalog.put(a_product("p0", seed=9, title="Copper kettle", brand="Kjel", type="kettle"))
    assert not await shop.catalog.put(a_product("p2", seed=8, title="Blue mug", brand="Krus", labels=()))
    snapshot = await shop.catalog.snapshot()
    assert snapshot.generation.products == 4
    assert await shop.ids() == ["p0", "p1", "p2", "p3"]
    for seed, product_id in ((9, "p0"), (8, "p2")):
        answer = await snapshot.retrieve(Query(vector=QueryVector(EMBEDDER, a_vector(seed))))
        assert answer.items[0].product_id == product_id
        assert answer.items[0].signals[Channel.LOOK] == pytest.approx(1.0, abs=1e-3)
    assert [i.product_id for i in (await snapshot.retrieve(Query(text="kettles"))).items] == ["p0"]
    by_label = await snapshot.retrieve(Query(terms={Channel.LABELS: {"chair": 1.0}}))
    assert [item.product_id for item in by_label.items] == ["p0", "p1", "p3"]
    for brand, ids in (("kjel", ["p0"]), ("Krus", ["p2"]), ("Nordhem", ["p1", "p3"])):
        answer = await snapshot.retrieve(Query(filters=(OneOf(FacetField.BRAND, (brand,)),)))
        assert [item.product_id for item in answer.items] == ids
    brands = (await snapshot.facets(["p0", "p1", "p2", "p3"], [FacetField.BRAND]))[FacetField.BRAND]
    assert [(facet.value, facet.count) for facet in brands] == [("Nordhem", 2), ("Kjel", 1), ("Krus", 1)]


async def test_delete_removes_from_everything_and_a_second_time_finds_nothing(shop: Engine) -> None:
    await shop.catalog.delete("p2")
    with pytest.raises(ProductNotFound):
        await shop.catalog.delete("p2")
    snapshot = await shop.catalog.snapshot()
    assert snapshot.generation.products == 2
    assert await shop.ids() == ["p1", "p3"]
    look = await snapshot.retrieve(Query(vector=QueryVector(EMBEDDER, a_vector(2)), text="velvet"))
    assert {item.product_id for item in look.items} == {"p1", "p3"}
    assert await snapshot.products(["p2"]) == []
    assert await snapshot.evidence([("p2", 0)]) == [None]
    facets = await snapshot.facets(["p1", "p2", "p3"], [FacetField.BRAND])
    assert [facet.count for facet in facets[FacetField.BRAND]] == [2]
    assert await shop.catalog.put(a_product("p2", seed=2))
    assert await shop.ids() == ["p1", "p2", "p3"]


@pytest.mark.parametrize("wrong", [evidence(1, embedder="other/2"), evidence(1, dims=8)], ids=["embedder", "size"])
async def test_put_refuses_evidence_of_another_embedder_and_changes_nothing(shop: Engine, wrong: ImageEvidence) -> None:
    product = a_product("p1", title="Changed", images=(ProductImage("u", "aa" * 32, wrong),))
    with pytest.raises(EmbeddingMismatch):
        await shop.catalog.put(product)
    (kept,) = await (await shop.catalog.snapshot()).products(["p1"])
    assert kept.title == "Velvet armchair p1"


async def test_many_changes_one_after_the_other_all_hold(shop: Engine) -> None:
    """More changes than the three products there were: whatever an engine does to tidy up must not show."""
    for round_ in range(3):
        for number in range(40):
            await shop.catalog.put(a_product(f"n{number:02d}", seed=1_000 * round_ + number, brand=f"Round {round_}"))
    for number in range(0, 40, 2):
        await shop.catalog.delete(f"n{number:02d}")
    left = [f"n{number:02d}" for number in range(1, 40, 2)] + ["p1", "p2", "p3"]
    assert await shop.ids() == left
    snapshot = await shop.catalog.snapshot()
    answer = await snapshot.retrieve(Query(vector=QueryVector(EMBEDDER, a_vector(2_007))))
    assert answer.items[0].product_id == "n07"
    facets = await snapshot.facets(left, [FacetField.BRAND])
    assert {facet.value: facet.count for facet in facets[FacetField.BRAND]} == {"Nordhem": 3, "Round 2": 20}


async def test_searches_go_on_while_changes_are_made(shop: Engine) -> None:
    """Whatever moment a search sees: each product once, those nobody touches always, and facets that agree."""
    done = False

    async def change(prefix: str) -> None:
        for number in range(25):
            await shop.catalog.put(a_product(f"{prefix}{number % 7}", seed=100 + number, brand=f"Brand {number}"))
            if number % 5 == 4:
                await shop.catalog.delete(f"{prefix}{number % 7}")

    async def search() -> None:
        while not done:
            snapshot = await shop.catalog.snapshot()
            query = Query(
                vector=QueryVector(EMBEDDER, a_vector(1)), terms={Channel.LABELS: {"chair": 1.0}}, text="velvet chair"
            )
            ids = [item.product_id for item in (await snapshot.retrieve(query)).items]
            assert ids[0] == "p1"
            assert {"p1", "p2", "p3"} <= set(ids)
            assert len(ids) == len(set(ids)) == snapshot.generation.products
            counted = await snapshot.facets(ids, [FacetField.AVAILABILITY])
            assert counted[FacetField.AVAILABILITY] == (FacetCount("in_stock", len(ids)),)

    searches = [asyncio.create_task(search()) for _ in range(3)]
    await asyncio.gather(change("a"), change("b"))
    done = True
    await asyncio.gather(*searches)
    assert await shop.ids() == [
        *(f"{prefix}{number}" for prefix in "ab" for number in (0, 1, 2, 4, 6)),
        "p1",
        "p2",
        "p3",
    ]


async def test_a_closed_catalog_says_so_and_closing_twice_is_harmless(shop: Engine) -> None:
    snapshot = await shop.catalog.snapshot()
    await shop.catalog.close()
    await shop.catalog.close()
    with pytest.raises(CatalogUnavailable):
        await shop.catalog.ping()
    with pytest.raises(CatalogUnavailable):
        await shop.catalog.snapshot()
    with pytest.raises(CatalogUnavailable):
        await snapshot.products(["p1"])
