"""How unlike the shop's own products a thing looks: evidence for "not sold here"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_SPREAD = 0.03
SAMPLE = 1500


@dataclass(frozen=True, slots=True)
class NoveltyModel:
    """Two bell curves over the cosine to the nearest example.

    sold: what a product's photo reaches among its own and like products when that very photo is left out; foreign: what
    it reaches when its whole type is left out, which stands in for a thing the shop does not sell.
    """

    sold: tuple[float, float]
    foreign: tuple[float, float]

    @classmethod
    def fit(cls, vectors: NDArray[np.float32], types: Sequence[str | None], groups: NDArray[np.int64]) -> NoveltyModel:
        count = len(vectors)
        if count < 3:
            return cls.unknown()
        rows = np.random.default_rng(3).permutation(count)[:SAMPLE]
        names = np.unique([name or "" for name in types], return_inverse=True)[1]
        alike = vectors[rows] @ vectors[np.sort(np.random.default_rng(4).permutation(count)[: 4 * SAMPLE])].T
        columns = np.sort(np.random.default_rng(4).permutation(count)[: 4 * SAMPLE])
        own = np.where(rows[:, None] == columns[None], -2.0, alike).max(axis=1)
        other = np.where(names[rows][:, None] == names[columns][None], -2.0, alike)
        other = np.where(groups[rows][:, None] == groups[columns][None], -2.0, other).max(axis=1)
        own, other = own[own > -1.5], other[other > -1.5]
        sold = curve(own, (0.8, 0.15))
        foreign = curve(other, (max(-1.0, sold[0] - 0.3), 0.15))
        if foreign[0] > sold[0] - 0.02:
            foreign = (sold[0] - 0.02, max(foreign[1], sold[1]))
        return cls(sold, foreign)

    @classmethod
    def unknown(cls) -> NoveltyModel:
        """For a shop too small to tell."""
        return cls((0.8, 0.15), (0.4, 0.15))

    def of(self, nearest: float) -> float:
        """0..1, rising as the nearest example's cosine falls; even prior odds."""
        known = density(min(nearest, self.sold[0]), self.sold)
        strange = density(max(nearest, self.foreign[0]), self.foreign)
        return round(float(strange / max(known + strange, 1e-12)), 4)

    def as_dict(self) -> dict[str, list[float]]:
        return {"sold": list(self.sold), "foreign": list(self.foreign)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Sequence[float]]) -> NoveltyModel:
        sold, foreign = data["sold"], data["foreign"]
        return cls((float(sold[0]), float(sold[1])), (float(foreign[0]), float(foreign[1])))


def curve(values: NDArray[np.float32], otherwise: tuple[float, float]) -> tuple[float, float]:
    if len(values) < 3:
        return otherwise
    return float(np.median(values)), max(LEAST_SPREAD, float(values.std()))


def density(value: float, bell: tuple[float, float]) -> float:
    return float(np.exp(-0.5 * ((value - bell[0]) / bell[1]) ** 2) / bell[1])
