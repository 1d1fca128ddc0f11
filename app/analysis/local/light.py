"""Taking the color and strength of the light out of a photo, so that a lamp is the same lamp under a warm bulb.

Shades of gray (Finlayson and Trezzi, 2004): the p-norm of a photo's linear light is taken for the light's color. A
catalog picture before white is left as it is; a room at dusk becomes about neutral. Only STRENGTH of the correction is
made, and none where no lamp is as colored as that: a wall painted yellow is no light.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

NORM = 6.0
STRENGTH = 0.7
MOST_GAIN = 2.0
LAMP, PAINT = 3.0, 6.0
"""Ratio of the strongest to the weakest channel (linear) up to which it is a lamp's color (an old bulb has about 3),
and from which it is a thing's; between them the correction fades."""
GAMMA = 2.2
"""Close enough to sRGB's curve, and a gain of linear light is then a plain factor of the stored values too."""
BRIGHT_PERCENTILE = 98.0
BRIGHT = 0.9
"""Where the brightest parts of a photo end up, as a share of full linear light."""
DARKEST_BRIGHT = 0.2
"""A photo darker than this is brightened no further: the rest would be noise."""
LOOK_SIDE = 128


def light_factors(photo: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(3,) factors for R, G and B of the stored values that take the light out; from the whole photo, not a crop."""
    height, width = photo.shape[:2]
    scale = LOOK_SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA) if scale < 1 else photo
    linear = (np.asarray(small, dtype=np.float32) / 255.0) ** np.float32(GAMMA)
    norms = np.maximum((linear**NORM).mean(axis=(0, 1)) ** (1 / NORM), 1e-4)
    doubt = np.clip((norms.max() / norms.min() - LAMP) / (PAINT - LAMP), 0.0, 1.0)
    gains = np.clip(norms.mean() / norms, 1 / MOST_GAIN, MOST_GAIN) ** (STRENGTH * (1.0 - doubt))
    bright = max(float(np.percentile((linear * gains).max(axis=2), BRIGHT_PERCENTILE)), DARKEST_BRIGHT)
    return np.asarray((gains * (BRIGHT / bright)) ** (1 / GAMMA), dtype=np.float32)


def relit(picture: NDArray[np.uint8], factors: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The picture with every channel multiplied by its factor."""
    levels = np.arange(256, dtype=np.float32)[:, None] * factors
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table[None]), dtype=np.uint8)
