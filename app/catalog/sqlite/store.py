"""Rows of one generation: written, read, copied and deleted over an open connection. No transactions of its own."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from app.catalog.errors import EmbeddingMismatch
from app.catalog.model import ImageEvidence, Product
from app.catalog.sqlite import queries
from app.catalog.sqlite.documents import (
    EvidenceRow,
    from_document,
    from_evidence_row,
    to_document,
    to_evidence_row,
    to_facts,
    words_of,
)
from app.catalog.sqlite.generations import GenerationRow
from app.catalog.sqlite.index import Index, IndexedProduct
from app.catalog.sqlite.retrieval import Words


def write_product(connection: sqlite3.Connection, generation: GenerationRow, product: Product) -> bool:
    """Write one product with its evidence; True when its id is new in the generation."""
    is_new = not delete_product(connection, generation.number, product.id)
    key = connection.execute(
        "INSERT INTO products (generation, id, content_hash, document, facts) VALUES (?, ?, ?, ?, ?)",
        (generation.number, product.id, product.content_hash, to_document(product), to_facts(product)),
    ).lastrowid
    connection.execute(queries.insert_words(generation.number), (key, *words_of(product)))
    for position, image in enumerate(product.images):
        if image.evidence is not None:
            evidence = _write_evidence(connection, generation, image.sha256, image.evidence)
            connection.execute("INSERT INTO images VALUES (?, ?, ?)", (key, position, evidence))
    return is_new


def delete_product(connection: sqlite3.Connection, generation: int, product_id: str) -> bool:
    """Remove a product; its evidence stays until the next prune. False when there is none of that id."""
    row = connection.execute(
        "DELETE FROM products WHERE generation = ? AND id = ? RETURNING key", (generation, product_id)
    ).fetchall()
    for (key,) in row:
        connection.execute(queries.delete_words(generation), (key,))
    return bool(row)


def copy_product(connection: sqlite3.Connection, source: GenerationRow, target: GenerationRow, product_id: str) -> bool:
    """Copy a product, replacing the target's own; False when the source has none.

    Evidence is shared, not copied. Where the target has another embedder, its evidence for the same pictures is taken,
    if there is any.
    """
    row = connection.execute(
        "SELECT key, content_hash, document, facts FROM products WHERE generation = ? AND id = ?",
        (source.number, product_id),
    ).fetchone()
    if row is None:
        return False
    delete_product(connection, target.number, product_id)
    old, content_hash, document, facts = row
    new = connection.execute(
        "INSERT INTO products (generation, id, content_hash, document, facts) VALUES (?, ?, ?, ?, ?)",
        (target.number, product_id, content_hash, document, facts),
    ).lastrowid
    connection.execute(queries.copy_words(source.number, target.number), (new, old))
    if source.embedder == target.embedder and source.dims == target.dims:
        connection.execute("INSERT INTO images SELECT ?, position, evidence FROM images WHERE product = ?", (new, old))
        return True
    for position, image in enumerate(from_document(product_id, content_hash, document).images):
        known = _known(connection, target, image.sha256)
        if known is not None:
            connection.execute("INSERT INTO images VALUES (?, ?, ?)", (new, position, known))
    return True


def read_products(connection: sqlite3.Connection, generation: int, ids: Sequence[str]) -> list[Product]:
    """The products that exist, in the order asked for, without evidence."""
    rows = connection.execute(
        "SELECT id, content_hash, document FROM products "
        "WHERE generation = ? AND id IN (SELECT value FROM json_each(?))",
        (generation, json.dumps(list(ids))),
    )
    found = {product_id: (content_hash, document) for product_id, content_hash, document in rows}
    return [from_document(product_id, *found[product_id]) for product_id in ids if product_id in found]


def read_keys(connection: sqlite3.Connection, generation: int, ids: Sequence[str]) -> dict[str, int]:
    """product id -> key of those that exist."""
    return dict(
        connection.execute(
            "SELECT id, key FROM products WHERE generation = ? AND id IN (SELECT value FROM json_each(?))",
            (generation, json.dumps(list(ids))),
        )
    )


def read_evidence(
    connection: sqlite3.Connection, generation: int, images: Sequence[tuple[str, int]]
) -> list[ImageEvidence | None]:
    """The evidence of (product id, position) pairs, None where there is none."""
    rows = connection.execute(
        "SELECT p.id, i.position, e.embedder, e.vector, d.region, d.colors, d.features "
        "FROM products p JOIN images i ON i.product = p.key "
        "JOIN evidence e ON e.key = i.evidence JOIN evidence_details d ON d.evidence = e.key "
        "WHERE p.generation = ? AND p.id IN (SELECT value FROM json_each(?))",
        (generation, json.dumps(list({product_id for product_id, _ in images}))),
    )
    wanted = set(images)
    found = {
        (product_id, position): from_evidence_row(embedder, EvidenceRow(*columns))
        for product_id, position, embedder, *columns in rows
        if (product_id, position) in wanted
    }
    return [found.get(image) for image in images]


def known_evidence(
    connection: sqlite3.Connection, generation: GenerationRow, sha256s: Iterable[str]
) -> dict[str, ImageEvidence]:
    """sha256 -> the newest evidence for those bytes by the generation's embedder."""
    rows = connection.execute(
        "SELECT e.sha256, e.embedder, e.vector, d.region, d.colors, d.features "
        "FROM evidence e JOIN evidence_details d ON d.evidence = e.key "
        "WHERE e.embedder = ? AND e.sha256 IN (SELECT value FROM json_each(?)) AND e.sha256 != '' "
        "AND length(e.vector) = ? ORDER BY e.key",
        (generation.embedder, json.dumps(list(set(sha256s))), 2 * generation.dims),
    )
    return {sha256: from_evidence_row(embedder, EvidenceRow(*columns)) for sha256, embedder, *columns in rows}


def find_words(connection: sqlite3.Connection, generation: int, expression: str) -> Words:
    """Every product that has one of the words, with its relevance. expression: of queries.match_expression()."""
    found = connection.execute(queries.search_words(generation), (expression,))
    pairs = np.fromiter(found, dtype=[("key", np.int64), ("relevance", np.float64)])
    return Words(pairs["key"], pairs["relevance"])


def read_index(connection: sqlite3.Connection, generation: GenerationRow) -> Index:
    """Read a whole generation into memory; the caller's read transaction makes it one state."""
    products, images = count(connection, generation.number)
    index = Index(
        generation=generation.number,
        embedder=generation.embedder,
        dims=generation.dims,
        products=products,
        images=images,
    )
    index.read(_stream(connection, generation.number), sequence=last_sequence(connection))
    return index


def read_changes(
    connection: sqlite3.Connection, generation: int, after: int
) -> tuple[list[tuple[str, IndexedProduct | None]], int]:
    """The products of a generation that live changes touched after a sequence number, as they are now; the last one."""
    rows = connection.execute(
        "SELECT c.product_id, c.sequence, p.key, p.facts FROM changes c "
        "LEFT JOIN products p ON p.generation = c.generation AND p.id = c.product_id "
        "WHERE c.generation = ? AND c.sequence > ? ORDER BY c.sequence",
        (generation, after),
    ).fetchall()
    changed: list[tuple[str, IndexedProduct | None]] = []
    for product_id, sequence, key, facts in rows:
        after = sequence
        if key is None:
            changed.append((product_id, None))
            continue
        pictures = connection.execute(
            "SELECT i.position, e.vector FROM images i JOIN evidence e ON e.key = i.evidence "
            "WHERE i.product = ? ORDER BY i.position",
            (key,),
        ).fetchall()
        changed.append((product_id, IndexedProduct(key, product_id, json.loads(facts), pictures)))
    return changed, after


def log_change(connection: sqlite3.Connection, generation: int, product_id: str, *, deleted: bool) -> None:
    """Note a live change for the other processes and for the next publish."""
    connection.execute(
        "INSERT OR REPLACE INTO changes (generation, product_id, deleted) VALUES (?, ?, ?)",
        (generation, product_id, deleted),
    )


def last_sequence(connection: sqlite3.Connection) -> int:
    """The number of the last live change ever noted."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'changes'").fetchone()
    return 0 if row is None else int(row[0])


def count(connection: sqlite3.Connection, generation: int) -> tuple[int, int]:
    """How many products and how many pictures with evidence a generation has."""
    products = connection.execute("SELECT count(*) FROM products WHERE generation = ?", (generation,)).fetchone()[0]
    images = connection.execute(
        "SELECT count(*) FROM products p JOIN images i ON i.product = p.key WHERE p.generation = ?", (generation,)
    ).fetchone()[0]
    return int(products), int(images)


def _stream(connection: sqlite3.Connection, generation: int) -> Iterator[IndexedProduct]:
    products = connection.execute("SELECT key, id, facts FROM products WHERE generation = ? ORDER BY id", (generation,))
    pictures = connection.execute(
        "SELECT p.key, i.position, e.vector FROM products p JOIN images i ON i.product = p.key "
        "JOIN evidence e ON e.key = i.evidence WHERE p.generation = ? ORDER BY p.id, i.position",
        (generation,),
    )
    picture = pictures.fetchone()
    for key, product_id, facts in products:
        own = []
        while picture is not None and picture[0] == key:
            own.append((picture[1], picture[2]))
            picture = pictures.fetchone()
        yield IndexedProduct(key, product_id, json.loads(facts), own)


def _write_evidence(
    connection: sqlite3.Connection, generation: GenerationRow, sha256: str, evidence: ImageEvidence
) -> int:
    if evidence.embedder != generation.embedder or evidence.embedding.shape != (generation.dims,):
        raise EmbeddingMismatch(
            f"The picture's evidence was made by {evidence.embedder} ({evidence.embedding.size} numbers), the "
            f"generation's by {generation.embedder} ({generation.dims} numbers).",
            fix="Use one embedder for the whole generation.",
            evidence=evidence.embedder,
            generation=generation.embedder,
        )
    row = to_evidence_row(evidence)
    identity = (sha256, evidence.embedder, row.digest)
    known = connection.execute(
        "SELECT key FROM evidence WHERE sha256 = ? AND embedder = ? AND digest = ?", identity
    ).fetchone()
    if known is not None:
        return int(known[0])
    key = connection.execute(
        "INSERT INTO evidence (sha256, embedder, digest, vector) VALUES (?, ?, ?, ?)", (*identity, row.vector)
    ).lastrowid
    connection.execute(
        "INSERT INTO evidence_details (evidence, region, colors, features) VALUES (?, ?, ?, ?)",
        (key, row.region, row.colors, row.features),
    )
    assert key is not None
    return key


def _known(connection: sqlite3.Connection, generation: GenerationRow, sha256: str) -> int | None:
    row = connection.execute(
        "SELECT max(key) FROM evidence WHERE sha256 = ? AND sha256 != '' AND embedder = ? AND length(vector) = ?",
        (sha256, generation.embedder, 2 * generation.dims),
    ).fetchone()
    return None if row[0] is None else int(row[0])
