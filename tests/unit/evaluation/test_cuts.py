"""The rule that chooses the shipped cuts: on photos of the fit, and on nothing else."""

import numpy as np

from app.evaluation import Pairs
from app.search import FEATURES, Feature, Weights
from training.cuts import CLOSE, LOOSE, chosen

LOOK = FEATURES.index(Feature.LOOK)
WEIGHTS = Weights(-8.0, {Feature.LOOK: 16.0})


def looks(score: float) -> float:
    """The value of LOOK that WEIGHTS scores so."""
    return float((np.log(score / (1.0 - score)) + 8.0) / 16.0)


def photos(best: list[float], others: float, *, sold: bool, first: int = 1) -> tuple[Pairs, set[int]]:
    """A photo for each score in `best`, with ten more candidates of the score `others`."""
    rows, very, photo = [], [], []
    for number, score in enumerate(best, start=first):
        rows += [score] + [others] * 10
        very += [float(sold)] + [0.0] * 10
        photo += [number] * 11
    features = np.zeros((len(rows), len(FEATURES)))
    features[:, LOOK] = [looks(score) for score in rows]
    pairs = Pairs(features, np.array(very), np.array(very), np.ones(len(rows)), np.array(photo, dtype=np.intp))
    return pairs, set() if sold else set(range(first, first + len(best)))


def test_close_begins_where_things_not_sold_hardly_reach() -> None:
    sold, _ = photos([0.9] * 40, 0.001, sold=True)
    foreign, strangers = photos([0.3] * 44 + [0.62] * 4 + [0.77] * 2, 0.001, sold=False, first=41)
    cuts = chosen([sold, foreign], strangers, WEIGHTS)
    assert cuts.close == 0.65  # 6 of 50 reach 0.6, 2 of 50 reach 0.65
    assert cuts.loose == LOOSE[0]


def test_loose_keeps_what_ranks_among_the_first_in_each_shop() -> None:
    easy, _ = photos([0.9] * 100, 0.001, sold=True)
    hard, _ = photos([0.03] * 90 + [0.007] * 10, 0.001, sold=True, first=101)
    foreign, strangers = photos([0.3] * 20, 0.001, sold=False, first=201)
    assert chosen([easy, foreign], strangers, WEIGHTS).loose == LOOSE[0]
    assert chosen([easy, hard, foreign], strangers, WEIGHTS).loose == 0.006


def test_what_ranks_far_down_asks_for_no_lower_cut() -> None:
    lost, _ = photos([0.001] * 20, 0.004, sold=True)
    assert chosen([lost], set(), WEIGHTS).loose == LOOSE[0]


def test_where_no_cut_will_do_the_last_is_taken() -> None:
    foreign, strangers = photos([0.95] * 20, 0.001, sold=False)
    assert chosen([foreign], strangers, WEIGHTS).close == CLOSE[-1]
