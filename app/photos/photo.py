"""Photo: what is left of an upload once it is safe to look at."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.photos.clean import CleanJpeg

MAX_SIDE = 1024
"""Longest side, in pixels, of the picture that is analyzed, stored and sent on."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """One upright picture in sRGB, bounded in size, free of metadata.

    pixels: (height, width, 3) uint8, sRGB; alpha was laid over white. The longest side is the upload's; where that is
    larger than MAX_SIDE it is 800..MAX_SIDE.
    clean: holds the clean JPEG of these pixels. format: what the bytes were ("jpeg", "png", "webp", "heif", "avif"),
    decided by content. original_width, original_height: size in pixels of the upload, upright.
    again: the pixels were read from a clean JPEG that was kept: what was seen in the photo then may be kept too.
    """

    pixels: NDArray[np.uint8]
    clean: CleanJpeg
    format: str
    original_width: int
    original_height: int
    again: bool = False

    @property
    def jpeg(self) -> bytes:
        """The picture as a clean JPEG (no EXIF, GPS, XMP, ICC): the only form that is stored or leaves Akin. The first
        call takes some 3 ms."""
        return self.clean.of(self.pixels)

    @property
    def sha256(self) -> str:
        """Hex digest of `jpeg`: the picture's identity, the same when its clean JPEG is read again. May take as long as
        `jpeg`."""
        return self.clean.sha256_of(self.pixels)

    async def made(self) -> None:
        """Make `jpeg` and `sha256` off the event loop, so that asking for them takes no time."""
        await self.clean.made_of(self.pixels)

    @property
    def width(self) -> int:
        """Width in pixels of `pixels`."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels of `pixels`."""
        return int(self.pixels.shape[0])
