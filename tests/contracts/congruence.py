"""When two engines give the same answer: the one place with the tolerances and the rules for ties.

Two answers agree when
- both say the same of `complete`;
- they have the same products; only where more matched than came, a product of the one may stand for another of the
  other that looks as near, within LOOK;
- the signals of a product agree: LOOK within LOOK, sparse channels within SPARSE, TEXT in being there or not, because
  every engine has its own scale for words;
- the order of the one is the order of the other, but for products whose values differ by no more than the tolerance;
- facets over the same products are the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from app.catalog import (
    MAX_CANDIDATES,
    Candidate,
    Candidates,
    Channel,
    FacetCount,
    FacetField,
    Product,
    Query,
    QueryVector,
    Snapshot,
)
from tests.contracts.conftest import EMBEDDER
from tests.contracts.reference import a_random_product, a_random_query

LOOK = 1e-3
SPARSE = 1e-4
_WORDS = ("soft", "big", "plain", "chair", "lamp", "mug", "velvet", "oak", "nordhem", "zeppelin")


def a_shop(rng: np.random.Generator) -> list[Product]:
    """Up to 400 products; one in ten looks exactly like another one, so that there are ties."""
    products = [a_random_product(rng, f"r{number:03d}") for number in range(int(rng.integers(50, 400)))]
    for number in range(0, len(products), 10):
        products[number] = replace(products[number], images=products[int(rng.integers(len(products)))].images)
    return products


def a_question(rng: np.random.Generator, products: Sequence[Product]) -> Query:
    """Any of the channels and filters, at any limit; a text only where all matches come.

    Which of too many matches for a text come is decided by how an engine scores words, and they may differ in that.
    """
    limit = int(rng.choice([10, 24, 100, MAX_CANDIDATES]))
    query = a_random_query(rng, limit=limit)
    if query.vector is not None and rng.random() < 0.3:  # a photo of something that is sold
        seen = [image.evidence for product in products for image in product.images if image.evidence is not None]
        if seen:
            query = replace(query, vector=QueryVector(EMBEDDER, seen[int(rng.integers(len(seen)))].embedding))
    if limit == MAX_CANDIDATES and rng.random() < 0.5:
        count = int(rng.integers(1, 4))
        query = replace(query, text=" ".join(rng.choice(_WORDS, size=count)))
    return query


async def disagreements(query: Query, one: Snapshot, other: Snapshot) -> list[str]:
    """In what two engines disagree about a query; empty when they agree."""
    first, second = await one.retrieve(query), await other.retrieve(query)
    found = [] if first.complete == second.complete else [f"complete: {first.complete}, {second.complete}"]
    found += _members(first, second)
    found += _order(query, first, second) + _order(query, second, first)
    known = {item.product_id: item for item in second.items}
    both = [(item, known[item.product_id]) for item in first.items if item.product_id in known]
    found += [f"{item.product_id}: {problem}" for item, twin in both if (problem := _signals(item, twin))]
    ids = [item.product_id for item in first.items]
    left = await one.facets(ids, list(FacetField), limit=1_000)
    right = await other.facets(ids, list(FacetField), limit=1_000)
    return found + [f"facet {field}" for field in FacetField if _folded(left[field]) != _folded(right[field])]


def _members(first: Candidates, second: Candidates) -> list[str]:
    ids = [{item.product_id for item in answer.items} for answer in (first, second)]
    left, right = (
        sorted(
            (item.signals.get(Channel.LOOK, -2.0), item.product_id) for item in answer.items if item.product_id in only
        )
        for answer, only in ((first, ids[0] - ids[1]), (second, ids[1] - ids[0]))
    )
    ties = not first.complete and len(left) == len(right)
    ties = ties and all(abs(a - b) <= LOOK for (a, _), (b, _) in zip(left, right, strict=False))
    return [] if ties or not (left or right) else [f"only one has {left}, only the other {right}"]


def _order(query: Query, first: Candidates, second: Candidates) -> list[str]:
    known = {item.product_id: item for item in second.items}
    values = [_rank(query, known[item.product_id]) for item in first.items if item.product_id in known]
    has_text = Channel.TEXT in (first.items[0].signals if first.items else ())
    return ["order"] if not has_text and any(a < b - LOOK for a, b in pairwise(values)) else []


def _signals(item: Candidate, twin: Candidate) -> str:
    if set(item.signals) != set(twin.signals):
        return f"channels {set(item.signals)}, {set(twin.signals)}"
    for channel, value in item.signals.items():
        other = twin.signals[channel]
        if channel is Channel.TEXT:
            same = (value > 0) == (other > 0)
        else:
            same = abs(value - other) <= (LOOK if channel is Channel.LOOK else SPARSE * max(1.0, abs(value)))
        if not same:
            return f"{channel} {value}, {other}"
    return ""


def _rank(query: Query, item: Candidate) -> float:
    if query.vector is not None:
        return item.signals.get(Channel.LOOK, -2.0)
    return sum(value for channel, value in item.signals.items() if channel is not Channel.TEXT)


def _folded(counts: Sequence[FacetCount]) -> Mapping[str, int]:
    return {facet.value.casefold(): facet.count for facet in counts}
