"""Pure: one card for the variants of one thing, opened on the one that is most like the photo.

Variants share an item_group_id. Products of several groups, or of none, are the same thing where their pictures are
(closer.py: twins), because the shop lists it twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.catalog import FacetCount, FacetField, Product, bucket_bounds, facet_values
from app.search.rank import Scored

Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Card:
    """What is shown as one: the best of the variants, and the others of the result set, best first."""

    best: Scored
    others: tuple[Scored, ...] = ()


def folded(results: Sequence[Scored], twins: Pairs = ()) -> list[Card]:
    """One card for each thing, in the order of their best. results: best first. twins: ids of the same thing.

    Every result is in exactly one card. The order of twins does not matter.
    """
    root = {one.product_id: one.product_id for one in results}

    def of(product_id: str) -> str:
        while root[product_id] != product_id:
            root[product_id] = root[root[product_id]]
            product_id = root[product_id]
        return product_id

    first: dict[str, str] = {}
    tied = [(one.product_id, first.setdefault(one.candidate.group_id, one.product_id)) for one in results]
    grouped = [pair for pair, one in zip(tied, results, strict=True) if one.candidate.group_id]
    for one_id, other in (*grouped, *((a, b) for a, b in twins if a in root and b in root)):
        root[of(one_id)] = of(other)
    cards: dict[str, list[Scored]] = {}
    for one in results:
        cards.setdefault(of(one.product_id), []).append(one)
    return [Card(members[0], tuple(members[1:])) for members in cards.values()]


def each_alone(results: Sequence[Scored]) -> list[Card]:
    """A card for each product."""
    return [Card(one) for one in results]


def several(cards: Sequence[Card]) -> list[str]:
    """The ids of products that share a card with another."""
    return [one.product_id for card in cards if card.others for one in (card.best, *card.others)]


def by_card(
    counts: Mapping[FacetField, tuple[FacetCount, ...]],
    cards: Sequence[Card],
    products: Mapping[str, Product],
    limit: int,
) -> dict[FacetField, tuple[FacetCount, ...]]:
    """Facet counts of cards from those of products: a value that several variants of a card have counts once, so that
    the count is the total behind it.

    counts: over all products of the cards. products: those of `several`, by id; a missing one counts for nothing.
    """
    return {field: _corrected(field, found, cards, products, limit) for field, found in counts.items()}


def _corrected(
    field: FacetField,
    found: Sequence[FacetCount],
    cards: Sequence[Card],
    products: Mapping[str, Product],
    limit: int,
) -> tuple[FacetCount, ...]:
    repeated: dict[str, int] = {}
    for card in cards:
        seen: set[str] = set()
        for one in (card.best, *card.others) if card.others else ():
            product = products.get(one.product_id)
            values = {value.casefold() for value in facet_values(product, field)} if product is not None else set()
            for value in values & seen:
                repeated[value] = repeated.get(value, 0) + 1
            seen |= values
    counted = [FacetCount(one.value, one.count - repeated.get(one.value.casefold(), 0)) for one in found]
    if field is FacetField.PRICE:
        return tuple(sorted(counted, key=lambda one: bucket_bounds(one.value)))
    return tuple(sorted(counted, key=lambda one: (-one.count, one.value.casefold()))[:limit])
