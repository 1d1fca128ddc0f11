"""Cursors: opaque words that continue exactly the search that gave them."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.search import CursorExpired, InvalidCursor
from app.search.cursor import Cursor, read_cursor, search_key


@given(st.floats(0, 1), st.text(min_size=1, max_size=60), st.text(max_size=30))
def test_a_cursor_survives_the_way_out_and_back(score: float, product_id: str, generation: str) -> None:
    cursor = Cursor(generation, "key", score, product_id)
    word = cursor.encoded()
    assert word.isascii()
    assert not set(word) & set("+/= \n")
    assert read_cursor(word, search="key", generation=generation) == cursor


@given(st.text(max_size=80) | st.binary(max_size=80).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_any_other_text_is_refused_as_invalid(text: str) -> None:
    with pytest.raises(InvalidCursor):
        read_cursor(text, search="key", generation="g")


@pytest.mark.parametrize(
    "whole",
    [
        None, 1, [], ["g", "key", "0x1p-1"], ["g", "key", "nan", "p"], ["g", "key", "inf", "p"], ["g", "key", 0.5, "p"],
        ["g", "key", "0x1p-1", 7], [7, "key", "0x1p-1", "p"], {"g": 1, "key": 2, "s": 3, "p": 4},
        ["g", "key", "0x1p99999", "p"], [[["g"]], "key", "0x1p-1", "p"],
    ],
)  # fmt: skip
def test_a_forged_cursor_is_refused_as_invalid(whole: object) -> None:
    word = base64.urlsafe_b64encode(json.dumps(whole).encode()).decode()
    with pytest.raises(InvalidCursor):
        read_cursor(word, search="key", generation="g")


def test_a_deep_or_endless_cursor_is_refused_as_invalid() -> None:
    for raw in (b"[" * 1400, b"9" * 1400, b"x" * 100_000):
        with pytest.raises(InvalidCursor):
            read_cursor(base64.urlsafe_b64encode(raw).decode(), search="key", generation="g")


def test_the_cursor_of_another_search_is_invalid_and_of_another_generation_expired() -> None:
    word = Cursor("g1", "key", 0.5, "p").encoded()
    with pytest.raises(InvalidCursor) as invalid:
        read_cursor(word, search="other", generation="g1")
    with pytest.raises(CursorExpired) as expired:
        read_cursor(word, search="key", generation="g2")
    assert (invalid.value.code, expired.value.code) == ("invalid-cursor", "cursor-expired")
    assert "without a cursor" in str(invalid.value.fix)
    assert "without a cursor" in str(expired.value.fix)


@given(st.floats(0, 1), st.floats(0, 1), st.text(max_size=3), st.text(max_size=3))
def test_of_two_items_exactly_one_comes_after_the_other(a: float, b: float, first: str, second: str) -> None:
    here, there = Cursor("g", "k", a, first), Cursor("g", "k", b, second)
    if (a, first) == (b, second):
        assert not here.starts_after(b, second)
    else:
        assert here.starts_after(b, second) != there.starts_after(a, first)


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_the_key_tells_different_parts_apart(first: list[str], second: list[str]) -> None:
    assert (search_key(*first) == search_key(*second)) == (first == second)
