"""The rejects file: refused rows as they stood, in the feed's own format, so that it can be mended and loaded alone."""

import json
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from app.intake import Problem
from catalog_loader.feed import Row
from catalog_loader.sources import Feed


class Rejects:
    """Writes refused rows to `path` and why to `<path>.problems.jsonl` beside it.

    A context manager. Both files appear whole, on `keep`; until then, and when it is never called, what an earlier load
    wrote stays. With nothing refused, `keep` removes what an earlier load left.
    """

    def __init__(self, feed: Feed, path: Path) -> None:
        self.path = path
        self.problems_path = path.with_name(path.name + ".problems.jsonl")
        self.count = 0
        self._feed = feed
        self._line = 1
        self._rows: TextIO | None = None
        self._problems: TextIO | None = None
        self._open = ExitStack()

    def add(self, row: Row, problems: tuple[Problem, ...]) -> None:
        """Write one refused row with its problems."""
        if self._rows is None or self._problems is None:
            self._rows, self._problems = self._start()
        said = {"rejects_line": self._line, "line": row.line, "problems": [problem.as_json() for problem in problems]}
        self._problems.write(json.dumps(said, ensure_ascii=True) + "\n")
        self._write(row.text)
        self.count += 1

    def keep(self) -> None:
        """Put the files in place."""
        if self._rows is not None:
            self._write(self._feed.format.closing)
        self._open.close()
        for path in (self.path, self.problems_path):
            part = _part(path)
            if self.count:
                part.replace(path)
            else:
                path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
        for path in (self.path, self.problems_path):
            _part(path).unlink(missing_ok=True)

    def _start(self) -> tuple[TextIO, TextIO]:
        feed = self._feed
        rows = _part(self.path).open("w", encoding=feed.encoding, errors=feed.errors, newline="")
        self._rows = self._open.enter_context(rows)
        problems = self._open.enter_context(_part(self.problems_path).open("w", encoding="utf-8"))
        self._write(feed.format.opening)
        return self._rows, problems

    def _write(self, text: str) -> None:
        assert self._rows is not None
        self._rows.write(text)
        self._line += text.count("\n") or text.count("\r")


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def rejects_path(feed: Feed) -> Path:
    """Beside the feed, so that relative picture paths still lead to the pictures; a feed from the web: here.

    "shop.tsv.gz" -> "shop.rejects.tsv".
    """
    name = Path(feed.name).name if feed.folder else feed.path.name
    stem = name.removesuffix(".gz")
    base, dot, ending = stem.rpartition(".")
    name = f"{base}.rejects.{ending}" if dot and base else f"{stem}.rejects"
    return (feed.folder or Path()) / name
