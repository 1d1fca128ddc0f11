"""Words of outside sources that the vocabulary could not place, counted with what the photo turned out to show."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from app.metering.store import MeterStore

MOST_ROWS = 20_000
"""Different words kept; the rarest make room."""


@dataclass(frozen=True, slots=True)
class UnplacedWord:
    """A word, how often it was said, and the shop's types of the photos it was said of, most frequent first."""

    word: str
    sources: tuple[str, ...]
    times: int
    seen_as: tuple[tuple[str, int], ...]


class UnplacedWords:
    """Counts them in a MeterStore, which it does not own."""

    def __init__(self, store: MeterStore) -> None:
        self._store = store

    async def add(self, said: Iterable[tuple[str, str]], seen_as: str) -> None:
        """Count (source, word) pairs of one photo; seen_as: the type the photo was taken for, "" where unknown."""
        rows = [(source, word, seen_as) for source, word in said]
        if rows:
            await self._store.write(lambda db: _add(db, rows))

    async def most_frequent(self, limit: int = 50) -> list[UnplacedWord]:
        """The words said most often."""
        return await self._store.read(lambda db: _most_frequent(db, limit))

    async def forget(self, words: Iterable[str]) -> None:
        """Drop words that are placed by now."""
        rows = [(word,) for word in words]
        await self._store.write(lambda db: db.executemany("DELETE FROM unplaced WHERE word = ?", rows))


def _add(db: sqlite3.Connection, rows: list[tuple[str, str, str]]) -> None:
    db.executemany(
        "INSERT INTO unplaced VALUES (?, ?, ?, 1) ON CONFLICT (source, word, seen_as) DO UPDATE SET times = times + 1",
        rows,
    )
    (count,) = db.execute("SELECT count(*) FROM unplaced").fetchone()
    if count > MOST_ROWS:
        db.execute(
            "DELETE FROM unplaced WHERE (source, word, seen_as) IN"
            " (SELECT source, word, seen_as FROM unplaced ORDER BY times LIMIT ?)",
            (count - MOST_ROWS,),
        )


def _most_frequent(db: sqlite3.Connection, limit: int) -> list[UnplacedWord]:
    found = []
    top = db.execute(
        "SELECT word, sum(times) AS total, group_concat(DISTINCT source) FROM unplaced GROUP BY word"
        " ORDER BY total DESC, word LIMIT ?",
        (limit,),
    ).fetchall()
    for word, times, sources in top:
        types = db.execute(
            "SELECT seen_as, sum(times) AS total FROM unplaced WHERE word = ? AND seen_as != ''"
            " GROUP BY seen_as ORDER BY total DESC, seen_as LIMIT 3",
            (word,),
        ).fetchall()
        found.append(UnplacedWord(word, tuple(sorted(sources.split(","))), times, tuple(types)))
    return found
