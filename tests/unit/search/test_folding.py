"""Cards: variants of one thing share one, opened on the best; counts are those of cards."""

from collections import Counter
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from app.catalog import Candidate, FacetCount, FacetField, Product
from app.search.folding import by_card, each_alone, folded, several
from app.search.rank import Scored
from tests.builders import a_product

numbers = st.integers(0, 11)
groups = st.lists(st.sampled_from(["", "g1", "g2", "g3"]), min_size=1, max_size=12)


def results(of: list[str]) -> list[Scored]:
    """Products p0, p1, … of these groups, best first."""
    return [Scored(Candidate(f"p{n}", group, 0, {}), 1.0 - n / 20) for n, group in enumerate(of)]


@given(groups, st.lists(st.tuples(numbers, numbers), max_size=6), st.randoms(use_true_random=False))
def test_every_result_is_in_one_card_that_opens_on_its_best(
    of: list[str], pairs: list[tuple[int, int]], random: Random
) -> None:
    found = results(of)
    twins = [(f"p{one}", f"p{other}") for one, other in pairs]
    cards = folded(found, twins)
    members = [one.product_id for card in cards for one in (card.best, *card.others)]
    assert sorted(members) == sorted(one.product_id for one in found)
    assert [card.best.score for card in cards] == sorted((card.best.score for card in cards), reverse=True)
    card_of = {one.product_id: n for n, card in enumerate(cards) for one in (card.best, *card.others)}
    for card in cards:
        assert all(card.best.score >= one.score for one in card.others)
    for one, other in pairwise(found):
        if one.candidate.group_id and one.candidate.group_id == other.candidate.group_id:
            assert card_of[one.product_id] == card_of[other.product_id]
    for left, right in twins:
        if left in card_of and right in card_of:
            assert card_of[left] == card_of[right]
    random.shuffle(twins)
    assert folded(found, [(b, a) for a, b in twins]) == cards


def test_what_has_nothing_in_common_stays_apart() -> None:
    found = results(["", "", "g1"])
    assert folded(found) == each_alone(found)
    assert several(folded(found)) == []


@given(st.lists(st.tuples(st.sampled_from(["", "g1", "g2"]), st.sampled_from(["red", "teal", "red/teal"])), min_size=1))
def test_a_value_counts_once_a_card(about: list[tuple[str, str]]) -> None:
    found = results([group for group, _ in about])
    products: dict[str, Product] = {f"p{n}": a_product(f"p{n}", color=color) for n, (_, color) in enumerate(about)}
    counts = Counter(value for _, color in about for value in color.split("/"))
    facets = {FacetField.COLOR: tuple(FacetCount(value, count) for value, count in counts.items())}
    cards = folded(found)
    told = by_card(facets, cards, {one: products[one] for one in several(cards)}, 20)[FacetField.COLOR]
    by_hand = Counter(
        value
        for card in cards
        for value in {v for one in (card.best, *card.others) for v in products[one.product_id].color.split("/")}
    )
    assert {one.value: one.count for one in told} == by_hand
    assert [one.count for one in told] == sorted((one.count for one in told), reverse=True)
