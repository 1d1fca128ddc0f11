"""TSV and CSV feeds: a header line, then a line per product; fields may be quoted and then span lines."""

import csv
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO

from app.intake import READ_COLUMNS, Problem, RawRow, canonical, shown
from catalog_loader.errors import NotAFeed
from catalog_loader.feed import MAX_ROW, Lines, Row

_NAMES = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}
QUOTE_FIX = 'Put the whole value in quotation marks and double those inside it: "12"" frame".'


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the fields of a line are parted."""

    delimiter: str
    quote: str

    def split(self, lines: Iterator[str]) -> list[str]:
        """The fields of the next record. Raises csv.Error, StopIteration at the end."""
        return next(csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, strict=True))


class Delimited:
    """A feed of delimited lines. Raises NotAFeed when the first line names no `id` column."""

    def __init__(self, open_text: Callable[[], TextIO]) -> None:
        self._open_text = open_text
        self.cut_short = False
        with open_text() as file:
            lines = Lines(file)
            self._first = first_line(lines)
            self._dialect, self.columns = recognized(self._first)
            self._header_line = lines.line
        self.kind = "tsv" if self._dialect.delimiter == "\t" else "csv"
        self._names = [canonical(name) for name in self.columns]

    @property
    def opening(self) -> str:
        """The header line."""
        return self._first if self._first.endswith(("\n", "\r")) else self._first + "\n"

    @property
    def closing(self) -> str:
        """Nothing follows the last line."""
        return ""

    def rows(self) -> Iterator[Row]:
        """All rows in order."""
        with self._open_text() as file:
            lines = Lines(file)
            while lines.line < self._header_line:
                next(lines)
            while True:
                lines.start_record()
                try:
                    row = self._row(lines)
                except StopIteration:
                    return
                if row is not None:
                    yield row

    def _row(self, lines: Lines) -> Row | None:
        """The next record; None when it is blank."""
        broken = ""
        try:
            fields = self._dialect.split(lines)
        except csv.Error as error:
            broken, fields = str(error), []
        if not broken and len(lines.taken) > 1 and len(fields) != len(self.columns):
            broken = "a quotation mark is opened and not closed where it should be"
        if broken:
            # A stray quotation mark would swallow the rows after it: only its own line is given up.
            lines.keep_first_only()
            fields = self._unquoted(lines.text)
        if set(lines.overlong) & {number for number, _ in lines.taken}:
            problem = Problem("too-long", "", f"The row has over {MAX_ROW:,} characters.", "Shorten it.", lines.line)
        elif broken and len(fields) != len(self.columns):
            cause = f"The quotation marks of the row do not match ({broken})."
            problem = Problem("broken-quotes", "", cause, QUOTE_FIX, lines.line)
        elif any(field.strip() for field in fields[len(self.columns) :]):
            cause = f"The row has {len(fields)} fields, the header {len(self.columns)}."
            fix = f"Put values that contain a {_NAMES[self._dialect.delimiter]} in quotation marks."
            problem = Problem("wrong-columns", "", cause, fix, lines.line)
        elif not any(field.strip() for field in fields):
            return None
        else:
            return Row(lines.line, ended(lines.text), self._values(fields))
        return Row(lines.line, ended(lines.text), {}, problem)

    def _unquoted(self, text: str) -> list[str]:
        """The fields when quotation marks mean nothing, as many TSV exports have it; for CSV that would be a guess."""
        return text.rstrip("\r\n").split("\t") if self._dialect.delimiter == "\t" else []

    def _values(self, fields: list[str]) -> RawRow:
        values: dict[str, str | list[str]] = {}
        for name, text in zip(self._names, fields, strict=False):
            if name in values:
                before = values[name]
                values[name] = [*([before] if isinstance(before, str) else before), text]
            else:
                values[name] = text
        return values


def ended(text: str) -> str:
    """The text with a line end, which a file's last line may lack."""
    return text if text.endswith(("\n", "\r")) else text + "\n"


def first_line(lines: Lines) -> str:
    """The first line that is not blank."""
    for text in lines:
        if text.strip():
            return text
        lines.start_record()
    raise NotAFeed("The feed is empty.", fix="Export it again, with its header line.", found="nothing")


def recognized(header: str) -> tuple[Dialect, list[str]]:
    """The dialect under which the header line has most of the feed's attribute names, and its columns."""
    best: tuple[int, Dialect, list[str]] = (0, Dialect("\t", '"'), [])
    for quote in ('"', "'"):
        for delimiter in _NAMES:
            dialect = Dialect(delimiter, quote)
            with suppress(csv.Error, StopIteration):
                columns = dialect.split(iter([header]))
                known = len({canonical(name) for name in columns} & READ_COLUMNS)
                best = max(best, (known, dialect, columns), key=lambda found: found[0])
    _, dialect, columns = best
    if "id" not in {canonical(name) for name in columns}:
        raise NotAFeed(
            f'The first line names no column "id"; it is: {shown(header.strip(), 100)}',
            fix="The first line must name the columns: id, title, link, image_link, price, … (docs/feeds.md).",
            found="text without a feed's header line",
        )
    return dialect, columns
