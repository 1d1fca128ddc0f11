"""The file's form, and what is written into it: functions of one connection, inside a transaction of the caller."""

import json
import sqlite3
from collections.abc import Mapping, Sequence

from app.events.errors import InteractionMismatch, SearchNotFound
from app.events.model import Answered, Deed

HOUR_S = 3_600
SWEEP_EVERY = 256
"""Answered pages between two looks for old ones: looking costs as much as writing."""
SWEPT_AT_ONCE = 1_024

SCHEMA = """
CREATE TABLE IF NOT EXISTS search (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at REAL NOT NULL, asked TEXT NOT NULL,
    generation TEXT NOT NULL, type TEXT NOT NULL, first INTEGER NOT NULL, total INTEGER NOT NULL,
    products TEXT NOT NULL, scores TEXT NOT NULL, timings TEXT NOT NULL, missing TEXT NOT NULL,
    evidence BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS search_by_age ON search (at);
CREATE TABLE IF NOT EXISTS deed (
    search INTEGER NOT NULL, product TEXT NOT NULL, kind TEXT NOT NULL, position INTEGER NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (search, product, kind)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS deed_by_age ON deed (at);
CREATE TABLE IF NOT EXISTS failed (
    hour INTEGER NOT NULL, code TEXT NOT NULL, status INTEGER NOT NULL, times INTEGER NOT NULL,
    PRIMARY KEY (hour, code, status)
) WITHOUT ROWID;
"""


def keep(db: sqlite3.Connection, answered: Answered, now: float, oldest: float, most: int) -> None:
    """Write one answered page; now and then, what is too old or too much goes."""
    cursor = db.execute(
        "INSERT INTO search (id, at, asked, generation, type, first, total, products, scores, timings, missing,"
        " evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            answered.search_id,
            now,
            answered.asked.value,
            answered.generation,
            answered.type,
            answered.first,
            answered.total,
            json.dumps(answered.products, separators=(",", ":")),
            json.dumps([round(score, 4) for score in answered.scores], separators=(",", ":")),
            json.dumps({stage: round(spent, 1) for stage, spent in answered.timings_ms.items()}, separators=(",", ":")),
            json.dumps(answered.missing, separators=(",", ":")),
            answered.evidence,
        ),
    )
    number = cursor.lastrowid or 0
    if number % SWEEP_EVERY == 0:
        sweep(db, number - most, oldest)


def sweep(db: sqlite3.Connection, upto: int, oldest: float) -> None:
    """Delete pages numbered up to `upto` or older than `oldest`, some at a time, with what was done with them."""
    (aged,) = db.execute("SELECT max(number) FROM search WHERE at < ?", (oldest,)).fetchone()
    (least,) = db.execute("SELECT min(number) FROM search").fetchone()
    last = min(max(upto, aged or 0), (least or 0) + SWEPT_AT_ONCE)
    db.execute("DELETE FROM deed WHERE search <= ?", (last,))
    db.execute("DELETE FROM search WHERE number <= ?", (last,))


def interact(db: sqlite3.Connection, search_id: str, deeds: Sequence[Deed], now: float, oldest: float) -> int:
    """Check the deeds against the answer and write those that are new; how many were."""
    row = db.execute(
        "SELECT number, first, products FROM search WHERE id = ? AND at >= ?", (search_id, oldest)
    ).fetchone()
    if row is None:
        raise SearchNotFound(
            "No answered search has this id, or it is older than events are kept.",
            fix="Send the `search_id` of the answer that the product was shown in.",
        )
    number, first, products = row
    positions = {product: first + place for place, product in enumerate(json.loads(products))}
    for place, deed in enumerate(deeds):
        _check(deed, place, positions)
    before = db.total_changes
    db.executemany(
        "INSERT INTO deed VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(number, deed.product_id, deed.kind.value, positions[deed.product_id], now) for deed in deeds],
    )
    return db.total_changes - before


def _check(deed: Deed, place: int, positions: dict[str, int]) -> None:
    shown_at = positions.get(deed.product_id)
    if shown_at is None:
        raise InteractionMismatch(
            "The search did not show this product.",
            fix="Report a product under the `search_id` of the page that showed it.",
            errors=[{"field": f"interactions.{place}.product_id", "message": "was not in the answer"}],
        )
    if deed.position is not None and deed.position != shown_at:
        raise InteractionMismatch(
            f"The search showed this product at position {shown_at}, not {deed.position}.",
            fix="Count positions from 1 over the whole result set, or leave `position` out.",
            errors=[{"field": f"interactions.{place}.position", "message": f"is not {shown_at}"}],
            shown_at=shown_at,
        )


def fail(db: sqlite3.Connection, counted: Mapping[tuple[int, str, int], int], oldest: float) -> None:
    """Add counts of (hour, code, status); hours that are too old go."""
    db.executemany(
        "INSERT INTO failed VALUES (?, ?, ?, ?)"
        " ON CONFLICT (hour, code, status) DO UPDATE SET times = times + excluded.times",
        [(*key, times) for key, times in counted.items()],
    )
    db.execute("DELETE FROM failed WHERE hour < ?", (int(oldest // HOUR_S),))
