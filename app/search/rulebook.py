"""The rules that are in force: read from their file, and again when it is changed, without a restart."""

import logging
from datetime import UTC, date, datetime
from pathlib import Path

from app.search.rules import BadRules, Rules, read_rules

logger = logging.getLogger("akin.search")
NO_RULES = Rules()


class Rulebook:
    """Looks at the file's time and size with every search (microseconds) and reads it when they changed.

    A changed file that cannot be used leaves the rules as they were; the log says why, once. path: None has no rules.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Raises BadRules when the file cannot be used at the start."""
        self._path = path
        self._seen: tuple[int, int] | None = self._stamp()
        self._rules = read_rules(path) if path is not None else NO_RULES

    def rules(self) -> Rules:
        """What is in force now."""
        stamp = self._stamp()
        if self._path is not None and stamp != self._seen:
            self._seen = stamp
            try:
                self._rules = read_rules(self._path)
            except BadRules as broken:
                logger.warning("the rules stay as they were: %s", broken.detail)
        return self._rules

    @staticmethod
    def today() -> date:
        """The day rules are compared with."""
        return datetime.now(UTC).date()

    def _stamp(self) -> tuple[int, int] | None:
        try:
            about = self._path.stat() if self._path is not None else None
        except OSError:
            return None
        return (about.st_mtime_ns, about.st_size) if about is not None else None
