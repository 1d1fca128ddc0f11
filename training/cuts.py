"""Where `close` and `loose` begin: chosen by rule on the photos the weights were fitted to, on no others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.evaluation import Pairs
from app.search import FEATURES, Weights, probability

CLOSE = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85)
LOOSE = (0.02, 0.015, 0.01, 0.008, 0.006, 0.005, 0.004, 0.003, 0.002, 0.001)
UNTOUCHED, KEPT = 0.92, 0.98
FIRST = 5
RULE = (
    f"Cuts, on the photos of the fit only: `close` is the lowest of {CLOSE} at which {UNTOUCHED:.0%} of the photos of "
    f"things not sold have no item; `loose` the highest of {LOOSE} at which, of photos whose very product ranks among "
    f"the first {FIRST}, {KEPT:.0%} keep it, in each shop. `exact` is fixed."
)


@dataclass(frozen=True, slots=True)
class Cuts:
    """Two of the fixed cuts on the score, 0 < loose < close < 1."""

    close: float
    loose: float


def chosen(shops: list[Pairs], strangers: set[int], weights: Weights) -> Cuts:
    """shops: the closer looks of each shop's photos; strangers: numbers of the photos of things that are not sold.

    Where no cut of the series keeps its rule, the last one is taken.
    """
    scores = [scores_of(one, weights) for one in shops]
    tops = np.array(
        [
            float(values[one.photo == number].max())
            for one, values in zip(shops, scores, strict=True)
            for number in sorted(strangers.intersection(one.photo.tolist()))
        ]
    )
    kept = [kept_scores(one, values) for one, values in zip(shops, scores, strict=True)]
    return Cuts(
        close=next((cut for cut in CLOSE if _mean(tops < cut) >= UNTOUCHED), CLOSE[-1]),
        loose=next((cut for cut in LOOSE if all(_mean(values >= cut) >= KEPT for values in kept)), LOOSE[-1]),
    )


def scores_of(pairs: Pairs, weights: Weights) -> NDArray[np.float64]:
    """(n,) the score of each pair."""
    columns = np.array([weights.weights.get(feature, 0.0) for feature in FEATURES])
    return probability(pairs.features @ columns + weights.bias)


def kept_scores(pairs: Pairs, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The score of each photo's very product where it ranks among the first."""
    found = []
    for number in np.unique(pairs.photo):
        rows = np.flatnonzero(pairs.photo == number)
        first = rows[np.argsort(-scores[rows], kind="stable")[:FIRST]]
        found += scores[first[pairs.very[first] == 1.0]].tolist()
    return np.array(found)


def _mean(values: NDArray[np.float64] | NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else 1.0
