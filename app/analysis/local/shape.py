"""The object's shape: gradient directions on a coarse grid of its box, and the outline of its mask."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from app.analysis.local.canvas import Canvas
from app.analysis.local.directions import cell_means, gradients, steered

GRID_SIDE = 128
CELLS = 8
DIRECTIONS = 9
SHAPE_DIMS = CELLS * CELLS * DIRECTIONS + 16 * 16 + 4 * 4 * DIRECTIONS


def squared(picture: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """The picture letterboxed into a square: proportions are part of the shape; the rest repeats the border."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    return np.asarray(
        cv2.copyMakeBorder(small, top, side - size[1] - top, left, side - size[0] - left, cv2.BORDER_REPLICATE),
        dtype=np.float32,
    )


def read_shape(canvas: Canvas) -> NDArray[np.float32]:
    """(SHAPE_DIMS,) float32, three unit-length parts: 8 x 8 cells of unsigned directions (as HOG, Dalal and Triggs
    2005, normalized over 3 x 3 neighbors), the mask at 16 x 16, and 4 x 4 coarser cells."""
    light = squared(canvas.lab[..., 0] * np.float32(0.01), GRID_SIDE)
    height, width = canvas.mask.shape
    inside = np.zeros((max(height, width),) * 2, np.float32)
    top, left = (len(inside) - height) // 2, (len(inside) - width) // 2
    inside[top : top + height, left : left + width] = canvas.mask
    inside = np.asarray(cv2.resize(inside, (GRID_SIDE, GRID_SIDE), interpolation=cv2.INTER_AREA), dtype=np.float32)
    near = np.asarray(cv2.GaussianBlur(cv2.dilate(inside, np.ones((5, 5), np.uint8)), (0, 0), 2.0), dtype=np.float32)
    dx, dy = gradients(light, 0.8)
    weight = np.sqrt(
        (0.1 + 0.9 * near) / np.sqrt(dx * dx + dy * dy + np.float32(1e-12))
    )  # strengths by their square root
    maps = steered(dx * weight, dy * weight, DIRECTIONS, 5, signed=False)
    cells = cell_means(maps, GRID_SIDE // (2 * CELLS))
    fine = unit(neighborly(windowed(cells)).ravel())
    coarse = unit(windowed(cell_means(cells, 2)).ravel())
    outline = cell_means(inside[None], GRID_SIDE // 16) - np.float32(0.5)
    return np.concatenate([fine, unit(outline.ravel()), coarse])


def windowed(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h // 2, w // 2, c) from (c, h, w): every window is 4 cells wide and they overlap by half, so that a small shift
    changes little."""
    padded = np.pad(cells, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = 0.125 * (padded[:, :-2:2] + padded[:, 3::2]) + 0.375 * (padded[:, 1:-1:2] + padded[:, 2::2])
    both = 0.125 * (rows[..., :-2:2] + rows[..., 3::2]) + 0.375 * (rows[..., 1:-1:2] + rows[..., 2::2])
    return np.ascontiguousarray(both.transpose(1, 2, 0), dtype=np.float32)


def neighborly(grid: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each cell divided by the energy around it (3 x 3), so that one strong edge does not drown the rest."""
    energy = (grid * grid).sum(axis=2)
    around = cv2.blur(energy, (3, 3), borderType=cv2.BORDER_REPLICATE)
    scale = np.sqrt(np.asarray(around, dtype=np.float32) + 0.02 * float(energy.mean()) + 1e-9)
    return np.asarray(grid / scale[..., None], dtype=np.float32)


def unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), dtype=np.float32)
