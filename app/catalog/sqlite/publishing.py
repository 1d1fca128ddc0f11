"""Moving the published mark, and what live changes mean for it. No transactions of its own."""

import sqlite3
from datetime import datetime

from app.catalog.errors import NothingPublished
from app.catalog.model import Generation, GenerationState
from app.catalog.sqlite import generations, queries, store
from app.catalog.sqlite.generations import GenerationRow


def published(connection: sqlite3.Connection) -> GenerationRow:
    """The published generation. Raises NothingPublished."""
    row = generations.in_state(connection, GenerationState.PUBLISHED)
    if row is None:
        raise NothingPublished("No catalog was published yet.", fix="Load a feed: catalog-loader load FEED.")
    return row


def note_change(
    connection: sqlite3.Connection, generation: GenerationRow, product_id: str, *, deleted: bool, at: datetime
) -> None:
    """Note that a live change was made to the published generation."""
    store.log_change(connection, generation.number, product_id, deleted=deleted)
    _touch(connection, generation, at)


def publish(connection: sqlite3.Connection, generation_id: str, *, at: datetime) -> Generation:
    """Publish a verified or retired generation; see Catalog.publish."""
    new = generations.named(connection, generation_id)
    generations.require(new, GenerationState.VERIFIED, GenerationState.RETIRED)
    if new.state is GenerationState.VERIFIED:
        _replay(connection, new)
    old = generations.in_state(connection, GenerationState.PUBLISHED)
    if old is not None:
        generations.move(connection, old, GenerationState.RETIRED)
    generations.move(connection, new, GenerationState.PUBLISHED)
    connection.execute("UPDATE generations SET published_at = ? WHERE number = ?", (at.isoformat(), new.number))
    _touch(connection, new, at)
    return generations.named(connection, generation_id).told(*store.count(connection, new.number))


def erase(connection: sqlite3.Connection, generation: int, *, most: int) -> bool:
    """Erase up to `most` products of a generation and, when none are left, the rest of it but its row.

    True when nothing is left. In steps, because one long transaction would keep every other writer waiting.
    """
    connection.execute(queries.drop_words(generation))
    connection.execute("DELETE FROM artifacts WHERE generation = ?", (generation,))
    erased = connection.execute(
        "DELETE FROM products WHERE key IN (SELECT key FROM products WHERE generation = ? LIMIT ?)", (generation, most)
    ).rowcount
    return erased < most


def erase_orphans(connection: sqlite3.Connection, *, most: int) -> bool:
    """Erase up to `most` pieces of picture evidence that no product shows any more; True when none are left."""
    erased = connection.execute(
        "DELETE FROM evidence WHERE key IN (SELECT key FROM evidence e "
        "WHERE NOT EXISTS (SELECT 1 FROM images i WHERE i.evidence = e.key) LIMIT ?)",
        (most,),
    ).rowcount
    return erased < most


def _replay(connection: sqlite3.Connection, new: GenerationRow) -> None:
    """Make the live changes since a generation was begun in it too; the last change of a product wins."""
    by_number = {row.number: row for row in generations.all_rows(connection)}
    changes = connection.execute(
        "SELECT product_id, generation, deleted, max(sequence) FROM changes "
        "WHERE sequence > ? AND generation != ? GROUP BY product_id",
        (new.base_sequence, new.number),
    ).fetchall()
    for product_id, source, deleted, _ in changes:
        if deleted:
            store.delete_product(connection, new.number, product_id)
        else:
            store.copy_product(connection, by_number[source], new, product_id)


def _touch(connection: sqlite3.Connection, generation: GenerationRow, at: datetime) -> None:
    connection.execute("UPDATE generations SET changed_at = ? WHERE number = ?", (at.isoformat(), generation.number))
