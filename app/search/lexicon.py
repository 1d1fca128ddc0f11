"""What things are called: the shop's own types, colors, materials, patterns and brands, with synonyms and typos."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from app.analysis import COLOR_SHADES, Vocabulary, normal, singulars
from app.catalog import Counts, FacetField

LONGEST = 4
"""Words of the longest name that is looked for."""
TYPO_FROM = 5
"""Shorter words are never corrected: "soft" is one letter from "sofa", "back" from "black"."""
TWO_TYPOS_FROM = 8
MOST_VALUES = 2_000
"""Values of a field that are known by name."""


class Kind(StrEnum):
    """What a word of a text is about."""

    TYPE = "type"
    COLOR = "color"
    MATERIAL = "material"
    PATTERN = "pattern"
    BRAND = "brand"
    WORD = "word"  # the shop has no such value; products may still say it


FIELDS = {
    Kind.TYPE: FacetField.TYPE,
    Kind.COLOR: FacetField.COLOR,
    Kind.MATERIAL: FacetField.MATERIAL,
    Kind.PATTERN: FacetField.PATTERN,
    Kind.BRAND: FacetField.BRAND,
}


@dataclass(frozen=True, slots=True)
class Term:
    """One thing a text says. name: as the shop calls it. phrases: words that say the same, the name among them."""

    kind: Kind
    name: str
    phrases: tuple[str, ...]


@dataclass(frozen=True)
class Lexicon:
    """Looks up names of up to LONGEST words, in any number and case.

    terms: normalized name -> term. near: a word with one letter left out -> words it may be.
    """

    terms: Mapping[str, Term]
    near: Mapping[str, tuple[str, ...]] = field(repr=False)

    def term(self, phrase: str) -> Term | None:
        """The term a phrase names, as it is or in the singular; None when there is none."""
        return next((self.terms[form] for form in singulars(normal(phrase)) if form in self.terms), None)

    def corrected(self, word: str) -> str | None:
        """The known word nearest to a misspelled one: one edit away, two from TWO_TYPOS_FROM letters; None for none.

        An edit is a letter more, less, another, or two exchanged; the first letter is taken to be right. Of several the
        nearest, then the first by spelling. A plural is read in the singular.
        """
        if len(word) < TYPO_FROM or not word.isalpha():
            return None
        allowed = 2 if len(word) >= TWO_TYPOS_FROM else 1
        ranked = sorted(
            (edits(form, known), known)
            for form in singulars(word)
            for known in {known for part in shortened(form) for known in self.near.get(part, ())}
            if known[0] == word[0]
        )
        return ranked[0][1] if ranked and 0 < ranked[0][0] <= allowed else None


def lexicon_of(counts: Counts, vocabulary: Vocabulary, spellings: Mapping[str, str]) -> Lexicon:
    """What a shop's words are. counts: of all products, over FIELDS' fields. vocabulary: synonyms."""
    own = {
        kind: {normal(one.value): one.value.casefold() for one in counts.facets.get(of, ())}
        for kind, of in FIELDS.items()
    }
    terms: dict[str, Term] = {}
    for name in dict.fromkeys(name for name, _ in COLOR_SHADES):
        terms[name] = Term(Kind.COLOR, name, (name,))
    for phrase, (attribute, value) in vocabulary.values.items():
        if attribute in (Kind.MATERIAL, Kind.PATTERN):
            terms[phrase] = _synonym(Kind(attribute), phrase, value, own[Kind(attribute)])
    for phrase, kind in vocabulary.types.items():
        terms[phrase] = _synonym(Kind.TYPE, phrase, kind, own[Kind.TYPE])
    for kind in (Kind.BRAND, Kind.PATTERN, Kind.MATERIAL, Kind.COLOR, Kind.TYPE):
        for phrase, name in own[kind].items():
            said = terms[phrase].phrases if phrase in terms and terms[phrase].kind is kind else ()
            terms[phrase] = Term(kind, name, tuple(dict.fromkeys((phrase, *said))))
    for other, usual in spellings.items():
        if usual in terms and other not in terms:
            found = terms[usual]
            terms[other] = Term(found.kind, found.name, (*found.phrases, other))
    return Lexicon(terms, _neighborhood(word for phrase in terms for word in phrase.split()))


def _synonym(kind: Kind, phrase: str, name: str, own: Mapping[str, str]) -> Term:
    """A word of the vocabulary; the broader name says the same where the shop has no value of the word's own."""
    broader = () if phrase in own else (normal(name),)
    return Term(kind, own.get(phrase, name), tuple(dict.fromkeys((phrase, *broader))))


def _neighborhood(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Deletions of one letter -> words, so that a typo is found without looking at all words (Garbe, SymSpell)."""
    near: dict[str, list[str]] = {}
    for word in sorted({word for word in words if len(word) >= TYPO_FROM - 1 and word.isalpha()}):
        for form in shortened(word):
            near.setdefault(form, []).append(word)
    return {form: tuple(found) for form, found in near.items()}


@lru_cache(maxsize=4096)
def shortened(word: str) -> frozenset[str]:
    """The word, and all it becomes with one letter left out."""
    return frozenset([word, *(word[:at] + word[at + 1 :] for at in range(len(word)))])


def edits(one: str, other: str) -> int:
    """Letters to insert, leave out, exchange or swap with their neighbor (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        above, row, before_that = row, [i], before
        for j, wanted in enumerate(other, start=1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, before_that[j - 2] + 1)
            row.append(cost)
        before = above
    return row[-1]
