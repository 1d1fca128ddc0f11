"""Checks of a generation as a whole, before it may be published: by the very look-ups that will serve it."""

import sqlite3
from collections.abc import Sequence

import numpy as np

from app.catalog.errors import VerificationFailed
from app.catalog.facets import facet_values
from app.catalog.model import FacetField, OneOf, Query, QueryVector
from app.catalog.sampling import evenly
from app.catalog.sqlite import queries, retrieval, store
from app.catalog.sqlite.generations import GenerationRow
from app.catalog.sqlite.index import View

SAMPLE = 50
"""Products that are looked up; evenly spread."""

NEEDED_SHARE = 0.9
"""How many of the sample must find themselves by their own picture: one odd picture must not stop a whole load."""

_TIE = 1e-3
_UNIT = 1e-2
_ROWS_AT_ONCE = 8_192


def verify(connection: sqlite3.Connection, generation: GenerationRow, *, expected_products: int) -> None:
    """Raise VerificationFailed at the first check that fails; see CatalogWriter.verify."""
    products, images = store.count(connection, generation.number)
    if products != expected_products:
        raise _failed("count", f"{products} products are stored, {expected_products} were expected", products)
    _check_sizes(connection, generation, images)
    view = store.read_index(connection, generation).view
    _check_finite(view)
    sample = view.index.lookup.ids.of(evenly(products, SAMPLE))
    _check_text(connection, generation, sample)
    _check_filters(connection, generation, view, sample)
    _check_look(view)


def _check_sizes(connection: sqlite3.Connection, generation: GenerationRow, images: int) -> None:
    wrong = connection.execute(
        "SELECT count(*) FROM products p JOIN images i ON i.product = p.key JOIN evidence e ON e.key = i.evidence "
        "WHERE p.generation = ? AND (length(e.vector) != ? OR e.embedder != ?)",
        (generation.number, 2 * generation.dims, generation.embedder),
    ).fetchone()[0]
    if wrong:
        raise _failed("vector size", f"{wrong} of {images} pictures' vectors have another size or embedder", wrong)


def _check_finite(view: View) -> None:
    total = view.halves.shape[0]
    wrong = sum(
        int(np.count_nonzero(~np.isfinite(view.halves[start : start + _ROWS_AT_ONCE]).all(axis=1)))
        for start in range(0, total, _ROWS_AT_ONCE)
    )
    if wrong:
        raise _failed("finite vectors", f"{wrong} of {total} pictures' vectors are not finite", wrong)


def _check_text(connection: sqlite3.Connection, generation: GenerationRow, ids: Sequence[str]) -> None:
    missing = asked = 0
    keys = store.read_keys(connection, generation.number, ids)
    for product in store.read_products(connection, generation.number, ids):
        expression = queries.match_expression(product.title)
        if expression:
            asked += 1
            statement = queries.has_words(generation.number)
            missing += int(connection.execute(statement, (expression, keys[product.id])).fetchone() is None)
    if missing:
        raise _failed("text", f"{missing} of {asked} sampled products are not found by their title", missing)


def _check_filters(connection: sqlite3.Connection, generation: GenerationRow, view: View, ids: Sequence[str]) -> None:
    missing = asked = 0
    for product in store.read_products(connection, generation.number, ids):
        for field in FacetField:
            if values := facet_values(product, field):
                asked += 1
                passing = retrieval.passing_rows(view, [OneOf(field, values[-1:])])
                missing += int(not passing[view.rows_of([product.id])].all())
    if missing:
        raise _failed("filters", f"{missing} of {asked} filters do not find the product they were taken from", missing)


def _check_look(view: View) -> None:
    pictured = np.flatnonzero(view.pictured > 0)
    sample = pictured[evenly(pictured.size, SAMPLE)]
    lost = sum(not _finds_itself(view, int(row)) for row in sample)
    if lost > (1 - NEEDED_SHARE) * sample.size:
        raise _failed("look", f"{lost} of {sample.size} sampled products are not found by their own picture", lost)


def _finds_itself(view: View, row: int) -> bool:
    vector = view.halves[view.first[row]].astype(np.float32)
    answer = retrieval.retrieve(view, Query(vector=QueryVector(view.index.embedder, vector), limit=10), None)
    own = float(np.dot(vector, vector))
    ties = [item.product_id for item in answer.items if abs(max(item.signals.values()) - own) <= _TIE]
    best = max(answer.items[0].signals.values())
    is_there = view.index.lookup.ids.at(row) in ties or len(ties) == len(answer.items)
    return is_there and abs(own - 1.0) <= _UNIT and own >= best - _TIE


def _failed(check: str, figures: str, wrong: int) -> VerificationFailed:
    return VerificationFailed(
        f"The check '{check}' failed: {figures}.",
        fix="Nothing was published. Load the feed again; if the check fails again, report it with this message.",
        check=check,
        wrong=wrong,
    )
