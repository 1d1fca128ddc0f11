"""Dense local descriptors and their Fisher vectors (Perronnin et al., 2010; Sánchez et al., 2013).

Two kinds of local evidence on one grid: upright RootSIFT (what the surface's lines look like) and the mean and spread
of Lab in 4 x 4 cells (which colors lie beside which). Each is reduced by a fitted PCA, described against a fitted
mixture of Gaussians, and the whole projected by a fitted matrix; `weights/` holds all three and `training/` fits
them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.analysis.local.canvas import Canvas
from app.analysis.local.directions import cell_means, gradients, steered

DENSE_SIDES = (160, 116, 84)
"""The canvas is read at these sizes (longest side, px): one patch of 16 px covers 1/11 to 2/11 of the object."""
CELL = 4


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
    longest = max(canvas.mask.shape)
    for side in DENSE_SIDES:
        scale = side / longest
        wide = max(6, round(canvas.mask.shape[1] * scale / CELL))
        high = max(6, round(canvas.mask.shape[0] * scale / CELL))
        size = (wide * CELL, high * CELL)
        lab = np.asarray(cv2.resize(canvas.lab, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
        mask = np.asarray(cv2.resize(canvas.mask, (wide, high), interpolation=cv2.INTER_AREA), dtype=np.float32)
        lines.append(line_patches(lab[..., 0] * np.float32(0.01)))
        paint.append(paint_patches(lab))
        weight.append(patches(mask[None]).mean(axis=(1, 2)))
        across = (np.arange(wide - 3, dtype=np.float32) + 2) / wide
        down = (np.arange(high - 3, dtype=np.float32) + 2) / high
        grid_x, grid_y = np.meshgrid(across, down)
        place.append(np.stack([grid_x.ravel(), grid_y.ravel()], axis=1))
    return DenseReading(np.concatenate(lines), np.concatenate(paint), np.concatenate(weight), np.concatenate(place))


def patches(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 16, c): the 4 x 4 neighboring cells of every patch, from cells (c, h, w); patches lie one cell apart."""
    flat = np.ascontiguousarray(cells.transpose(1, 2, 0))
    view = np.lib.stride_tricks.sliding_window_view(flat, (4, 4), axis=(0, 1))  # (h-3, w-3, c, 4, 4)
    return np.ascontiguousarray(view.transpose(0, 1, 3, 4, 2)).reshape(-1, 16, cells.shape[0])


def line_patches(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 128) RootSIFT of every patch. Patches without contrast fade to zero instead of showing amplified noise."""
    dx, dy = gradients(light, 0.8)
    found = patches(cell_means(steered(dx, dy, 8, 3, signed=True), CELL)).reshape(-1, 128)
    total = np.sqrt(np.einsum("nd,nd->n", found, found))[:, None]
    found /= total + np.float32(0.01)
    np.minimum(found, 0.2, out=found)
    found *= np.minimum(1.0, total / 0.05) ** 2 / (found.sum(axis=1, keepdims=True) + np.float32(1e-6))
    return np.asarray(np.sqrt(found, out=found), dtype=np.float32)


def paint_patches(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 96): mean and spread of L, a and b in every cell of every patch, each about 0..1."""
    scaled = np.ascontiguousarray((lab * np.array([0.01, 0.0125, 0.0125], np.float32)).transpose(2, 0, 1))
    means = cell_means(scaled, CELL)
    squares = cell_means(scaled * scaled, CELL)
    spread = np.sqrt(np.maximum(squares - means * means, 0.0))
    return patches(np.concatenate([means, spread])).reshape(-1, 96)
