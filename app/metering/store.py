"""The SQLite file that all processes count in."""

from pathlib import Path

from app.metering.errors import MeterUnavailable
from app.private_file import PrivateFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS spent (
    day TEXT NOT NULL, source TEXT NOT NULL, sku TEXT NOT NULL, units INTEGER NOT NULL, micros INTEGER NOT NULL,
    PRIMARY KEY (day, source, sku)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent_in (
    span TEXT PRIMARY KEY, units INTEGER NOT NULL, micros INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS happened (
    day TEXT NOT NULL, source TEXT NOT NULL, what TEXT NOT NULL, times INTEGER NOT NULL,
    PRIMARY KEY (day, source, what)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answer (
    key TEXT PRIMARY KEY, stored_at REAL NOT NULL, bytes INTEGER NOT NULL, value BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS answer_by_age ON answer (stored_at, bytes);
CREATE TABLE IF NOT EXISTS asking (key TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unplaced (
    source TEXT NOT NULL, word TEXT NOT NULL, seen_as TEXT NOT NULL, times INTEGER NOT NULL,
    PRIMARY KEY (source, word, seen_as)
) WITHOUT ROWID;
"""


class MeterStore(PrivateFile):
    """The file. path: made if absent, readable by its owner only. Raises MeterUnavailable."""

    def __init__(self, path: Path) -> None:
        def trouble(why: str) -> MeterUnavailable:
            return MeterUnavailable(
                f"Outside calls cannot be counted in {path.name}: {why}.",
                fix="Check the disk space and the rights of the file AKIN_CLOUD_STORE names.",
            )

        super().__init__(path, _SCHEMA, trouble=trouble)
