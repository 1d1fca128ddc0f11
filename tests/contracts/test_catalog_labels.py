"""What everyone asks of labels, and counting and listing a whole catalog."""

import numpy as np
import pytest

from app.catalog import (
    AfterProduct,
    Channel,
    Counts,
    FacetCount,
    FacetField,
    Filter,
    HasLabel,
    OneOf,
    PriceBetween,
    Product,
    Query,
    SeenLabel,
    UnknownFilter,
    facet_values,
)
from tests.builders import a_product
from tests.contracts.conftest import Engine
from tests.contracts.reference import a_random_product, passes

pytestmark = pytest.mark.anyio


def labeled(product_id: str, **confidences: float) -> Product:
    """A product with labels; "chair_b" is what a second source says of "chair"."""
    labels = (SeenLabel(name.removesuffix("_b").title(), sure, name[-2:]) for name, sure in confidences.items())
    return a_product(product_id, seed=len(product_id), labels=tuple(labels))


@pytest.fixture
async def chairs(engine: Engine) -> Engine:
    """Four products: surely a chair, perhaps one, said by two sources, and a lamp."""
    await engine.publish(
        labeled("sure", chair=0.95, furniture=0.9),
        labeled("maybe", chair=0.5, lamp=0.3),
        labeled("twice", chair=0.2, chair_b=0.9),
        labeled("lamp", lamp=0.99),
        labeled("nothing"),
    )
    return engine


async def ids(engine: Engine, *filters: Filter) -> list[str]:
    """The ids that pass the filters."""
    answer = await (await engine.catalog.snapshot()).retrieve(Query(filters=filters))
    return [item.product_id for item in answer.items]


async def test_products_by_label(chairs: Engine) -> None:
    """The greatest confidence anybody gave counts; case does not."""
    assert await ids(chairs, HasLabel(("chair",))) == ["maybe", "sure", "twice"]
    assert await ids(chairs, HasLabel(("CHAIR",), 0.9)) == ["sure", "twice"]
    assert await ids(chairs, HasLabel(("chair",), 0.91)) == ["sure"]
    assert await ids(chairs, HasLabel(("lamp", "furniture"), 0.0)) == ["lamp", "maybe", "sure"]
    assert await ids(chairs, HasLabel(("chai",))) == []
    assert await ids(chairs, HasLabel(())) == []
    assert await ids(chairs, HasLabel(("chair",)), HasLabel(("furniture",))) == ["sure"]


async def test_a_label_counts_from_half_confidence_on_as_a_facet(chairs: Engine) -> None:
    """And the filter by the facet's value finds as many products as it says."""
    counts = await (await chairs.catalog.snapshot()).count(fields=[FacetField.LABEL])
    assert counts == Counts(
        5,
        {FacetField.LABEL: (FacetCount("chair", 3), FacetCount("furniture", 1), FacetCount("lamp", 1))},
    )
    for facet in counts.facets[FacetField.LABEL]:
        assert len(await ids(chairs, OneOf(FacetField.LABEL, (facet.value,)))) == facet.count
        assert len(await ids(chairs, HasLabel((facet.value,)))) == facet.count


async def test_labels_of_a_product_come_back_as_they_were_said(chairs: Engine) -> None:
    (product,) = await (await chairs.catalog.snapshot()).products(["twice"])
    assert product.labels == (SeenLabel("Chair", 0.2, "ir"), SeenLabel("Chair", 0.9, "_b"))


async def test_live_changes_change_labels_too(chairs: Engine) -> None:
    """Also of products that were there before, and of such that are new."""
    await chairs.catalog.put(labeled("maybe", sofa=0.8))
    await chairs.catalog.put(labeled("new", sofa=0.7, chair=0.7))
    await chairs.catalog.delete("twice")
    assert await ids(chairs, HasLabel(("sofa",), 0.75)) == ["maybe"]
    assert await ids(chairs, OneOf(FacetField.LABEL, ("Sofa",))) == ["maybe", "new"]
    counts = await (await chairs.catalog.snapshot()).count([HasLabel(("chair",))], [FacetField.LABEL], limit=2)
    assert counts.products == 2
    assert counts.facets[FacetField.LABEL] == (FacetCount("chair", 2), FacetCount("furniture", 1))


async def test_counts_are_those_of_all_that_passes(engine: Engine, rng: np.random.Generator) -> None:
    """More products than a query may return candidates, with any filters."""
    products = [a_random_product(rng, f"r{number:04d}") for number in range(1_200)]
    await engine.publish(*products)
    snapshot = await engine.catalog.snapshot()
    wishes: list[list[Filter]] = [[], [HasLabel(("chair",), 0.9)], [OneOf(FacetField.TYPE, ("lamp",)), PriceBetween()]]
    for filters in wishes:
        passing = [product for product in products if passes(product, filters)]
        counts = await snapshot.count(filters, list(FacetField), limit=1_000)
        assert counts.products == len(passing)
        for field in FacetField:
            expected: dict[str, int] = {}
            for product in passing:
                for value in facet_values(product, field):
                    expected[value.casefold()] = expected.get(value.casefold(), 0) + 1
            assert {facet.value.casefold(): facet.count for facet in counts.facets[field]} == expected, (filters, field)
    assert await snapshot.count([OneOf(FacetField.BRAND, ("nobody",))]) == Counts(0, {})
    with pytest.raises(UnknownFilter):
        await snapshot.count([OneOf(FacetField.PRICE, ("cheap",))])


async def test_a_catalog_is_listed_page_by_page_by_id(engine: Engine, rng: np.random.Generator) -> None:
    """Every product once, in the order of code points, with and without live changes, whatever the ids look like."""
    names = ["a", "A", "ä", "z", "a/b", "10", "9", "🪑", "\uffff", *(f"p{number}" for number in range(40))]
    await engine.publish(*(a_random_product(rng, name) for name in names[::2]))
    for name in names[1::2]:
        await engine.catalog.put(a_random_product(rng, name))
    await engine.catalog.delete("p1")
    snapshot = await engine.catalog.snapshot()
    listed: list[str] = []
    while True:
        after = (AfterProduct(listed[-1] if listed else ""),)
        page = await snapshot.retrieve(Query(filters=after, limit=7))
        assert (await snapshot.count(after)).products == len(names) - 1 - len(listed)
        listed += [item.product_id for item in page.items]
        if page.complete:
            break
    assert listed == sorted(set(names) - {"p1"})
    assert (await snapshot.retrieve(Query(filters=(AfterProduct("🪑🪑"),)))).items == ()


async def test_labels_rank_and_filter_at_once(chairs: Engine) -> None:
    """A label may be asked for as evidence and as a condition."""
    query = Query(terms={Channel.LABELS: {"chair": 1.0}}, filters=(HasLabel(("chair",), 0.9),))
    answer = await (await chairs.catalog.snapshot()).retrieve(query)
    assert [item.product_id for item in answer.items] == ["sure", "twice"]
