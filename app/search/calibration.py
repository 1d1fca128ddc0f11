"""The fitted numbers of the ranking model, read from a small versioned file. How they are used is rank.py's alone."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.resources import files
from math import isfinite
from pathlib import Path

FORMAT = 1
"""Version of the file's form; a file of another form is refused."""


class Feature(StrEnum):
    """One kind of evidence for "a shopper would call this similar", 0..1; rank.py documents how each is taken."""

    __hash__ = str.__hash__  # as of Channel

    LOOK = "look"
    LOOK_HIGH = "look_high"
    TYPE = "type"
    TYPE_FAMILIAR = "type_familiar"
    COLORS = "colors"
    ATTRIBUTES = "attributes"
    LABELS = "labels"
    TEXT = "text"
    SHAPE = "shape"
    TEXTURE = "texture"
    PATTERN = "pattern"
    HUE = "hue"
    LEARNED = "learned"
    PALETTE = "palette"
    VERIFIED = "verified"
    FAMILIAR = "familiar"
    POPULAR = "popular"
    MODEL = "model"
    TAUGHT = "taught"


NEUTRAL = 0.5
"""Value of TAUGHT that speaks neither for nor against; what it has everywhere until the shop taught a likeness."""


class Stage(StrEnum):
    """How closely a candidate was looked at; each stage is calibrated for itself."""

    WORDS = "words"  # no look was asked for
    COARSE = "coarse"  # the catalog's signals only
    FINE = "fine"  # signals, channel similarities and local features


@dataclass(frozen=True, slots=True)
class Weights:
    """Of one stage: probability = logistic(bias + sum of weight times feature). Every weight is >= 0, so that more
    evidence never lowers a score; only the bias is negative."""

    bias: float
    weights: Mapping[Feature, float]


@dataclass(frozen=True, slots=True)
class Move:
    """One weight that a fit moved. low, high: where it stood in the parts of the cross-validation. why: in words."""

    stage: Stage
    feature: Feature
    before: float
    after: float
    low: float
    high: float
    why: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """All numbers of the ranking model.

    embedder: the model whose looks it was fitted on ("" for any). fitted_at, how, data: where the numbers come from.
    exact > close > loose: the fixed cuts on the score; below `loose` nothing is shown.
    measures: how well it did when it was fitted, by name. version: 0 for the shipped one, one more for each `akin
    tune`. base: what it was fitted from. moves: what differs from that, and why.
    """

    embedder: str
    exact: float
    close: float
    loose: float
    stages: Mapping[Stage, Weights]
    fitted_at: str = ""
    how: str = ""
    data: str = ""
    measures: Mapping[str, float] | None = None
    version: int = 0
    base: str = ""
    moves: tuple[Move, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 < self.loose < self.close < self.exact < 1.0:
            raise ValueError(f"cuts must rise from loose over close to exact: {self.loose}, {self.close}, {self.exact}")
        for stage in Stage:
            numbers = self.stages[stage]
            low = [feature for feature, weight in numbers.weights.items() if not (isfinite(weight) and weight >= 0.0)]
            if low or not isfinite(numbers.bias):
                raise ValueError(f"stage {stage}: weights must be finite and >= 0, the bias finite; see {low}")

    def to_json(self) -> str:
        """The file's text; `from_json` reads it back to an equal value."""
        whole: dict[str, object] = {
            "format": FORMAT,
            "fitted_at": self.fitted_at,
            "embedder": self.embedder,
            "how": self.how,
            "data": self.data,
            "measures": dict(self.measures or {}),
            "cuts": {"exact": self.exact, "close": self.close, "loose": self.loose},
            "stages": {
                stage.value: {
                    "bias": self.stages[stage].bias,
                    "weights": {feature.value: weight for feature, weight in self.stages[stage].weights.items()},
                }
                for stage in Stage
            },
        }
        if self.version:
            whole |= {"version": self.version, "base": self.base, "moves": [asdict(move) for move in self.moves]}
        return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"

    @staticmethod
    def from_json(text: str) -> "Calibration":
        """Read the file's text. Raises ValueError or KeyError with the place that does not fit."""
        whole = json.loads(text)
        if whole["format"] != FORMAT:
            raise ValueError(f"calibration format {whole['format']!r} is not {FORMAT}; fit it anew with `akin tune`")
        stages = {
            Stage(name): Weights(
                float(numbers["bias"]), {Feature(key): float(value) for key, value in numbers["weights"].items()}
            )
            for name, numbers in whole["stages"].items()
        }
        cuts = whole["cuts"]
        return Calibration(
            embedder=str(whole["embedder"]),
            exact=float(cuts["exact"]),
            close=float(cuts["close"]),
            loose=float(cuts["loose"]),
            stages=stages,
            fitted_at=str(whole["fitted_at"]),
            how=str(whole["how"]),
            data=str(whole["data"]),
            measures={str(name): float(value) for name, value in whole["measures"].items()},
            version=int(whole.get("version", 0)),
            base=str(whole.get("base", "")),
            moves=tuple(_move(entry) for entry in whole.get("moves", [])),
        )


def _move(entry: Mapping[str, str | float]) -> Move:
    return Move(
        stage=Stage(str(entry["stage"])),
        feature=Feature(str(entry["feature"])),
        before=float(entry["before"]),
        after=float(entry["after"]),
        low=float(entry["low"]),
        high=float(entry["high"]),
        why=str(entry["why"]),
    )


def shipped_calibration(*, led: bool = False) -> Calibration:
    """The calibration that comes with Akin: app/search/calibration.json, or calibration_led.json.

    led: for embeddings with a bigger model's values before ours (AKIN_EMBEDDER other than "local").
    """
    name = "calibration_led.json" if led else "calibration.json"
    return Calibration.from_json(files("app.search").joinpath(name).read_text(encoding="utf-8"))


def read_calibration(path: Path) -> Calibration:
    """A shop's own calibration, written by `akin tune`."""
    return Calibration.from_json(path.read_text(encoding="utf-8"))
