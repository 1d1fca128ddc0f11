"""Queries: what was seen and what is wished, in no engine's words."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis import COLOR_SHADES, Attribute, Box, Color, Label, ObjectType, PhotoAnalysis
from app.catalog import Channel, FacetField, OneOf, PriceBetween
from app.search import Wishes, same_color
from app.search.color_space import affinity, oklab
from app.search.query import analysis_of_product, color_terms, query_for_photo, query_for_words
from tests.builders import a_product, an_analysis, evidence
from tests.unit.search.words import a_reading

hexes = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")
unit = st.floats(0.01, 1.0)
analyses = st.builds(
    PhotoAnalysis,
    region=st.just(Box(0, 0, 1, 1)),
    type_alternatives=st.lists(st.builds(ObjectType, st.sampled_from("abc"), unit, st.just("x")), max_size=3).map(
        tuple
    ),
    attributes=st.lists(
        st.builds(Attribute, st.sampled_from("mp"), st.sampled_from("vw"), unit, st.just("x")), max_size=5
    ).map(tuple),
    labels=st.lists(st.builds(Label, st.sampled_from("abcdef"), unit, st.just("x")), max_size=8).map(tuple),
    colors=st.lists(st.builds(Color, st.sampled_from(["red", "teal"]), hexes, unit), max_size=5).map(tuple),
)


@given(analyses)
def test_all_weights_are_positive_and_a_channel_can_give_at_most_1(analysis: PhotoAnalysis) -> None:
    query = query_for_photo(analysis, Wishes())
    for channel, weights in query.terms.items():
        assert weights
        assert all(0.0 < weight <= 1.0 for weight in weights.values()), channel
    for channel in (Channel.ATTRIBUTES, Channel.LABELS):
        assert sum(query.terms.get(channel, {}).values()) <= 1.0 + 1e-9


def test_a_photo_asks_by_look_type_labels_and_colors_within_the_filters() -> None:
    wanted = (OneOf(FacetField.BRAND, ("Nordhem",)),)
    analysis = an_analysis()
    query = query_for_photo(analysis, Wishes(filters=wanted), a_reading("  velvet "))
    assert query.vector is not None
    assert analysis.embedding is not None
    assert query.vector.embedder == analysis.embedding.model
    assert query.terms[Channel.TYPE] == {"armchair": 0.9}
    assert query.terms[Channel.LABELS] == {"chair": 0.9}
    assert query.terms[Channel.COLORS]["teal"] == pytest.approx(0.6)
    assert (query.text, query.filters) == ("velvet", wanted)


def test_the_surer_of_two_sources_counts() -> None:
    twice = (Label("chair", 0.4, "a"), Label("chair", 0.7, "b"))
    query = query_for_photo(replace(an_analysis(), labels=twice), Wishes())
    assert query.terms[Channel.LABELS] == {"chair": 0.7}


def test_a_color_asks_for_its_neighbors_less_and_for_its_opposite_not_at_all() -> None:
    terms = color_terms([Color("teal", "#12777a", 1.0)])
    assert terms["teal"] == 1.0
    assert 0.0 < terms.get("emerald", 0.0) < 1.0
    assert not {"red", "orange", "white"} & set(terms)


def test_colors_of_equal_words_and_of_near_shades_are_the_same_color() -> None:
    assert same_color("teal", "#12777a", "teal")
    assert same_color("ivory", "#f6f0dc", "cream")
    assert not same_color("red", "#cc1f25", "navy")


@given(hexes, hexes)
def test_affinity_is_symmetric_and_1_for_one_color_only(a: str, b: str) -> None:
    assert affinity(a, b) == affinity(b, a)
    assert 0.0 <= affinity(a, b) <= 1.0
    assert (affinity(a, b) == 1.0) == (oklab(a) == oklab(b))


def test_oklab_has_the_published_values() -> None:
    """White, black and pure red as Ottosson gives them."""
    assert oklab("#ffffff") == pytest.approx((1.0, 0.0, 0.0), abs=1e-4)
    assert oklab("#000000") == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)
    assert oklab("#ff0000") == pytest.approx((0.62796, 0.22486, 0.12585), abs=1e-4)


def test_every_color_word_of_the_eyes_can_be_asked_for() -> None:
    for name, shade in COLOR_SHADES:
        assert same_color(name, shade, name)


def test_words_that_name_a_color_ask_for_pictures_of_that_color() -> None:
    query = query_for_words(Wishes(), a_reading("Teal  velvet armchair"))
    assert query.vector is None
    assert query.terms[Channel.COLORS]["teal"] == 1.0
    assert not query_for_words(Wishes(), a_reading("velvet armchair")).terms


def test_a_named_color_stands_in_for_those_of_the_photo() -> None:
    query = query_for_photo(an_analysis(), Wishes(), a_reading("in red"))
    assert query.terms[Channel.COLORS]["red"] == 1.0
    assert "teal" not in query.terms[Channel.COLORS]


def test_the_longer_color_word_wins() -> None:
    colors = [term.name for term in a_reading("a sky blue and red vase").colors]
    assert colors == ["sky blue", "red"]
    assert a_reading("infrared heater").colors == ()


def test_a_price_in_the_words_is_a_filter_beside_the_others() -> None:
    wanted = (OneOf(FacetField.BRAND, ("Nordhem",)),)
    query = query_for_words(Wishes(filters=wanted), a_reading("vase under $50"))
    assert query.filters == (*wanted, PriceBetween(high=Decimal(50)))
    assert query.text == "vase"


def test_a_product_asks_for_its_like_with_all_that_is_known_of_it() -> None:
    analysis = analysis_of_product(a_product(), evidence(seed=3))
    assert analysis.type == ObjectType("armchair", 1.0, "catalog")
    assert analysis.novelty == 0.0
    query = query_for_photo(analysis, Wishes())
    assert query.terms[Channel.ATTRIBUTES] == {"material=velvet": 1.0}
    bare = analysis_of_product(a_product(type=None), None)
    assert (bare.embedding, bare.type) == (None, None)
    assert query_for_photo(bare, Wishes()).vector is None
