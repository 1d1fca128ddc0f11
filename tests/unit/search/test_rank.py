"""The score: a probability that only rises with evidence and depends on nothing but photo, words and product."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog import Candidate, Channel
from app.search import Closeness, Feature, Match, Question, Stage, Weights, shipped_calibration
from app.search.calibration import Calibration
from app.search.rank import contributions, match_of, rank, refine, relevant, worth_a_closer_look
from tests.unit.search.strategies import candidate_lists, closenesses, questions, signals, unit

SHIPPED = shipped_calibration()


def score(signal: dict[Channel, float], question: Question, near: Closeness | None = None) -> float:
    candidate = Candidate("p", "", 0, signal)
    return rank([candidate], question, SHIPPED, {"p": near} if near else None)[0].score


@given(candidate_lists(), questions, st.data())
def test_every_candidate_gets_one_score_between_0_and_1_best_first(
    candidates: list[Candidate], question: Question, data: st.DataObject
) -> None:
    near = {one.product_id: data.draw(closenesses) for one in candidates if data.draw(st.booleans())}
    scored = rank(candidates, question, SHIPPED, near)
    assert sorted(one.product_id for one in scored) == sorted(one.product_id for one in candidates)
    assert all(0.0 <= one.score <= 1.0 for one in scored)
    assert [(-one.score, one.product_id) for one in scored] == sorted((-one.score, one.product_id) for one in scored)


@given(candidate_lists(), questions, st.data())
def test_refining_a_ranking_is_ranking_with_what_is_known_now(
    candidates: list[Candidate], question: Question, data: st.DataObject
) -> None:
    near = {one.product_id: data.draw(closenesses) for one in candidates if data.draw(st.booleans())}
    refined = refine(rank(candidates, question, SHIPPED), question, SHIPPED, near)
    assert refined == rank(candidates, question, SHIPPED, near)


@given(signals(), questions, st.none() | closenesses)
def test_the_contributions_and_the_bias_make_the_score(
    signal: dict[Channel, float], question: Question, near: Closeness | None
) -> None:
    one = rank([Candidate("p", "", 0, signal)], question, SHIPPED, {"p": near} if near else None)[0]
    parts = contributions([one], question, SHIPPED)[0]
    stage = Stage.WORDS if not question.photo else Stage.FINE if near else Stage.COARSE
    narrowing = SHIPPED.stages[stage].weights[Feature.TEXT] if question.words and question.photo else 0.0
    logit = SHIPPED.stages[stage].bias + sum(parts.values()) - narrowing
    assert one.score == pytest.approx(1.0 / (1.0 + math.exp(-logit)))
    assert min(parts.values()) >= 0.0


@given(candidate_lists(), questions, st.randoms(use_true_random=False))
def test_the_order_of_the_candidates_does_not_matter(candidates: list[Candidate], question: Question, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(candidates)
    random.shuffle(shuffled)
    first, second = rank(candidates, question, SHIPPED), rank(shuffled, question, SHIPPED)
    assert [(one.product_id, one.score) for one in first] == [(one.product_id, one.score) for one in second]


@given(candidate_lists(), questions, st.data())
def test_a_score_does_not_depend_on_the_other_candidates(
    candidates: list[Candidate], question: Question, data: st.DataObject
) -> None:
    kept = [one for one in candidates if data.draw(st.booleans())]
    whole = {one.product_id: one.score for one in rank(candidates, question, SHIPPED)}
    assert all(whole[one.product_id] == pytest.approx(one.score, abs=1e-12) for one in rank(kept, question, SHIPPED))


@given(signals(), questions, st.sampled_from(Channel), unit)
def test_a_stronger_signal_never_lowers_the_score(
    signal: dict[Channel, float], question: Question, channel: Channel, more: float
) -> None:
    stronger = {**signal, channel: min(1.0, signal.get(channel, 0.0) + more)}
    assert score(stronger, question) >= score(signal, question) - 1e-12


@given(signals(), closenesses, st.sampled_from(["verified", "shape", "texture", "pattern", "hue", "palette"]), unit)
def test_a_closer_likeness_never_lowers_the_score(
    signal: dict[Channel, float], near: Closeness, part: str, more: float
) -> None:
    nearer = replace(near, **{part: min(1.0, getattr(near, part) + more)})
    question = Question(photo=True)
    assert score(signal, question, nearer) >= score(signal, question, near) - 1e-12


@given(signals(), unit, unit)
def test_a_stranger_photo_never_scores_higher(signal: dict[Channel, float], novelty: float, more: float) -> None:
    known = score(signal, Question(photo=True, novelty=novelty))
    assert score(signal, Question(photo=True, novelty=min(1.0, novelty + more))) <= known + 1e-12


@given(signals(), unit)
def test_words_beside_a_photo_only_narrow(signal: dict[Channel, float], text: float) -> None:
    without: dict[Channel, float] = {channel: value for channel, value in signal.items() if channel is not Channel.TEXT}
    plain = score(without, Question(photo=True))
    assert score({**signal, Channel.TEXT: text}, Question(photo=True, words=True)) <= plain + 1e-12
    assert score({**signal, Channel.TEXT: 1.0}, Question(photo=True, words=True)) == pytest.approx(plain)


def test_popularity_breaks_what_is_otherwise_even() -> None:
    even = [Candidate(product_id, "", 0, {Channel.LOOK: 0.7}) for product_id in ("a", "b")]
    scored = rank(even, Question(photo=True), SHIPPED, popularity={"b": 1.0})
    assert [one.product_id for one in scored] == ["b", "a"]


def test_every_kind_of_evidence_counts_in_the_shipped_calibration() -> None:
    """A weight fitted down to nothing would make a reason that is documented but never given."""
    asked: dict[Channel, float] = {
        Channel.LOOK: 0.9,
        Channel.TYPE: 0.9,
        Channel.COLORS: 0.9,
        Channel.ATTRIBUTES: 0.9,
        Channel.TEXT: 0.9,
    }
    low = score({}, Question(photo=True), Closeness())
    high = score(asked, Question(photo=True, novelty=0.0), Closeness(1, 1, 1, 1, 1, 1))
    assert low < SHIPPED.loose < SHIPPED.exact < high


@pytest.mark.parametrize(("score_", "match"), [("exact", Match.EXACT), ("close", Match.CLOSE), ("loose", Match.LOOSE)])
def test_the_word_for_a_score_starts_at_its_cut(score_: str, match: Match) -> None:
    cut = getattr(SHIPPED, score_)
    assert match_of(cut, SHIPPED) is match
    assert match_of(cut - 1e-9, SHIPPED) is not match


@given(candidate_lists(), st.integers(0, 5))
def test_the_result_set_is_what_reaches_the_cut(candidates: list[Candidate], most: int) -> None:
    scored = rank(candidates, Question(photo=True), SHIPPED)
    shown = relevant(scored, SHIPPED)
    assert shown == [one for one in scored if match_of(one.score, SHIPPED) is not None]
    looked_at = worth_a_closer_look(scored, most)
    assert len(looked_at) <= most
    assert set(map(id, shown[: most - most // 2])) <= set(map(id, looked_at))


def test_a_calibration_survives_its_file() -> None:
    assert Calibration.from_json(SHIPPED.to_json()) == SHIPPED


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf")])
def test_a_weight_that_could_lower_a_score_is_refused(weight: float) -> None:
    stages = {**SHIPPED.stages, Stage.FINE: Weights(0.0, {Feature.LOOK: weight})}
    with pytest.raises(ValueError, match="fine"):
        replace(SHIPPED, stages=stages)


def test_cuts_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="cuts"):
        replace(SHIPPED, close=SHIPPED.exact)


def test_a_calibration_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="akin tune"):
        Calibration.from_json(SHIPPED.to_json().replace('"format": 1', '"format": 99'))
