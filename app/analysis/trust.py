"""How far a source is believed: a logistic curve per source from its own confidence to how often it is right."""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.errors import BadRequest

SHIPPED = Path(__file__).with_name("trust.toml")
SUREST = 0.995
"""No source is believed more than this, nor less than the rest to 1."""
FEWEST = 30
"""Answers needed to fit a curve."""
RIDGE = 0.01


class BadTrust(BadRequest):
    """The trust file cannot be used, or cannot be fitted."""

    code = "bad-trust"
    title = "The trust in sources cannot be used"


@dataclass(frozen=True, slots=True)
class Curve:
    """slope >= 0: how much its confidence says. offset: > 0 where the source is too modest, < 0 where it boasts."""

    slope: float
    offset: float

    def calibrated(self, confidence: float) -> float:
        """The probability 0..1 that it is right. Monotone; 0 stays 0: what is not said is no evidence."""
        if confidence <= 0.0:
            return 0.0
        sure = min(SUREST, max(1.0 - SUREST, confidence))
        return min(SUREST, 1.0 / (1.0 + math.exp(-(self.offset + self.slope * math.log(sure / (1.0 - sure))))))


@dataclass(frozen=True, slots=True)
class Trust:
    """Curves by source; "vertex/materials" falls back to "vertex", everything to "default"."""

    curves: Mapping[str, Curve]

    def of(self, source: str) -> Curve:
        """The source's curve."""
        return self.curves.get(source) or self.curves.get(source.partition("/")[0]) or self.curves["default"]


def read_trust(own: Path | None = None) -> Trust:
    """The shipped curves with a shop's own on top. Raises BadTrust."""
    curves: dict[str, Curve] = {}
    for path in (SHIPPED, own) if own is not None else (SHIPPED,):
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
            for name, entry in document.items():
                slope, offset = float(entry["slope"]), float(entry["offset"])
                if not (math.isfinite(slope) and math.isfinite(offset) and slope >= 0):
                    raise ValueError(f"the curve of {name} has no usable numbers")
                curves[name] = Curve(slope, offset)
        except (OSError, ValueError, KeyError, TypeError) as broken:
            raise BadTrust(
                f"The trust file {path.name} cannot be used: {broken}.",
                fix="Each source is a table with slope >= 0 and offset; see app/analysis/trust.toml.",
            ) from None
    return Trust(curves)


def fitted(answers: Sequence[tuple[float, bool]]) -> Curve:
    """The curve that fits (confidence, was it right) best. Raises BadTrust with fewer than FEWEST of them.

    Platt's method: logistic regression with targets pulled in a little, so that a source that was never wrong is not
    believed blindly. A slope below 0 (surer means wronger) is taken as 0.
    """
    if len(answers) < FEWEST:
        raise BadTrust(f"{len(answers)} answers are too few to fit a curve.", fix=f"Judge at least {FEWEST} photos.")
    sure = np.clip(np.array([confidence for confidence, _ in answers]), 1.0 - SUREST, SUREST)
    right = np.array([was_right for _, was_right in answers], dtype=np.float64)
    yes, no = right.sum(), len(right) - right.sum()
    target = np.where(right > 0, (yes + 1.0) / (yes + 2.0), 1.0 / (no + 2.0))
    rows = np.stack([np.log(sure / (1.0 - sure)), np.ones_like(sure)], axis=1)
    weights = np.array([1.0, 0.0])
    start = weights.copy()
    for _ in range(200):  # Newton's method in bounded steps; a little ridge where all confidences are the same
        guess = 0.5 * (1.0 + np.tanh(rows @ weights / 2.0))
        curvature = (rows * (guess * (1.0 - guess))[:, None]).T @ rows + RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, rows.T @ (guess - target) + RIDGE * (weights - start))
        weights = weights - step * min(1.0, 0.5 / max(1e-12, float(np.abs(step).max())))
        if float(np.abs(step).max()) < 1e-9:
            break
    if weights[0] < 0:
        return Curve(0.0, math.log((yes + 1.0) / (no + 1.0)))
    return Curve(float(weights[0]), float(weights[1]))
