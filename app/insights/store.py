"""The SQLite file behind all insights, shared by processes."""

from pathlib import Path

from app.insights.errors import InsightsUnavailable
from app.private_file import PrivateFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS judged (
    id TEXT PRIMARY KEY, added_at REAL NOT NULL, told TEXT NOT NULL, jpeg BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS judgment (
    photo TEXT NOT NULL, product TEXT NOT NULL, grade REAL NOT NULL, at REAL NOT NULL, PRIMARY KEY (photo, product)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS evaluation (
    id TEXT PRIMARY KEY, begun_at REAL NOT NULL, holder TEXT NOT NULL, state TEXT NOT NULL, ordered TEXT NOT NULL,
    done INTEGER NOT NULL, whole INTEGER NOT NULL, result TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS picture (
    sha256 TEXT PRIMARY KEY, seen_at REAL NOT NULL, told TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pair (
    one TEXT NOT NULL, other TEXT NOT NULL, same INTEGER NOT NULL, at REAL NOT NULL, PRIMARY KEY (one, other)
) WITHOUT ROWID;
"""


class InsightStore(PrivateFile):
    """The file. folder: made if absent; the file in it, insights.db, is readable by its owner only.

    Raises InsightsUnavailable.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "insights.db"

        def trouble(_: str) -> InsightsUnavailable:
            return InsightsUnavailable(
                f"Insights cannot be kept or read in {path.name}.",
                fix="Check the disk space and the rights of the folder AKIN_INSIGHTS names.",
            )

        super().__init__(path, _SCHEMA, trouble=trouble, patience_s=10.0)
