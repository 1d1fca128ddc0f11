"""The measures against values worked out by hand, and what must hold for any values."""

from math import isnan, log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.evaluation.metrics import (
    calibration_error,
    dcg,
    group_measure,
    hit,
    mean_measure,
    ndcg,
    percentile,
    reciprocal_rank,
)

grades = st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0]), max_size=12)


def test_hit_and_reciprocal_rank_look_at_the_first_right_item() -> None:
    third = [False, False, True, True]
    assert (hit(third, 2), hit(third, 3), hit([], 5)) == (0.0, 1.0, 0.0)
    assert reciprocal_rank(third) == pytest.approx(1 / 3)
    assert reciprocal_rank([False]) == 0.0


def test_dcg_and_ndcg_by_hand() -> None:
    """Grades 3, 0, 2: 7/log2(2) + 0 + 3/log2(4) = 8.5; the ideal order 3, 2, 0 gives 7 + 3/log2(3)."""
    assert dcg([3, 0, 2], 10) == pytest.approx(8.5)
    assert dcg([3, 0, 2], 1) == pytest.approx(7.0)
    assert ndcg([3, 0, 2], [0, 2, 3], 10) == pytest.approx(8.5 / (7.0 + 3.0 / log2(3)))
    assert ndcg([1.0], [0.0], 10) == 0.0


@given(grades)
def test_the_ideal_order_has_ndcg_1_and_no_order_more(values: list[float]) -> None:
    best = ndcg(sorted(values, reverse=True), values, 10)
    assert best == pytest.approx(1.0 if any(values) else 0.0)
    assert 0.0 <= ndcg(values, values, 10) <= best + 1e-12


def test_calibration_error_by_hand() -> None:
    """Two bins of two: |0.15 - 0.5| and |0.85 - 1.0|, half the weight each."""
    scores, outcomes = np.array([0.9, 0.1, 0.8, 0.2]), np.array([1.0, 0.0, 1.0, 1.0])
    assert calibration_error(scores, outcomes, bins=2) == pytest.approx(0.5 * 0.35 + 0.5 * 0.15)
    assert calibration_error(np.array([]), np.array([])) == 0.0


def test_scores_that_are_true_probabilities_have_next_to_no_calibration_error(rng: np.random.Generator) -> None:
    scores = rng.random(20_000)
    outcomes = (rng.random(20_000) < scores).astype(float)
    assert calibration_error(scores, outcomes) < 0.02
    assert calibration_error(np.sqrt(scores), outcomes) > 0.1


def test_the_bootstrap_interval_is_that_of_the_binomial(rng: np.random.Generator) -> None:
    """Of 400 photos 75 % right: about 0.75 ± 1.96 · sqrt(0.75 · 0.25 / 400)."""
    right = [1.0] * 300 + [0.0] * 100
    measure = mean_measure(right)
    half = 1.96 * (0.75 * 0.25 / 400) ** 0.5
    assert measure.value == 0.75
    assert measure.low == pytest.approx(0.75 - half, abs=0.01)
    assert measure.high == pytest.approx(0.75 + half, abs=0.01)
    assert mean_measure(right) == measure


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_an_interval_holds_its_value_where_all_values_are_alike(values: list[float]) -> None:
    measure = mean_measure([values[0]] * len(values))
    assert measure.low == pytest.approx(measure.value) == pytest.approx(measure.high)
    mixed = mean_measure(values)
    assert min(values) - 1e-9 <= mixed.low <= mixed.high <= max(values) + 1e-9


def test_items_of_one_photo_are_resampled_together() -> None:
    """Ten equal items of each of two photos are two observations, not twenty."""
    groups = [0] * 10 + [1] * 10
    values = np.array([0.0] * 10 + [1.0] * 10)
    together = group_measure(groups, lambda chosen: float(values[chosen].mean()))
    apart = group_measure(list(range(20)), lambda chosen: float(values[chosen].mean()))
    assert together.value == apart.value == 0.5
    assert (together.low, together.high) == (0.0, 1.0)
    assert apart.low > 0.2


def test_no_values_give_no_figure() -> None:
    assert isnan(mean_measure([]).value)
    assert mean_measure([]).count == 0
    assert isnan(group_measure([], lambda chosen: 1.0).value)
    assert isnan(percentile([], 0.5))
    assert percentile([1.0, 3.0], 0.5) == 2.0
