"""Tuning: learns what people mean, keeps to what serves where they say little, refuses what is not surely better."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.evaluation import JudgedList, NothingToUndo, TuningRefused, keep, tuned, undo
from app.evaluation.lists import STAGES
from app.evaluation.tune import folds_of
from app.search import FEATURES, Calibration, Feature, Stage, probability, read_calibration
from tests.unit.search.shop import STEADY

SHAPE, TYPE, LOOK = (FEATURES.index(feature) for feature in (Feature.SHAPE, Feature.TYPE, Feature.LOOK))


def a_list(rng: np.random.Generator, number: int, *, by: int = SHAPE, noise: float = 0.0, each: int = 12) -> JudgedList:
    """A query whose shoppers mean the feature `by`: the chance of similar is logistic(-4 + 8 feature)."""
    features = np.zeros((each, len(FEATURES)))
    features[:, [SHAPE, TYPE, LOOK]] = rng.random((each, 3))
    meant = (1.0 - noise) * features[:, by] + noise * rng.random(each)
    similar = (rng.random(each) < probability(-4.0 + 8.0 * meant)).astype(float)
    gain = 3.0 * similar
    return JudgedList(
        name=f"line {number}", group=f"p{number}", features=features,
        stage=np.full(each, STAGES.index(Stage.FINE)), coarse=np.ones(each, dtype=np.bool_), gain=gain,
        first=similar, similar=similar, told=np.ones(each), ideal=tuple(sorted(gain.tolist(), reverse=True)[:10]),
    )  # fmt: skip


def lists(rng: np.random.Generator, count: int, **about: float) -> list[JudgedList]:
    return [a_list(rng, number, **about) for number in range(count)]  # type: ignore[arg-type]


def test_judgments_that_mean_another_thing_are_learned_and_help_on_queries_never_seen(rng: np.random.Generator) -> None:
    tuning = tuned(lists(rng, 120), STEADY, data="drawn", embedder="test/1")
    fitted = tuning.accepted()
    unseen = lists(rng, 80)
    before = np.mean([one.ndcg(STEADY) for one in unseen])
    after = np.mean([one.ndcg(fitted) for one in unseen])
    assert after > before + 0.03
    gain = tuning.verdict.ndcg_gain
    assert gain.low <= gain.value <= gain.high
    assert after - before == pytest.approx(gain.value, abs=0.06)
    assert np.mean([one.log_loss(fitted) for one in unseen]) < np.mean([one.log_loss(STEADY) for one in unseen])


def test_what_moved_is_named_with_the_reason(rng: np.random.Generator) -> None:
    fitted = tuned(lists(rng, 120), STEADY, data="drawn", embedder="test/1").calibration
    moved = {(move.stage, move.feature): move for move in fitted.moves}
    shape = moved[Stage.FINE, Feature.SHAPE]
    assert shape.after == fitted.stages[Stage.FINE].weights[Feature.SHAPE] > shape.before
    assert shape.low <= shape.high
    assert "similar products have" in shape.why
    assert fitted.version == 1
    assert Calibration.from_json(fitted.to_json()) == fitted


def test_judgments_without_rhyme_or_reason_are_refused_with_figures(rng: np.random.Generator) -> None:
    random = [replace(one, similar=rng.permutation(one.similar)) for one in lists(rng, 30, noise=1.0)]
    likely = Stage.FINE
    start = replace(STEADY, stages={**STEADY.stages, likely: tuned(
        lists(rng, 150, noise=1.0), STEADY, data="", embedder="").calibration.stages[likely]})  # fmt: skip
    with pytest.raises(TuningRefused) as refused:
        tuned(random, start, data="drawn", embedder="test/1").accepted()
    assert refused.value.extra["queries"] in range(25, 31)
    assert "held-out" in refused.value.detail


def test_few_queries_move_the_weights_less_than_many(rng: np.random.Generator) -> None:
    """With 20 queries the pull to what serves is 15 times as strong as with 300: ranking losses alone decide little."""
    many = tuned(lists(rng, 240), STEADY, data="", embedder="").calibration
    few = tuned(lists(rng, 20), STEADY, data="", embedder="").calibration

    def balance(calibration: Calibration) -> float:
        weights = calibration.stages[Stage.FINE].weights
        return weights[Feature.SHAPE] / weights[Feature.TYPE]

    assert balance(STEADY) < balance(few) < balance(many)


def test_stages_nobody_judged_and_the_cuts_stay(rng: np.random.Generator) -> None:
    fitted = tuned(lists(rng, 40), STEADY, data="", embedder="test/1").calibration
    assert fitted.stages[Stage.WORDS] == STEADY.stages[Stage.WORDS]
    assert (fitted.exact, fitted.close, fitted.loose) == (STEADY.exact, STEADY.close, STEADY.loose)


@given(st.integers(0, 10_000), st.integers(20, 60))
def test_queries_of_one_product_stay_on_one_side(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    some = [replace(a_list(rng, number, each=2), group=f"p{number % 9}") for number in range(count)]
    fold = folds_of(some)
    for group in {one.group for one in some}:
        assert len({int(at) for one, at in zip(some, fold, strict=True) if one.group == group}) == 1
    assert len(set(fold.tolist())) == 5


def test_versions_are_kept_and_undone_one_by_one(tmp_path: Path) -> None:
    place = tmp_path / "calibration.json"
    first, second = replace(STEADY, version=1, fitted_at="one"), replace(STEADY, version=2, fitted_at="two")
    assert keep(place, first, STEADY).name == "calibration.v0.json"
    keep(place, second, first)
    assert read_calibration(place).fitted_at == "two"
    assert [one.version for one in undo(place)] == [1, 2]
    assert read_calibration(place).fitted_at == "one"
    assert replace(undo(place)[0], measures=None) == STEADY
    with pytest.raises(NothingToUndo):
        undo(place)
    assert replace(read_calibration(place), measures=None) == STEADY
    keep(place, second, first)  # what was undone can be put back
    assert read_calibration(tmp_path / "calibration.v1.json").version == 1


def test_without_a_file_there_is_nothing_to_undo(tmp_path: Path) -> None:
    with pytest.raises(NothingToUndo):
        undo(tmp_path / "calibration.json")
