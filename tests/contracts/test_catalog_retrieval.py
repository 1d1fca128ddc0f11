"""Snapshot.retrieve and Snapshot.facets: which products, in what order, with which signals."""

import logging
from collections import Counter
from decimal import Decimal

import numpy as np
import pytest

from app.catalog import (
    MAX_CANDIDATES,
    Candidate,
    Channel,
    EmbeddingMismatch,
    FacetCount,
    FacetField,
    Filter,
    HasAttribute,
    Money,
    NotProduct,
    OneOf,
    PriceBetween,
    Product,
    ProductImage,
    Query,
    QueryVector,
    SeenAttribute,
    SeenColor,
    SeenLabel,
    UnknownFilter,
    facet_values,
)
from tests.builders import a_product, a_vector, evidence
from tests.contracts.conftest import DIMS, EMBEDDER, Engine
from tests.contracts.reference import a_random_product, a_random_query, matches, passes, picture_cosines, signals

pytestmark = pytest.mark.anyio

logger = logging.getLogger(__name__)  # pytest shows the failing case


def look(seed: int) -> QueryVector:
    """The photo whose vector is a_vector(seed)."""
    return QueryVector(EMBEDDER, a_vector(seed))


async def ask(engine: Engine, query: Query) -> list[Candidate]:
    """The candidates of a query."""
    return list((await (await engine.catalog.snapshot()).retrieve(query)).items)


async def ids(engine: Engine, *filters: Filter) -> list[str]:
    """The ids that pass the filters."""
    return [item.product_id for item in await ask(engine, Query(filters=filters))]


@pytest.mark.parametrize("seed", range(12))
async def test_random_queries_answer_as_the_plain_reference_does(engine: Engine, seed: int) -> None:
    """Complete answers: the same products, signals, pictures and order as working it out the slow way."""
    rng = np.random.default_rng(seed)
    products = [a_random_product(rng, f"r{number:03d}") for number in range(int(rng.integers(1, 120)))]
    await engine.publish(*products)
    for number in range(0, len(products), 7):  # some are changed live, so that both ways in are tried
        products[number] = a_random_product(rng, f"r{number:03d}")
        await engine.catalog.put(products[number])
    for _ in range(15):
        query = a_random_query(rng, limit=MAX_CANDIDATES)
        logger.info("seed %d: %s", seed, query)
        answer = await (await engine.catalog.snapshot()).retrieve(query)
        by_id = {product.id: product for product in products}
        expected = {p.id for p in products if passes(p, query.filters) and matches(p, query)}
        assert {item.product_id for item in answer.items} == expected
        assert len(answer.items) == len(expected)
        assert answer.complete
        for item in answer.items:
            product = by_id[item.product_id]
            _assert_signals(engine, item, signals(product, query))
            cosines = picture_cosines(product, query)
            if cosines:
                assert cosines[item.image] == pytest.approx(max(cosines.values()), abs=1e-4)
            else:
                assert item.image == 0
            assert item.group_id == product.item_group_id
        _assert_order(answer.items, query)


@pytest.mark.parametrize("seed", range(6))
async def test_a_limited_answer_keeps_its_promises(engine: Engine, seed: int) -> None:
    """With more matches than the limit: the nearest half, and the best tenth of every other asked channel."""
    rng = np.random.default_rng(100 + seed)
    products = {f"r{number:03d}": a_random_product(rng, f"r{number:03d}") for number in range(150)}
    await engine.publish(*products.values())
    for limit in (1, 5, 20, 50):
        query = a_random_query(rng, limit=limit)
        logger.info("seed %d: %s", seed, query)
        answer = await (await engine.catalog.snapshot()).retrieve(query)
        matching = {
            p.id: signals(p, query) for p in products.values() if passes(p, query.filters) and matches(p, query)
        }
        assert len(answer.items) == min(limit, len(matching))
        assert answer.complete == (len(matching) <= limit)
        _assert_order(answer.items, query)
        chosen = {item.product_id for item in answer.items}
        for channel in Channel:
            values = sorted((found[channel] for found in matching.values() if channel in found), reverse=True)
            share = (limit + 1) // 2 if channel is Channel.LOOK else limit // 10
            if not values or not share:
                continue
            edge = values[min(share, len(values)) - 1]
            for product_id, found in matching.items():
                strong = found.get(channel, -2.0) > edge + 1e-3 and (channel is Channel.LOOK or found[channel] > 0)
                assert not strong or product_id in chosen, (product_id, channel)
        for item in answer.items:
            _assert_signals(engine, item, matching[item.product_id])


async def test_ties_go_by_product_id_also_at_the_edge(engine: Engine) -> None:
    """Twenty products that look the same: the ten with the smallest ids are those that come, every time."""
    same = [a_product(f"t{number:02d}", seed=5) for number in range(20)]
    await engine.publish(*same[1::2])
    for product in same[::2]:
        await engine.catalog.put(product)
    for query in (Query(vector=look(5), limit=10), Query(limit=10), Query(text="velvet armchair", limit=10)):
        for _ in range(2):
            assert [item.product_id for item in await ask(engine, query)] == [f"t{number:02d}" for number in range(10)]


async def test_ids_are_ordered_by_code_points(engine: Engine) -> None:
    names = ["B", "a", "10", "9", "é", "ø", "椅", "\U0001f6cb", "A-1", "A"]
    await engine.publish(*(a_product(name, seed=1) for name in names))
    assert await engine.ids() == sorted(names)


async def test_a_product_comes_once_with_its_best_picture(engine: Engine) -> None:
    images = tuple(ProductImage(f"u{n}", f"{n:064x}", evidence(n) if n != 2 else None) for n in range(8))
    await engine.publish(a_product("many", images=images), a_product("one", seed=50), a_product("none", images=()))
    for position in (0, 1, 5, 7):
        items = await ask(engine, Query(vector=look(position)))
        assert [item.product_id for item in items] == ["many", "one"]
        assert items[0].image == position
        assert items[0].signals[Channel.LOOK] == pytest.approx(1.0, abs=1e-3)
    assert [item.image for item in await ask(engine, Query())] == [0, 0, 0]


async def test_a_product_without_a_picture_is_found_by_the_other_channels_and_comes_last(engine: Engine) -> None:
    await engine.publish(a_product("bare", images=()), a_product("seen", seed=3))
    items = await ask(engine, Query(vector=look(4), terms={Channel.LABELS: {"chair": 0.5}}))
    assert [item.product_id for item in items] == ["seen", "bare"]
    assert Channel.LOOK in items[0].signals
    assert items[1].signals == {Channel.LABELS: pytest.approx(0.45, rel=1e-2)}
    assert [item.product_id for item in await ask(engine, Query(vector=look(4)))] == ["seen"]


async def test_every_candidate_has_a_signal_for_every_asked_channel_and_no_other(shop: Engine) -> None:
    terms = {Channel.TYPE: {"sofa": 1.0}, Channel.COLORS: {}}
    items = await ask(shop, Query(vector=look(1), terms=terms, text="velvet"))
    assert len(items) == 3
    for item in items:
        assert set(item.signals) == {Channel.LOOK, Channel.TYPE, Channel.TEXT}
        assert item.signals[Channel.TYPE] == 0.0


async def test_a_sparse_signal_is_the_dot_product_with_the_greatest_confidence_of_each_term(engine: Engine) -> None:
    product = a_product(
        "p1",
        type="Arm Chair",
        labels=(SeenLabel("Chair", 0.3, "a"), SeenLabel("chair", 0.8, "b"), SeenLabel("seat", 0.5, "a")),
        attributes=(SeenAttribute("Material", "Velvet", 0.6, "a"),),
        colors=(SeenColor("teal", "#008080", 0.5), SeenColor("white", "#ffffff", 0.25)),
    )
    await engine.publish(product)
    terms = {
        Channel.TYPE: {"arm chair": 0.9},
        Channel.LABELS: {"CHAIR": 0.5, "seat": 1.0, "lamp": 1.0},
        Channel.ATTRIBUTES: {"material=velvet": 0.5},
        Channel.COLORS: {"teal": 1.0, "white": 0.4},
    }
    (item,) = await ask(engine, Query(terms=terms))
    expected = {Channel.TYPE: 0.9, Channel.LABELS: 0.9, Channel.ATTRIBUTES: 0.3, Channel.COLORS: 0.6}
    _assert_signals(engine, item, expected)


async def test_text_finds_any_word_in_any_form_and_the_best_match_is_1(engine: Engine) -> None:
    await engine.publish(
        a_product("both", title="Velvet armchair", description=""),
        a_product("one", title="Oak armchairs", description="", material="oak"),
        a_product("said", title="Thing", type="thing", description="An armchair, they say.", material=""),
        a_product("accent", title="Fauteuil Élan", type="", description="", material=""),
        a_product("other", title="Mug", type="mug", description="", material="clay"),
    )
    items = await ask(engine, Query(text="VELVET armchair!"))
    assert [item.product_id for item in items[:1]] == ["both"]
    assert {item.product_id for item in items} == {"both", "one", "said"}
    assert items[0].signals == {Channel.TEXT: 1.0}
    assert all(0 < item.signals[Channel.TEXT] < 1 for item in items[1:])
    assert [item.product_id for item in await ask(engine, Query(text="elan"))] == ["accent"]
    assert await ask(engine, Query(text="zeppelin")) == []


async def test_text_is_relative_to_the_best_of_those_that_pass_the_filters(engine: Engine) -> None:
    await engine.publish(
        a_product("strong", title="Lamp", type="lamp", brand="A"),
        a_product("weak", title="Chair", description="beside a lamp", brand="B"),
    )
    items = await ask(engine, Query(text="lamp", filters=(OneOf(FacetField.BRAND, ("b",)),)))
    assert [(item.product_id, item.signals) for item in items] == [("weak", {Channel.TEXT: 1.0})]


@pytest.mark.parametrize("text", ["!!!", '"', "'", "*", "( )", "-", "^", "—", "\x00"])
async def test_a_text_without_words_matches_nothing_and_breaks_nothing(shop: Engine, text: str) -> None:
    assert await ask(shop, Query(text=text)) == []
    items = await ask(shop, Query(vector=look(1), text=text))
    assert [item.signals[Channel.TEXT] for item in items] == [0.0, 0.0, 0.0]


async def test_a_blank_text_is_no_text(shop: Engine) -> None:
    assert [set(item.signals) for item in await ask(shop, Query(text=" \n\t"))] == [set(), set(), set()]


async def test_without_a_look_order_is_text_then_the_sum_of_sparse_signals(engine: Engine) -> None:
    def labeled(product_id: str, confidence: float, **changes: object) -> Product:
        return a_product(product_id, labels=(SeenLabel("x", confidence, "t"),), **changes)  # type: ignore[arg-type]

    await engine.publish(
        labeled("a", 0.25, title="Mug"),
        labeled("b", 0.75, title="Mug"),
        labeled("c", 0.5, title="Lamp"),
        labeled("d", 0.75, title="Mug"),
    )
    items = await ask(engine, Query(text="lamp", terms={Channel.LABELS: {"x": 1.0}}))
    assert [item.product_id for item in items] == ["c", "b", "d", "a"]


async def test_filters_one_of(engine: Engine) -> None:
    await engine.publish(
        a_product("a", brand="Nordhem", color="Red/Blue", material="Oak, Steel", pattern="Striped"),
        a_product("b", brand="nordhem ", color="blue", material="oak", pattern="", type=None),
        a_product("c", brand="", color="", material="", category=()),
        a_product("d", brand="100%", category=("Furniture", "Chairs", "Armchairs"), type="Sofa"),
    )
    cases: list[tuple[FacetField, tuple[str, ...], list[str]]] = [
        (FacetField.BRAND, ("NORDHEM",), ["a", "b"]),
        (FacetField.BRAND, ("nordhem", "100%"), ["a", "b", "d"]),
        (FacetField.BRAND, ("nord",), []),
        (FacetField.BRAND, ("%",), []),
        (FacetField.BRAND, ("",), []),
        (FacetField.BRAND, (), []),
        (FacetField.COLOR, ("red",), ["a"]),
        (FacetField.COLOR, ("Blue",), ["a", "b"]),
        (FacetField.COLOR, ("red/blue",), []),
        (FacetField.MATERIAL, ("steel",), ["a"]),
        (FacetField.PATTERN, ("STRIPED",), ["a"]),
        (FacetField.TYPE, ("sofa",), ["d"]),
        (FacetField.CATEGORY, ("furniture",), ["a", "b", "d"]),
        (FacetField.CATEGORY, ("Furniture > Chairs > Armchairs",), ["d"]),
        (FacetField.CATEGORY, ("Furn",), []),
        (FacetField.CATEGORY, ("Chairs",), []),
        (FacetField.AVAILABILITY, ("in_stock",), ["a", "b", "c", "d"]),
        (FacetField.AVAILABILITY, ("preorder",), []),
    ]
    for field, values, expected in cases:
        assert await ids(engine, OneOf(field, values)) == expected, (field, values)


async def test_filters_price(engine: Engine) -> None:
    def costs(product_id: str, amount: str, sale: str | None = None) -> Product:
        sale_price = None if sale is None else Money(Decimal(sale), "USD")
        return a_product(product_id, price=Money(Decimal(amount), "USD"), sale_price=sale_price)

    await engine.publish(
        costs("a", "0"), costs("b", "10.00"), costs("c", "19.99"), costs("d", "20"), costs("e", "100", "10.01"),
        a_product("f", price=None),
    )  # fmt: skip
    cases: list[tuple[str | None, str | None, list[str]]] = [
        ("10", "20", ["b", "c", "d", "e"]),
        ("10.01", "19.99", ["c", "e"]),
        (None, "10", ["a", "b"]),
        ("20", None, ["d"]),
        (None, None, ["a", "b", "c", "d", "e"]),
        ("20", "10", []),
        ("0", "0.0", ["a"]),
    ]
    for low, high, expected in cases:
        wish = PriceBetween(*(None if end is None else Decimal(end) for end in (low, high)))
        assert await ids(engine, wish) == expected, wish
    assert await ids(engine, OneOf(FacetField.PRICE, ("10-20", "0-1"))) == ["a", "b", "c", "e"]


@pytest.mark.parametrize("bucket", ["cheap", "10-30", "20-10", "10", "-1-5", "1e3-2e3"])
async def test_a_price_bucket_that_does_not_exist_is_an_unknown_filter(shop: Engine, bucket: str) -> None:
    with pytest.raises(UnknownFilter):
        await ids(shop, OneOf(FacetField.PRICE, (bucket,)))


async def test_filters_attribute(engine: Engine) -> None:
    def seen(product_id: str, *pairs: tuple[str, str, float]) -> Product:
        return a_product(product_id, attributes=tuple(SeenAttribute(*pair, "t") for pair in pairs))

    await engine.publish(
        seen("a", ("material", "Velvet", 0.5)),
        seen("b", ("material", "velvet", 0.49), ("shape", "velvet", 1.0)),
        seen("c", ("material", "oak", 0.7), ("Material", "oak", 0.2)),
        seen("d"),
    )
    assert await ids(engine, HasAttribute("material", ("velvet",))) == ["a"]
    assert await ids(engine, HasAttribute("material", ("velvet", "oak"))) == ["a", "c"]
    assert await ids(engine, HasAttribute("MATERIAL", ("VELVET",), 0.49)) == ["a", "b"]
    assert await ids(engine, HasAttribute("material", ("oak",), 0.7)) == ["c"]
    assert await ids(engine, HasAttribute("material", ("oak",), 0.71)) == []
    assert await ids(engine, HasAttribute("size", ("oak",))) == []


async def test_filters_all_hold_and_not_product_takes_out(shop: Engine) -> None:
    assert await ids(shop, NotProduct(("p2", "nobody"))) == ["p1", "p3"]
    assert await ids(shop, NotProduct(())) == ["p1", "p2", "p3"]
    assert await ids(shop, NotProduct(("p1",)), NotProduct(("p3",)), OneOf(FacetField.TYPE, ("armchair",))) == ["p2"]
    assert await ids(shop, NotProduct(("p1",)), OneOf(FacetField.TYPE, ("sofa",))) == []


async def test_filters_hold_for_every_channel(shop: Engine) -> None:
    terms = {Channel.LABELS: {"chair": 1.0}}
    query = Query(vector=look(2), terms=terms, text="velvet", filters=(NotProduct(("p2",)),))
    assert {item.product_id for item in await ask(shop, query)} == {"p1", "p3"}


async def test_another_embedder_or_size_is_refused(shop: Engine) -> None:
    snapshot = await shop.catalog.snapshot()
    for vector in (QueryVector("other/1", a_vector(1)), QueryVector(EMBEDDER, a_vector(1, DIMS // 2))):
        with pytest.raises(EmbeddingMismatch):
            await snapshot.retrieve(Query(vector=vector))


@pytest.mark.parametrize("limit", [0, -1, MAX_CANDIDATES + 1])
async def test_a_limit_out_of_range_is_a_mistake_of_the_caller(shop: Engine, limit: int) -> None:
    with pytest.raises(ValueError, match="limit"):
        await ask(shop, Query(limit=limit))


async def test_facets_count_as_the_plain_way_does(engine: Engine, rng: np.random.Generator) -> None:
    products = [a_random_product(rng, f"r{number:03d}") for number in range(80)]
    await engine.publish(*products)
    snapshot = await engine.catalog.snapshot()
    for chosen in (products, products[10:40], products[:1], []):
        wanted = [product.id for product in chosen]
        facets = await snapshot.facets([*wanted, "nobody", *wanted[:3]], list(FacetField), limit=1_000)
        assert set(facets) == set(FacetField)
        for field in FacetField:
            expected = Counter(v.casefold() for product in chosen for v in facet_values(product, field))
            assert {facet.value.casefold(): facet.count for facet in facets[field]} == dict(expected), field
            if field is not FacetField.PRICE:
                order = [(-facet.count, facet.value.casefold()) for facet in facets[field]]
                assert order == sorted(order)


async def test_facets_agree_with_filters(engine: Engine, rng: np.random.Generator) -> None:
    """Choosing a facet value finds as many products as the facet said."""
    await engine.publish(*(a_random_product(rng, f"r{number:03d}") for number in range(60)))
    facets = await (await engine.catalog.snapshot()).facets(await engine.ids(), list(FacetField), limit=1_000)
    for field, counts in facets.items():
        for facet in counts:
            assert len(await ids(engine, OneOf(field, (facet.value,)))) == facet.count, (field, facet)


async def test_facets_price_in_price_order_category_by_level_and_limited(engine: Engine) -> None:
    def costs(product_id: str, amount: str, *path: str) -> Product:
        return a_product(product_id, price=Money(Decimal(amount), "USD"), category=path)

    await engine.publish(
        costs("a", "150", "F", "C"), costs("b", "9.99", "F", "D"), costs("c", "1000", "F", "C"), costs("d", "5", "G")
    )
    snapshot = await engine.catalog.snapshot()
    facets = await snapshot.facets(["a", "b", "c", "d"], [FacetField.PRICE, FacetField.CATEGORY], limit=2)
    assert facets[FacetField.PRICE] == (
        FacetCount("5-10", 2), FacetCount("100-200", 1), FacetCount("1000-2000", 1),
    )  # fmt: skip
    assert facets[FacetField.CATEGORY] == (FacetCount("F", 3), FacetCount("F > C", 2))


def _assert_signals(engine: Engine, item: Candidate, expected: dict[Channel, float]) -> None:
    assert set(item.signals) == set(expected)
    for channel, value in expected.items():
        if channel is Channel.LOOK:
            assert item.signals[channel] == pytest.approx(value, abs=1e-3)
        else:
            assert item.signals[channel] == pytest.approx(value, rel=engine.sparse_tolerance, abs=1e-6)


def _assert_order(items: tuple[Candidate, ...], query: Query) -> None:
    def key(item: Candidate) -> tuple[float, float, str]:
        if query.vector is not None:
            return -item.signals.get(Channel.LOOK, -2.0), 0.0, item.product_id
        total = sum(value for channel, value in item.signals.items() if channel is not Channel.TEXT)
        return -item.signals.get(Channel.TEXT, 0.0), -round(total, 6), item.product_id

    assert list(items) == sorted(items, key=key)
