"""Pure: from signals to one calibrated score. This is the only place where a score is made.

The score of a product is the probability that a shopper calls it similar to the photo:

    score = 1 / (1 + exp(-(bias + Σ weight · feature)))

with every weight >= 0 and every feature in 0..1, so that more evidence never lowers a score, and the part each piece of
evidence plays can be read off (explain.py). The score depends on the photo, the words and the product only, never on
which other products were found: a filter takes products away and changes no score.

Three sets of weights (calibration.Stage) are used: `words` without a photo, `coarse` for what the catalog's signals
say, `fine` where the pictures were compared closely. Each was fitted to the same judgments, so their scores mix.
"""

from bisect import insort
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, fields
from heapq import nsmallest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.catalog import Candidate, Channel
from app.search.calibration import NEUTRAL, Calibration, Feature, Stage, Weights
from app.search.model import Evidence, Match

FEATURES = tuple(Feature)
COLUMN = {feature: column for column, feature in enumerate(FEATURES)}
LOOK_KNEE = 0.5
"""LOOK counts up to this cosine, LOOK_HIGH from there: near-identical looks say more per step than vague likeness."""
UNKNOWN_NOVELTY = 0.5


@dataclass(frozen=True, slots=True)
class Closeness:
    """What a closer look at one candidate's picture found; each 0..1.

    verified: local features that agree geometrically. shape, texture, pattern, hue, learned: likeness of the
    embedding's channels. palette: likeness of the named colors with their shares. model: likeness by a bigger model,
    where one stands before the embedded eyes. taught: likeness by what the shop taught (`akin learn`): NEUTRAL at what
    such things usually have, and where nothing was taught.
    """

    verified: float = 0.0
    shape: float = 0.0
    texture: float = 0.0
    pattern: float = 0.0
    hue: float = 0.0
    learned: float = 0.0
    palette: float = 0.0
    model: float = 0.0
    taught: float = NEUTRAL


@dataclass(frozen=True, slots=True)
class Question:
    """What the score depends on besides the product.

    photo: whether a look was asked for. words: whether words were. novelty: of the photo (see PhotoAnalysis).
    """

    photo: bool
    words: bool = False
    novelty: float | None = None


class Scored(NamedTuple):
    """One candidate with its score. closeness: None where it was not looked at closely."""

    candidate: Candidate
    score: float
    closeness: Closeness | None = None

    @property
    def product_id(self) -> str:
        """The candidate's product."""
        return self.candidate.product_id


def rank(
    candidates: Sequence[Candidate],
    question: Question,
    calibration: Calibration,
    closeness: Mapping[str, Closeness] | None = None,
    popularity: Mapping[str, float] | None = None,
) -> list[Scored]:
    """Score all candidates, best first; ties by product id. The order of the input does not matter.

    closeness: by product id, for those that were looked at closely. popularity: product id -> 0..1.
    """
    near = closeness if closeness is not None and question.photo else {}
    close = [one for one in candidates if one.product_id in near] if near else []
    rest = [one for one in candidates if one.product_id not in near] if near else candidates
    scored = _scored(close, question, calibration, near, popularity or {})
    scored += _scored(rest, question, calibration, {}, popularity or {})
    scored.sort(key=order)
    return scored


def refine(
    scored: Sequence[Scored],
    question: Question,
    calibration: Calibration,
    closeness: Mapping[str, Closeness],
    popularity: Mapping[str, float] | None = None,
) -> list[Scored]:
    """What `rank` gives for the same candidates once `closeness` is known, without scoring the others again."""
    if not closeness or not question.photo:
        return list(scored)
    refined, near = [], []
    for one in scored:
        if one.candidate.product_id in closeness:
            near.append(one.candidate)
        else:
            refined.append(one)
    for one in _scored(near, question, calibration, closeness, popularity or {}):
        insort(refined, one, key=order)  # the others are in order already, and these are few
    return refined


def contributions(
    scored: Sequence[Scored],
    question: Question,
    calibration: Calibration,
    popularity: Mapping[str, float] | None = None,
) -> list[Mapping[Feature, float]]:
    """Weight times feature, each >= 0: what every kind of evidence adds to the logit of each of these."""
    near = {one.product_id: one.closeness for one in scored if one.closeness is not None}
    table = features_of([one.candidate for one in scored], question, near, popularity or {})
    stages = [stage_of(question, close=one.closeness is not None) for one in scored]
    weights = {stage: column_weights(calibration.stages[stage]) for stage in set(stages)}
    return [
        dict(zip(FEATURES, (row * weights[stage]).tolist(), strict=True))
        for row, stage in zip(table, stages, strict=True)
    ]


def evidence_of(
    scored: Scored, parts: Mapping[Feature, float], question: Question, calibration: Calibration
) -> Evidence:
    """What the score was made of, read back from its contributions (parts)."""
    stage = stage_of(question, close=scored.closeness is not None)
    weights = calibration.stages[stage].weights
    found = {feature: parts[feature] / weight for feature, weight in weights.items() if weight > 0.0}
    return Evidence(stage, found, narrowed=question.words and question.photo)


def stage_of(question: Question, *, close: bool) -> Stage:
    """Which weights are used."""
    if not question.photo:
        return Stage.WORDS
    return Stage.FINE if close else Stage.COARSE


def order(scored: Scored) -> tuple[float, str]:
    """The sort key of a result set: score descending, then product id."""
    return -scored.score, scored.candidate.product_id


def match_of(score: float, calibration: Calibration) -> Match | None:
    """The word for a score, by fixed cuts; None below the relevance cut-off."""
    if score >= calibration.exact:
        return Match.EXACT
    if score >= calibration.close:
        return Match.CLOSE
    return Match.LOOSE if score >= calibration.loose else None


def worth_a_closer_look(scored: Sequence[Scored], most: int) -> list[Scored]:
    """At most `most` of ranked candidates: the best half by score, and the nearest by look of the others.

    Both, because the score trusts what the catalog taught (types, attributes) and that may not fit the photo; what
    local features could still prove must not be lost to it.
    """
    best = list(scored[: most - most // 2])
    return best + nearest_of(scored, {one.product_id for one in best}, most // 2)


def nearest_of(scored: Sequence[Scored], known: Set[str], most: int) -> list[Scored]:
    """The `most` nearest by look but those of the known product ids, nearest first."""
    return nsmallest(
        most,
        (one for one in scored if one.candidate.product_id not in known),
        key=lambda one: (-one.candidate.signals.get(Channel.LOOK, -1.0), one.candidate.product_id),
    )


def relevant(scored: Sequence[Scored], calibration: Calibration) -> list[Scored]:
    """The result set: what is at or above the relevance cut-off, in order."""
    return [one for one in scored if one.score >= calibration.loose]


def features_of(
    candidates: Sequence[Candidate],
    question: Question,
    closeness: Mapping[str, Closeness],
    popularity: Mapping[str, float],
) -> NDArray[np.float64]:
    """(n, len(FEATURES)) float64 in 0..1, one row a candidate, columns as COLUMN says.

    LOOK, LOOK_HIGH: the cosine up to and from LOOK_KNEE. TYPE: probability that the photo shows the product's type;
    TYPE_FAMILIAR: the same times FAMILIAR, as what was taught says less of a photo unlike anything that is sold.
    COLORS, ATTRIBUTES, LABELS: agreement with the product's, see query.py. TEXT: relevance to the words.
    SHAPE, TEXTURE, PATTERN, HUE, LEARNED, PALETTE, VERIFIED, MODEL, TAUGHT: of the closer look; 0 without one.
    FAMILIAR: 1 - novelty of the photo. POPULAR: how often shoppers took this product, by the shop's own events.
    """
    table = np.zeros((len(candidates), len(FEATURES)))
    if not candidates:
        return table
    for channel, feature in _PLAIN.items():
        table[:, COLUMN[feature]] = [one.signals.get(channel, 0.0) for one in candidates]
    look = np.array([one.signals.get(Channel.LOOK, 0.0) for one in candidates])
    table[:, COLUMN[Feature.LOOK]] = np.clip(look / LOOK_KNEE, 0.0, 1.0)
    table[:, COLUMN[Feature.LOOK_HIGH]] = np.clip((look - LOOK_KNEE) / (1.0 - LOOK_KNEE), 0.0, 1.0)
    for row, one in enumerate(candidates if closeness else ()):
        seen = closeness.get(one.product_id)
        if seen is not None:
            for feature in _NEAR:
                table[row, COLUMN[feature]] = getattr(seen, feature.value)
    familiar = 1.0 - (UNKNOWN_NOVELTY if question.novelty is None else question.novelty)
    table[:, COLUMN[Feature.FAMILIAR]] = familiar
    table[:, COLUMN[Feature.TYPE_FAMILIAR]] = familiar * table[:, COLUMN[Feature.TYPE]]
    if popularity:
        table[:, COLUMN[Feature.POPULAR]] = [popularity.get(one.product_id, 0.0) for one in candidates]
    return np.clip(table, 0.0, 1.0)


def logits(table: NDArray[np.float64], weights: Weights, *, words: bool, photo: bool) -> NDArray[np.float64]:
    """(n,) the argument of the logistic function. Words beside a photo narrow: a product that has none of them loses
    the weight of TEXT, one that fits them best keeps the score it has without words."""
    narrowing = weights.weights.get(Feature.TEXT, 0.0) if words and photo else 0.0
    # Row by row: a matrix product rounds differently with the number of rows, and a score must not.
    return np.asarray((table * column_weights(weights)).sum(axis=1) + (weights.bias - narrowing), dtype=np.float64)


def column_weights(weights: Weights) -> NDArray[np.float64]:
    """(len(FEATURES),) the weights in the order of the columns; 0 for a feature the stage does not use."""
    return np.array([weights.weights.get(feature, 0.0) for feature in FEATURES])


def probability(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logistic function, without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logit)), dtype=np.float64)


_NEAR = tuple(Feature(one.name) for one in fields(Closeness))
"""Features named as the fields of Closeness."""
_PLAIN = {
    Channel.TYPE: Feature.TYPE,
    Channel.COLORS: Feature.COLORS,
    Channel.ATTRIBUTES: Feature.ATTRIBUTES,
    Channel.LABELS: Feature.LABELS,
    Channel.TEXT: Feature.TEXT,
}


def _scored(
    candidates: Sequence[Candidate],
    question: Question,
    calibration: Calibration,
    closeness: Mapping[str, Closeness],
    popularity: Mapping[str, float],
) -> list[Scored]:
    table = features_of(candidates, question, closeness, popularity)
    weights = calibration.stages[stage_of(question, close=bool(closeness))]
    scores = probability(logits(table, weights, words=question.words, photo=question.photo)).tolist()
    looks = [closeness.get(one.product_id) for one in candidates] if closeness else [None] * len(candidates)
    return list(map(Scored._make, zip(candidates, scores, looks, strict=True)))
