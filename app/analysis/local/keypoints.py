"""Key points and their descriptors (SIFT, Lowe 2004; RootSIFT, Arandjelović and Zisserman 2012), and their packed form.

Own code because the library's detector doubles the picture first and takes 30 to 70 ms for what the budget gives 10:
here the pyramid starts at the canvas, all descriptors are read in one vectorized step, and points on the object count
more than points on the background.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.analysis.local.directions import steered

OCTAVES = 4
SCALES = 3
SIGMA = 1.6
POINTS = 128
"""Most key points kept per photo; with 46 bytes each they fill the 6 KB of evidence."""
CONTRAST = 0.008
EDGE = 10.0


@dataclass(frozen=True, slots=True)
class Points:
    """place: (n, 4) float32 x, y, scale (canvas pixels) and angle (radians); descriptors: (n, 128) float32, RootSIFT of
    unit length; response: (n,) float32."""

    place: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    response: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pyramid:
    """Gaussian levels of every octave, and the inner ones end to end in one flat array."""

    levels: list[list[NDArray[np.float32]]]
    flat: NDArray[np.float32]
    starts: NDArray[np.int64]
    shapes: NDArray[np.int64]


def pyramid_of(gray: NDArray[np.float32]) -> Pyramid:
    """gray: (H, W) float32 0..1, taken to be blurred by 0.5 px as cameras do."""
    step = 2.0 ** (1.0 / SCALES)
    base = cv2.GaussianBlur(gray, (0, 0), float(np.sqrt(SIGMA**2 - 0.5**2)))
    levels: list[list[NDArray[np.float32]]] = []
    for _ in range(OCTAVES):
        octave = [np.asarray(base, dtype=np.float32)]
        for index in range(1, SCALES + 3):
            before = SIGMA * step ** (index - 1)
            more = float(np.sqrt((before * step) ** 2 - before**2))
            octave.append(np.asarray(cv2.GaussianBlur(octave[-1], (0, 0), more), dtype=np.float32))
        levels.append(octave)
        base = octave[SCALES][::2, ::2]
        if min(base.shape) < 16:
            break
    return flattened(levels)


def flattened(levels: list[list[NDArray[np.float32]]]) -> Pyramid:
    inner = [octave[index] for octave in levels for index in range(1, SCALES + 1)]
    shapes = np.array([level.shape for level in inner])
    starts = np.concatenate([[0], np.cumsum(shapes[:, 0] * shapes[:, 1])[:-1]])
    return Pyramid(levels, np.concatenate([level.ravel() for level in inner]), starts, shapes)


def extrema_of(pyramid: Pyramid) -> NDArray[np.float32]:
    """(n, 6) float32: octave, level, x, y (subpixel, octave pixels), response, scale in octave pixels."""
    found = []
    square = np.ones((3, 3), np.uint8)
    for number, octave in enumerate(pyramid.levels):
        differences = [cv2.subtract(octave[i + 1], octave[i]) for i in range(SCALES + 2)]
        for level in range(1, SCALES + 1):
            size = cv2.absdiff(octave[level + 1], octave[level])
            peak = cv2.compare(size, np.maximum(cv2.dilate(size, square), np.float32(CONTRAST)), cv2.CMP_GE)
            inner = np.asarray(peak)[4:-4, 4:-4]
            y, x = np.divmod(np.flatnonzero(inner), max(1, inner.shape[1]))
            found.append(refined(differences[level - 1 : level + 2], number, level, y + 4, x + 4))
    return np.concatenate(found)


def refined(
    stack: Sequence[cv2.typing.MatLike], octave: int, level: int, y: NDArray[np.int64], x: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Of the points that are extreme in their own level (the middle of the 3 in `stack`), those that are so
    in scale too and do not lie on an edge; place and scale refined by a parabola along each axis."""
    width = stack[0].shape[1]
    near = (y * width + x) + np.array([j * width + i for j in (-1, 0, 1) for i in (-1, 0, 1)])[:, None]
    cube = np.stack([np.asarray(plane).ravel().take(near) for plane in stack], axis=1)  # (9, 3, n)
    value = cube[4, 1]
    others = np.concatenate([cube[:, 0], cube[:, 2]])
    up, left, right, down = cube[1, 1], cube[3, 1], cube[5, 1], cube[7, 1]
    finer, coarser = cube[4, 0], cube[4, 2]
    dxx, dyy, dss = left + right - 2 * value, up + down - 2 * value, finer + coarser - 2 * value
    dxy = (cube[8, 1] - cube[6, 1] - cube[2, 1] + cube[0, 1]) / 4
    determinant = dxx * dyy - dxy * dxy
    extreme = np.where(value > 0, value >= others.max(axis=0), value <= others.min(axis=0))
    good = extreme & (determinant > 0) & ((dxx + dyy) ** 2 * EDGE < (EDGE + 1) ** 2 * determinant)
    shift_x = np.clip((left - right) / (2 * guarded(dxx)), -0.5, 0.5)
    shift_y = np.clip((up - down) / (2 * guarded(dyy)), -0.5, 0.5)
    shift_s = np.clip((finer - coarser) / (2 * guarded(dss)), -0.5, 0.5)
    scale = SIGMA * 2.0 ** ((level + shift_s) / SCALES)
    rows = np.stack([np.full(len(x), octave), np.full(len(x), level), x + shift_x, y + shift_y, np.abs(value), scale])
    return np.asarray(rows.T[good], dtype=np.float32)


def guarded(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.where(np.abs(values) < 1e-9, np.float32(1e-9), values), dtype=np.float32)


def chosen(
    extrema: NDArray[np.float32], mask: NDArray[np.float32], size: tuple[int, int], limit: int
) -> NDArray[np.float32]:
    """The strongest points, spread out: each further point in the same 1/8 x 1/8 of the canvas counts for less."""
    if not len(extrema):
        return extrema
    unit = 2.0 ** extrema[:, 0]
    height, width = size
    x, y = extrema[:, 2] * unit, extrema[:, 3] * unit
    row = np.clip(y * (mask.shape[0] / height), 0, mask.shape[0] - 1).astype(np.int64)
    column = np.clip(x * (mask.shape[1] / width), 0, mask.shape[1] - 1).astype(np.int64)
    inside = mask[row, column]
    weight = extrema[:, 4] * (0.15 + 0.85 * inside) * np.sqrt(unit)
    order = np.argsort(-weight, kind="stable")[: limit * 6]
    cell = (y[order] * 8 / height).astype(np.int64) * 8 + (x[order] * 8 / width).astype(np.int64)
    by_cell = np.argsort(cell, kind="stable")
    first = np.searchsorted(cell[by_cell], cell[by_cell], side="left")
    rank = np.empty(len(order), dtype=np.float32)
    rank[by_cell] = np.arange(len(order)) - first
    kept = np.argsort(-weight[order] / (1.0 + 0.25 * rank), kind="stable")[:limit]
    return extrema[order[kept]]


def gradients_at(
    pyramid: Pyramid, points: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Gradients (n, samples) at octave coordinates x, y (n, samples) of each point's own level; 0 outside."""
    number = (points[:, 0] * SCALES + points[:, 1] - 1).astype(np.int64)
    height, width = pyramid.shapes[number, 0][:, None], pyramid.shapes[number, 1][:, None]
    column, row = np.rint(x).astype(np.int64), np.rint(y).astype(np.int64)
    inside = (column > 0) & (column < width - 1) & (row > 0) & (row < height - 1)
    index = np.where(inside, pyramid.starts[number][:, None] + row * width + column, pyramid.shapes[0, 1])
    dx = pyramid.flat.take(index + 1) - pyramid.flat.take(index - 1)
    dy = pyramid.flat.take(index + width) - pyramid.flat.take(index - width)
    return dx * inside, dy * inside


def angles_of(pyramid: Pyramid, points: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """For each point one angle, or two where two directions are about as strong: (index of the point, radians)."""
    side = np.arange(-6, 7, dtype=np.float32)
    off_x, off_y = (axis.ravel() for axis in np.meshgrid(side, side))
    step = (points[:, 5] * 0.75)[:, None]
    dx, dy = gradients_at(pyramid, points, points[:, 2:3] + step * off_x, points[:, 3:4] + step * off_y)
    window = np.exp(-(off_x**2 + off_y**2) / (2 * 2.5**2)).astype(np.float32)
    strength = np.hypot(dx, dy) * window
    angle = np.arctan2(dy, dx) * np.float32(36 / (2 * np.pi))
    cell = np.floor(angle).astype(np.int64) % 36 + 36 * np.arange(len(points))[:, None]
    counts = np.bincount(cell.ravel(), weights=strength.ravel(), minlength=36 * len(points))
    bars = np.asarray(counts.reshape(-1, 36), dtype=np.float64)
    for _ in range(3):
        bars = (np.roll(bars, 1, 1) + bars + np.roll(bars, -1, 1)) / 3
    before, after = np.roll(bars, 1, 1), np.roll(bars, -1, 1)
    peak = (bars > before) & (bars >= after) & (bars >= 0.8 * bars.max(axis=1, keepdims=True))
    index, bar = np.nonzero(peak)
    left, middle, right = before[index, bar], bars[index, bar], after[index, bar]
    shift = 0.5 * (left - right) / np.where(np.abs(left + right - 2 * middle) < 1e-12, 1e-12, left + right - 2 * middle)
    return index, ((bar + 0.5 + np.clip(shift, -0.5, 0.5)) * (2 * np.pi / 36)).astype(np.float32)


def spatial_weights() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Sample offsets (256,) in units of the cell side, and their shares (256, 16) of the 4 x 4 cells."""
    line = (np.arange(16, dtype=np.float32) - 7.5) / 4.0
    off_x, off_y = (axis.ravel() for axis in np.meshgrid(line, line))
    centers = np.arange(4, dtype=np.float32) - 1.5
    share_x = np.maximum(0.0, 1.0 - np.abs(off_x[:, None] - centers))
    share_y = np.maximum(0.0, 1.0 - np.abs(off_y[:, None] - centers))
    window = np.exp(-(off_x**2 + off_y**2) / (2 * 2.0**2))
    shares = (share_y[:, :, None] * share_x[:, None, :]).reshape(256, 16) * window[:, None]
    return off_x, off_y, shares.astype(np.float32)


OFF_X, OFF_Y, SHARES = spatial_weights()


def described(pyramid: Pyramid, points: NDArray[np.float32], angle: NDArray[np.float32]) -> NDArray[np.float32]:
    """RootSIFT descriptors (n, 128), unit length: 4 x 4 cells of side 3 scales, 8 directions, turned by the angle."""
    cell = (points[:, 5] * np.float32(3.0))[:, None]
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x = points[:, 2:3] + cell * (cos * OFF_X - sin * OFF_Y)
    y = points[:, 3:4] + cell * (sin * OFF_X + cos * OFF_Y)
    dx, dy = gradients_at(pyramid, points, np.asarray(x, dtype=np.float32), np.asarray(y, dtype=np.float32))
    along = np.asarray(cos * dx + sin * dy, dtype=np.float32)
    across = np.asarray(cos * dy - sin * dx, dtype=np.float32)
    maps = steered(along, across, 8, 3, signed=True)  # (8, n, 256)
    bars = (maps.reshape(-1, 256) @ SHARES).reshape(8, len(points), 16).transpose(1, 2, 0).reshape(len(points), 128)
    bars = bars / np.maximum(np.linalg.norm(bars, axis=1, keepdims=True), 1e-9)
    bars = np.minimum(bars, 0.2)
    bars = np.sqrt(bars / np.maximum(bars.sum(axis=1, keepdims=True), 1e-9))
    return np.asarray(bars, dtype=np.float32)


def points_of(gray: NDArray[np.float32], mask: NDArray[np.float32], limit: int = POINTS) -> Points:
    """gray: (H, W), mask: (h, w) of the same view, float32 0..1. At most `limit` points, strongest first; an empty wall
    has none."""
    pyramid = pyramid_of(gray)
    extrema = chosen(extrema_of(pyramid), mask, (gray.shape[0], gray.shape[1]), limit)
    if not len(extrema):
        return Points(np.zeros((0, 4), np.float32), np.zeros((0, 128), np.float32), np.zeros(0, np.float32))
    index, angle = angles_of(pyramid, extrema)
    index, angle = index[:limit], angle[:limit]
    extrema = extrema[index]
    unit = (2.0 ** extrema[:, 0]).astype(np.float32)
    place = np.stack([extrema[:, 2] * unit, extrema[:, 3] * unit, extrema[:, 5] * unit, angle], axis=1)
    return Points(place.astype(np.float32), described(pyramid, extrema, angle), extrema[:, 4])
