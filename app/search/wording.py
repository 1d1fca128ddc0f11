"""Pure: a shopper's words -> what they ask for: types, colors, materials, other words, a price, and what must not be.

English. "Same but in walnut, no arms, under $200" asks for walnut, against arms, at a price of at most 200.
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from app.catalog import PriceBetween
from app.search.lexicon import LONGEST, Kind, Lexicon, Term
from app.search.prices import take_prices

MOST_TERMS = 16
"""Things a text is taken to say; more add time, not meaning."""
NEGATED_WORDS = 3
"""Words after "without" that may still belong to what is not wanted."""
_TOKEN = re.compile(r"[,;.!?]|w/o|[^\W_]+(?:['’-][^\W_]+)*|(?<!\S)-(?=[^\W\d_])")
_ENDS = frozenset({",", ";", ".", "!", "?", "but", "with", "in", "plus"})
_JOINS = frozenset({"or", "nor", "and"})

IsKnown = Callable[[str], bool]
"""Whether some product says a word, so that it is no typing mistake."""


@dataclass(frozen=True, slots=True)
class SmallWords:
    """The words of wording.toml."""

    fillers: frozenset[str]
    negations: frozenset[str]
    endings: tuple[str, ...]
    not_endings: frozenset[str]
    spellings: dict[str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text was taken for. corrected: (as typed, as read) of words that were misspelled."""

    wanted: tuple[Term, ...] = ()
    unwanted: tuple[Term, ...] = ()
    price: PriceBetween | None = None
    corrected: tuple[tuple[str, str], ...] = ()

    @property
    def says_something(self) -> bool:
        """Whether it asks for or against anything but a price, which is a filter."""
        return bool(self.wanted or self.unwanted)

    @property
    def colors(self) -> tuple[Term, ...]:
        """The colors it asks for; they stand in for those of the photo."""
        return tuple(term for term in self.wanted if term.kind is Kind.COLOR)

    @property
    def text(self) -> str:
        """The words to look for in the catalog: every way to say what is wanted."""
        return " ".join(dict.fromkeys(phrase for term in self.wanted for phrase in term.phrases))


@cache
def small_words() -> SmallWords:
    """The words that ship."""
    table = tomllib.loads(files("app.search").joinpath("wording.toml").read_text(encoding="utf-8"))
    return SmallWords(
        fillers=frozenset(table["fillers"].split()),
        negations=frozenset(table["negations"]),
        endings=tuple(table["endings"]),
        not_endings=frozenset(table["not_endings"]),
        spellings=dict(table["spellings"]),
    )


def read(text: str, lexicon: Lexicon, is_known: IsKnown = lambda _: False) -> Reading:
    """What the text asks for. Never fails; what it cannot place is a plain word, or nothing.

    is_known: asked before a word is taken for a typing mistake.
    """
    small = small_words()
    price, rest = take_prices(" ".join(text.casefold().replace("’", "'").split()))
    reader = _Reader(_TOKEN.findall(rest), lexicon, small, is_known)
    reader.run()
    unwanted = tuple(dict.fromkeys(reader.unwanted))[:MOST_TERMS]
    against = {phrase for term in unwanted for phrase in term.phrases}
    wanted = tuple(term for term in dict.fromkeys(reader.wanted) if term.phrases[0] not in against)[:MOST_TERMS]
    return Reading(wanted, unwanted, price, tuple(dict.fromkeys(reader.corrected)))


class _Reader:
    """Goes through the words once, from left to right."""

    def __init__(self, tokens: list[str], lexicon: Lexicon, small: SmallWords, is_known: IsKnown) -> None:
        self._tokens = tokens
        self._lexicon = lexicon
        self._small = small
        self._is_known = is_known
        self._at = 0
        self.wanted: list[Term] = []
        self.unwanted: list[Term] = []
        self.corrected: list[tuple[str, str]] = []

    def run(self) -> None:
        """Read all."""
        while self._at < len(self._tokens):
            word = self._tokens[self._at]
            if word in self._small.negations or word == "-":
                self._at += 1
                self._negated()
            elif self._named() is None and (word in self._small.fillers or word in _ENDS):
                self._at += 1
            else:
                self._add(self._taken())

    def _add(self, term: Term | None) -> None:
        if term is None:
            return
        part = self._without(term.name) if term.kind is Kind.WORD else None
        if part is not None:
            self.unwanted.append(part)
        else:
            self.wanted.append(term)

    def _negated(self) -> None:
        """What follows a "no": one phrase, more after "or", and words up to the end of the phrase."""
        taken = 0
        while self._at < len(self._tokens) and taken < NEGATED_WORDS:
            word = self._tokens[self._at]
            if word in _JOINS:
                joined = self._after_join(word)
                if not joined:
                    return
                taken = 0
            elif word in _ENDS or word in self._small.negations:
                return
            elif word in self._small.fillers and self._named() is None:
                self._at += 1
            else:
                named = self._named()
                if taken and named is not None:
                    return  # "no arms red": what the shop has a name for is asked for again
                term = self._taken()
                if term is not None:
                    self.unwanted.append(term)
                taken += 1
                if named is not None and not self._joins_next():
                    return

    def _joins_next(self) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at] in _JOINS

    def _after_join(self, word: str) -> bool:
        """Whether the word after "or" or "and" is not wanted either. "No arms and red": red is a value of its own."""
        self._at += 1
        if self._at >= len(self._tokens):
            return False
        return word != "and" or self._named() is None or self._unwanted_kind() is self._named_kind()

    def _unwanted_kind(self) -> Kind | None:
        return self.unwanted[-1].kind if self.unwanted else None

    def _named_kind(self) -> Kind | None:
        named = self._named()
        return named[0].kind if named is not None else None

    def _named(self) -> tuple[Term, int] | None:
        """The longest name that begins here, with the number of its words."""
        for length in range(min(LONGEST, len(self._tokens) - self._at), 0, -1):
            words = self._tokens[self._at : self._at + length]
            if any(not word[0].isalnum() for word in words):
                continue
            term = self._lexicon.term(" ".join(words))
            if term is not None:
                return term, length
        return None

    def _taken(self) -> Term | None:
        """Take the name or word that stands here; None for a lone number or letter."""
        named = self._named()
        if named is not None:
            self._at += named[1]
            return named[0]
        word = self._tokens[self._at]
        self._at += 1
        if "-" in word and self._without(word) is None:
            self._tokens[self._at : self._at] = word.split("-")
            return self._taken()
        if len(word) < 2 or word in self._small.fillers:
            return None
        better = None if self._is_known(word) else self._lexicon.corrected(word)
        if better is None:
            return Term(Kind.WORD, word, (word,))
        self.corrected.append((word, better))
        self._tokens[self._at - 1] = better
        self._at -= 1
        return self._taken() if self._named() is not None else self._plain(better)

    def _plain(self, word: str) -> Term:
        self._at += 1
        return Term(Kind.WORD, word, (word,))

    def _without(self, word: str) -> Term | None:
        """ "armless" asks against arms."""
        for ending in self._small.endings:
            part = word.removesuffix(ending).rstrip("-")
            if part != word and len(part) >= 3 and word not in self._small.not_endings:
                return Term(Kind.WORD, part, (part,))
        return None
