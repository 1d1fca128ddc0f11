"""Pictures drawn from a seed, so that a benchmark needs no files: one patterned object before a wall."""

import numpy as np
from numpy.typing import NDArray

from app.photos import encode_jpeg

PHONE = (3024, 4032)
"""Height and width of a 12-megapixel phone photo."""


def draw(seed: int, height: int, width: int) -> NDArray[np.uint8]:
    """(height, width, 3) uint8: a striped or checked superellipse before a shaded wall; equal seeds, equal pictures."""
    rng = np.random.default_rng(seed)
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    wall, body, stripe = rng.uniform(150, 235, 3), rng.uniform(20, 235, 3), rng.uniform(20, 235, 3)
    power, tall, wide = rng.uniform(1.5, 5), rng.uniform(0.4, 0.75), rng.uniform(0.3, 0.7)
    angle, waves = rng.uniform(0, np.pi), rng.uniform(8, 30)
    inside = np.abs(x / wide) ** power + np.abs(y / tall) ** power < 1
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    pattern = np.sin(waves * along) > (np.sin(waves * across) if seed % 2 else 0.2)
    picture = wall * (1 - 0.25 * (x + y)[..., None] / 2)
    picture[inside] = np.where(pattern[inside][:, None], body, stripe)
    picture *= np.where(inside, 1 - 0.35 * x, 1.0)[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)


def phone_photo(seed: int) -> bytes:
    """A 12-megapixel JPEG of 3 to 5 MB, with a camera's noise, which is what makes such files slow to decode."""
    rng = np.random.default_rng(seed)
    height, width = PHONE
    drawn = draw(seed, height // 4, width // 4).astype(np.int16)  # a quarter, or drawing would take most of a minute
    noise = rng.normal(0, 6, (height, width)).astype(np.int16)
    picture = drawn.repeat(4, axis=0).repeat(4, axis=1) + noise[..., None]
    return encode_jpeg(np.clip(picture, 0, 255).astype(np.uint8), quality=92)
