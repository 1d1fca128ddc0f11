"""Clicks: where an item stood is told apart from what it is worth."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.evaluation import (
    Impression,
    InvalidQueries,
    ShownItem,
    UnusableJudgments,
    lists_of_clicks,
    read_impressions,
    recorded,
    tuned,
)
from app.evaluation.clicks import examination, holds_impressions
from app.events import Answered, Asked, Deed, EventLog, InteractionKind
from app.search import EVIDENCE_BYTES, Evidence, Feature, Stage, probability
from tests.unit.search.shop import STEADY

pytestmark = pytest.mark.anyio

LOOKED = 1.0 / np.arange(1.0, 13.0)
"""How often the shoppers of these tests look at a place."""


def impressions(rng: np.random.Generator, count: int, *, by: Feature = Feature.SHAPE) -> list[Impression]:
    """Answers in the order of what serves; shoppers look at places by LOOKED and take what is high in `by`."""
    found = []
    for number in range(count):
        drawn = rng.random((12, 2))
        rows = [{Feature.SHAPE: float(shape), Feature.TYPE: float(kind)} for shape, kind in drawn]
        rows.sort(key=lambda row: -sum(STEADY.stages[Stage.FINE].weights[name] * row[name] for name in row))
        items = []
        for at, row in enumerate(rows):
            appeal = float(probability(np.array(-4.0 + 7.0 * row[by])))
            taken = bool(rng.random() < LOOKED[at] * appeal)
            items.append(ShownItem(f"p{number:04d}-{at:02d}", at + 1, Stage.FINE, row, taken))
        found.append(Impression(f"s{number}", tuple(items)))
    return found


def test_how_often_places_are_looked_at_is_found_from_clicks_alone(rng: np.random.Generator) -> None:
    log = impressions(rng, 4000)
    weights = STEADY.stages[Stage.FINE].weights
    scores = [
        np.array([sum(weights[name] * value for name, value in item.features.items()) for item in one.items])
        for one in log
    ]
    looked, _, _ = examination(log, scores)
    assert looked[0] == 1.0
    assert looked[:8] == pytest.approx(LOOKED[:8], abs=0.13)
    assert looked[3] < 0.5


def test_a_click_far_down_counts_for_more(rng: np.random.Generator) -> None:
    lists = lists_of_clicks(impressions(rng, 2000), STEADY)
    high = [one.first[0] for one in lists if one.gain[0] > 0]
    low = [one.first[9] for one in lists if one.gain[9] > 0]
    assert np.mean(low) > 3.0 * np.mean(high)
    for one in lists[:50]:
        assert one.similar.min() >= 0.0
        assert one.similar.max() == 1.0


def test_clicks_teach_what_shoppers_take_rather_than_what_was_shown_first(rng: np.random.Generator) -> None:
    log = impressions(rng, 600)
    fitted = tuned(lists_of_clicks(log, STEADY), STEADY, data="clicks", embedder="test/1").accepted()

    def balance(weights: dict[Feature, float]) -> float:
        return weights[Feature.SHAPE] / weights[Feature.TYPE]

    assert balance(dict(fitted.stages[Stage.FINE].weights)) > 1.3 * balance(dict(STEADY.stages[Stage.FINE].weights))


def test_too_few_clicks_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(UnusableJudgments) as refused:
        lists_of_clicks(impressions(rng, 30), STEADY)
    assert refused.value.extra["clicks"] in range(10, 100)


async def test_the_servers_own_log_gives_the_same_impressions(tmp_path: Path, rng: np.random.Generator) -> None:
    one = impressions(rng, 1)[0]
    packed = b"".join(Evidence(item.stage, item.features).packed() for item in one.items)
    ids = tuple(item.product_id for item in one.items)
    log = EventLog(tmp_path / "events.db")
    try:
        await log.answered(Answered("s0", Asked.PHOTO, "g1", ids, tuple(0.5 for _ in ids), 25, 99, evidence=packed))
        await log.answered(Answered("s1", Asked.PHOTO, "g1", ids, tuple(0.5 for _ in ids)))
        deeds = [Deed(InteractionKind.CLICK, ids[2]), Deed(InteractionKind.VIEW, ids[4])]
        await log.interact("s0", deeds)
        (found,) = recorded(await log.impressions())  # the other one has no evidence
    finally:
        await log.close()
    assert [item.product_id for item in found.items if item.taken] == [ids[2]]
    assert [item.position for item in found.items] == list(range(25, 37))
    for item, twin in zip(found.items, one.items, strict=True):
        assert item.stage is twin.stage
        assert item.features[Feature.SHAPE] == pytest.approx(twin.features[Feature.SHAPE], abs=1 / 255)


@given(st.sampled_from(Stage), st.dictionaries(st.sampled_from(Feature), st.floats(0, 1)), st.booleans())
def test_evidence_survives_being_packed(stage: Stage, features: dict[Feature, float], narrowed: bool) -> None:
    data = Evidence(stage, features, narrowed).packed()
    assert len(data) == EVIDENCE_BYTES
    back = Evidence.unpacked(data)
    assert (back.stage, back.narrowed) == (stage, narrowed)
    for feature in Feature:
        assert back.features[feature] == pytest.approx(features.get(feature, 0.0), abs=0.5 / 255 + 1e-9)


def line(**changes: object) -> str:
    item = {"product": "p1", "position": 1, "stage": "fine", "features": {"type": 0.5}, "action": "click"}
    return json.dumps({"search": "s1", "items": [{**item, **changes}]})


def test_the_log_is_read_with_its_actions(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text("\n".join([line(), "", line(action="view"), line(action="purchase", position=40)]), "utf-8")
    assert holds_impressions(file)
    first, viewed, bought = read_impressions(file)
    assert [one.items[0].taken for one in (first, viewed, bought)] == [True, False, True]
    assert bought.items[0].position == 40
    assert first.items[0].features == {Feature.TYPE: 0.5}


@pytest.mark.parametrize(
    "wrong",
    [line(position=0), line(position=True), line(stage="near"), line(features={"type": 2}), line(features={"x": 1}),
     "{", "[]", '{"search": "s", "items": 3}'],
)  # fmt: skip
def test_a_line_of_another_form_is_refused_with_its_number(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text(f"{line()}\n{wrong}\n", "utf-8")
    with pytest.raises(InvalidQueries) as refused:
        read_impressions(file)
    assert refused.value.extra == {"line": 2}


def test_other_files_hold_no_impressions(tmp_path: Path) -> None:
    (tmp_path / "judged.jsonl").write_text('{"photo": "a.jpg"}\n', "utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xd8")
    for name in ("judged.jsonl", "binary", "absent"):
        assert not holds_impressions(tmp_path / name)
