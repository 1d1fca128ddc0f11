"""The type of a photo, settled by the products it looks like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.search.settle import settled
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
    assert sure.type.confidence == pytest.approx(1.6 / (1.6 + 0.2 * 0.9))
    unsure = settled(an_analysis(), [("vase", 0.06)])
    assert unsure.type is not None
    assert unsure.type.name == "armchair"


def test_without_typed_answers_the_first_guess_stays() -> None:
    analysis = an_analysis()
    assert settled(analysis, []) is analysis
    assert settled(analysis, [(None, 0.9)]) is analysis
