"""The object's shape: gradient directions on a coarse grid of its box, and the outline of its mask."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from app.analysis.local.canvas import Canvas
from app.analysis.local.texture import direction_maps

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
    2005, normalized over 2 x 2 neighbors), the mask at 16 x 16, and 4 x 4 coarser cells."""
    light = squared(canvas.lab[..., 0] / np.float32(100.0), GRID_SIDE)
    height, width = canvas.mask.shape
    inside = np.zeros((max(height, width),) * 2, np.float32)
    top, left = (len(inside) - height) // 2, (len(inside) - width) // 2
    inside[top : top + height, left : left + width] = canvas.mask
    inside = np.asarray(cv2.resize(inside, (GRID_SIDE, GRID_SIDE), interpolation=cv2.INTER_AREA), dtype=np.float32)
    near = np.asarray(cv2.GaussianBlur(cv2.dilate(inside, np.ones((5, 5), np.uint8)), (0, 0), 2.0), dtype=np.float32)
    full = direction_maps(light, 2 * DIRECTIONS)
    maps = np.sqrt((full[..., :DIRECTIONS] + full[..., DIRECTIONS:]) * (0.1 + 0.9 * near[..., None]))
    fine = unit(neighborly(grid_of(maps, CELLS)).ravel())
    coarse = unit(grid_of(maps, 4).ravel())
    outline = np.asarray(cv2.resize(inside, (16, 16), interpolation=cv2.INTER_AREA), dtype=np.float32) - np.float32(0.5)
    return np.concatenate([fine, unit(outline.ravel()), coarse])


def grid_of(maps: NDArray[np.float32], cells: int) -> NDArray[np.float32]:
    """(cells, cells, c): each cell reads a window twice its size, so that a small shift changes little."""
    side = maps.shape[0] // cells
    wide = cv2.GaussianBlur(maps, (0, 0), side * 0.45)
    middle = np.arange(cells) * side + side // 2
    return np.asarray(wide[np.ix_(middle, middle)], dtype=np.float32)


def neighborly(grid: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each cell divided by the energy around it (3 x 3), so that one strong edge does not drown the rest."""
    energy = (grid * grid).sum(axis=2)
    around = cv2.blur(energy, (3, 3), borderType=cv2.BORDER_REPLICATE)
    scale = np.sqrt(np.asarray(around, dtype=np.float32) + 0.02 * float(energy.mean()) + 1e-9)
    return np.asarray(grid / scale[..., None], dtype=np.float32)


def unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), dtype=np.float32)
