"""The names of a small shop, for tests of texts."""

from collections.abc import Mapping

from app.analysis import read_vocabulary
from app.catalog import Counts, FacetCount, FacetField
from app.search.lexicon import FIELDS, Lexicon, lexicon_of
from app.search.wording import Reading, read, small_words

NAMES: Mapping[FacetField, tuple[str, ...]] = {
    FacetField.TYPE: ("armchair", "chair", "vase", "floor lamp", "sofa", "mug"),
    FacetField.COLOR: ("teal", "walnut", "red", "sea glass"),
    FacetField.MATERIAL: ("velvet", "wood", "rattan"),
    FacetField.PATTERN: ("plain", "striped"),
    FacetField.BRAND: ("Nordhem", "Tallow Street"),
}


def a_lexicon(names: Mapping[FacetField, tuple[str, ...]] = NAMES) -> Lexicon:
    """What these names, the shipped vocabulary and the shipped spellings know."""
    assert set(names) == set(FIELDS.values())
    facets = {field: tuple(FacetCount(value, 1) for value in values) for field, values in names.items()}
    return lexicon_of(Counts(1, facets), read_vocabulary(), small_words().spellings)


LEXICON = a_lexicon()


def a_reading(text: str) -> Reading:
    """What a text is taken for in that shop."""
    return read(text, LEXICON)
