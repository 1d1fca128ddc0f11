"""Dense local descriptors and their Fisher vectors (Perronnin et al., 2010; Sánchez et al., 2013).

Two kinds of local evidence on one grid: upright RootSIFT (what the surface's lines look like) and the mean and spread of
Lab in 4 x 4 cells (which colors lie beside which). Each is reduced by a fitted PCA, described against a fitted mixture
of Gaussians, and the whole projected by a fitted matrix; `weights/` holds all three and `training/` fits them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.analysis.local.canvas import Canvas

DENSE_SIDES = (176, 124, 88)
"""The canvas is read at these sizes (longest side, px): one patch of 16 px covers 1/11 to 2/11 of the object."""
CELL = 4
STEP = 4


@dataclass(frozen=True, slots=True)
class DenseReading:
    """lines: (n, 128) float32 RootSIFT; paint: (n, 96) float32 Lab statistics; weight: (n,) float32 0..1, mean of the
    mask under the patch; place: (n, 2) float32 x, y in 0..1 of the canvas."""

    lines: NDArray[np.float32]
    paint: NDArray[np.float32]
    weight: NDArray[np.float32]
    place: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FisherCoder:
    """mean (d,), project (d, p): the PCA with whitening; prior (k,), center (k, p), spread (k, p): the mixture with
    diagonal covariances (spread = standard deviation)."""

    mean: NDArray[np.float32]
    project: NDArray[np.float32]
    prior: NDArray[np.float32]
    center: NDArray[np.float32]
    spread: NDArray[np.float32]

    def encode(self, descriptors: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
        """Fisher vector (2 * k * p,) of means and spreads, signed square root, unit length (0 without descriptors)."""
        total = float(weight.sum())
        if total < 1e-6:
            return np.zeros(2 * self.center.size, np.float32)
        reduced = np.asarray((descriptors - self.mean) @ self.project, dtype=np.float32)
        share = self.shares(reduced) * (weight / total)[:, None]
        mass = share.sum(axis=0)[:, None]
        first = share.T @ reduced
        second = share.T @ (reduced * reduced)
        by_mean = (first - mass * self.center) / self.spread
        by_spread = (second - 2 * self.center * first + mass * self.center**2) / self.spread**2 - mass
        root = np.sqrt(self.prior)[:, None]
        vector = np.concatenate([(by_mean / root).ravel(), (by_spread / (root * np.sqrt(2.0))).ravel()])
        vector = np.sign(vector) * np.sqrt(np.abs(vector))
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), dtype=np.float32)

    def shares(self, reduced: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability (n, k) of each Gaussian for each descriptor; those below 1 % count as 0."""
        inverse = 1.0 / self.spread**2
        logit = reduced @ (self.center * inverse).T - 0.5 * ((reduced * reduced) @ inverse.T)
        logit += np.log(self.prior) - np.log(self.spread).sum(axis=1) - 0.5 * (self.center**2 * inverse).sum(axis=1)
        logit -= logit.max(axis=1, keepdims=True)
        np.exp(logit, out=logit)
        logit /= logit.sum(axis=1, keepdims=True)
        logit[logit < 0.01] = 0.0
        return np.asarray(logit, dtype=np.float32)


def read_dense(canvas: Canvas) -> DenseReading:
    """Descriptors on a grid at three sizes."""
    lines, paint, weight, place = [], [], [], []
    longest = max(canvas.gray.shape)
    for side in DENSE_SIDES:
        scale = side / longest
        size = (max(24, round(canvas.gray.shape[1] * scale)), max(24, round(canvas.gray.shape[0] * scale)))
        lab = np.asarray(cv2.resize(canvas.lab, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
        mask = np.asarray(cv2.resize(canvas.mask, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
        x = np.arange(0, size[0] - 4 * CELL + 1, STEP)
        y = np.arange(0, size[1] - 4 * CELL + 1, STEP)
        lines.append(line_patches(lab[..., 0] / np.float32(100.0), x, y))
        paint.append(paint_patches(lab, x, y))
        weight.append(cv2.blur(mask, (4 * CELL, 4 * CELL))[np.ix_(y + 2 * CELL, x + 2 * CELL)].ravel())
        grid_x, grid_y = np.meshgrid((x + 2 * CELL) / size[0], (y + 2 * CELL) / size[1])
        place.append(np.stack([grid_x.ravel(), grid_y.ravel()], axis=1))
    return DenseReading(np.concatenate(lines), np.concatenate(paint),
                        np.concatenate(weight).astype(np.float32), np.concatenate(place).astype(np.float32))  # fmt: skip


def cells_at(maps: NDArray[np.float32], x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.float32]:
    """(n, 16, c) of the 4 x 4 cells of every patch, from maps (H/4 * W/4 cell grid already averaged)."""
    column = (x[:, None] // CELL + np.arange(4)).astype(np.int64)
    row = (y[:, None] // CELL + np.arange(4)).astype(np.int64)
    block = maps[row][:, :, column]  # (ny, 4, nx, 4, c)
    return block.transpose(0, 2, 1, 3, 4).reshape(len(y) * len(x), 16, maps.shape[2])


def cell_means(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Averages (H // 4, W // 4, c) of 4 x 4 px cells of maps (H, W, c): the step equals the cell, so patches share them."""
    height, width = maps.shape[0] // CELL, maps.shape[1] // CELL
    trimmed = maps[: height * CELL, : width * CELL]
    small = np.asarray(cv2.resize(trimmed, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float32)
    return small.reshape(height, width, -1)


def line_patches(light: NDArray[np.float32], x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.float32]:
    maps = direction_maps(light, 8)
    cells = cells_at(cell_means(maps), x, y).reshape(len(x) * len(y), 128)
    total = np.linalg.norm(cells, axis=1, keepdims=True)
    cells = np.minimum(cells / (total + 0.01), 0.2)
    cells = np.sqrt(cells / (cells.sum(axis=1, keepdims=True) + 1e-6))
    # Patches without contrast fade to zero instead of showing amplified noise.
    return np.asarray(cells * np.minimum(1.0, total / 0.05), dtype=np.float32)


def direction_maps(light: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Gradient strength split softly among `count` directions of the full circle: (H, W, count) float32."""
    smooth = cv2.GaussianBlur(light, (0, 0), 0.8)
    dx = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=1)
    dy = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=1)
    strength, angle = cv2.cartToPolar(dx, dy)
    turn = np.asarray(angle, dtype=np.float32) * np.float32(count / (2 * np.pi))
    floor = np.floor(turn)
    upper = (turn - floor) * strength
    lower = strength - upper
    first = floor.astype(np.int64) % count
    height, width = light.shape
    maps = np.zeros(height * width * count, np.float32)
    base = np.arange(height * width) * count
    maps[base + first.ravel()] = lower.ravel()
    maps[base + ((first + 1) % count).ravel()] += upper.ravel()
    return maps.reshape(height, width, count)


def paint_patches(lab: NDArray[np.float32], x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.float32]:
    scaled = lab * np.array([0.01, 0.0125, 0.0125], np.float32)
    means = cell_means(scaled)
    squares = cell_means(scaled * scaled)
    spread = np.sqrt(np.maximum(squares - means * means, 0.0))
    return cells_at(np.concatenate([means, spread], axis=2), x, y).reshape(len(x) * len(y), 96)
