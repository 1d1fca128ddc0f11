"""Facet counts from aggregations. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.catalog.facets import bucket_bounds
from app.catalog.model import FacetCount, FacetField

MAX_IDS = 60_000
"""Product ids that one search may name; Elasticsearch's own limit is 65,536."""


def facet_counts(
    aggregations: Sequence[Mapping[str, Any]], fields: Iterable[FacetField], limit: int
) -> dict[FacetField, tuple[FacetCount, ...]]:
    """The counts of several answers together, as `Snapshot.facets` says."""
    return {
        field: _counts([answer[field.value]["buckets"] for answer in aggregations], field, limit) for field in fields
    }


def chunked(ids: Sequence[str]) -> list[list[str]]:
    """The different ids, so many at a time as one search may name; one empty chunk where there are none."""
    unique = list(dict.fromkeys(ids))
    return [unique[start : start + MAX_IDS] for start in range(0, max(1, len(unique)), MAX_IDS)]


def _counts(answers: Iterable[Iterable[Mapping[str, Any]]], field: FacetField, limit: int) -> tuple[FacetCount, ...]:
    counts: dict[str, int] = {}
    spellings: dict[str, str] = {}
    for buckets in answers:
        for bucket in buckets:
            folded = bucket["key"].casefold()
            spellings.setdefault(folded, bucket["key"])
            counts[folded] = counts.get(folded, 0) + bucket["doc_count"]
    found = [FacetCount(spellings[folded], count) for folded, count in counts.items()]
    if field is FacetField.PRICE:
        return tuple(sorted(found, key=lambda facet: bucket_bounds(facet.value)))
    return tuple(sorted(found, key=lambda facet: (-facet.count, facet.value.casefold()))[:limit])
