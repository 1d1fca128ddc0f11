"""RSS and Atom feeds with Google's g: namespace.

The text is cut into items first and each item is parsed alone, by defusedxml: so an item that is no well-formed XML (a
bare "&" is the most common fault of real feeds) costs only itself, memory holds one item, and the rejects file gets the
item's own text.
"""

from collections.abc import Callable, Iterator
from typing import TextIO
from xml.etree.ElementTree import Element, ParseError  # types only; parsing is defusedxml's

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from app.intake import READ_COLUMNS, Problem, RawRow, canonical
from catalog_loader.errors import NotAFeed
from catalog_loader.feed import Row
from catalog_loader.markup_items import Item, Items, Preamble

GOOGLE = "http://base.google.com/ns/1.0"
ATOM = "http://www.w3.org/2005/Atom"
_ATOM_NAMES = {"summary": "description", "content": "description"}


class Markup:
    """An RSS 2.0, RSS 1.0 or Atom feed. Raises NotAFeed when the root element is another."""

    def __init__(self, open_text: Callable[[], TextIO]) -> None:
        self._open_text = open_text
        self.columns: list[str] = []
        self.cut_short = False
        with open_text() as file:
            items = Items(file)
            next(iter(items), None)
            self._preamble = items.preamble
        self.kind = kind_of(self._preamble)

    @property
    def opening(self) -> str:
        """Everything before the first item."""
        return self._preamble.text

    @property
    def closing(self) -> str:
        """The end tags of what the opening opens."""
        return "".join(f"</{name}>\n" for name in reversed(self._preamble.open_elements))

    def rows(self) -> Iterator[Row]:
        """All items in order."""
        names: dict[str, None] = {}
        with self._open_text() as file:
            items = Items(file)
            for item in items:
                row = self._row(item)
                names.update(dict.fromkeys(row.values))
                yield row
            self.cut_short = not items.ended
        self.columns = list(names)

    def _row(self, item: Item) -> Row:
        text = item.text if item.text.endswith("\n") else item.text + "\n"
        if item.broken:
            return Row(item.line, text, {}, Problem("broken-xml", "", item.broken, "Mend the item's tags.", item.line))
        try:
            element = fromstring(self._preamble.wrapped(item.text, {"g": GOOGLE}), forbid_dtd=True)[0]
        except ParseError as error:
            line = item.line + error.position[0] - 1
            cause = f"The item is no well-formed XML: {str(error).partition(':')[0]}, at line {line}."
            fix = "Write & as &amp;, < as &lt;, and close every tag."
            return Row(item.line, text, {}, Problem("broken-xml", "", cause, fix, item.line))
        except (DefusedXmlException, IndexError, ValueError):
            cause = "The item cannot be read: it has declarations or bytes that no feed needs."
            return Row(item.line, text, {}, Problem("broken-xml", "", cause, "Write plain text.", item.line))
        return Row(item.line, text, values_of(element))


def kind_of(preamble: Preamble) -> str:
    """ "rss" or "atom". Raises NotAFeed."""
    root = preamble.open_elements[0].rpartition(":")[2] if preamble.open_elements else ""
    kinds = {"rss": "rss", "RDF": "rss", "feed": "atom"}
    if root not in kinds:
        raise NotAFeed(
            f"This is XML, but its outermost element is <{root}>, not <rss> or <feed>."
            if root
            else "This is XML without an element that could hold products.",
            fix="Export the feed as RSS 2.0 or Atom with g: elements, or as TSV (docs/feeds.md).",
            found="other XML",
        )
    return kinds[root]


def values_of(item: Element) -> RawRow:
    """The item's attributes by canonical name; g: elements win over RSS and Atom elements of the same name."""
    plain: dict[str, list[str]] = {}
    google: dict[str, list[str]] = {}
    for child in item:
        namespace, _, local = child.tag.rpartition("}") if isinstance(child.tag, str) else ("", "", "")
        name = canonical(_ATOM_NAMES.get(local, local))
        text = "".join(child.itertext())
        if namespace == f"{{{GOOGLE}":
            google.setdefault(name, []).append(text)
        elif namespace in {"", f"{{{ATOM}"}:
            if name == "link" and "href" in child.attrib:
                if child.attrib.get("rel", "alternate") != "alternate":
                    continue
                text = child.attrib["href"]
            if name in READ_COLUMNS:
                plain.setdefault(name, []).append(text)
    for name, texts in plain.items():
        # RSS allows one of each; of several only the first is meant for people.
        google.setdefault(name, texts[:1])
    return {name: texts[0] if len(texts) == 1 else texts for name, texts in google.items()}
