"""Which colors the object has: a short named list for people and filters, and a histogram for likeness."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from app.analysis.local.canvas import Canvas
from app.analysis.local.palette import hex_of_lab, lab_of_hex, name_of

MOST = 5
SAMPLES_SIDE = 48
LIGHT_WEIGHT = 0.6
"""Lightness counts this much of chroma when pixels are grouped: the shaded side of a thing keeps its color's word."""
MERGE = 15.0
SMALLEST = 0.04


@dataclass(frozen=True, slots=True)
class SeenColor:
    """name: a word of the palette; hex: "#rrggbb"; share: 0..1 of the object."""

    name: str
    hex: str
    share: float


def named_colors(canvas: Canvas) -> tuple[SeenColor, ...]:
    """At most five colors of the object, largest first; their shares sum to at most 1."""
    scale = SAMPLES_SIDE / max(canvas.mask.shape)
    size = (max(2, round(canvas.mask.shape[1] * scale)), max(2, round(canvas.mask.shape[0] * scale)))
    lab = np.asarray(cv2.resize(canvas.lab, size, interpolation=cv2.INTER_AREA), dtype=np.float32).reshape(-1, 3)
    mask = np.asarray(cv2.resize(canvas.mask, size, interpolation=cv2.INTER_AREA), dtype=np.float32).ravel()
    weight = np.where(mask > 0.5, mask, 0.0) if float((mask > 0.5).sum()) >= 6 else mask + np.float32(1e-3)
    groups = without_shade(grouped(lab, weight.astype(np.float32)))
    named: dict[str, list[tuple[NDArray[np.float32], float]]] = {}
    for center, share in groups:
        named.setdefault(name_of(center), []).append((center, share))
    colors = []
    for name, parts in named.items():
        share = sum(part[1] for part in parts)
        largest = max(parts, key=lambda part: part[1])[0]
        colors.append(SeenColor(name, hex_of_lab(largest), round(min(1.0, share), 4)))
    colors.sort(key=lambda color: (-color.share, color.name))
    return tuple(color for color in colors[:MOST] if color.share >= SMALLEST) or tuple(colors[:1])


def grouped(lab: NDArray[np.float32], weight: NDArray[np.float32]) -> list[tuple[NDArray[np.float32], float]]:
    """Groups of alike pixels: (Lab center, share). Started from the fullest Lab cells, so no chance is involved."""
    squeeze = np.array([LIGHT_WEIGHT, 1.0, 1.0], np.float32)
    cell = np.floor(lab * squeeze / 8.0).astype(np.int64) + np.array([0, 16, 16])
    key = (cell[:, 0] * 33 + cell[:, 1]) * 33 + cell[:, 2]
    mass = np.bincount(key, weights=weight)
    full = np.flatnonzero(mass > 0)
    sums = np.stack([np.bincount(key, weights=weight * lab[:, axis])[full] for axis in range(3)], axis=1)
    mass = mass[full]
    means = sums / mass[:, None]
    points = means * squeeze
    centers: list[NDArray[np.float64]] = []
    for index in np.argsort(-mass, kind="stable")[:40]:
        if len(centers) < 8 and all(float(((points[index] - center) ** 2).sum()) > MERGE**2 for center in centers):
            centers.append(points[index])
    stack = np.stack(centers)
    owner = nearest(points, stack)
    for _ in range(3):
        total = np.bincount(owner, weights=mass, minlength=len(stack))
        moved = np.stack(
            [np.bincount(owner, weights=mass * points[:, axis], minlength=len(stack)) for axis in range(3)], axis=1
        )
        stack = np.where(total[:, None] > 0, moved / np.maximum(total, 1e-12)[:, None], stack)
        owner = nearest(points, stack)
    whole = float(mass.sum())
    return [
        (typical(means[owner == number], mass[owner == number]), float(mass[owner == number].sum()) / whole)
        for number in np.unique(owner)
    ]


def nearest(points: NDArray[np.float64], centers: NDArray[np.float64]) -> NDArray[np.int64]:
    away = (centers * centers).sum(axis=1) - 2.0 * (points @ centers.T)
    return np.asarray(away.argmin(axis=1), dtype=np.int64)


def typical(lab: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float32]:
    """The group's color as a person calls it: that of its better lit half, highlights aside."""
    order = np.argsort(lab[:, 0], kind="stable")
    reached = np.cumsum(weight[order]) / float(weight.sum())
    lit = order[(reached > 0.5) & (reached - weight[order] / float(weight.sum()) < 0.95)]
    lit = lit if len(lit) else order
    return np.asarray(np.average(lab[lit], axis=0, weights=weight[lit]), dtype=np.float32)


def without_shade(groups: list[tuple[NDArray[np.float32], float]]) -> list[tuple[NDArray[np.float32], float]]:
    """Groups that are a larger one's shaded side joined to it: light scales L, a and b alike, so the shade of a color
    lies on its line to black."""
    kept: list[tuple[NDArray[np.float32], float]] = []
    for center, share in sorted(groups, key=lambda group: -float(group[0][0])):
        home = next((at for at, (lit, _) in enumerate(kept) if is_shade(center, lit)), None)
        if home is None:
            kept.append((center, share))
        else:
            kept[home] = (kept[home][0], kept[home][1] + share)
    return kept


def is_shade(center: NDArray[np.float32], lit: NDArray[np.float32]) -> bool:
    if float(np.hypot(lit[1], lit[2])) < 12.0:
        return False
    scale = float(center @ lit) / float(lit @ lit)
    return 0.55 <= scale <= 1.0 and float(np.linalg.norm(center - np.float32(scale) * lit)) < 9.0


def color_similarity(first: Sequence[SeenColor], second: Sequence[SeenColor]) -> float:
    """0..1: how much of one list's color can be found in the other at how small a distance in Lab.

    A greedy transport (as the earth mover's distance, Rubner et al., 2000, but cheapest pairs first): the mass moved
    counts exp(-(distance / 28)^2). Two empty lists, or one, give 0: nothing is known.
    """
    if not first or not second:
        return 0.0
    here, there = [placed(color.hex) for color in first], [placed(color.hex) for color in second]
    supply, demand = [color.share for color in first], [color.share for color in second]
    whole_supply, whole_demand = max(sum(supply), 1e-9), max(sum(demand), 1e-9)
    supply, demand = [share / whole_supply for share in supply], [share / whole_demand for share in demand]
    # Plain floats: there are at most 8 x 8 pairs, which takes a tenth of what arrays that small take.
    pairs = [(math.dist(one, other), row, column) for row, one in enumerate(here) for column, other in enumerate(there)]
    likeness = 0.0
    for away, row, column in sorted(pairs):
        moved = min(supply[row], demand[column])
        if moved > 0:
            supply[row] -= moved
            demand[column] -= moved
            likeness += moved * math.exp(-((away / 28.0) ** 2))
    return min(1.0, max(0.0, likeness))


@lru_cache(maxsize=8192)
def placed(code: str) -> tuple[float, float, float]:
    """Where "#rrggbb" lies in Lab with lightness squeezed; kept, because all pictures of a shop share their colors."""
    light, a, b = (float(value) for value in lab_of_hex(code))
    return light * LIGHT_WEIGHT, a, b


LIGHT_STEPS = 6
CHROMA_STEPS = 13
COLOR_DIMS = LIGHT_STEPS * CHROMA_STEPS * CHROMA_STEPS


def color_histogram(lab: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """(COLOR_DIMS,) float32 unit length: square root of a softly binned, blurred Lab histogram (Hellinger kernel).

    Chroma is binned on a square-root scale: finer near gray. Each pixel is shared among its 8 nearest cells.
    """
    light = np.clip(lab[..., 0].ravel() / 100.0, 0.0, 1.0) * (LIGHT_STEPS - 1)
    chroma = np.sign(lab[..., 1:]) * np.sqrt(np.abs(lab[..., 1:]) / 110.0)
    chroma = (np.clip(chroma.reshape(-1, 2), -1.0, 1.0) + 1.0) * ((CHROMA_STEPS - 1) / 2.0)
    places = np.stack([light, chroma[:, 0], chroma[:, 1]])
    low = np.minimum(np.floor(places), np.array([[LIGHT_STEPS - 2], [CHROMA_STEPS - 2], [CHROMA_STEPS - 2]]))
    share = places - low
    low = low.astype(np.int64)
    counts = np.zeros(COLOR_DIMS)
    flat = weight.ravel()
    for corner in range(8):
        up = [(corner >> axis) & 1 for axis in range(3)]
        part = flat.copy()
        for axis in range(3):
            part = part * (share[axis] if up[axis] else 1.0 - share[axis])
        index = ((low[0] + up[0]) * CHROMA_STEPS + low[1] + up[1]) * CHROMA_STEPS + low[2] + up[2]
        counts += np.bincount(index, weights=part, minlength=COLOR_DIMS)
    root = np.sqrt(counts)
    return np.asarray(root / max(float(np.linalg.norm(root)), 1e-9), dtype=np.float32)
