"""Recorded interactions as judged lists: what shoppers took, corrected for where it stood.

An item far down is taken less because it is looked at less. The model of positions (Richardson et al., 2007; Craswell
et al., 2008): a click needs that the place was looked at and that the item appealed, P(click) = looked(place) *
appeal. How often each place is looked at is estimated from the log itself by expectation maximization, with the score
the item was shown with standing for its appeal (Wang et al., 2018, "Position bias estimation for unbiased learning to
rank in personal search"). A click then counts 1 / looked(place) (Joachims et al., 2017), and an item that was not
clicked is taken for unlike only as far as it is likely that it was looked at.

The log needs neither photo nor words: it keeps, of each item shown, the evidence the score was made of.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.evaluation.judgments import InvalidQueries
from app.evaluation.lists import DEPTH, STAGES, JudgedList
from app.evaluation.refusals import LEAST_QUERIES, UnusableJudgments
from app.events import Impression as Answer
from app.search import EVIDENCE_BYTES, FEATURES, NEUTRAL, Calibration, Evidence, Feature, Stage

LEAST_CLICKS = 100
"""Fewer tell nothing of places."""
PLACES = 24
"""Places told apart; those farther down are one."""
APPEALS = 10
"""Steps of the score that stand for appeal."""
ROUNDS = 60
UNTOLD: Mapping[Feature, float] = {Feature.TAUGHT: NEUTRAL}
"""What a feature is worth that an impression does not name, where that is not 0."""
SELDOM = 0.05
"""No place counts as looked at less often than this: 1 / less would let single clicks decide everything."""
TAKEN = frozenset({"click", "cart", "purchase"})
"""Actions that say "this is what I meant". A view says nothing, a reject the contrary."""


@dataclass(frozen=True, slots=True)
class ShownItem:
    """One item of an answer as it was shown.

    position: from 1, over all pages. stage, features: the evidence its score was made of (RankedProduct.evidence).
    taken: whether the shopper clicked it, put it into the cart or bought it.
    """

    product_id: str
    position: int
    stage: Stage
    features: Mapping[Feature, float]
    taken: bool


@dataclass(frozen=True, slots=True)
class Impression:
    """One answer that somebody saw. search: its search_id. words: whether words were asked beside a photo."""

    search: str
    items: tuple[ShownItem, ...]
    words: bool = False


def holds_impressions(path: Path) -> bool:
    """Whether a file's first line is an impression rather than a judged photo; False where it cannot be read."""
    try:
        with path.open(encoding="utf-8") as lines:
            first = next((line for line in lines if line.strip()), "")
        return "items" in json.loads(first)
    except (OSError, ValueError, TypeError, RecursionError):
        return False


def read_impressions(path: Path) -> list[Impression]:
    """Impressions from JSON Lines (docs/evaluation.md). Raises InvalidQueries naming the line that does not fit."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            found.append(impression(line, number))
    return found


def impression(line: str, number: int) -> Impression:
    """One line. Raises InvalidQueries."""
    try:
        row = json.loads(line)
        items = tuple(
            ShownItem(
                product_id=str(item["product"]),
                position=_position(item["position"]),
                stage=Stage(item["stage"]),
                features={Feature(name): _share(value) for name, value in item["features"].items()},
                taken=item.get("action") in TAKEN,
            )
            for item in row["items"]
        )
        return Impression(str(row["search"]), items, bool(row.get("words", False)))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InvalidQueries(
            f"Line {number}: {error!r}.", fix="See docs/evaluation.md for the fields of an impression.", line=number
        ) from error


def recorded(answers: Iterable[Answer]) -> list[Impression]:
    """What the server's own log of answers and interactions says; answers without evidence are left out."""
    found = []
    for one in answers:
        told = [
            one.answered.evidence[at : at + EVIDENCE_BYTES]
            for at in range(0, len(one.answered.evidence), EVIDENCE_BYTES)
        ]
        if not told or len(told) != len(one.answered.products):
            continue
        evidence = [Evidence.unpacked(part) for part in told]
        items = tuple(
            ShownItem(
                product_id=product,
                position=one.answered.first + place,
                stage=seen.stage,
                features=seen.features,
                taken=any(kind.value in TAKEN for kind in one.deeds.get(product, ())),
            )
            for place, (product, seen) in enumerate(zip(one.answered.products, evidence, strict=True))
        )
        found.append(Impression(one.answered.search_id, items, any(seen.narrowed for seen in evidence)))
    return found


def lists_of_clicks(impressions: Sequence[Impression], start: Calibration) -> list[JudgedList]:
    """One list for each impression in which something was taken. start: the calibration that was shown with.

    Raises UnusableJudgments when there are too few.
    """
    clicked = [one for one in impressions if any(item.taken for item in one.items)]
    clicks = sum(item.taken for one in clicked for item in one.items)
    if len(clicked) < LEAST_QUERIES or clicks < LEAST_CLICKS:
        raise UnusableJudgments(
            f"{clicks} clicks in {len(clicked)} answers are too few to learn from; {LEAST_CLICKS} in {LEAST_QUERIES} "
            "are the least.",
            fix="Record interactions for longer.",
            clicks=clicks,
            queries=len(clicked),
        )
    bare = [_list(one, np.ones(PLACES), None) for one in impressions]
    scores = [one.scores(start) for one in bare]
    looked, appeal, edges = examination(impressions, scores)
    return [
        _list(one, looked, appeal[np.searchsorted(edges, score, side="right")])
        for one, score in zip(impressions, scores, strict=True)
        if any(item.taken for item in one.items)
    ]


def examination(
    impressions: Sequence[Impression], scores: Sequence[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """How often each place is looked at (PLACES,), the first 1; the appeal of each step of the score, and the steps'
    edges.

    scores: of each impression's items, by product id. Expectation maximization over clicks and the lack of them.
    """
    ordered = [item for one in impressions for item in _by_id(one)]
    place = np.array([min(item.position, PLACES) - 1 for item in ordered])
    taken = np.array([float(item.taken) for item in ordered])
    score = np.concatenate(list(scores))
    edges = np.unique(np.quantile(score, np.linspace(0.0, 1.0, APPEALS + 1)[1:-1]))
    step = np.searchsorted(edges, score, side="right")
    looked, appeal = 1.0 / np.arange(1.0, PLACES + 1.0), np.full(len(edges) + 1, 0.5)
    seen, steps = np.bincount(place, minlength=PLACES), np.bincount(step, minlength=len(appeal))
    for _ in range(ROUNDS):
        both = looked[place] * appeal[step]
        was_looked = taken + (1.0 - taken) * (looked[place] - both) / np.maximum(1.0 - both, 1e-9)
        appealed = taken + (1.0 - taken) * (appeal[step] - both) / np.maximum(1.0 - both, 1e-9)
        sums = np.bincount(place, was_looked, PLACES)
        looked = np.where(seen > 0, sums / np.maximum(seen, 1), looked)
        appeal = np.bincount(step, appealed, len(appeal)) / np.maximum(steps, 1)
        # Only the product of both is seen: the first place is taken as always looked at.
        scale = max(float(looked[0]), 1e-9)
        looked, appeal = np.clip(looked / scale, 1e-6, 1.0), np.clip(appeal * scale, 1e-6, 1.0 - 1e-6)
    return np.clip(looked, SELDOM, 1.0), appeal, edges


def _list(one: Impression, looked: NDArray[np.float64], appeal: NDArray[np.float64] | None) -> JudgedList:
    """appeal: of each item, by product id; None where it is not known yet."""
    items = _by_id(one)
    taken = np.array([float(item.taken) for item in items])
    chance = looked[np.array([min(item.position, PLACES) - 1 for item in items], dtype=np.intp)]
    worth = taken / chance
    likely = appeal if appeal is not None else np.zeros(len(items))
    unseen = likely * (1.0 - chance) / np.maximum(1.0 - likely * chance, 1e-9)
    features = np.array([[{**UNTOLD, **item.features}.get(feature, 0.0) for feature in FEATURES] for item in items])
    stage = np.array([STAGES.index(item.stage) for item in items], dtype=np.intp)
    if one.words:
        features[stage != STAGES.index(Stage.WORDS), FEATURES.index(Feature.TEXT)] -= 1.0
    return JudgedList(
        name=f"search {one.search}",
        group=one.search,
        features=features,
        stage=stage,
        coarse=stage == STAGES.index(Stage.COARSE),
        gain=worth,
        first=worth,
        similar=np.maximum(taken, unseen),
        told=np.ones(len(items)),
        ideal=tuple(sorted(worth.tolist(), reverse=True)[:DEPTH]),
    )


def _by_id(one: Impression) -> list[ShownItem]:
    return sorted(one.items, key=lambda item: item.product_id)


def _position(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"a position is a whole number from 1, not {value!r}")
    return value


def _share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
        raise ValueError(f"a feature is a number from 0 to 1, not {value!r}")
    return float(value)
