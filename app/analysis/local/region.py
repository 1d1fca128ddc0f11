"""Where the object is: a soft foreground mask and its box, found without knowing what the object is.

Two ways, by what the photo's border looks like:

* studio: the border is one color. Whatever is connected to the border and looks like it is background.
* free: a small network says which part of the photo is the object's box (networks.py). Within it, color models of
  object and surroundings (3-D Lab histograms) sharpen each other for a few rounds, as in GrabCut (Rother et al., 2004),
  with a guided filter (He et al., 2010) in place of the graph cut: 4 ms instead of 75. Where the network sees
  nothing, the middle of the photo takes its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.analysis.local.canvas import WHOLE, Box, as_lab, reduced, resized
from app.analysis.local.networks import objectness

FIND_SIDE = 96
PRIOR_TRUST = (0.8, 0.6, 0.35)
"""How much the middle counts in each round: less and less, as the colors become known."""
FRAME = 2
"""Pixels of the reduced photo's rim that are not looked at: thin frames and scaling seams are no background."""
GROUND_ODDS = 4.0
CALM = 5.0
BAND_SPREAD = 7.0
LEAST_OBJECT = 0.005
"""Share of the photo that an object has at least."""
BINS = (12, 18, 18)
STUDIO_SPREAD = 9.0
"""A border whose pixels lie within this Lab distance of their median (80 % of them) is a studio background."""


@dataclass(frozen=True, slots=True)
class Region:
    """mask: (h, w) float32 0..1, longest side FIND_SIDE; box: of the object, 0..1; confidence: 0..1;
    others: further boxes with their confidence, largest first."""

    mask: NDArray[np.float32]
    box: Box
    confidence: float
    others: tuple[tuple[Box, float], ...]


def find_region(pixels: NDArray[np.uint8]) -> Region:
    """pixels: (H, W, 3) uint8. Never fails: a photo without a visible object is one region with a low confidence."""
    small = resized(reduced(pixels, FIND_SIDE), FIND_SIDE)
    lab = as_lab(small)[FRAME:-FRAME, FRAME:-FRAME]
    border = border_of(lab.shape[:2])
    distance = np.sqrt(((lab - np.median(lab[border], axis=0)) ** 2).sum(axis=2))
    if np.quantile(distance[border], 0.8) < STUDIO_SPREAD:
        mask = studio_mask(distance, border)
        if 0.01 < float(mask.mean()) < 0.97:
            return region_of(np.pad(mask, FRAME, mode="edge"), 0.95)
    where = objectness(pixels)
    seen = box_of(where)
    if seen is None:
        mask, separation = free_mask(lab, border, center_prior(lab.shape[0], lab.shape[1], 0.85))
        return region_of(np.pad(mask, FRAME, mode="edge"), separation)
    box, confidence = seen
    height, width = small.shape[:2]
    prior = np.asarray(cv2.resize(where, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)
    mask, _ = free_mask(lab, border, prior[FRAME:-FRAME, FRAME:-FRAME])
    whole = np.pad(mask, FRAME, mode="edge") * np.clip(prior * 2.0, 0.0, 1.0)
    return Region(np.asarray(whole, dtype=np.float32), box, confidence, objects_in(whole, box, confidence))


def box_of(where: NDArray[np.float32]) -> tuple[Box, float] | None:
    """Box and confidence (0..1) of the surest connected part of an objectness map; None where nothing is likely."""
    fine = np.asarray(cv2.resize(where, (FIND_SIDE, FIND_SIDE), interpolation=cv2.INTER_LINEAR), dtype=np.float32)
    inside = (fine > 0.5).astype(np.uint8)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=4)
    sums = np.bincount(parts.ravel(), weights=fine.ravel(), minlength=count)
    if count < 2 or sums[1:].max() < LEAST_OBJECT * fine.size:
        return None
    best = 1 + int(np.argmax(sums[1:]))
    left, top, wide, high = (int(value) for value in stats[best][:4])
    held = float(fine[top : top + high, left : left + wide].sum())
    confidence = held / (wide * high + float(fine.sum()) - held)
    side = float(FIND_SIDE)
    return (left / side, top / side, wide / side, high / side), min(1.0, confidence)


def objects_in(mask: NDArray[np.float32], box: Box, confidence: float) -> tuple[tuple[Box, float], ...]:
    """The main box, and what else stands out."""
    others = region_of(mask, confidence).others
    return ((box, confidence), *(other for other in others if overlap(other[0], box) < 0.5))[:5]


def overlap(one: Box, other: Box) -> float:
    """Share of the first box that lies in the second."""
    wide = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    high = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0.0, wide) * max(0.0, high) / max(one[2] * one[3], 1e-9)


def whole_region(pixels: NDArray[np.uint8]) -> Region:
    """For a crop given by the caller: all of it is the object, the corners a little less surely."""
    small = resized(reduced(pixels, FIND_SIDE), FIND_SIDE)
    height, width = small.shape[:2]
    found = find_region(pixels)
    mask = np.maximum(found.mask, 0.6 * center_prior(height, width, 0.75)).astype(np.float32)
    return Region(mask, WHOLE, 1.0, ())


def border_of(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    border = np.zeros(shape, dtype=np.bool_)
    wide = max(2, round(0.03 * max(shape)))
    border[:wide] = border[-wide:] = True
    border[:, :wide] = border[:, -wide:] = True
    return border


def center_prior(height: int, width: int, reach: float) -> NDArray[np.float32]:
    """A soft ellipse around the middle: 1 in the middle, 0.5 at `reach` of the way to the border."""
    y = np.linspace(-1.0, 1.0, height, dtype=np.float32)[:, None]
    x = np.linspace(-1.0, 1.0, width, dtype=np.float32)[None, :]
    radius = np.sqrt(x * x + y * y)
    return (1.0 / (1.0 + np.exp((radius - reach) * 8.0))).astype(np.float32)


def studio_mask(distance: NDArray[np.float32], border: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Background is what looks like the border and is connected to it: a white label on a bottle stays object."""
    near = float(np.quantile(distance[border], 0.9)) + 4.0
    alike = (distance < near).astype(np.uint8)
    count, parts = cv2.connectedComponents(alike, connectivity=4)
    at_border = np.zeros(count, dtype=np.bool_)
    at_border[np.unique(parts[border])] = True
    at_border[0] = False
    ground = at_border[parts]
    mask = cv2.GaussianBlur((~ground).astype(np.float32), (3, 3), 0)
    return np.asarray(mask, dtype=np.float32)


def free_mask(
    lab: NDArray[np.float32], border: NDArray[np.bool_], prior: NDArray[np.float32]
) -> tuple[NDArray[np.float32], float]:
    """The mask (h, w) and how well object and background colors separate (0..1). prior: (h, w) 0..1, where the object
    is to be looked for."""
    ground = np.maximum(smooth_ground(lab, border), banded_ground(lab))
    log_prior = np.log(prior + 0.02) - np.log(1.02 - prior) - GROUND_ODDS * ground
    bins = color_bins(lab)
    guide = lab[..., 0] / 100.0
    mask = np.asarray(prior * (1.0 - 0.9 * ground), dtype=np.float32)
    separation = 0.0
    for trust in PRIOR_TRUST:
        inside = histogram_of(bins, mask)
        outside = histogram_of(bins, (1.0 - mask) + 0.5 * border)
        odds = np.log(inside + 1e-4) - np.log(outside + 1e-4)
        logit = 1.4 * np.clip(odds[bins], -4.0, 4.0) + trust * log_prior
        mask = np.asarray(np.clip(guided(guide, 1.0 / (1.0 + np.exp(-logit)), 4, 0.004), 0.0, 1.0), dtype=np.float32)
        separation = 1.0 - float(np.sqrt(inside * outside).sum())
    return mask.astype(np.float32), max(0.0, min(0.9, (separation - 0.05) / 0.35))


def smooth_ground(lab: NDArray[np.float32], border: NDArray[np.bool_]) -> NDArray[np.float32]:
    """1 where a walk from the border arrives without crossing an edge (walls, tables, vignettes, soft shadows), else 0.

    All 0 where that would be nearly everything: then the object's own edge leaked.
    """
    smooth = cv2.GaussianBlur(lab, (0, 0), 0.7)
    dx = np.abs(np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=1))).sum(axis=2)
    dy = np.abs(np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=1))).sum(axis=2)
    calm = (np.maximum(dx, dy) < CALM).astype(np.uint8)
    count, parts = cv2.connectedComponents(calm, connectivity=4)
    share = np.bincount(parts[border], minlength=count) / max(1, int(border.sum()))
    reached = share > 0.06
    reached[0] = False
    ground = cv2.dilate(reached[parts].astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    return ground if float(ground.mean()) < 0.97 else np.zeros_like(ground)


def banded_ground(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """0..1: how well a pixel looks like the border straight to its left or right, above or below: walls, floors and
    table edges run on behind the object."""
    wide = 3
    sides = [
        np.median(lab[:, :wide], axis=1, keepdims=True),
        np.median(lab[:, -wide:], axis=1, keepdims=True),
        np.median(lab[:wide], axis=0, keepdims=True),
        np.median(lab[-wide:], axis=0, keepdims=True),
    ]
    smooth = cv2.GaussianBlur(lab, (0, 0), 0.8)
    away = [(((smooth - side) * np.array([0.7, 1.0, 1.0], np.float32)) ** 2).sum(axis=2) for side in sides]
    nearest = np.minimum(np.minimum(away[0], away[1]), np.minimum(away[2], away[3]))
    return np.asarray(np.exp(-nearest / (2 * BAND_SPREAD**2)), dtype=np.float32)


def color_bins(lab: NDArray[np.float32]) -> NDArray[np.int64]:
    """Index (h, w) of each pixel's Lab cell; chroma cells are finer near gray, where photos differ most."""
    lightness = np.clip(lab[..., 0] * (BINS[0] / 100.0), 0, BINS[0] - 1).astype(np.int64)
    chroma = np.sign(lab[..., 1:]) * np.sqrt(np.abs(lab[..., 1:]) / 100.0)
    cells = np.clip((chroma + 1.0) * (BINS[1] / 2.0), 0, BINS[1] - 1).astype(np.int64)
    return np.asarray((lightness * BINS[1] + cells[..., 0]) * BINS[2] + cells[..., 1], dtype=np.int64)


def histogram_of(bins: NDArray[np.int64], weight: NDArray[np.float32]) -> NDArray[np.float64]:
    """Smoothed share of each Lab cell (BINS flattened), weighed per pixel; sums to 1."""
    cells = BINS[0] * BINS[1] * BINS[2]
    flat = np.asarray(np.bincount(bins.ravel(), weights=weight.ravel(), minlength=cells), dtype=np.float64)
    counts: NDArray[np.float64] = flat.reshape(BINS)
    for axis in range(3):
        counts = counts + 0.5 * (shifted(counts, axis, 1) + shifted(counts, axis, -1))
    return np.asarray(counts.ravel() / max(float(counts.sum()), 1e-9), dtype=np.float64)


def shifted(cells: NDArray[np.float64], axis: int, by: int) -> NDArray[np.float64]:
    out = np.zeros_like(cells)
    here = [slice(None)] * 3
    there = [slice(None)] * 3
    here[axis] = slice(1, None) if by > 0 else slice(None, -1)
    there[axis] = slice(None, -1) if by > 0 else slice(1, None)
    out[tuple(here)] = cells[tuple(there)]
    return out


def guided(guide: NDArray[np.float32], target: NDArray[np.float32], radius: int, eps: float) -> NDArray[np.float32]:
    """Guided filter (He et al., 2010): smooths `target` but keeps the edges of `guide`."""
    size = (2 * radius + 1, 2 * radius + 1)
    guide = guide.astype(np.float32)
    target = target.astype(np.float32)
    mean_g, mean_t = cv2.blur(guide, size), cv2.blur(target, size)
    spread = cv2.blur(guide * guide, size) - mean_g * mean_g
    joint = cv2.blur(guide * target, size) - mean_g * mean_t
    slope = joint / (spread + eps)
    offset = mean_t - slope * mean_g
    return np.asarray(cv2.blur(slope, size) * guide + cv2.blur(offset, size), dtype=np.float32)


def region_of(mask: NDArray[np.float32], confidence: float) -> Region:
    """The box around the parts of the mask that matter, and the boxes of what stands apart from it."""
    height, width = mask.shape
    solid = (mask > 0.5).astype(np.uint8)
    count, _, stats, centers = cv2.connectedComponentsWithStats(solid, connectivity=8)
    pieces = [piece_of(stats[i], centers[i], width, height) for i in range(1, count)]
    kept = [(i + 1, piece) for i, piece in enumerate(pieces) if piece[1] >= 0.004]
    if not kept:
        return Region(np.maximum(mask, center_prior(height, width, 0.7)), WHOLE, 0.0, ())
    best = max(kept, key=lambda item: item[1][2])
    together = [item for item in kept if item[1][1] >= 0.1 * best[1][1] and item[1][2] >= 0.1 * best[1][2]]
    box = around([item[1][0] for item in together])
    found = sorted(((piece[0], min(1.0, confidence * piece[1] / best[1][1])) for _, piece in kept),
                   key=lambda item: (-item[1], item[0]))  # fmt: skip
    return Region(mask, box, confidence, tuple(item for item in found[:5] if item[1] >= 0.1))


def piece_of(
    stats: NDArray[np.int32], center: NDArray[np.float64], width: int, height: int
) -> tuple[Box, float, float]:
    """Box, share of the photo, and weight (share, less the farther its center lies from the middle)."""
    left, top, wide, high, area = (int(value) for value in stats)
    share = area / (width * height)
    away = float(np.hypot(center[0] / width - 0.5, center[1] / height - 0.5))
    return (
        (left / width, top / height, wide / width, high / height),
        share,
        share * float(np.exp(-4.0 * away * away)),
    )


def around(boxes: list[Box]) -> Box:
    left = min(box[0] for box in boxes)
    top = min(box[1] for box in boxes)
    right = max(box[0] + box[2] for box in boxes)
    bottom = max(box[1] + box[3] for box in boxes)
    return left, top, right - left, bottom - top


def framed(region: Region, margin: float = 0.06) -> Box:
    """The part of the photo worth reading: the object's box with a margin, wider where the finding is unsure."""
    unsure = (1.0 - region.confidence) ** 2
    x, y, width, height = region.box
    left = max(0.0, x - margin * width) * (1.0 - unsure)
    top = max(0.0, y - margin * height) * (1.0 - unsure)
    right = min(1.0, x + (1.0 + margin) * width)
    bottom = min(1.0, y + (1.0 + margin) * height)
    right, bottom = right + (1.0 - right) * unsure, bottom + (1.0 - bottom) * unsure
    return left, top, right - left, bottom - top
