"""A search taken apart: the parts add up to the very score, and trial weights change nothing but what they name."""

from math import exp

import pytest

from app.catalog import Candidate, Channel
from app.search import Closeness, Question, Stage, dissected, shipped_calibration, tried
from app.search.rank import rank

SHIPPED = shipped_calibration()


def some_candidates() -> list[Candidate]:
    return [
        Candidate(f"p{n}", "", 0, {Channel.LOOK: n / 7, Channel.TYPE: 0.1 * n, Channel.TEXT: 1.0 - n / 7})
        for n in range(7)
    ]


@pytest.mark.parametrize("question", [Question(True), Question(True, words=True, novelty=0.2), Question(False, True)])
def test_the_parts_add_up_to_the_score(question: Question) -> None:
    near = {"p3": Closeness(verified=0.4, shape=0.7), "p6": Closeness(hue=1.0)} if question.photo else {}
    popular = {"p1": 0.5}
    scored = rank(some_candidates(), question, SHIPPED, near, popular)
    for place, one in enumerate(dissected(scored, question, SHIPPED, popular), start=1):
        assert one.place == place
        assert one.scored.score == pytest.approx(1 / (1 + exp(-one.logit)), abs=1e-12)
        assert one.stage is (
            Stage.WORDS if not question.photo else Stage.FINE if one.scored.product_id in near else Stage.COARSE
        )
        assert all(part.adds >= 0 for part in one.parts)


def test_a_trial_changes_what_it_names_and_nothing_else() -> None:
    trial = tried(SHIPPED, {"fine": {"weights": {"hue": 3}}, "cuts": {"loose": 0.2}})
    assert trial.loose == 0.2
    assert (trial.exact, trial.close, trial.embedder) == (SHIPPED.exact, SHIPPED.close, SHIPPED.embedder)
    assert trial.stages[Stage.COARSE] == SHIPPED.stages[Stage.COARSE]
    changed = {
        name for name, weight in trial.stages[Stage.FINE].weights.items()
        if weight != SHIPPED.stages[Stage.FINE].weights[name]
    }  # fmt: skip
    assert changed == {"hue"}
    assert trial.stages[Stage.FINE].bias == SHIPPED.stages[Stage.FINE].bias


@pytest.mark.parametrize(
    "changes",
    [
        {"finest": {}},
        {"fine": 3},
        {"fine": {"weight": {}}},
        {"fine": {"weights": {"glamour": 1}}},
        {"fine": {"weights": {"hue": -0.1}}},
        {"fine": {"weights": {"hue": "3"}}},
        {"fine": {"weights": {"hue": True}}},
        {"fine": {"bias": float("nan")}},
        {"fine": {"bias": 1e9}},
        {"cuts": {"loose": 0.99}},
        {"cuts": {"sharp": 0.5}},
    ],
)
def test_weights_that_make_no_score_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w+ .*"):
        tried(SHIPPED, changes)
