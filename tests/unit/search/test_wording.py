"""Texts: what they ask for, against what, at which price; whatever is typed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog import PriceBetween
from app.search.lexicon import Kind, edits
from app.search.prices import take_prices
from app.search.wording import MOST_TERMS, read
from tests.unit.search.words import LEXICON, a_reading


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("", [], []),
        ("same one please", [], []),
        ("same but in walnut", ["walnut"], []),
        ("the same but in walnut, no arms", ["walnut"], ["arms"]),
        ("velvet armchairs without handles", ["velvet", "armchair"], ["handles"]),
        ("no arms or wheels, but red", ["red"], ["arms", "wheels"]),
        ("without arms and wheels", [], ["arms", "wheels"]),
        ("no arms and red", ["red"], ["arms"]),
        ("not red and not walnut", [], ["red", "walnut"]),
        ("not red or teal", [], ["red", "teal"]),
        ("armless", [], ["arm"]),
        ("a handle-free mug", ["mug"], ["handle"]),
        ("stainless wireless lamp", ["stainless", "wireless", "lamp"], []),
        ("couch", ["sofa"], []),
        ("grey floor lamps", ["gray", "floor lamp"], []),
        ("spindle-back chair", ["spindle", "back", "chair"], []),
        ("tallow street", ["tallow street"], []),
        ("-red vase", ["vase"], ["red"]),
        ("vase red -velvet", ["vase", "red"], ["velvet"]),
        ("dark green", ["dark green"], []),
        ("red, not red", [], ["red"]),
    ],
)
def test_what_is_asked_for_and_against(text: str, wanted: list[str], unwanted: list[str]) -> None:
    reading = a_reading(text)
    assert [term.name for term in reading.wanted] == wanted
    assert [term.name for term in reading.unwanted] == unwanted


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [("armchiar", "armchair", Kind.TYPE), ("velvt", "velvet", Kind.MATERIAL), ("walnutt", "walnut", Kind.COLOR),
     ("nordhm", "nordhem", Kind.BRAND), ("armchiars", "armchair", Kind.TYPE), ("stripd", "striped", Kind.PATTERN)],
)  # fmt: skip
def test_a_misspelled_name_is_read_as_it_was_meant_and_said(text: str, name: str, kind: Kind) -> None:
    reading = a_reading(text)
    assert [(term.name, term.kind) for term in reading.wanted] == [(name, kind)]
    ((typed, meant),) = reading.corrected
    assert typed == text
    assert LEXICON.term(meant) in reading.wanted


def test_a_word_that_products_say_is_no_mistake() -> None:
    assert a_reading("chait").corrected == (("chait", "chair"),)
    known = read("chait", LEXICON, {"chait"}.__contains__)
    assert (known.wanted[0].name, known.corrected) == ("chait", ())


@pytest.mark.parametrize("word", ["can", "soft", "back", "wide", "xq", "42", "sofia's"])
def test_short_and_odd_words_are_left_alone(word: str) -> None:
    assert a_reading(word).corrected == ()


def test_a_synonym_looks_for_the_shops_word_too() -> None:
    (couch,) = a_reading("couch").wanted
    assert couch.kind is Kind.TYPE
    assert {"couch", "sofa"} <= set(couch.phrases)
    assert "sofa" in a_reading("couch").text.split()


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("under $50", None, 50), ("below 50", None, 50), ("less than 50 dollars", None, 50), ("over 20", 20, None),
        ("max. 1,200 €", None, 1200), ("at least $20.50", "20.50", None), ("between 20 and 50", 20, 50),
        ("$20-$50", 20, 50), ("20 to 50 euros", 20, 50), ("50 or less", None, 50), ("from 50 to 20", 20, 50),
        ("over 20 under 50", 20, 50), ("under 50 and below 40", None, 40), ("from $20", 20, None),
        ("no more than 30 bucks", None, 30),
    ],
)  # fmt: skip
def test_prices(text: str, low: object, high: object) -> None:
    reading = a_reading(f"red vase {text}")
    expected = [None if end is None else Decimal(str(end)) for end in (low, high)]
    assert reading.price == PriceBetween(*expected)
    assert [term.name for term in reading.wanted] == ["red", "vase"]


@pytest.mark.parametrize(
    "text", ["vase 20-30 cm", "a 3-4 seater", "size 40", "under 30 cm wide", "2 in 1", "shelf 200", "from 20 cm"]
)
def test_sizes_are_no_prices(text: str) -> None:
    assert a_reading(text).price is None


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    reading = a_reading(text)
    assert len(reading.wanted) <= MOST_TERMS
    assert len(reading.unwanted) <= MOST_TERMS
    assert not {term.name for term in reading.wanted} & {term.name for term in reading.unwanted}
    for term in (*reading.wanted, *reading.unwanted):
        assert term.name
        assert term.phrases
    if reading.price is not None and reading.price.low is not None and reading.price.high is not None:
        assert reading.price.low <= reading.price.high
    assert read(text, LEXICON) == reading


words = st.sampled_from(
    ["red", "walnut", "no", "without", "arms", "or", "and", "but", ",", "vase", "the", "under", "$5"]
)


@given(st.lists(words, max_size=12))
def test_any_order_of_small_words_is_read(parts: list[str]) -> None:
    reading = a_reading(" ".join(parts))
    said = {name for term in (*reading.wanted, *reading.unwanted) for name in term.name.split()}
    assert said <= {*parts, "5"}
    assert not said & {"no", "without", "or", "and", "but", "the"}


@given(st.text(max_size=80))
def test_a_price_is_taken_out_and_the_rest_kept_in_order(text: str) -> None:
    price, rest = take_prices(text.casefold())
    if price is None:
        assert rest == text.casefold()


short = st.text("abcd", max_size=7)


@given(short, short)
def test_edits_are_symmetric_and_0_for_the_same_only(one: str, other: str) -> None:
    assert edits(one, other) == edits(other, one)
    assert (edits(one, other) == 0) == (one == other)
    assert edits(one, other) <= max(len(one), len(other))


@given(short, st.integers(0, 6))
def test_one_letter_more_or_two_swapped_are_one_edit(word: str, at: int) -> None:
    place = min(at, len(word))
    assert edits(word, word[:place] + "z" + word[place:]) == 1
    if len(word) >= 2 and word[0] != word[1]:
        assert edits(word, word[1] + word[0] + word[2:]) == 1
