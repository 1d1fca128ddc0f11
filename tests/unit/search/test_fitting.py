"""Whether a product has what a text asks for, and not what it asks against."""

from dataclasses import replace

import pytest

from app.catalog import Product, SeenColor
from app.search.fitting import fit
from tests.builders import a_product
from tests.unit.search.words import LEXICON, a_reading

CHAIR = a_product(
    "c1", title="Vera spindle-back chair, walnut", type="chair", color="walnut", material="wood", colors=(),
    labels=(), attributes=(), description="Tapered legs. Comes without arms.", brand="Nordhem", category=("Seating",),
)  # fmt: skip


def share(text: str, product: Product = CHAIR) -> float:
    return fit(a_reading(text), product, LEXICON).share


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("walnut", 1.0), ("chairs", 1.0), ("spindle back", 1.0), ("wooden chair", 1.0), ("Nordhem", 1.0), ("sofa", 0.0),
        ("tapered", 0.6), ("walnut sofa", 0.5), ("red", 0.0), ("no arms", 1.0), ("armless", 1.0), ("no legs", 0.0),
        ("not walnut", 0.0), ("not red", 1.0), ("walnut, no legs", 0.0), ("arms", 0.0), ("no wood", 0.0),
        ("no wheels", 1.0),
    ],
)  # fmt: skip
def test_shares(text: str, expected: float) -> None:
    assert share(text) == pytest.approx(expected)


def test_a_compound_has_its_part() -> None:
    armchair = replace(CHAIR, title="Alva armchair", type="armchair", description="")
    assert share("no arms", armchair) == 0.0
    assert share("no arms", replace(armchair, title="Alva armless armchair")) == 1.0
    assert share("no wheels", armchair) == 1.0


def test_a_product_that_says_what_it_lacks_has_it_not() -> None:
    for said in ("A mug with no handle.", "A mug without a handle.", "A handleless mug.", "A handle-free mug."):
        mug = replace(CHAIR, title="Mug", type="mug", description=said)
        assert share("without handles", mug) == 1.0, said
        assert share("handles", mug) == 0.0, said
    held = replace(CHAIR, title="Mug", type="mug", description="A mug with a handle, no lid.")
    assert share("without handles", held) == 0.0
    assert share("no lid", held) == 1.0


def test_pictures_speak_for_a_color_where_words_do_not() -> None:
    shown = replace(CHAIR, title="Chair", color="lagoon", colors=(SeenColor("teal", "#12777a", 0.7),))
    found = fit(a_reading("teal"), shown, LEXICON)
    assert (found.share, found.color) == (0.8, 0.8)
    assert share("teal", replace(shown, color="charcoal")) == 0.0  # the shop has said what it is
    little = replace(shown, colors=(SeenColor("teal", "#12777a", 0.1),))
    assert share("teal", little) == 0.0


def test_a_synonym_is_met_by_the_shops_word() -> None:
    assert share("couch", replace(CHAIR, title="Lund sofa", type="sofa")) == 1.0


def test_what_was_met_is_named() -> None:
    assert fit(a_reading("same in walnut, no arms, no wheels"), CHAIR, LEXICON).found == "walnut, no arms, no wheels"
    assert fit(a_reading("red chair, no legs"), CHAIR, LEXICON).found == "chair"
