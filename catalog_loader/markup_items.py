"""Cuts XML text into its items without parsing them, in bounded memory."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, TextIO
from xml.sax.saxutils import quoteattr

from catalog_loader.feed import MAX_ROW

CHUNK = 65_536
_NAME = r"(?:[\w.-]+:)?(?:item|entry)"
_ROOT = r"rss|(?:[\w.-]+:)?(?:feed|RDF)"
_OPENER = re.compile(rf"<!\[CDATA\[|<!--|<\?|<(?P<end>/?)(?P<item>{_NAME})(?=[\s/>])|</(?P<root>{_ROOT})(?=[\s>])")
_LONGEST_OPENER = 200
_ENDS = {"<![CDATA[": "]]>", "<!--": "-->", "<?": "?>"}
_TAG_REST = re.compile(r"""(?:[^>"']|"[^"]*"|'[^']*')*+>""")
_NO_MARKUP = re.compile(r"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<\?.*?\?>|<![^>\[]*(?:\[.*?\]\s*)?>", re.S)
_TAG = re.compile(r"""<(/?)([\w.:-]+)((?:[^>"'/]|/(?!>)|"[^"]*"|'[^']*')*+)(/?)>""")
_NAMESPACE = re.compile(r"""\sxmlns(?::([\w.-]+))?\s*=\s*(?:"([^"]*)"|'([^']*)')""")


@dataclass(frozen=True, slots=True)
class Item:
    """One item's raw text, where it begins, and why it cannot be parsed ("" when it may be)."""

    line: int
    text: str
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Preamble:
    """The text before the first item."""

    text: str

    @property
    def open_elements(self) -> list[str]:
        """Elements that are open where the first item begins, outermost first."""
        stack: list[str] = []
        for end, name, _, alone in _TAG.findall(_NO_MARKUP.sub("", self.text)):
            if end:
                if name in stack:
                    del stack[len(stack) - 1 - stack[::-1].index(name) :]
            elif not alone:
                stack.append(name)
        return stack

    def wrapped(self, item: str, defaults: dict[str, str]) -> str:
        """The item inside an element with the feed's namespaces. defaults: prefix -> URI where the feed has none."""
        spaces = dict(defaults)
        for prefix, double, single in _NAMESPACE.findall(_NO_MARKUP.sub("", self.text)):
            spaces[prefix] = double or single
        names = "".join(
            f" xmlns{':' if prefix else ''}{prefix}={quoteattr(uri)}" for prefix, uri in spaces.items() if uri
        )
        return f"<items{names}>{item}</items>"


class _Token(NamedTuple):
    """A start or end tag of an item, or the end tag of the root; positions count from the beginning of the text."""

    kind: Literal["opens", "closes", "alone", "root", "too long"]
    start: int
    end: int


class Items:
    """Iterates the items of XML text.

    preamble: the text before the first item (all of it when there is none). ended: whether the root's end tag was met.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""  # a window of the whole text …
        self._base = 0  # … that begins here …
        self._base_line = 1  # … on this line
        self._keep: int | None = 0  # where the text that is still needed begins
        self.preamble = Preamble("")
        self.ended = False

    def __iter__(self) -> Iterator[Item]:
        begun: int | None = None
        seen_first = False
        for token in self._tokens():
            if not seen_first and token.kind != "closes":
                self.preamble = Preamble(self._slice(0, token.start)[:MAX_ROW])
                seen_first = True
            if begun is not None and token.kind != "closes":
                cause = "is too long" if token.kind == "too long" else "is not closed before the next one begins"
                yield self._item(begun, token.start, f"The item {cause}.")
                begun = None
            if token.kind == "opens":
                begun = token.start
            elif token.kind == "alone":
                yield self._item(token.start, token.end)
            elif token.kind == "closes" and begun is not None:
                yield self._item(begun, token.end)
                begun = None
            self.ended = self.ended or token.kind == "root"
            self._keep = begun
        if not seen_first:
            self.preamble = Preamble(self._text[:MAX_ROW])
        if begun is not None:
            yield self._item(begun, self._end, "The feed ends in the middle of the item.")

    def _tokens(self) -> Iterator[_Token]:
        at = 0
        while True:
            found = _OPENER.search(self._text, at - self._base)
            if found is None:
                # What looks like nothing may be the beginning of a tag whose rest was not read yet.
                at = max(at, self._end - _LONGEST_OPENER)
                if self._keep is not None and at - self._keep > MAX_ROW:
                    yield _Token("too long", at, at)
                    self._keep = None
                if not self._more(at):
                    return
                continue
            start = self._base + found.start()
            end = self._closing(start, found)
            if end is None:  # opened and never closed: read it as text
                at = start + 1
                continue
            at = end
            if found["root"]:
                yield _Token("root", start, end)
            elif found["item"] and found["end"]:
                yield _Token("closes", start, end)
            elif found["item"]:
                yield _Token("alone" if self._slice(end - 2, end) == "/>" else "opens", start, end)

    def _closing(self, start: int, opener: re.Match[str]) -> int | None:
        """Where the tag, comment, CDATA section or instruction ends that begins at `start`."""
        words, length = _ENDS.get(opener[0]), len(opener[0])
        while True:
            inside = start - self._base + length
            if words is None:
                tag = _TAG_REST.match(self._text, inside)
                end = tag.end() if tag else -1
            else:
                end = self._text.find(words, inside)
                end += len(words) if end >= 0 else 0
            if end >= 0:
                return self._base + end
            if self._end - start > MAX_ROW or not self._more(start):
                return None

    @property
    def _end(self) -> int:
        return self._base + len(self._text)

    def _more(self, needed: int) -> bool:
        """Read on; give up the text before `needed` that is not kept. False at the end of the file."""
        chunk = self._file.read(CHUNK)
        floor = (needed if self._keep is None else min(needed, self._keep)) - self._base
        self._base_line += self._text.count("\n", 0, floor)
        self._base += floor
        self._text = self._text[floor:] + chunk
        return bool(chunk)

    def _slice(self, start: int, end: int) -> str:
        return self._text[max(0, start - self._base) : end - self._base]

    def _item(self, start: int, end: int, broken: str = "") -> Item:
        line = self._base_line + self._text.count("\n", 0, start - self._base)
        return Item(line, self._slice(start, end), broken)
