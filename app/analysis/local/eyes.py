"""One photo's pixels to everything the embedded eyes see in it."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from app.analysis.local.canvas import READ_SIDE, WHOLE, Box, Canvas, canvas_of, cut, reduced
from app.analysis.local.channels import DIMS, joined
from app.analysis.local.color import color_histogram, named_colors
from app.analysis.local.keypoints import points_of
from app.analysis.local.light import light_factors, relit
from app.analysis.local.matching import pack
from app.analysis.local.networks import learned_look, square_of
from app.analysis.local.region import Region, find_region, framed, whole_region
from app.analysis.local.seen import Seen
from app.analysis.local.shape import read_shape
from app.analysis.local.texture import FisherCoder, read_dense
from app.analysis.local.weights import shipped_weights

COLOR_SIDE = 64
AROUND = 0.05
"""What background counts beside the object (0..1): where the object was not found, the photo still has a vector."""


class LocalEyes:
    """Sees without network, settings or chance: equal pixels give equal answers. Thread-safe; pickles in bytes."""

    dims: int = DIMS

    def see(self, pixels: NDArray[np.uint8], crop: Box | None = None) -> Seen:
        """pixels: (H, W, 3) uint8 upright sRGB, sides about 80..1024; crop: x, y, width, height in 0..1 of the photo.

        Never fails for a flat, gray or tiny picture: the answer then has little in it.
        """
        region, canvas, square = read_canvas(pixels, crop)
        return Seen(
            region=crop if crop is not None else region.box,
            region_confidence=round(1.0 if crop is not None else region.confidence, 4),
            embedding=embedding_of(canvas, square),
            colors=named_colors(canvas),
            features=features_of(canvas),
            objects=objects_of(region, crop),
        )


def read_canvas(pixels: NDArray[np.uint8], crop: Box | None = None) -> tuple[Region, Canvas, NDArray[np.uint8]]:
    """The object's region, its canvas and its square (networks.square_of) with the light taken out: what is seen, and
    what training learns from."""
    photo = np.ascontiguousarray(pixels)
    whole = cut(photo, crop) if crop is not None else photo
    picture = relit(reduced(whole, READ_SIDE), light_factors(photo))
    region = whole_region(picture) if crop is not None else find_region(picture)
    canvas = canvas_of(picture, region.mask, WHOLE if crop is not None else framed(region))
    return region, canvas, square_of(picture, region.box)


def raw_readings(canvas: Canvas, coders: Mapping[str, FisherCoder]) -> dict[str, NDArray[np.float32]]:
    """Every channel's values before the fitted projection."""
    dense = read_dense(canvas)
    weight = dense.weight + np.float32(AROUND)
    lines = weight * np.minimum(1.0, np.linalg.norm(dense.lines, axis=1)).astype(np.float32)
    return {
        "color": read_color(canvas),
        "shape": read_shape(canvas),
        "texture": coders["texture"].encode(dense.lines, lines),
        "pattern": coders["pattern"].encode(dense.paint, weight),
    }


def embedding_of(canvas: Canvas, square: NDArray[np.uint8]) -> NDArray[np.float32]:
    weights = shipped_weights()
    raw = raw_readings(canvas, weights.coders)
    parts = {name: weights.projections[name](values) for name, values in raw.items()}
    return joined({**parts, "learned": learned_look(square)})


def read_color(canvas: Canvas) -> NDArray[np.float32]:
    """Two histograms (2 * COLOR_DIMS,): of the whole object, and of its middle, where background hardly gets in."""
    scale = COLOR_SIDE / max(canvas.mask.shape)
    size = (max(8, round(canvas.mask.shape[1] * scale)), max(8, round(canvas.mask.shape[0] * scale)))
    lab = np.asarray(cv2.resize(canvas.lab, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
    mask = np.asarray(cv2.resize(canvas.mask, size, interpolation=cv2.INTER_AREA), dtype=np.float32) + np.float32(0.02)
    top, left = size[1] // 4, size[0] // 4
    inner = (slice(top, size[1] - top), slice(left, size[0] - left))
    return np.concatenate([color_histogram(lab, mask), color_histogram(lab[inner], mask[inner])])


def features_of(canvas: Canvas) -> bytes:
    points = points_of(canvas.gray, canvas.mask)
    projection = shipped_weights().points
    height, width = canvas.gray.shape
    return pack(points, projection.mean, projection.matrix, (width, height))


def objects_of(region: Region, crop: Box | None) -> tuple[tuple[Box, float], ...]:
    if crop is not None:
        return ((crop, 1.0),)
    return region.others or ((region.box, region.confidence),)
