"""Which colors the object has: a short named list for people and filters, and a histogram for likeness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.analysis.local.canvas import Canvas
from app.analysis.local.palette import hex_of_lab, lab_of_hex, name_of

MOST = 5
SAMPLES_SIDE = 56
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
    groups = grouped(lab, weight.astype(np.float32))
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
    points = lab * squeeze
    cell = np.floor(points / 10.0).astype(np.int64) + 16
    key = (cell[:, 0] * 64 + cell[:, 1]) * 64 + cell[:, 2]
    keys, where = np.unique(key, return_inverse=True)
    mass = np.bincount(where, weights=weight, minlength=len(keys))
    sums = np.stack([np.bincount(where, weights=weight * points[:, i], minlength=len(keys)) for i in range(3)], axis=1)
    means = (sums / np.maximum(mass, 1e-9)[:, None]).astype(np.float32)
    centers: list[NDArray[np.float32]] = []
    for index in np.argsort(-mass, kind="stable"):
        if len(centers) < 8 and all(float(np.linalg.norm(means[index] - center)) > MERGE for center in centers):
            centers.append(means[index])
    stack = np.stack(centers)
    for _ in range(4):
        owner = ((means[:, None] - stack[None]) ** 2).sum(axis=2).argmin(axis=1)
        for number in range(len(stack)):
            mine = owner == number
            if mass[mine].sum() > 0:
                stack[number] = np.average(means[mine], axis=0, weights=mass[mine])
    owner = ((points[:, None] - stack[None]) ** 2).sum(axis=2).argmin(axis=1)
    total = max(float(weight.sum()), 1e-9)
    return [
        (typical(lab[owner == number], weight[owner == number]), float(weight[owner == number].sum()) / total)
        for number in range(len(stack))
        if weight[owner == number].sum() > 0
    ]


def typical(lab: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """The group's color as a person calls it: mean chroma, lightness of its better lit half (60th percentile)."""
    order = np.argsort(lab[:, 0], kind="stable")
    at = np.searchsorted(np.cumsum(weight[order]), 0.6 * float(weight.sum()))
    center = np.average(lab, axis=0, weights=weight)
    center[0] = lab[order[min(int(at), len(order) - 1)], 0]
    return np.asarray(center, dtype=np.float32)


def color_similarity(first: Sequence[SeenColor], second: Sequence[SeenColor]) -> float:
    """0..1: how much of one list's color can be found in the other at how small a distance in Lab.

    A greedy transport (as the earth mover's distance, Rubner et al., 2000, but cheapest pairs first): the mass moved counts
    exp(-(distance / 28)^2). Two empty lists, or one, give 0: nothing is known.
    """
    if not first or not second:
        return 0.0
    squeeze = np.array([LIGHT_WEIGHT, 1.0, 1.0], np.float32)
    here = np.stack([lab_of_hex(color.hex) for color in first]) * squeeze
    there = np.stack([lab_of_hex(color.hex) for color in second]) * squeeze
    supply = np.array([color.share for color in first])
    demand = np.array([color.share for color in second])
    supply, demand = supply / max(supply.sum(), 1e-9), demand / max(demand.sum(), 1e-9)
    away = np.sqrt(((here[:, None] - there[None]) ** 2).sum(axis=2))
    likeness = 0.0
    for flat in np.argsort(away, axis=None, kind="stable"):
        row, column = divmod(int(flat), away.shape[1])
        moved = min(supply[row], demand[column])
        if moved > 0:
            supply[row] -= moved
            demand[column] -= moved
            likeness += float(moved * np.exp(-((away[row, column] / 28.0) ** 2)))
    return float(min(1.0, max(0.0, likeness)))


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
