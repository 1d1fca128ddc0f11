"""Wishes from text: what they become, and that any text is read or refused."""

import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis import Box, InvalidBox
from app.catalog import FacetField, HasAttribute, OneOf, PriceBetween
from app.edge.errors import InvalidRequest
from app.edge.wishes import FILTER_NAMES, filters_from, read_crop, read_filters, read_limit, read_wishes, refuse_unknown
from app.errors import BadRequest
from app.search import Wishes


def test_nothing_given_is_no_wish() -> None:
    assert read_wishes({}) == Wishes(fold=True)
    assert read_wishes(dict.fromkeys(("crop", "text", "filters", "limit", "cursor"), "")) == Wishes(fold=True)


def test_everything_given_is_read() -> None:
    wishes = read_wishes(
        {
            "crop": "0.1, 0.2,0.5,0.5",
            "text": "  teal \n chair ",
            "filters": '{"brand":"Fjell"}',
            "limit": "5",
            "cursor": "c",
        }
    )
    assert wishes == Wishes(
        Box(0.1, 0.2, 0.5, 0.5), "teal chair", (OneOf(FacetField.BRAND, ("Fjell",)),), 5, "c", fold=True
    )


def test_each_filter_becomes_its_own_kind() -> None:
    given_filters = {
        "category": "Things",
        "availability": ["in_stock", "preorder"],
        "price_min": 10,
        "price_max": "20.50",
        "attributes": {"Shape": ["Round"], "material": "Oak"},
    }
    assert filters_from(given_filters) == (
        OneOf(FacetField.CATEGORY, ("Things",)),
        OneOf(FacetField.AVAILABILITY, ("in_stock", "preorder")),
        PriceBetween(Decimal(10), Decimal("20.50")),
        HasAttribute("shape", ("round",)),
        HasAttribute("material", ("oak",)),
    )


def test_prices_are_exact() -> None:
    (price,) = read_filters('{"price_max": 0.1}')
    assert price == PriceBetween(None, Decimal("0.1"))


LISTS = ("category", "brand", "type", "color", "material", "pattern", "availability")


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("value", [True, 1.5, [], [""], " ", [1], {}, {"a": 1}, ["x" * 201], ["x"] * 51])
def test_a_list_of_words_takes_nothing_else(name: str, value: object) -> None:
    with pytest.raises(InvalidRequest, match=f"filters.{name}"):
        filters_from({name: value})


@pytest.mark.parametrize("name", ["price_min", "price_max"])
@pytest.mark.parametrize(
    "value", [True, [], ["1"], {}, "cheap", "", "NaN", "Infinity", "-1", -1, "1e-99", "1e99", "9" * 30]
)
def test_a_price_takes_nothing_but_an_amount(name: str, value: object) -> None:
    with pytest.raises(InvalidRequest, match=f"filters.{name}"):
        filters_from({name: value})


@pytest.mark.parametrize("value", [True, [], "oak", {}, {"material": []}, {"material": 7}, {"material": {"a": "b"}}])
def test_attributes_take_nothing_but_names_with_values(value: object) -> None:
    with pytest.raises(InvalidRequest, match=r"filters\.attributes"):
        filters_from({"attributes": value})


def test_null_is_no_filter() -> None:
    assert filters_from(dict.fromkeys(FILTER_NAMES)) == ()


def test_unknown_names_are_listed_beside_the_known_ones() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        refuse_unknown({"text": "", "colour": ""}, ("text", "limit"))
    assert refusal.value.extra["known"] == ["text", "limit"]
    assert "colour" in refusal.value.detail


@given(st.text(max_size=60))
def test_any_text_is_a_crop_inside_the_photo_or_refused(text: str) -> None:
    with suppress(InvalidBox):
        box = read_crop(text)
        assert 0 <= box.x <= box.x + box.width <= 1 + 1e-6


@given(st.text(max_size=20) | st.integers().map(str))
def test_any_text_is_a_limit_in_range_or_refused(text: str) -> None:
    with suppress(InvalidRequest):
        assert 1 <= read_limit(text) <= 100


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(FILTER_NAMES) | st.text(max_size=5), json_values, max_size=4))
def test_any_json_is_filters_or_refused(data: dict[str, object]) -> None:
    with suppress(BadRequest):
        read_filters(json.dumps(data))


@given(st.text(max_size=80))
def test_any_text_is_filters_or_refused(text: str) -> None:
    with suppress(BadRequest):
        read_filters(text)
