"""The learned readings: two small convolutional networks, trained by `training/` and run by OpenCV on one core.

* look: the object's square to 128 values, near each other for pictures of one product (2 million weights).
* region: the whole photo to how surely each of 24 x 24 cells lies inside the object's box (half a million weights).
"""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.analysis.local.canvas import Box

WEIGHTS = Path(__file__).parent / "weights"
LOOK_SIDE, LOOK_DIMS, LOOK_AROUND = 112, 128, 1.15
"""Side of the square in pixels; values of a look; side of the square as a multiple of the box's longer side."""
REGION_SIDE, REGION_CELLS = 96, 24

_loaded = threading.local()
"""OpenCV's networks keep their working memory: each thread has its own."""


def learned_look(square: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(LOOK_DIMS,) float32, of any length. square: as `square_of` cuts it."""
    return np.asarray(_answer("look", square)[0], dtype=np.float32)


def objectness(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(REGION_CELLS, REGION_CELLS) float32 0..1: how surely each cell of the photo is inside the main object's box."""
    small = cv2.resize(pixels, (REGION_SIDE, REGION_SIDE), interpolation=cv2.INTER_AREA)
    logits = _answer("region", np.asarray(small, dtype=np.uint8))[0, 0]
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0))), dtype=np.float32)


def square_of(pixels: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """(LOOK_SIDE, LOOK_SIDE, 3) uint8: the box in the middle of a square, proportions kept, with a little around it;
    what lies beyond the photo's edge is its mirror image. box: x, y, width, height in 0..1."""
    height, width = pixels.shape[:2]
    side = max(8.0, max(box[2] * width, box[3] * height) * LOOK_AROUND)
    left, top = (box[0] + box[2] / 2) * width - side / 2, (box[1] + box[3] / 2) * height - side / 2
    step = max(1, int(side / LOOK_SIDE))
    if step > 1:  # averaged down first, as warping alone would skip pixels
        size = (max(1, width // step), max(1, height // step))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        across, down = pixels.shape[1] / width, pixels.shape[0] / height
    else:
        across = down = 1.0
    scale_x, scale_y = LOOK_SIDE / (side * across), LOOK_SIDE / (side * down)
    move = np.array([[scale_x, 0.0, -left * across * scale_x], [0.0, scale_y, -top * down * scale_y]], np.float32)
    size = (LOOK_SIDE, LOOK_SIDE)
    square = cv2.warpAffine(pixels, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(square, dtype=np.uint8)


def _answer(name: str, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    nets: dict[str, cv2.dnn.Net] = _loaded.__dict__
    if name not in nets:
        nets[name] = cv2.dnn.readNetFromONNX(str(WEIGHTS / f"{name}.onnx"))
    nets[name].setInput(np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32) / np.float32(255.0))
    return np.asarray(nets[name].forward(), dtype=np.float32)
