"""What leaves Akin: the clean JPEG and nothing else; with faces blurred first, where the shop wants that."""

import asyncio
import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.analysis.source import Picture
from app.errors import BadRequest, Unavailable
from app.photos import MAX_SIDE, CleanJpeg, Photo, as_kept

QUALITY = 90
SURE = 0.6
MARGIN = 0.25
"""A face's box is widened by this share: hair and chin tell a person too."""

FindFaces = Callable[[NDArray[np.uint8]], Sequence[tuple[int, int, int, int]]]
"""(height, width, 3) sRGB pixels -> left, top, width, height of each face, in pixels."""


class BadFaceModel(BadRequest):
    """The face detector's file cannot be used."""

    code = "bad-face-model"
    title = "The face detector cannot be used"


async def clean(photo: Photo) -> Picture:
    """The photo's clean JPEG, as it is. The digest is that of the JPEG: it is the same by upload and by photo_id."""
    assert max(photo.width, photo.height) <= MAX_SIDE, "only the bounded picture leaves"
    await photo.made()
    return Picture(photo.jpeg, photo.width, photo.height, photo.sha256)


def cut_out(photo: Photo, part: tuple[float, float, float, float]) -> Photo:
    """That part of the photo (x, y, width, height in 0..1) as a photo of its own: the rest does not leave. The same
    part of the same photo gives the same JPEG, by upload and by photo_id. Blocking."""
    photo = as_kept(photo)
    left, top = round(part[0] * photo.width), round(part[1] * photo.height)
    right, bottom = round((part[0] + part[2]) * photo.width), round((part[1] + part[3]) * photo.height)
    left, top = min(left, photo.width - 1), min(top, photo.height - 1)
    pixels = np.ascontiguousarray(photo.pixels[top : max(bottom, top + 1), left : max(right, left + 1)])
    return replace(photo, pixels=pixels, clean=CleanJpeg(encoded(pixels)), format="jpeg")


class BlurredFaces:
    """Blurs every face before the picture leaves; a picture without a face leaves as it is.

    find: finds faces; `faces_by(model)` makes one of a YuNet model file.
    """

    def __init__(self, find: FindFaces) -> None:
        self._find = find

    async def __call__(self, photo: Photo) -> Picture:
        """The picture to send."""
        return await asyncio.to_thread(self._made, photo)

    def _made(self, photo: Photo) -> Picture:
        photo = as_kept(photo)
        try:
            faces = self._find(photo.pixels)
        except cv2.error as failure:  # then nothing leaves
            raise Unavailable(f"Faces could not be looked for: {failure}.") from failure
        jpeg = encoded(blurred(photo.pixels, faces)) if faces else photo.jpeg
        return Picture(jpeg, photo.width, photo.height, hashlib.sha256(jpeg).hexdigest())


def encoded(pixels: NDArray[np.uint8]) -> bytes:
    """A JPEG of sRGB pixels, with nothing else in it."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes()


def blurred(pixels: NDArray[np.uint8], faces: Sequence[tuple[int, int, int, int]]) -> NDArray[np.uint8]:
    """A copy with the faces made unrecognizable: each becomes 6 blocks across, then smooth."""
    out = pixels.copy()
    for left, top, width, height in faces:
        x0, y0 = max(0, int(left - MARGIN * width)), max(0, int(top - MARGIN * height))
        x1 = min(out.shape[1], int(left + (1 + MARGIN) * width) + 1)
        y1 = min(out.shape[0], int(top + (1 + MARGIN) * height) + 1)
        if x1 - x0 < 1 or y1 - y0 < 1:
            continue
        blocks = cv2.resize(out[y0:y1, x0:x1], (6, 6), interpolation=cv2.INTER_AREA)
        out[y0:y1, x0:x1] = cv2.resize(blocks, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
    return out


def faces_by(model: Path) -> FindFaces:
    """A detector of a YuNet model (ONNX). Raises BadFaceModel when the file is none."""
    try:
        detector = cv2.FaceDetectorYN.create(str(model), "", (320, 320), SURE)
    except cv2.error as broken:
        raise BadFaceModel(
            f"{model.name} is no face detector OpenCV can open.",
            fix="Name a YuNet file in AKIN_BLUR_FACES, e.g. face_detection_yunet_2023mar.onnx of the OpenCV zoo.",
        ) from broken

    one_at_a_time = threading.Lock()

    def find(pixels: NDArray[np.uint8]) -> list[tuple[int, int, int, int]]:
        with one_at_a_time:
            detector.setInputSize((pixels.shape[1], pixels.shape[0]))
            _, found = detector.detect(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
        rows = [] if found is None else np.asarray(found)[:, :4]
        return [(int(left), int(top), int(width), int(height)) for left, top, width, height in rows]

    return find
