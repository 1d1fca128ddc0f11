"""The bare library calls that decoding is made of: for measuring what our care around them costs, nothing else."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.photos.photo import MAX_SIDE


def draft_decode(data: bytes) -> NDArray[np.uint8]:
    """Pixels of a JPEG by draft decoding alone: (height, width, 3) uint8, at least MAX_SIDE where the photo is; no
    checks, no orientation, no color management. For trusted bytes only."""
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as picture:
        picture.draft("RGB", (MAX_SIDE, MAX_SIDE))
        return np.asarray(picture)


def encode_jpeg(pixels: NDArray[np.uint8], quality: int) -> bytes:
    """A JPEG of (height, width, 3) uint8 pixels, as a phone would write it: 4:2:0, quality 1..95."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality, subsampling="4:2:0")
    return out.getvalue()
