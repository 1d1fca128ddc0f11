"""Pure: the measures of a search, and how sure one may be of them.

Ranks are positions from 1; grades are 0 (not similar) to 3 (the very product).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure with its 95 % bootstrap interval. count: how many photos (or pairs) it is the mean of."""

    value: float
    low: float
    high: float
    count: int


def hit(relevant: Sequence[bool], depth: int) -> float:
    """1.0 when one of the first `depth` items is relevant, else 0.0."""
    return float(any(relevant[:depth]))


def reciprocal_rank(relevant: Sequence[bool]) -> float:
    """1 / rank of the first relevant item; 0.0 when there is none."""
    return next((1.0 / rank for rank, good in enumerate(relevant, start=1) if good), 0.0)


def dcg(grades: Sequence[float], depth: int) -> float:
    """Discounted cumulative gain with gains 2^grade - 1 (Burges et al., 2005)."""
    return float(sum((2.0**grade - 1.0) / np.log2(rank + 1.0) for rank, grade in enumerate(grades[:depth], start=1)))


def ndcg(grades: Sequence[float], ideal: Sequence[float], depth: int) -> float:
    """DCG over the best that can be had. ideal: grades of everything the shop sells (any order); 0.0 when all are 0."""
    best = dcg(sorted(ideal, reverse=True), depth)
    return dcg(grades, depth) / best if best > 0.0 else 0.0


def ndcg_of_gains(shown: NDArray[np.float64], ideal: Sequence[float], depth: int) -> float:
    """As `ndcg`, from gains (2^grade - 1, or clicks) in the order shown; ideal is sorted, best first."""
    discount = 1.0 / np.log2(np.arange(2.0, depth + 2.0))
    best = float(np.asarray(ideal[:depth]) @ discount[: len(ideal[:depth])])
    return float(shown[:depth] @ discount[: len(shown[:depth])]) / best if best > 0.0 else 0.0


def calibration_error(scores: NDArray[np.float64], outcomes: NDArray[np.float64], bins: int = 10) -> float:
    """Expected calibration error with bins of equal mass (Nguyen and O'Connor, 2015).

    scores: (n,) probabilities; outcomes: (n,) 0 or 1. Sum over bins of their share times |mean score - mean outcome|;
    0.0 for no pairs. Ties are kept in the order given.
    """
    if len(scores) == 0:
        return 0.0
    ranked = np.argsort(scores, kind="stable")
    gaps = [
        abs(float(scores[part].mean()) - float(outcomes[part].mean())) * len(part)
        for part in np.array_split(ranked, min(bins, len(ranked)))
    ]
    return sum(gaps) / len(scores)


def mean_measure(values: Sequence[float], seed: int = 0) -> Measure:
    """Mean of independent values, with a percentile bootstrap interval (Efron, 1979). NaN for no values."""
    table = np.asarray(values, dtype=np.float64)
    if len(table) == 0:
        return Measure(float("nan"), float("nan"), float("nan"), 0)
    draws = np.random.default_rng(seed).integers(0, len(table), (RESAMPLES, len(table)))
    low, high = interval(table[draws].mean(axis=1))
    return Measure(float(table.mean()), low, high, len(table))


def group_measure(groups: Sequence[int], statistic: Callable[[NDArray[np.intp]], float], seed: int = 0) -> Measure:
    """A statistic of pairs that come in groups (the items of one photo): whole groups are resampled, because the items
    of one answer are not independent.

    groups: (n,) the group of each pair. statistic: of chosen positions (with repeats) to the figure.
    """
    members = [np.flatnonzero(np.asarray(groups) == group) for group in dict.fromkeys(groups)]
    if not members:
        return Measure(float("nan"), float("nan"), float("nan"), 0)
    generator = np.random.default_rng(seed)
    drawn = [
        statistic(np.concatenate([members[index] for index in generator.integers(0, len(members), len(members))]))
        for _ in range(RESAMPLES)
    ]
    low, high = interval(np.asarray(drawn))
    return Measure(statistic(np.arange(len(groups))), low, high, len(groups))


def interval(drawn: NDArray[np.float64]) -> tuple[float, float]:
    """The central CONFIDENCE share of resampled figures."""
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(drawn, [tail, 1.0 - tail])
    return float(low), float(high)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0..1) of the values lie, interpolated; NaN for no values."""
    return float(np.quantile(np.asarray(values), share)) if len(values) else float("nan")
