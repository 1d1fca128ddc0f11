"""A feed as rows: what every format gives, and the numbered lines the line-based formats read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TextIO

from app.intake import Problem, RawRow

MAX_ROW = 1_000_000
"""Characters of one row; no product takes more, and a file without line ends must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in the feed.

    line: 1-based line where it begins. text: the raw text, line end included, for the rejects file.
    values: canonical attribute name -> text or texts. problem: why the row cannot be read at all; values are then {}.
    """

    line: int
    text: str
    values: RawRow
    problem: Problem | None = None


class FeedFormat(Protocol):
    """One format's reader. `rows` may be called again and starts from the beginning.

    kind: "tsv", "csv", "rss", "atom" or "jsonl". columns: names in the order met, as the feed writes them; for formats
    without a header they are complete only after the rows were read. cut_short: whether the last reading found that
    the feed ends before its end. opening, closing: the texts before the first and after the last row of such a file.
    """

    kind: str
    columns: list[str]
    cut_short: bool

    @property
    def opening(self) -> str:
        """Header line, or the XML up to the first item."""
        ...

    @property
    def closing(self) -> str:
        """End tags, or ""."""
        ...

    def rows(self) -> Iterator[Row]:
        """All rows in order; a row that cannot be read is given with its problem. Blank lines are left out."""
        ...


class Lines:
    """The lines of a text, numbered from 1, as an iterator that remembers the lines of the present record."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._number = 0
        self._again: list[tuple[int, str]] = []
        self.taken: list[tuple[int, str]] = []
        self.overlong: set[int] = set()

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        """The next line with its line end. Of a line longer than MAX_ROW only the beginning."""
        if self._again:
            self.taken.append(self._again.pop())
        else:
            text = self._file.readline(MAX_ROW)
            if not text:
                raise StopIteration
            self._number += 1
            if len(text) == MAX_ROW and not text.endswith(("\n", "\r")):
                self.overlong.add(self._number)
                self._skip_rest()
            self.taken.append((self._number, text))
        return self.taken[-1][1]

    def _skip_rest(self) -> None:
        while (more := self._file.readline(MAX_ROW)) and not more.endswith(("\n", "\r")):
            pass

    def start_record(self) -> None:
        """Forget the lines taken so far; the next line begins a new record."""
        self.taken = []

    def keep_first_only(self) -> None:
        """Give all lines of the record but the first back, to be read again as records of their own."""
        self._again.extend(reversed(self.taken[1:]))
        del self.taken[1:]

    @property
    def line(self) -> int:
        """Number of the record's first line."""
        return self.taken[0][0] if self.taken else self._number

    @property
    def text(self) -> str:
        """The record's raw text."""
        return "".join(text for _, text in self.taken)
