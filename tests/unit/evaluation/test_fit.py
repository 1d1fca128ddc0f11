"""The fit: finds what the data hold, keeps weights >= 0 and leaves alone what the data do not speak of."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.evaluation.fit import LEAST, PRIOR, Pairs, fit_stage, gradient, listed, loss, minimized, platt
from app.evaluation.metrics import calibration_error
from app.search import FEATURES, NEUTRAL, Feature, Stage, probability

LOOK, TYPE = FEATURES.index(Feature.LOOK), FEATURES.index(Feature.TYPE)


def drawn(rng: np.random.Generator, photos: int = 150, each: int = 20) -> Pairs:
    """Pairs whose chance of being similar is logistic(-3 + 5 type), with LOOK telling the very product only."""
    features = np.zeros((photos * each, len(FEATURES)))
    features[:, TYPE] = rng.random(len(features))
    features[:, LOOK] = 0.6 * rng.random(len(features))
    similar = (rng.random(len(features)) < probability(-3.0 + 5.0 * features[:, TYPE])).astype(float)
    very = np.zeros(len(features))
    very[::each] = 1.0
    features[::each, LOOK] += 0.4
    features[::each, TYPE] = 0.9
    similar[::each] = 1.0
    return Pairs(features, similar, very, np.ones(len(features)), np.repeat(np.arange(photos), each))


def test_the_fit_is_calibrated_and_puts_the_very_product_first(rng: np.random.Generator) -> None:
    train, test = drawn(rng), drawn(rng)
    fitted = fit_stage(train, Stage.COARSE)
    weights = np.array([fitted.weights.get(feature, 0.0) for feature in FEATURES])
    logit = test.features @ weights + fitted.bias
    assert calibration_error(probability(logit), test.similar) < 0.06
    lists = listed(test)
    assert lists.count == 150
    shares = lists.shares(logit[lists.rows])
    first = [lists.wanted[of][int(np.argmax(shares[of]))] for of in np.split(np.arange(len(shares)), lists.starts[1:])]
    assert np.mean(first) > 0.75
    assert fitted.weights[Feature.TYPE] > 1.0


def test_evidence_against_gets_no_negative_weight(rng: np.random.Generator) -> None:
    pairs = drawn(rng)
    pairs.features[:, TYPE] = 1.0 - pairs.features[:, TYPE]
    fitted = fit_stage(pairs, Stage.COARSE)
    assert fitted.weights[Feature.TYPE] < 0.3
    assert all(weight >= 0.0 for weight in fitted.weights.values())


def test_what_the_data_do_not_speak_of_keeps_its_prior(rng: np.random.Generator) -> None:
    fitted = fit_stage(drawn(rng), Stage.FINE)
    for feature in (Feature.LABELS, Feature.TEXT, Feature.POPULAR, Feature.VERIFIED):
        assert fitted.weights[feature] == PRIOR[Stage.FINE].weights[feature]


def test_what_is_the_same_for_all_pairs_moves_no_score(rng: np.random.Generator) -> None:
    """A shop that taught no likeness has the neutral value everywhere; its weight waits for one that did."""
    pairs = drawn(rng)
    neutral = pairs.features.copy()
    neutral[:, FEATURES.index(Feature.TAUGHT)] = NEUTRAL
    plain, waiting = fit_stage(pairs, Stage.FINE), fit_stage(replace(pairs, features=neutral), Stage.FINE)
    assert waiting.weights == plain.weights
    assert waiting.weights[Feature.TAUGHT] == PRIOR[Stage.FINE].weights[Feature.TAUGHT] > 0.0
    assert waiting.bias + NEUTRAL * waiting.weights[Feature.TAUGHT] == pytest.approx(plain.bias, abs=1e-3)


def test_pairs_nobody_can_tell_do_not_count_as_unlike(rng: np.random.Generator) -> None:
    pairs = drawn(rng)
    hidden = (rng.random(len(pairs.similar)) < 0.5) & (pairs.very < 0.5)
    veiled = replace(pairs, similar=np.where(hidden, 0.0, pairs.similar), told=np.where(hidden, 0.0, 1.0))
    known, half = fit_stage(pairs, Stage.COARSE), fit_stage(veiled, Stage.COARSE)
    assert half.weights[Feature.TYPE] == pytest.approx(known.weights[Feature.TYPE], rel=0.25)
    assert fit_stage(replace(veiled, told=np.ones(len(hidden))), Stage.COARSE).bias < half.bias - 0.2


def test_judgments_that_are_all_alike_teach_nothing(rng: np.random.Generator) -> None:
    pairs = drawn(rng)
    nothing = replace(pairs, similar=np.zeros(len(pairs.similar)))
    assert fit_stage(nothing, Stage.COARSE) == PRIOR[Stage.COARSE]


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_the_gradient_is_that_of_the_loss(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = drawn(rng, photos=4, each=5)
    design = np.hstack([np.ones((len(pairs.similar), 1)), pairs.features[:, [LOOK, TYPE]]])
    prior, at, groups = np.array([-1.0, 1.0, 1.0]), rng.normal(size=3), listed(pairs)
    slope = gradient(design, pairs, groups, at, prior)
    for axis in range(3):
        step = np.zeros(3)
        step[axis] = 1e-5
        ahead = loss(design, pairs, groups, at + step, prior)
        behind = loss(design, pairs, groups, at - step, prior)
        assert slope[axis] == pytest.approx((ahead - behind) / 2e-5, abs=1e-5)


def test_no_step_from_the_minimum_lowers_the_loss(rng: np.random.Generator) -> None:
    pairs = drawn(rng, photos=30, each=8)
    design = np.hstack([np.ones((len(pairs.similar), 1)), pairs.features[:, [LOOK, TYPE]]])
    prior, groups = np.array([-1.0, 1.0, 1.0]), listed(pairs)
    best = minimized(design, pairs, prior)
    least = loss(design, pairs, groups, best, prior)
    for _ in range(50):
        there = best + rng.normal(scale=0.05, size=3)
        there[1:] = np.maximum(there[1:], LEAST)
        assert loss(design, pairs, groups, there, prior) >= least - 1e-7


def test_platt_undoes_a_stretch(rng: np.random.Generator) -> None:
    logit = rng.normal(size=5000)
    similar = (rng.random(5000) < probability(logit)).astype(float)
    slope, bias = platt(3.0 * logit + 2.0, similar)
    assert slope == pytest.approx(1 / 3, abs=0.05)
    assert bias == pytest.approx(-2 / 3, abs=0.15)


def test_a_held_weight_is_not_fitted_whatever_the_data_say_of_it() -> None:
    """It keeps its place among the others: all are rescaled alike, so that the score stays a probability."""
    pairs, prior = drawn(np.random.default_rng(3)), PRIOR[Stage.COARSE]
    small = replace(prior, weights={**prior.weights, Feature.TYPE: 0.01})
    held = fit_stage(pairs, Stage.COARSE, small, held=frozenset({Feature.TYPE}))
    free = fit_stage(pairs, Stage.COARSE, small)
    assert held.weights[Feature.TYPE] < 0.05 < 1.0 < free.weights[Feature.TYPE]
    assert held.weights[Feature.LOOK] > 1.0
