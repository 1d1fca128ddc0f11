"""The clean JPEG: the only form of a photo that is stored or leaves Akin."""

import asyncio
import hashlib
import io
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from PIL import Image

JPEG_QUALITY = 90
_encoder = ThreadPoolExecutor(1, thread_name_prefix="clean-jpeg")
"""One thread: each that encodes keeps the memory it took, and a photo takes it for 3 ms only."""


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

    async def made_of(self, pixels: NDArray[np.uint8]) -> None:
        """Make both now, off the event loop."""
        if self._sha256 is None:
            await asyncio.get_running_loop().run_in_executor(_encoder, self.sha256_of, pixels)

    def __reduce__(self) -> tuple[type["CleanJpeg"], tuple[bytes | None]]:
        """Between processes only what was made goes along."""
        return CleanJpeg, (self._jpeg,)
