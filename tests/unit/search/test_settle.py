"""The type of a photo, settled by the products it looks like."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis import ObjectType
from app.search.settle import agreement, settled
from tests.builders import an_analysis

kinds = st.none() | st.sampled_from(["armchair", "vase", "lamp"])


@given(st.lists(st.tuples(kinds, st.floats(0.05, 1.0)), max_size=15))
def test_confidences_are_shares_and_the_first_is_the_type(answers: list[tuple[str | None, float]]) -> None:
    analysis = settled(an_analysis(), answers)
    shares = [one.confidence for one in analysis.type_alternatives]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1.0 + 1e-9
    assert analysis.type == analysis.type_alternatives[0]


def test_sure_answers_overrule_the_first_guess_and_unsure_ones_do_not() -> None:
    sure = settled(an_analysis(), [("vase", 0.9), ("vase", 0.7)])
    assert sure.type is not None
    assert (sure.type.name, sure.type.source) == ("vase", "catalog")
    votes = 0.9 + 0.9 * (0.7 / 0.9) ** 3
    assert sure.type.confidence == pytest.approx(votes / (votes + 0.2 * 0.9))
    unsure = settled(an_analysis(), [("vase", 0.06)])
    assert unsure.type is not None
    assert unsure.type.name == "armchair"


def test_the_best_answers_decide_against_many_worse_ones() -> None:
    found = settled(an_analysis(), [("vase", 0.8), ("lamp", 0.3), ("lamp", 0.3), ("lamp", 0.3)])
    assert found.type is not None
    assert found.type.name == "vase"


def test_without_typed_answers_the_first_guess_stays() -> None:
    analysis = an_analysis()
    assert settled(analysis, []) is analysis
    assert settled(analysis, [(None, 0.9)]) is analysis


def test_an_outside_source_is_a_witness_the_votes_do_not_shout_down() -> None:
    """Ten products that look alike are one witness, not ten."""
    said = (ObjectType("lamp", 0.8, "google_vision"), ObjectType("armchair", 0.1, "local"))
    analysis = replace(an_analysis(), type=said[0], type_alternatives=said)
    answers = [("vase", 0.6)] * 6 + [("lamp", 0.4)] * 2
    settled_type = settled(analysis, answers).type
    assert settled_type is not None
    assert (settled_type.name, settled_type.source) == ("lamp", "google_vision")
    sum_of_all = sum(one.confidence for one in settled(analysis, answers).type_alternatives)
    assert sum_of_all == pytest.approx(1.0)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_agreement_is_sure_only_where_both_are(first: float, now: float) -> None:
    same = agreement(ObjectType("lamp", first, "local"), ObjectType("lamp", now, "catalog"))
    assert 0.0 <= same <= 1.0
    if first > 0.5 and now > 0.5:
        assert same >= max(first, now) - 1e-9
    assert agreement(ObjectType("lamp", first, "local"), ObjectType("vase", now, "catalog")) == 0.0
    assert agreement(None, ObjectType("vase", now, "catalog")) == 0.0
