"""Pure: how far a product has what a text asks for, and whether it has what the text asks against."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.analysis import COLOR_SHADES, normal, singulars
from app.catalog import LABEL_CONFIDENCE, FacetField, Product, facet_values
from app.search.lexicon import Kind, Lexicon, Term
from app.search.query import same_color
from app.search.wording import Reading, small_words

TOLD = 1.0
SEEN = 0.8
"""What a color counts that only the pictures show."""
DESCRIBED = 0.6
"""What a word counts that stands in the description only: it may be about something else."""
PICTURED = 0.6
"""What a picture counts that plainly looks like the words (pictured.py), where the product's own do not say it."""
_NAMED = frozenset(name for name, _ in COLOR_SHADES)
SHOWN_SHARE = 0.3
"""A color covers at least this share of the thing where the pictures alone speak for it."""
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*|[.,;:!?]")
_PIECES = re.compile(r"[^\W_]+")
_REACH = 3
"""Words after "without" in a product's own text that it lacks."""

Forms = frozenset[str]


@dataclass(frozen=True, slots=True)
class Fit:
    """How a product meets a text. share: 0..1 of what is asked for, 0 where it has what is not wanted.

    color: 0..1, how far it has the color asked for. found: in words, for the reasons.
    """

    share: float
    color: float
    found: str


class Said:
    """A product's own words: in its fields, in its description, and what it says it lacks."""

    def __init__(self, product: Product) -> None:
        fields = [product.title, product.type or "", product.brand, product.color, product.material, product.pattern]
        fields += [*product.category, *product.custom_labels, *(one.value for one in product.attributes)]
        fields += [one.name for one in product.labels if one.confidence >= LABEL_CONFIDENCE]
        self.lacked: set[str] = set()
        self.fields = [self._positive(text) for text in fields if text]
        self.description = [self._positive(product.description)]

    def _positive(self, text: str) -> list[Forms]:
        """The words that are said of the product, each with its forms; what it is without goes to `lacked`."""
        small = small_words()
        kept: list[Forms] = []
        lacking = 0
        for word in _WORD.findall(text.casefold()):
            if word in small.negations:
                lacking = _REACH
            elif not word[0].isalnum():
                lacking = 0
            elif lacking and word not in small.fillers:
                lacking -= 1
                self.lacked |= forms(word)
            else:
                part = _ending(word)
                if part:
                    self.lacked |= forms(part)
                    kept.append(forms(word))
                else:
                    kept += [forms(piece) for piece in _PIECES.findall(word)]
        return kept

    def strength(self, phrase: str) -> float:
        """TOLD where a field has the phrase, DESCRIBED where the description has, 0 where neither."""
        wanted = [forms(word) for word in phrase.split()]
        if any(_stands_in(wanted, words) for words in self.fields):
            return TOLD
        return DESCRIBED if any(_stands_in(wanted, words) for words in self.description) else 0.0


def fit(reading: Reading, product: Product, lexicon: Lexicon, pictured: float = 0.0) -> Fit:
    """How the product meets what was read of the text. pictured: 0..1, how far its picture looks like the words."""
    said = Said(product)
    against = [term for term in reading.unwanted if has(term, product, said, lexicon)]
    strengths = [(term, strength(term, product, said)) for term in reading.wanted]
    whole = sum(value for _, value in strengths) / len(strengths) if strengths else 1.0
    colors = [value for term, value in strengths if term.kind is Kind.COLOR]
    found = [term.name for term, value in strengths if value > 0.0]
    if pictured * PICTURED > whole:
        whole, found = pictured * PICTURED, [term.name for term in reading.wanted]
    found += [f"no {term.name}" for term in reading.unwanted if term not in against]
    return Fit(0.0 if against else whole, max(colors, default=0.0), ", ".join(found))


def strength(term: Term, product: Product, said: Said) -> float:
    """How far the product has what is asked for: 0..1."""
    told = max((said.strength(phrase) for phrase in term.phrases), default=0.0)
    if term.kind is not Kind.COLOR or told == TOLD or not _NAMED.isdisjoint(facet_values(product, FacetField.COLOR)):
        return told
    # A shop that says "lagoon" may show teal; one that says "charcoal" has said what it is.
    shown = any(
        one.share >= SHOWN_SHARE and any(same_color(one.name, one.hex, phrase) for phrase in term.phrases)
        for one in product.colors
    )
    return max(told, SEEN) if shown else told


def has(term: Term, product: Product, said: Said, lexicon: Lexicon) -> bool:
    """Whether the product has what is not wanted. What it says it lacks it has not; "armchair" has arms."""
    if any(form in said.lacked for phrase in term.phrases for form in forms(phrase)):
        return False
    if term.kind is Kind.COLOR and product.color:
        named = facet_values(product, FacetField.COLOR)
        return any(normal(phrase) == normal(value) for phrase in term.phrases for value in named) or (
            _main_words(term, product) >= TOLD
        )
    if any(said.strength(phrase) for phrase in term.phrases):
        return True
    return any(_is_part(word, term, lexicon) for words in (*said.fields, *said.description) for word in words)


def _main_words(term: Term, product: Product) -> float:
    title = [forms(word) for word in _PIECES.findall(product.title.casefold())]
    return max((float(_stands_in([forms(w) for w in phrase.split()], title)) for phrase in term.phrases), default=0.0)


def _is_part(word: Forms, term: Term, lexicon: Lexicon) -> bool:
    """Whether a compound begins with the part and ends in a kind of thing: arm + chair."""
    for phrase in term.phrases:
        for part in forms(phrase):
            for whole in word:
                rest = whole.removeprefix(part)
                if len(part) >= 3 and rest != whole and len(rest) >= 3:
                    found = lexicon.term(rest)
                    if found is not None and found.kind is Kind.TYPE:
                        return True
    return False


def _stands_in(wanted: Sequence[Forms], words: Sequence[Forms]) -> bool:
    """Whether the words follow each other somewhere."""
    length = len(wanted)
    return any(
        all(not one.isdisjoint(other) for one, other in zip(wanted, words[at : at + length], strict=True))
        for at in range(len(words) - length + 1)
    )


def _ending(word: str) -> str:
    small = small_words()
    if word in small.not_endings:
        return ""
    parts: Iterable[str] = (word.removesuffix(ending).rstrip("-") for ending in small.endings if word.endswith(ending))
    return next((part for part in parts if len(part) >= 3), "")


@lru_cache(maxsize=16_384)
def forms(word: str) -> Forms:
    """A word and what it may be the plural of, in the usual spelling."""
    usual = small_words().spellings.get(normal(word), normal(word))
    return frozenset(singulars(usual))
