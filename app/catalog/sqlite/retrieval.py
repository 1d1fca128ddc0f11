"""Query and view to candidates: filters are a mask, channels are arrays, the best are picked exactly. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.catalog.errors import EmbeddingMismatch, UnknownFilter
from app.catalog.facets import bucket_bounds
from app.catalog.model import (
    MAX_CANDIDATES,
    SPARSE_CHANNELS,
    AfterProduct,
    Candidate,
    Candidates,
    Channel,
    FacetCount,
    FacetField,
    Filter,
    HasAttribute,
    HasLabel,
    NotProduct,
    OneOf,
    PriceBetween,
    Query,
)
from app.catalog.sqlite.index import View
from app.catalog.sqlite.vectors import VectorQuery

_SUBSET_SHARE = 0.4
"""Below this share of the pictures, gathering their codes first is faster than scanning all (measured: 0.4 to 0.5)."""

_NO_LOOK = float("-inf")
"""Cosine of a product without a picture: behind every other."""

Orders = list[NDArray[Any]]
"""Numbers that rows are ordered by, descending; an earlier array decides before a later one."""


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """What the full-text table found: the file's product keys and their relevance (> 0), in no order."""

    keys: NDArray[np.int64]
    relevance: NDArray[np.float64]


def retrieve(view: View, query: Query, words: Words | None) -> Candidates:
    """Answer a query from a view, as `Snapshot.retrieve` says. words: what the text found, None without a text."""
    return retrieve_with_rows(view, query, words)[0]


def retrieve_with_rows(view: View, query: Query, words: Words | None) -> tuple[Candidates, NDArray[np.int32]]:
    """As `retrieve`, with the row of each candidate, in their order."""
    check(view, query)
    passing = passing_rows(view, query.filters)
    others = _other_signals(view, query, words, passing)
    if query.vector is None:
        return _without_look(view, query, passing, others)
    return _with_look(view, query, VectorQuery(query.vector.values), passing, others)


def check(view: View, query: Query) -> None:
    """Refuse a query this generation cannot answer."""
    if not 1 <= query.limit <= MAX_CANDIDATES:
        raise ValueError(f"limit is 1..{MAX_CANDIDATES}, not {query.limit}")
    if query.vector is None:
        return
    made_by, size, index = query.vector.embedder, query.vector.values.shape, view.index
    if made_by != index.embedder or size != (index.dims,):
        raise EmbeddingMismatch(
            f"The photo was seen by {made_by} ({size[0]} numbers), the catalog by "
            f"{index.embedder or 'nothing'} ({index.dims} numbers).",
            fix="Load the catalog again with the embedder that the server uses, or set AKIN_EMBEDDER back.",
            query=made_by,
            catalog=index.embedder,
        )


def passing_rows(view: View, filters: Iterable[Filter]) -> NDArray[np.bool_]:
    """(n,) the live products for which all filters hold."""
    passing = view.alive.copy()
    for wish in filters:
        passing &= _holds(view, wish)
    return passing


def count_facet(view: View, rows: NDArray[np.int32], field: FacetField, limit: int) -> tuple[FacetCount, ...]:
    """Facet counts over product rows, as `Snapshot.facets` says."""
    counts = [FacetCount(value, count) for value, count in view.index.facets[field].counts(rows)]
    if field is FacetField.PRICE:
        return tuple(sorted(counts, key=lambda facet: bucket_bounds(facet.value)))
    return tuple(sorted(counts, key=lambda facet: (-facet.count, facet.value.casefold()))[:limit])


def _holds(view: View, wish: Filter) -> NDArray[np.bool_]:
    index = view.index
    match wish:
        case OneOf(field=FacetField.PRICE, values=values):
            for value in values:
                bucket_bounds(value)
            return index.facets[FacetField.PRICE].holding(values, view.count)
        case OneOf(field=field, values=values):
            return index.facets[field].holding(values, view.count)
        case PriceBetween(low=low, high=high):
            holds = ~np.isnan(view.prices)
            # Comparing as floats cannot leave a bound out: rounding keeps order, and equal amounts round alike.
            if low is not None:
                holds &= view.prices >= float(low)
            if high is not None:
                holds &= view.prices <= float(high)
            return holds
        case HasAttribute(name=name, values=values, min_confidence=least):
            return _confident(view, Channel.ATTRIBUTES, [f"{name}={value}" for value in values], least)
        case HasLabel(names=names, min_confidence=least):
            return _confident(view, Channel.LABELS, names, least)
        case AfterProduct(id=product_id):
            return index.lookup.after(product_id, view.count)
        case NotProduct(ids=ids):
            holds = np.ones(view.count, dtype=np.bool_)
            holds[view.rows_of(ids)] = False
            return holds
    raise UnknownFilter(f"The catalog has no filter like {wish!r}.")


def _confident(view: View, channel: Channel, terms: Iterable[str], least: float) -> NDArray[np.bool_]:
    """(n,) the products that have one of the terms with at least this weight."""
    holds = np.zeros(view.count, dtype=np.bool_)
    for term in terms:
        rows, weights = view.index.postings[channel].of(term.strip().casefold(), view.count)
        holds[rows[weights >= np.float32(least)]] = True
    return holds


def _other_signals(
    view: View, query: Query, words: Words | None, passing: NDArray[np.bool_]
) -> dict[Channel, NDArray[np.float32]]:
    """channel -> (n,) signal of every passing product, 0 for others; in the channels' order, TEXT last."""
    signals: dict[Channel, NDArray[np.float32]] = {}
    for channel in SPARSE_CHANNELS:
        if terms := query.terms.get(channel):
            signals[channel] = view.index.postings[channel].scores(terms, view.count)
            signals[channel] *= passing
    if words is not None:
        signals[Channel.TEXT] = _relative(view, words, passing)
    return signals


def _relative(view: View, words: Words, passing: NDArray[np.bool_]) -> NDArray[np.float32]:
    rows = view.rows_of_keys(words.keys)
    found = rows >= 0
    found[found] = passing[rows[found]]
    signal = np.zeros(view.count, dtype=np.float32)
    signal[rows[found]] = words.relevance[found]
    best = signal.max(initial=0.0)
    return signal / best if best > 0 else signal


def _without_look(
    view: View, query: Query, passing: NDArray[np.bool_], others: dict[Channel, NDArray[np.float32]]
) -> tuple[Candidates, NDArray[np.int32]]:
    matching = _matching(passing, others) if others else passing
    rows = np.flatnonzero(matching).astype(np.int32)
    sparse = np.zeros(rows.size)
    for channel in SPARSE_CHANNELS:
        if channel in others:
            sparse += others[channel][rows]
    orders: Orders = [others[Channel.TEXT][rows]] if Channel.TEXT in others else []
    orders.append(np.round(sparse, 6))  # the order of adding must not decide a tie
    complete = rows.size <= query.limit
    if not complete:
        first = _best(view, rows, orders, query.limit)
        kept = first[: (query.limit + 1) // 2]
        kept = _with_best_of_others(view, kept, others, query.limit)
        chosen = _fill(kept, first, query.limit)
        orders = [order[np.searchsorted(rows, chosen)] for order in orders]
        rows = chosen
    rows = rows[_order(view, rows, orders)]
    images = np.zeros(rows.size, dtype=np.int32)
    return Candidates(_candidates(view, rows, images, None, others), complete), rows


def _with_look(
    view: View, query: Query, photo: VectorQuery, passing: NDArray[np.bool_], others: dict[Channel, NDArray[np.float32]]
) -> tuple[Candidates, NDArray[np.int32]]:
    seen, approximate = _scan(view, photo, passing)
    bare = _matching(passing & (view.pictured == 0), others)
    matches = seen.size + int(np.count_nonzero(bare))
    bare_rows = np.flatnonzero(bare).astype(np.int32)
    complete = matches <= query.limit
    near = seen if complete else _nearest(view, photo, seen, approximate, query.limit)
    compared = _exact(view, photo, near)
    if complete:
        rows = np.concatenate([seen, bare_rows])
    else:
        first = near[_order(view, near, [compared[0]])][: query.limit]
        if first.size < query.limit:
            by_id = bare_rows[_order(view, bare_rows, [])]
            first = np.concatenate([first, by_id[: query.limit - first.size]])
        kept = first[: (query.limit + 1) // 2]
        kept = _with_best_of_others(view, kept, others, query.limit)
        rows = _fill(kept, first, query.limit)
    has_look = view.pictured[rows] > 0
    cosines = np.full(rows.size, _NO_LOOK)
    images = np.zeros(rows.size, dtype=np.int32)
    cosines[has_look], images[has_look] = _exact_too(view, photo, rows[has_look], near, compared)
    order = _order(view, rows, [cosines])
    return Candidates(_candidates(view, rows[order], images[order], cosines[order], others), complete), rows[order]


def _matching(passing: NDArray[np.bool_], others: dict[Channel, NDArray[np.float32]]) -> NDArray[np.bool_]:
    matching = np.zeros(passing.size, dtype=np.bool_)
    for signal in others.values():
        matching |= signal > 0
    return matching & passing


def _scan(view: View, photo: VectorQuery, passing: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The passing products with a picture, ascending, and the approximate cosine of the best picture of each."""
    rows = np.flatnonzero(passing & (view.pictured > 0)).astype(np.int32)
    if rows.size == 0:
        return rows, np.zeros(0, dtype=np.float32)
    pictures = int(view.pictured[rows].sum())
    if pictures < _SUBSET_SHARE * view.owners.size:
        wanted = _pictures_of(view, rows)
        scores = photo.scan_rows(view.codes, view.scales, wanted)
    else:
        scores = photo.scan(view.codes, view.scales)
        if pictures < scores.size:
            scores = scores[passing[view.owners]]
    if pictures == rows.size:
        return rows, scores
    counts = view.pictured[rows]
    return rows, np.maximum.reduceat(scores, np.cumsum(counts) - counts)


def _pictures_of(view: View, rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """The picture rows of products, grouped in the products' order."""
    counts = view.pictured[rows]
    starts = np.cumsum(counts) - counts
    places: NDArray[np.int32] = np.repeat(view.first[rows] - starts, counts).astype(np.int32)
    places += np.arange(places.size, dtype=np.int32)
    return places


def _nearest(
    view: View, photo: VectorQuery, rows: NDArray[np.int32], approximate: NDArray[np.float32], limit: int
) -> NDArray[np.int32]:
    """So many of the products that the `limit` nearest are among them, whatever the codes' rounding did.

    Most often a few more than `limit`; where all pictures look nearly the same it may be all of them, which then costs
    about as much as the scan did.
    """
    if rows.size <= limit:
        return rows
    edge = np.partition(approximate, rows.size - limit)[rows.size - limit] - photo.margin(view.index.worst_error)
    near: NDArray[np.int32] = rows[approximate >= edge]
    return near


def _exact(view: View, photo: VectorQuery, rows: NDArray[np.int32]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """The cosine of the best picture of each product, and that picture's position (the first of equal ones)."""
    if rows.size == 0:
        return np.zeros(0), np.zeros(0, dtype=np.int32)
    pictures = _pictures_of(view, rows)
    cosines = photo.exact_rows(view.halves, pictures)
    counts = view.pictured[rows]
    starts = np.cumsum(counts) - counts
    best = np.maximum.reduceat(cosines, starts)
    is_best = cosines >= np.repeat(best, counts)
    places = np.where(is_best, np.arange(pictures.size), pictures.size)
    return best, view.positions[pictures[np.minimum.reduceat(places, starts)]]


def _exact_too(
    view: View,
    photo: VectorQuery,
    rows: NDArray[np.int32],
    known: NDArray[np.int32],
    compared: tuple[NDArray[np.float64], NDArray[np.int32]],
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """What _exact gives for these products, of which most are among the known ones (ascending), compared before."""
    places = np.searchsorted(known, rows)
    there = _among(rows, known, places)
    cosines, images = np.empty(rows.size), np.empty(rows.size, dtype=np.int32)
    cosines[there], images[there] = (values[places[there]] for values in compared)
    cosines[~there], images[~there] = _exact(view, photo, rows[~there])
    return cosines, images


def _among(rows: NDArray[np.int32], known: NDArray[np.int32], places: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether each row is one of the known ones (ascending). places: where it would stand among them."""
    if known.size == 0:
        return np.zeros(rows.size, dtype=np.bool_)
    found: NDArray[np.bool_] = known[np.minimum(places, known.size - 1)] == rows
    return found


def _best(view: View, rows: NDArray[np.int32], orders: Orders, count: int) -> NDArray[np.int32]:
    """The `count` first rows by descending orders, ties by product id; in that order."""
    if 0 < count < rows.size:
        edge = np.partition(orders[0], rows.size - count)[rows.size - count]
        inside = orders[0] >= edge
        rows, orders = rows[inside], [order[inside] for order in orders]
    return rows[_order(view, rows, orders)[:count]]


def _order(view: View, rows: NDArray[np.int32], orders: Orders) -> NDArray[np.intp]:
    keys: list[NDArray[Any]] = [view.index.lookup.id_order(rows), *(-order for order in reversed(orders))]
    return np.lexsort(keys)


def _with_best_of_others(
    view: View,
    kept: NDArray[np.int32],
    others: dict[Channel, NDArray[np.float32]],
    limit: int,
) -> NDArray[np.int32]:
    """The kept rows and the best tenth of the limit of every other channel, ascending."""
    for signal in others.values():
        strong = np.flatnonzero(signal > 0).astype(np.int32)  # where filters fail it is 0
        kept = np.concatenate([kept, _best(view, strong, [signal[strong]], limit // 10)])
    return np.unique(kept).astype(np.int32)


def _fill(kept: NDArray[np.int32], first: NDArray[np.int32], limit: int) -> NDArray[np.int32]:
    """The kept rows (ascending), and of the first ones so many that there are `limit`, ascending."""
    more = first[~_among(first, kept, np.searchsorted(kept, first))][: limit - kept.size]
    return np.sort(np.concatenate([kept, more]))


def _candidates(
    view: View,
    rows: NDArray[np.int32],
    images: NDArray[np.int32],
    cosines: NDArray[np.float64] | None,
    others: dict[Channel, NDArray[np.float32]],
) -> tuple[Candidate, ...]:
    picked = rows.tolist()
    ids, groups = view.index.lookup.ids.of(picked), view.index.groups.of(picked)
    columns: dict[Channel, NDArray[Any]] = {channel: signal[rows] for channel, signal in others.items()}
    if cosines is not None:
        columns[Channel.LOOK] = cosines
    channels = tuple(columns)
    values = zip(*(column.tolist() for column in columns.values()), strict=True) if columns else ((),) * len(picked)
    signals = [dict(zip(channels, value, strict=True)) for value in values]
    if cosines is not None:
        for row in np.flatnonzero(cosines == _NO_LOOK).tolist():
            del signals[row][Channel.LOOK]
    return tuple(map(Candidate._make, zip(ids, groups, images.tolist(), signals, strict=True)))
