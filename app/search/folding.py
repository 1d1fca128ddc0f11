"""Pure: one card for the variants of one thing, opened on the one that is most like the photo.

Variants share an item_group_id. Products of several groups, or of none, are the same thing where their pictures are
(closer.py: twins), because the shop lists it twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from app.catalog import FacetCount, FacetField, Product, bucket_bounds, facet_values
from app.search.rank import Scored

Pairs = Iterable[tuple[str, str]]
Thing = tuple[str, str]
"""(item_group_id, "") of variants; ("", product id) of a product that is no variant."""


class Card(NamedTuple):
    """What is shown as one: the best of the variants, and the others of the result set, best first."""

    best: Scored
    others: tuple[Scored, ...] = ()


def folded(results: Sequence[Scored], twins: Pairs = ()) -> list[Card]:
    """One card for each thing, in the order of their best. results: best first. twins: ids of the same thing.

    Every result is in exactly one card. The order of twins does not matter.
    """
    taken_for = _same_things(results, tuple(twins))
    if not taken_for and not any(one.candidate.group_id for one in results):
        return each_alone(results)
    cards: list[list[Scored]] = []
    place: dict[Thing, list[Scored]] = {}
    for one in results:
        thing = _thing(one)
        if taken_for:
            thing = taken_for.get(thing, thing)
        members = place.get(thing)
        if members is None:
            place[thing] = members = []
            cards.append(members)
        members.append(one)
    return [Card(members[0], tuple(members[1:])) if len(members) > 1 else Card(members[0]) for members in cards]


def _thing(one: Scored) -> Thing:
    candidate = one.candidate
    return (candidate.group_id, "") if candidate.group_id else ("", candidate.product_id)


def _same_things(results: Sequence[Scored], twins: Sequence[tuple[str, str]]) -> dict[Thing, Thing]:
    """Of things that twins tie together, each with the one that stands for all of them."""
    tied = {product_id for pair in twins for product_id in pair}
    things = {one.product_id: _thing(one) for one in results if one.product_id in tied} if tied else {}
    root = {thing: thing for thing in things.values()}

    def of(thing: Thing) -> Thing:
        while root[thing] != thing:
            root[thing] = root[root[thing]]
            thing = root[thing]
        return thing

    for one, other in twins:
        if one in things and other in things:
            root[of(things[one])] = of(things[other])
    return {thing: of(thing) for thing in root}


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
