"""Progress for programs: one JSON object a line, each written out at once, the last one telling how it ended.

{"event": "begun", "at": …, "holder": …, "feed": …}
{"event": "stage", "at": …, "stage": "Looking at pictures", "total": 900}
{"event": "rows", "at": …, "stage": "Looking at pictures", "total": 900, "done": 320, "pictures": 511}
{"event": "alive", "at": …}    every 30 s, whatever else is said, so that silence means death
{"event": "ended", "at": …, "summary": {…}}    or    {"event": "failed", "at": …, "code": …, "detail": …, "fix": …}
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from app.errors import AppError
from catalog_loader.report import Summary

EVERY_S = 1.0
"""At most one "rows" line in this time."""

ALIVE_EVERY_S = 30.0


class Events:
    """A Progress that writes lines, and the lines before and after. write: takes one line with its end."""

    def __init__(self, write: Callable[[str], object], *, every_s: float = EVERY_S) -> None:
        self._write = write
        self._every_s = every_s
        self._stage = ""
        self._total: int | None = None
        self._told_at = 0.0
        self._writing = threading.Lock()

    @contextmanager
    def alive(self, every_s: float = ALIVE_EVERY_S) -> Iterator[None]:
        """Say that the process lives, again and again until the block ends."""
        over = threading.Event()

        def saying() -> None:
            while not over.wait(every_s):
                self._say("alive")

        thread = threading.Thread(target=saying, name="alive", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def begun(self, holder: str, feed: str) -> None:
        """Who loads what; the first line."""
        self._say("begun", holder=holder, feed=feed)

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins."""
        self._stage, self._total, self._told_at = name, total, 0.0
        self._say("stage", stage=name, total=total)

    def rows(self, done: int, images: int) -> None:
        """How far it is, now and then."""
        now = time.monotonic()
        if now - self._told_at >= self._every_s:
            self._told_at = now
            self._say("rows", stage=self._stage, total=self._total, done=done, pictures=images)

    def ended(self, summary: Summary) -> None:
        """The last line of a command that came to its end, whatever that was."""
        self._say("ended", summary=summary.as_json())

    def failed(self, error: AppError) -> None:
        """The last line of a command that could not do its work."""
        self._say("failed", code=error.code, detail=error.detail, fix=error.fix)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to clear."""

    def _say(self, event: str, **facts: object) -> None:
        with self._writing:
            self._write(json.dumps({"event": event, "at": datetime.now(UTC).isoformat(), **facts}) + "\n")
