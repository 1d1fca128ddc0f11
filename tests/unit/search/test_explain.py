"""Reasons: codes and values that add up to the score and name what the two have in common."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis import Attribute
from app.catalog import Candidate, Channel
from app.search import Calibration, Closeness, Question, Reason, ReasonCode, Wishes, shipped_calibration
from app.search.explain import explain
from app.search.query import query_for_photo, query_for_words
from app.search.rank import Scored, contributions, rank
from tests.builders import a_product, an_analysis
from tests.unit.search.shop import STEADY
from tests.unit.search.strategies import closenesses, signals
from tests.unit.search.words import a_reading

SHIPPED = shipped_calibration()
LED = shipped_calibration(led=True)
PHOTO, WORDS = Question(photo=True), Question(photo=False, words=True)
FULL = {Channel.LOOK: 0.8, Channel.TYPE: 0.9, Channel.COLORS: 0.5, Channel.LABELS: 0.5, Channel.TEXT: 0.0}


def scored(signal: dict[Channel, float], near: Closeness | None, calibration: Calibration = SHIPPED) -> Scored:
    found = rank([Candidate("p1", "", 0, signal)], PHOTO, calibration, {"p1": near} if near else None)
    return found[0]


def reasons(one: Scored, calibration: Calibration = SHIPPED) -> tuple[Reason, ...]:
    analysis = an_analysis()
    query = query_for_photo(analysis, Wishes(), a_reading("velvet sofa"))
    return explain(one, contributions([one], PHOTO, calibration)[0], a_product(), query, analysis)


@given(signals(), closenesses, st.sampled_from([SHIPPED, LED]))
def test_the_weights_sum_to_the_score_and_the_weightiest_comes_first(
    signal: dict[Channel, float], near: Closeness, calibration: Calibration
) -> None:
    one = scored(signal, near, calibration)
    given_reasons = reasons(one, calibration)
    assert sum(reason.weight for reason in given_reasons) == pytest.approx(one.score, abs=1e-6)
    assert 1 <= len(given_reasons) <= 5
    assert [reason.weight for reason in given_reasons] == sorted((r.weight for r in given_reasons), reverse=True)
    assert all(reason.weight >= 0.0 and reason.value for reason in given_reasons)
    assert given_reasons == reasons(one, calibration)
    assert len({(reason.code, reason.value) for reason in given_reasons}) == len(given_reasons)


def test_a_product_that_agrees_in_much_has_several_reasons_by_name() -> None:
    given_reasons = reasons(scored(FULL, Closeness(0.9, 0.8, 0.7, 0.7, 0.9, 0.9)))
    named = {reason.code: reason.value for reason in given_reasons}
    assert named[ReasonCode.COLOR] == "teal"
    assert named[ReasonCode.SAME_PRODUCT] == "0.90"
    assert len(given_reasons) >= 2


def test_the_type_is_named_where_it_counts() -> None:
    one = rank([Candidate("p1", "", 0, FULL)], PHOTO, STEADY)[0]
    analysis = an_analysis()
    query = query_for_photo(analysis, Wishes())
    named = {
        reason.code: reason.value
        for reason in explain(one, contributions([one], PHOTO, STEADY)[0], a_product(), query, analysis)
    }
    assert named[ReasonCode.SAME_TYPE] == "armchair"


def test_each_shared_attribute_is_named_by_its_part() -> None:
    seen = (Attribute("material", "Velvet", 0.8, "local"), Attribute("pattern", "striped", 0.9, "local"))
    analysis = replace(an_analysis(), attributes=seen)
    one = scored({Channel.ATTRIBUTES: 0.5, Channel.LOOK: 0.2}, None)
    given_reasons = explain(
        one, contributions([one], PHOTO, SHIPPED)[0], a_product(), query_for_photo(analysis, Wishes()), analysis
    )
    assert "material=velvet" in {reason.value for reason in given_reasons if reason.code is ReasonCode.ATTRIBUTE}
    assert not any("striped" in reason.value for reason in given_reasons)


def test_words_name_what_was_found_of_them() -> None:
    query = query_for_words(Wishes(), a_reading("soft velvet thing"))
    one = rank([Candidate("p1", "", 0, {Channel.TEXT: 1.0})], WORDS, SHIPPED)[0]
    (reason,) = explain(one, contributions([one], WORDS, SHIPPED)[0], a_product(), query, None)
    assert (reason.code, reason.value) == (ReasonCode.TEXT, "soft velvet")


def test_a_color_word_is_a_reason_where_the_pictures_show_it() -> None:
    query = query_for_words(Wishes(), a_reading("teal armchair"))
    signal = {Channel.TEXT: 1.0, Channel.COLORS: 0.6}
    one = rank([Candidate("p1", "", 0, signal)], WORDS, SHIPPED)[0]
    codes = {
        reason.code: reason.value
        for reason in explain(one, contributions([one], WORDS, SHIPPED)[0], a_product(), query, None)
    }
    assert codes == {ReasonCode.TEXT: "teal armchair", ReasonCode.COLOR: "teal"}


def test_what_of_the_words_was_met_is_named() -> None:
    analysis = an_analysis()
    query = query_for_photo(analysis, Wishes(), a_reading("velvet, no wheels"))
    question = Question(photo=True, words=True)
    one = rank([Candidate("p1", "", 0, {**FULL, Channel.TEXT: 1.0})], question, SHIPPED)[0]
    parts = contributions([one], question, SHIPPED)[0]
    found = explain(one, parts, a_product(), query, analysis, "velvet, no wheels")
    assert (ReasonCode.TEXT, "velvet, no wheels") in {(reason.code, reason.value) for reason in found}
    assert sum(reason.weight for reason in found) == pytest.approx(one.score, abs=1e-6)


def test_what_the_shop_taught_is_a_reason_only_as_far_as_it_speaks_for_the_product() -> None:
    def look(taught: float) -> float:
        one = scored(FULL, Closeness(shape=0.5, taught=taught))
        return sum(reason.weight for reason in reasons(one) if reason.code is ReasonCode.LOOK) / one.score

    assert look(0.2) == pytest.approx(look(0.5))
    assert look(0.8) > look(0.5)
