"""The pictures the eyes work on: small, float, and weighed by what belongs to the object."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
"""x, y, width, height as shares (0..1) of the whole photo."""

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
OBJECT_SIDE = 288
"""Longest side in pixels at which key points are read."""
LAB_SIDE = 160
"""Longest side in pixels at which color, shape and texture are read."""
READ_SIDE = 512
"""Photos are reduced to this side first: everything later is cheap, and no reading needs more."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """The object's part of a photo at two fixed scales.

    gray: (H, W) float32 0..1, longest side OBJECT_SIDE; lab: (h, w, 3) float32 CIE Lab (D65), longest side LAB_SIDE;
    mask: (h, w) float32 0..1, how surely a pixel belongs to the object; box: the part of the photo shown, 0..1.
    """

    gray: NDArray[np.float32]
    lab: NDArray[np.float32]
    mask: NDArray[np.float32]
    box: Box


LAB_SCALE = np.array([100.0 / 255.0, 1.0, 1.0], np.float32)
LAB_SHIFT = np.array([0.0, 128.0, 128.0], np.float32)


def reduced(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The picture with its longest side at most `side` px; whole-number steps first: cv2 does them far faster."""
    height, width = pixels.shape[:2]
    step = max(height, width) // side
    if step >= 2:
        size = (max(1, width // step), max(1, height // step))
        trimmed = pixels[: size[1] * step, : size[0] * step]
        pixels = np.asarray(cv2.resize(trimmed, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        height, width = pixels.shape[:2]
    if max(height, width) <= side:
        return pixels
    return resized(pixels, side)


def resized(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The picture with its longest side exactly `side` px (enlarged where it is smaller), each side >= 8 px."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    how = cv2.INTER_AREA if scale < 0.75 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=how), dtype=np.uint8)


def as_lab(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """CIE Lab (H, W, 3): L 0..100, a and b about -128..127."""
    lab = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB), dtype=np.float32)
    lab *= LAB_SCALE
    lab -= LAB_SHIFT
    return lab


def cut(pixels: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """The pixels inside the box, at least 8 x 8 of them where the photo has as many."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = pixel_box(box, width, height)
    return pixels[top:bottom, left:right]


def pixel_box(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """left, top, right, bottom in whole pixels, inside the picture and never empty."""
    left = min(max(0, round(box[0] * width)), max(0, width - 8))
    top = min(max(0, round(box[1] * height)), max(0, height - 8))
    right = min(width, max(left + 8, round((box[0] + box[2]) * width)))
    bottom = min(height, max(top + 8, round((box[1] + box[3]) * height)))
    return left, top, right, bottom


def canvas_of(pixels: NDArray[np.uint8], mask: NDArray[np.float32], box: Box) -> Canvas:
    """Cut the box out of photo and mask (mask: (h, w) float32 over the whole photo) and bring both to the scales."""
    rgb = resized(cut(pixels, box), OBJECT_SIDE)
    gray = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.float32)
    gray *= np.float32(1.0 / 255.0)
    lab = as_lab(resized(rgb, LAB_SIDE))
    left, top, right, bottom = pixel_box(box, mask.shape[1], mask.shape[0])
    size = (lab.shape[1], lab.shape[0])
    part = cv2.resize(mask[top:bottom, left:right], size, interpolation=cv2.INTER_LINEAR)
    return Canvas(gray, lab, np.asarray(part, dtype=np.float32), box)
