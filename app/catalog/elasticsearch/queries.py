"""Query to request bodies. Pure: what is sent can be read and tested without a server."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.catalog.elasticsearch.documents import MAX_POSITION, token
from app.catalog.errors import UnknownFilter
from app.catalog.facets import bucket_bounds
from app.catalog.model import (
    SPARSE_CHANNELS,
    AfterProduct,
    Channel,
    FacetField,
    Filter,
    HasAttribute,
    HasLabel,
    NotProduct,
    OneOf,
    PriceBetween,
    Query,
)

Clause = dict[str, Any]
Body = dict[str, Any]

MAX_WORDS = 32
"""Words of a query that are looked for; more add time, not meaning."""

MAX_BUCKETS = 60_000
"""Distinct facet values that are counted; Elasticsearch's own limit is 65,536."""

_WORD = re.compile(r"[^\W_]+")
_TEXT_FIELDS = ("title^10", "brand^6", "type^8", "color^4", "material^4", "category^4", "description")
_STEPS = 1 << 17
_BY_SCORE = [{"_score": "desc"}, {"id": "asc"}]
_NOTHING: Clause = {"match_none": {}}
_PICTURED: Clause = {"range": {"pictures": {"gt": 0}}}

# One number holds how near the best picture is and which one it is: 18 bits of cosine + 1 (steps of 8e-6, finer than
# the float16 the vector was rounded to), then six of the position. Inner hits would name the picture too, at some
# 0.3 ms a product.
_CODED = (
    f"Math.min({2 * _STEPS - 1}.0, Math.floor((cosineSimilarity(params.look, 'images.vector') + 1.0) * {_STEPS}.0))"
    f" * {MAX_POSITION + 1}.0"
    f" + ({MAX_POSITION} - doc['images.position'].value)"
)
_PLAIN = "cosineSimilarity(params.look, 'images.vector') + 1.0"


def conditions(filters: Iterable[Filter]) -> list[Clause]:
    """One clause per filter; a product passes when all hold. Raises UnknownFilter."""
    return [_condition(wish) for wish in filters]


def channel_clause(query: Query, channel: Channel) -> Clause | None:
    """What a product must match to have a signal in a channel other than LOOK; None when the channel is not asked."""
    if channel is Channel.TEXT:
        return text_clause(query.text) if query.text.strip() else None
    terms = query.terms.get(channel)
    if not terms:
        return None
    weights: dict[str, float] = {}
    for term, weight in terms.items():
        if weight > 0:
            name = token(term.strip().casefold())
            weights[name] = weights.get(name, 0.0) + weight
    if not weights:
        return _NOTHING
    return {"sparse_vector": {"field": f"channels.{channel.value}", "query_vector": weights, "prune": False}}


def text_clause(text: str) -> Clause:
    """Any of the words, in any field; how much a field counts is what the embedded engine gives it."""
    words = list(dict.fromkeys(word.casefold() for word in _WORD.findall(text)))[:MAX_WORDS]
    if not words:
        return _NOTHING
    return {"multi_match": {"query": " ".join(words), "fields": list(_TEXT_FIELDS), "type": "most_fields"}}


def asked_channels(query: Query) -> list[Channel]:
    """The channels other than LOOK a query asks, in the channels' order, TEXT last."""
    asked = [channel for channel in SPARSE_CHANNELS if query.terms.get(channel)]
    return [*asked, Channel.TEXT] if query.text.strip() else asked


def listing(filters: Sequence[Clause], size: int) -> Body:
    """Every product that passes, by id."""
    return _found({"bool": {"filter": list(filters)}}, size, facts=True, sort=[{"id": "asc"}], total=size + 1)


def matching(filters: Sequence[Clause], any_of: Sequence[Clause], size: int) -> Body:
    """Products that pass and match any of the clauses, by the sum of their scores. total: up to size + 1."""
    return _found(_any(filters, any_of), size, facts=True, sort=_BY_SCORE, total=size + 1)


def best(filters: Sequence[Clause], clause: Clause, size: int) -> Body:
    """The best of one channel."""
    return _found({"bool": {"filter": list(filters), "must": [clause]}}, size, facts=True, sort=_BY_SCORE)


def scored(ids: Sequence[str], clause: Clause) -> Body:
    """The score of these products in one channel."""
    return _found({"bool": {"filter": [of_ids(ids)], "must": [clause]}}, len(ids))


def counted(filters: Sequence[Clause], any_of: Sequence[Clause], up_to: int) -> Body:
    """How many products pass and match any of the clauses, counted up to a number."""
    return _found(_any(filters, any_of), 0, total=up_to)


def nearest(filters: Sequence[Clause], look: NDArray[np.float32], size: int, oversample: float) -> Body:
    """The products with the nearest pictures, through the graph; the scores are those of the exact vectors."""
    # Under a filter that passes a tenth to a half the graph loses neighbors: of 100,000 pictures recall@100 is 0.92 to
    # 0.98 with 500 candidates, 0.96 to 0.996 with 1,000 and 0.991 to 0.996 with 2,000 (bench/es_100k.py).
    knn = {
        "field": "images.vector",
        "query_vector": look.tolist(),
        "k": size,
        "num_candidates": min(10_000, max(2_000 if filters else 1_000, round(size * 1.5))),
        "rescore_vector": {"oversample": oversample},
        "filter": list(filters),
    }
    return _found(None, size) | {"knn": knn}


def nearest_exactly(filters: Sequence[Clause], look: NDArray[np.float32], size: int) -> Body:
    """The products with the nearest pictures, comparing every one that passes; ties by id."""
    query = {"bool": {"filter": [*filters, _PICTURED], "must": [_compared(look, _PLAIN)]}}
    return _found(query, size, sort=_BY_SCORE)


def coded_look(condition: Clause, look: NDArray[np.float32], size: int) -> Body:
    """Facts of all products under a condition, with their look, see look_of(), where they have a picture."""
    query = {"bool": {"filter": [condition], "should": [_compared(look, _CODED)]}}
    return _found(query, size, facts=True)


def look_of(score: float) -> tuple[float, int] | None:
    """The cosine and the position of the best picture, from a score of coded_look(); None without a picture."""
    code = round(score)
    if code <= 0:
        return None
    steps, place = divmod(code, MAX_POSITION + 1)
    return (steps + 0.5) / _STEPS - 1.0, MAX_POSITION - place


def any_match(filters: Sequence[Clause], any_of: Sequence[Clause]) -> Clause:
    """The products coded_look() is wanted of: those that pass, with a picture or a match in another channel."""
    return _any(filters, [_PICTURED, *any_of])


def bare_matching(filters: Sequence[Clause], any_of: Sequence[Clause], size: int) -> Body:
    """Products without a picture that match another channel, by id."""
    bare = [*filters, {"term": {"pictures": 0}}]
    return _found(_any(bare, any_of), size, facts=True, sort=[{"id": "asc"}])


def pictured() -> Clause:
    """Products with at least one picture that can be compared."""
    return dict(_PICTURED)


def of_ids(ids: Sequence[str]) -> Clause:
    """Exactly these products."""
    return {"terms": {"id": list(ids)}}


def counts(filters: Sequence[Clause], fields: Iterable[FacetField]) -> Body:
    """How many products pass, and how many of them have each value of each field."""
    return {
        "size": 0,
        "track_total_hits": True,
        "query": {"bool": {"filter": list(filters)}},
        "aggs": {
            field.value: {
                "terms": {
                    "field": f"facets.{field.value}",
                    "size": MAX_BUCKETS,
                    "order": [{"_count": "desc"}, {"_key": "asc"}],
                }
            }
            for field in fields
        },
    }


def sizes() -> Body:
    """How many products and pictures with a vector an index has."""
    return {"size": 0, "track_total_hits": True, "aggs": {"pictures": {"sum": {"field": "pictures"}}}}


def _condition(wish: Filter) -> Clause:
    match wish:
        case OneOf(field=field, values=values):
            if field is FacetField.PRICE:
                for value in values:
                    bucket_bounds(value)
            return {"terms": {f"filters.{field.value}": [value.casefold() for value in values]}}
        case PriceBetween(low=low, high=high):
            bounds: Mapping[str, float | None] = {
                "gte": None if low is None else float(low),
                "lte": None if high is None else float(high),
            }
            given = {name: bound for name, bound in bounds.items() if bound is not None}
            return {"range": {"pays": given}} if given else {"exists": {"field": "pays"}}
        case HasAttribute(name=name, values=values, min_confidence=least):
            return _confident("attributes", [f"{name}={value}" for value in values], least)
        case HasLabel(names=names, min_confidence=least):
            return _confident("labels", names, least)
        case AfterProduct(id=product_id):
            return {"range": {"id": {"gt": product_id}}}
        case NotProduct(ids=ids):
            return {"bool": {"must_not": [of_ids(ids)]}}
    raise UnknownFilter(f"The catalog has no filter like {wish!r}.")


def _confident(path: str, terms: Iterable[str], least: float) -> Clause:
    said = {"terms": {f"{path}.term": [term.strip().casefold() for term in terms]}}
    bound = {"gte": least} if least > 0 else {"gt": 0}
    return {"nested": {"path": path, "query": {"bool": {"filter": [said, {"range": {f"{path}.confidence": bound}}]}}}}


def _any(filters: Sequence[Clause], any_of: Sequence[Clause]) -> Clause:
    return {"bool": {"filter": list(filters), "should": list(any_of), "minimum_should_match": 1}}


def _compared(look: NDArray[np.float32], script: str) -> Clause:
    with_vector = {"exists": {"field": "images.vector"}}
    source = {"source": script, "params": {"look": look.tolist()}}
    compared = {"script_score": {"query": with_vector, "script": source}}
    return {"nested": {"path": "images", "score_mode": "max", "query": compared}}


def _found(
    query: Clause | None,
    size: int,
    *,
    facts: bool = False,
    sort: Sequence[Mapping[str, str]] | None = None,
    total: int | bool = False,
) -> Body:
    body: Body = {
        "size": size,
        "_source": False,
        # The id is a column of its own: reading `_id` would unpack the stored product of every hit.
        "stored_fields": "_none_",
        "docvalue_fields": ["id", "facts"] if facts else ["id"],
        "track_total_hits": total,
    }
    if query is not None:
        body["query"] = query
    if sort is not None:
        body |= {"sort": list(sort), "track_scores": True}
    return body
