"""The vocabulary: from a source's words to the shop's types and attributes. Data in TOML; the code only looks up."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from app.analysis.sighting import Word
from app.errors import BadRequest

SHIPPED = Path(__file__).with_name("vocabulary.toml")
LONGEST_PHRASE = 5
ALWAYS_KNOWN = frozenset({"type", "color", "brand", "text", "unsafe"})
"""Attributes that need no entry: types have their own tables, the others take any value."""


class BadVocabulary(BadRequest):
    """The vocabulary file cannot be used."""

    code = "bad-vocabulary"
    title = "The vocabulary cannot be used"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word means to the shop: types and (attribute, value) pairs. Both empty: it says nothing of interest."""

    types: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """Looks words up: by Knowledge Graph id first, then the whole phrase, then the longest phrases inside it.

    Case, plurals and hyphens do not matter. under: type -> the type above it.
    """

    types: Mapping[str, str]
    mids: Mapping[str, str]
    values: Mapping[str, tuple[str, str]]
    under: Mapping[str, str]
    ignored: frozenset[str]
    attributes: frozenset[str]
    _below: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def type_names(self) -> frozenset[str]:
        """All types."""
        return frozenset(self.types.values())

    def meaning(self, word: Word) -> Meaning | None:
        """What the word means; None when the vocabulary has nothing on it."""
        if word.mid is not None and word.mid in self.mids:
            return Meaning(types=(self.mids[word.mid],))
        phrase = normal(word.text)
        if phrase in self.ignored:
            return Meaning()
        return self._whole(phrase) or self._inside(phrase)

    def knows(self, text: str) -> bool:
        """Whether it has anything on these words."""
        return self.meaning(Word(text, 1.0)) is not None

    def family(self, kind: str) -> tuple[str, ...]:
        """The type and all below it in the hierarchy."""
        if kind not in self._below:
            below = [name for name in sorted(self.type_names) if kind in self._above(name)]
            self._below[kind] = (kind, *below)
        return self._below[kind]

    def suggestion(self, word: str, seen_as: Sequence[tuple[str, int]], times: int) -> str | None:
        """Where an unplaced word may belong: what the photos showed mostly, else the entry spelled most alike."""
        if seen_as and seen_as[0][1] >= 3 and seen_as[0][1] >= 0.6 * times:
            return f"type={seen_as[0][0]}"
        near = difflib.get_close_matches(normal(word), [*self.types, *self.values], n=1, cutoff=0.75)
        if not near:
            return None
        if near[0] in self.types:
            return f"type={self.types[near[0]]}"
        return "=".join(self.values[near[0]])

    def _whole(self, phrase: str) -> Meaning | None:
        for form in singulars(phrase):
            kind, value = self.types.get(form), self.values.get(form)
            if kind is not None or value is not None:
                return Meaning((kind,) if kind is not None else (), (value,) if value is not None else ())
        return None

    def _inside(self, phrase: str) -> Meaning | None:
        words = phrase.split()
        types: list[str] = []
        attributes: list[tuple[str, str]] = []
        at = 0
        while at < len(words):
            for length in range(min(LONGEST_PHRASE, len(words) - at), 0, -1):
                found = self._whole(" ".join(words[at : at + length]))
                if found:
                    types += found.types
                    attributes += found.attributes
                    at += length
                    break
            else:
                at += 1
        # "Lamp table": of several types the last is the thing itself, the others say what it is for.
        return Meaning(tuple(types[-1:]), tuple(dict.fromkeys(attributes))) if types or attributes else None

    def _above(self, kind: str) -> set[str]:
        above: set[str] = set()
        while kind in self.under and self.under[kind] not in above:
            kind = self.under[kind]
            above.add(kind)
        return above


def normal(text: str) -> str:
    """Lower case, single spaces, hyphens and underscores as spaces."""
    return " ".join(text.casefold().replace("-", " ").replace("_", " ").split())


def singulars(phrase: str) -> Iterable[str]:
    """The phrase and what it may be the plural of."""
    yield phrase
    if phrase.endswith("ies"):
        yield phrase[:-3] + "y"
    if phrase.endswith("ves"):
        yield phrase[:-3] + "f"
        yield phrase[:-3] + "fe"
    if phrase.endswith("es"):
        yield phrase[:-2]
    if phrase.endswith("s"):
        yield phrase[:-1]


def read_vocabulary(own: Path | None = None) -> Vocabulary:
    """The shipped vocabulary with a shop's own file on top. Raises BadVocabulary, naming what to mend."""
    documents = [_document(SHIPPED), *([_document(own)] if own is not None else [])]
    types: dict[str, str] = {}
    mids: dict[str, str] = {}
    values: dict[str, tuple[str, str]] = {}
    under: dict[str, str] = {}
    ignored: set[str] = set()
    attributes = set(ALWAYS_KNOWN)
    for path, document in documents:
        try:
            ignored |= {normal(word) for word in document.get("ignore", [])}
            for kind, entry in document.get("types", {}).items():
                for word in (kind, *entry.get("words", [])):
                    types[normal(word)] = kind
                    ignored.discard(normal(word))
                mids |= dict.fromkeys(entry.get("mids", []), kind)
                if "under" in entry:
                    under[kind] = str(entry["under"])
            for attribute, entries in document.get("attributes", {}).items():
                attributes.add(attribute)
                for value, words in entries.items():
                    values |= dict.fromkeys((normal(value), *map(normal, words)), (attribute, value))
        except (AttributeError, TypeError) as broken:
            raise BadVocabulary(
                f"The vocabulary {path.name} has another form than it should: {broken}.",
                fix="See app/analysis/vocabulary.toml: [types.NAME] with words, mids, under; [attributes.NAME].",
            ) from None
    for kind, above in under.items():
        if above not in types.values():
            raise BadVocabulary(f"{kind!r} stands under {above!r}, which is no type.", fix="Add it under [types].")
    return Vocabulary(types, mids, values, under, frozenset(ignored), frozenset(attributes))


def _document(path: Path) -> tuple[Path, dict[str, Any]]:
    try:
        return path, tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as broken:
        raise BadVocabulary(
            f"The vocabulary {path.name} cannot be read: {broken}.", fix="Correct the file AKIN_VOCABULARY names."
        ) from None
