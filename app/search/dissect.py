"""Pure: every candidate of a search with all its signals and how its score adds up, for whoever tunes the shop.

The same functions that rank are asked again; there is no second formula.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np

from app.search.calibration import Calibration, Feature, Stage, Weights
from app.search.model import Match
from app.search.rank import FEATURES, Question, Scored, column_weights, features_of, logits, match_of, stage_of

MOST_WEIGHT = 100.0


@dataclass(frozen=True, slots=True)
class Part:
    """What one kind of evidence adds: value (0..1) times weight is its part of the logit."""

    feature: Feature
    value: float
    weight: float

    @property
    def adds(self) -> float:
        """Part of the logit, >= 0."""
        return self.value * self.weight


@dataclass(frozen=True, slots=True)
class Dissected:
    """One candidate. place: from 1, among all candidates. match: None below the relevance cut-off.

    constant: the bias, less what words beside a photo take away. logit = constant + sum of the parts; the score is the
    logistic function of it.
    """

    scored: Scored
    place: int
    match: Match | None
    stage: Stage
    constant: float
    parts: tuple[Part, ...]

    @property
    def logit(self) -> float:
        """What the score is the logistic function of."""
        return self.constant + sum(part.adds for part in self.parts)


def dissected(
    scored: Sequence[Scored],
    question: Question,
    calibration: Calibration,
    popularity: Mapping[str, float] | None = None,
) -> list[Dissected]:
    """All candidates in the order they were ranked in. calibration: the one they were scored with."""
    found = []
    for place, one in enumerate(scored, start=1):
        near = {one.product_id: one.closeness} if one.closeness is not None else {}
        stage = stage_of(question, close=bool(near))
        weights = calibration.stages[stage]
        row = features_of([one.candidate], question, near, popularity or {})
        logit = float(logits(row, weights, words=question.words, photo=question.photo)[0])
        column = column_weights(weights)
        parts = tuple(
            Part(feature, float(row[0, number]), float(column[number]))
            for number, feature in enumerate(FEATURES)
            if feature in weights.weights
        )
        constant = logit - float(np.sum(row[0] * column))
        found.append(Dissected(one, place, match_of(one.score, calibration), stage, constant, parts))
    return found


def tried(calibration: Calibration, changes: Mapping[str, object]) -> Calibration:
    """The calibration with trial weights in the place of its own.

    changes: `{"fine": {"bias": -6, "weights": {"hue": 3}}, "cuts": {"loose": 0.2}}`; what is not named stays.
    Raises ValueError with a sentence for the caller.
    """
    unknown = sorted(str(name)[:64] for name in changes if name not in {*Stage, "cuts"})
    if unknown:
        raise ValueError(f"There is no stage {', '.join(unknown)}; there are {', '.join(Stage)} and cuts.")
    stages = {
        stage: _tried_stage(calibration.stages[stage], stage, changes[stage.value])
        if stage.value in changes
        else calibration.stages[stage]
        for stage in Stage
    }
    cuts = _numbers("cuts", changes.get("cuts", {}), ("exact", "close", "loose"))
    return replace(
        calibration,
        stages=stages,
        fitted_at="on trial",
        exact=cuts.get("exact", calibration.exact),
        close=cuts.get("close", calibration.close),
        loose=cuts.get("loose", calibration.loose),
    )


def _tried_stage(current: Weights, stage: Stage, change: object) -> Weights:
    if not isinstance(change, Mapping) or set(change) - {"bias", "weights"}:
        raise ValueError(f"`{stage}` is not an object with `bias` and `weights`.")
    weights = _numbers(f"{stage}.weights", change.get("weights", {}), [feature.value for feature in current.weights])
    low = [name for name, weight in weights.items() if weight < 0]
    if low:
        raise ValueError(f"Weights are 0 or more, as evidence never lowers a score; see {stage}: {', '.join(low)}.")
    bias = _numbers(str(stage), {"bias": change.get("bias", current.bias)}, ("bias",))["bias"]
    return Weights(bias, {feature: weights.get(feature.value, own) for feature, own in current.weights.items()})


def _numbers(where: str, given: object, known: Sequence[str]) -> dict[str, float]:
    if not isinstance(given, Mapping):
        raise ValueError(f"`{where}` is not an object of numbers.")
    unknown = sorted(str(name)[:64] for name in given if name not in known)
    if unknown:
        raise ValueError(f"`{where}` has no {', '.join(unknown)}; it has {', '.join(known)}.")
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise ValueError(f"`{where}.{name}` is not a number.")
        if abs(value) > MOST_WEIGHT:
            raise ValueError(f"`{where}.{name}` is beyond {MOST_WEIGHT:g}.")
    return {name: float(value) for name, value in given.items()}
