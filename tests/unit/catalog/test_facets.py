"""What a product counts for: facet values, sparse weights, price buckets."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog import (
    Channel,
    FacetField,
    Money,
    SeenAttribute,
    SeenColor,
    SeenLabel,
    UnknownFilter,
    bucket_bounds,
    facet_values,
    price_bucket,
    sparse_weights,
)
from tests.builders import a_product

amounts = st.decimals(min_value=0, max_value=10**12, allow_nan=False, allow_infinity=False, places=2)


@pytest.mark.parametrize(
    ("amount", "bucket"),
    [
        ("0", "0-1"), ("0.99", "0-1"), ("1", "1-2"), ("1.99", "1-2"), ("2", "2-5"), ("5", "5-10"), ("9.999", "5-10"),
        ("10", "10-20"), ("10.00", "10-20"), ("1E+1", "10-20"), ("49.95", "20-50"), ("129", "100-200"),
        ("1000", "1000-2000"), ("123456", "100000-200000"),
    ],
)  # fmt: skip
def test_prices_fall_into_steps_of_one_two_five(amount: str, bucket: str) -> None:
    assert price_bucket(Decimal(amount)) == bucket


@given(amounts)
def test_a_price_lies_in_its_bucket_and_the_bucket_is_known(amount: Decimal) -> None:
    low, high = bucket_bounds(price_bucket(amount))
    assert low <= amount < high


@given(amounts, amounts)
def test_buckets_keep_the_order_of_prices(one: Decimal, other: Decimal) -> None:
    low, high = sorted([one, other])
    assert bucket_bounds(price_bucket(low)) <= bucket_bounds(price_bucket(high))


@pytest.mark.parametrize("amount", ["-0.01", "NaN", "Infinity"])
def test_what_is_no_price_has_no_bucket(amount: str) -> None:
    with pytest.raises(ValueError, match="price"):
        price_bucket(Decimal(amount))


@given(st.one_of(st.text(), st.from_regex(r"[0-9]{1,3}-[0-9]{1,3}", fullmatch=True)))
def test_only_buckets_that_exist_are_known(text: str) -> None:
    try:
        low, _ = bucket_bounds(text)
    except UnknownFilter:
        return
    assert price_bucket(low) == text


def test_values_of_every_field() -> None:
    product = a_product(
        brand=" Nordhem ", type="armchair", category=("Furniture", " ", "Chairs"), color="Teal/ Gold ,teal",
        material="Oak; Steel", pattern="Striped", sale_price=Money(Decimal("49.00"), "USD"),
    )  # fmt: skip
    assert {field: facet_values(product, field) for field in FacetField} == {
        FacetField.BRAND: ("Nordhem",),
        FacetField.CATEGORY: ("Furniture", "Furniture > Chairs"),
        FacetField.TYPE: ("armchair",),
        FacetField.COLOR: ("teal", "gold"),
        FacetField.MATERIAL: ("oak", "steel"),
        FacetField.PATTERN: ("striped",),
        FacetField.AVAILABILITY: ("in_stock",),
        FacetField.PRICE: ("20-50",),
        FacetField.LABEL: ("chair",),
    }


def test_a_product_that_says_nothing_has_no_values() -> None:
    unsure = (SeenLabel("chair", 0.49, "a"), SeenLabel("CHAIR", 0.3, "b"))
    product = a_product(
        brand="", type=None, category=(), color=" ", material="/", pattern="", price=None, labels=unsure
    )
    empty = [field for field in FacetField if field is not FacetField.AVAILABILITY]
    assert {facet_values(product, field) for field in empty} == {()}


def test_sparse_weights_fold_case_and_keep_the_greatest() -> None:
    product = a_product(
        type=" Arm Chair ",
        labels=(SeenLabel("Chair", 0.4, "a"), SeenLabel("chair", 0.9, "b"), SeenLabel("", 1.0, "a")),
        attributes=(SeenAttribute("Material", "Oak", 0.5, "a"), SeenAttribute("shape", "round", 0.0, "a")),
        colors=(SeenColor("Teal", "#008080", 0.6), SeenColor("teal", "#007070", 0.2)),
    )
    assert sparse_weights(product, Channel.TYPE) == {"arm chair": 1.0}
    assert sparse_weights(product, Channel.LABELS) == {"chair": 0.9}
    assert sparse_weights(product, Channel.ATTRIBUTES) == {"material=oak": 0.5}
    assert sparse_weights(product, Channel.COLORS) == {"teal": 0.6}
    assert sparse_weights(a_product(type=None), Channel.TYPE) == {}
    with pytest.raises(ValueError, match="sparse"):
        sparse_weights(product, Channel.TEXT)
