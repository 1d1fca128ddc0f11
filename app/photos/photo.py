"""Photo: what is left of an upload once it is safe to look at."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_SIDE = 1024
"""Longest side, in pixels, of the picture that is analyzed, stored and sent on."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """One upright picture in sRGB, bounded in size, free of metadata.

    pixels: what `jpeg` holds, to the bit: (height, width, 3) uint8, sRGB; alpha was laid over white. The longest side
    is the upload's; where that is larger than MAX_SIDE it is 800..MAX_SIDE.
    sha256: hex digest of `jpeg`: the picture's identity, the same when its clean JPEG is read again.
    jpeg: the same picture as a clean JPEG (no EXIF, GPS, XMP, ICC): the only form that is stored or leaves Akin.
    format: what the bytes were ("jpeg", "png", "webp", "heif", "avif"), decided by content.
    original_width, original_height: size in pixels of the upload, upright.
    """

    pixels: NDArray[np.uint8]
    sha256: str
    jpeg: bytes
    format: str
    original_width: int
    original_height: int

    @property
    def width(self) -> int:
        """Width in pixels of `pixels`."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels of `pixels`."""
        return int(self.pixels.shape[0])
