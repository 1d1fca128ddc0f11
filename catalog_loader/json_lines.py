"""JSON Lines feeds: one object with the Merchant names per line."""

from collections.abc import Callable, Iterator
from typing import TextIO

from app.intake import NotARow, Problem, canonical, parsed_json, row_from_json
from catalog_loader.delimited import ended, first_line
from catalog_loader.errors import NotAFeed
from catalog_loader.feed import MAX_ROW, Lines, Row


class JsonLines:
    """A feed of JSON objects. Raises NotAFeed when it is one JSON document over many lines."""

    kind = "jsonl"
    opening = ""
    closing = ""

    def __init__(self, open_text: Callable[[], TextIO]) -> None:
        self._open_text = open_text
        self.columns: list[str] = []
        self.cut_short = False
        with open_text() as file:
            lines = Lines(file)
            text = first_line(lines)
            lines.start_record()
            second = next(lines, "")
        if second and not second.lstrip().startswith("{") and not _is_json(text):
            raise NotAFeed(
                "The file is one JSON document over many lines, not JSON Lines.",
                fix="Write one product per line; jq -c '.[]' does that to a list.",
                found="a JSON document",
            )

    def rows(self) -> Iterator[Row]:
        """All rows in order."""
        names: dict[str, None] = {}
        with self._open_text() as file:
            lines = Lines(file)
            for text in lines:
                if text.strip():
                    yield self._row(lines, text, names)
                lines.start_record()
        self.columns = list(names)

    def _row(self, lines: Lines, text: str, names: dict[str, None]) -> Row:
        if lines.line in lines.overlong:
            problem = Problem(
                "too-long", "", f"The row has more than {MAX_ROW:,} characters.", "Shorten it.", lines.line
            )
            return Row(lines.line, ended(text), {}, problem)
        try:
            values = row_from_json(parsed_json(text))
        except NotARow as broken:
            problem = Problem("bad-json", "", f"The line cannot be read: {broken}.", "Mend the line.", lines.line)
            return Row(lines.line, ended(text), {}, problem)
        names.update(dict.fromkeys(values))
        return Row(lines.line, ended(text), {canonical(name): value for name, value in values.items()})


def _is_json(text: str) -> bool:
    try:
        parsed_json(text)
    except NotARow:
        return False
    return True
