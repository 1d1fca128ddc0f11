"""The fitted numbers the eyes read with (`weights/eyes.npz`, its model card beside it; `training/` rebuilds it)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.analysis.local.channels import CHANNELS
from app.analysis.local.texture import FisherCoder

SHIPPED = Path(__file__).parent / "weights" / "eyes.npz"


@dataclass(frozen=True, slots=True)
class Projection:
    """mean (d,), matrix (d, dims): a reading's raw values to its channel."""

    mean: NDArray[np.float32]
    matrix: NDArray[np.float32]

    def __call__(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray((raw - self.mean) @ self.matrix, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Weights:
    """coders: Fisher vocabularies of "texture" and "pattern"; projections: one per channel that is projected;
    points: the key points' PCA."""

    coders: dict[str, FisherCoder]
    projections: dict[str, Projection]
    points: Projection


@cache
def shipped_weights() -> Weights:
    """Read once per process. float16 in the file, float32 in use."""
    with np.load(SHIPPED, allow_pickle=False) as archive:
        numbers = {name: np.ascontiguousarray(archive[name].astype(np.float32)) for name in archive.files}
    coders = {
        name: FisherCoder(*(numbers[f"{name}.{part}"] for part in ("mean", "project", "prior", "center", "spread")))
        for name in ("texture", "pattern")
    }
    projections = {
        name: Projection(numbers[f"{name}.to.mean"], numbers[f"{name}.to.matrix"])
        for name, _, _ in CHANNELS
        if f"{name}.to.mean" in numbers
    }
    return Weights(coders, projections, Projection(numbers["points.mean"], numbers["points.matrix"]))
