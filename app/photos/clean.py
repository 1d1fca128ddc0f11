"""The clean JPEG: the only form of a photo that is stored or leaves Akin."""

import hashlib
import io
import threading

import numpy as np
from numpy.typing import NDArray
from PIL import Image

JPEG_QUALITY = 90


def clean_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """The pixels as a JPEG. Made from the bare array, so nothing the upload carried can come along."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=JPEG_QUALITY, subsampling="4:2:0")
    return out.getvalue()


class CleanJpeg:
    """A photo's clean JPEG and its digest, made when they are first asked for, once.

    Encoding takes some 3 ms: whoever only looks at the pixels does not wait for it. Thread-safe.
    """

    __slots__ = ("_jpeg", "_making", "_sha256")

    def __init__(self, jpeg: bytes | None = None) -> None:
        """jpeg: where it is there already."""
        self._jpeg = jpeg
        self._sha256: str | None = None
        self._making = threading.Lock()

    def of(self, pixels: NDArray[np.uint8]) -> bytes:
        """The JPEG; `pixels` are the photo's."""
        with self._making:
            if self._jpeg is None:
                self._jpeg = clean_jpeg(pixels)
            return self._jpeg

    def sha256_of(self, pixels: NDArray[np.uint8]) -> str:
        """Hex digest of the JPEG."""
        jpeg = self.of(pixels)
        if self._sha256 is None:
            self._sha256 = hashlib.sha256(jpeg).hexdigest()
        return self._sha256

    def __reduce__(self) -> tuple[type["CleanJpeg"], tuple[bytes | None]]:
        """Between processes only what was made goes along."""
        return CleanJpeg, (self._jpeg,)
