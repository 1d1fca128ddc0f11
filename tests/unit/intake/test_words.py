"""The singular of product types."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.intake.words import singular


@pytest.mark.parametrize(
    ("plural", "expected"),
    [
        ("Chairs", "chair"),
        ("Floor Lamps", "floor lamp"),
        ("Bookshelves", "bookshelf"),
        ("Shelves", "shelf"),
        ("Vases", "vase"),
        ("Benches", "bench"),
        ("Boxes", "box"),
        ("Dishes", "dish"),
        ("Mattresses", "mattress"),
        ("Glasses", "glasses"),
        ("Shoes", "shoe"),
        ("Accessories", "accessory"),
        ("Cookies", "cookie"),
        ("Cacti", "cactus"),
        ("Canvas", "canvas"),
        ("Dress", "dress"),
        ("Sofas & Couches", "sofa & couch"),
        ("Pots and Pans", "pot and pan"),
        ("Women's Clothes", "women's clothes"),
        ("Gloves", "glove"),
        ("Knives", "knife"),
        ("Chair", "chair"),
        ("Specimens", "specimen"),
        ("Lamps (2)", "lamps (2)"),
        ("Sofas", "sofa"),
    ],
)
def test_the_last_word_is_put_into_the_singular(plural: str, expected: str) -> None:
    """English rules, careful where a word is no clear plural."""
    assert singular(plural) == expected


@given(st.text())
def test_any_text_has_an_answer_in_lower_case(text: str) -> None:
    """No text crashes it, and nothing is left to change in a second pass over case and spaces."""
    once = singular(text)
    assert "  " not in once
    assert len(once) <= len(text.lower()) + 1
