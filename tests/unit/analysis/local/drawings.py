"""Pictures drawn for the eyes' tests: printed things on grounds, seen again from elsewhere."""

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def a_print(seed: int, high: int = 220, wide: int = 160) -> Picture:
    """A flat thing with blocks, discs and words in a few colors: something to recognize exactly."""
    rng = np.random.default_rng(seed)
    inks = rng.integers(0, 256, (5, 3))
    out = np.tile(inks[0].astype(np.uint8), (high, wide, 1))
    for turn in range(14):
        ink = [int(value) for value in inks[int(rng.integers(1, 5))]]
        x, y = int(rng.integers(wide)), int(rng.integers(high))
        size = int(rng.integers(8, 40))
        if turn % 3 == 0:
            cv2.circle(out, (x, y), size // 2, ink, -1, cv2.LINE_AA)
        elif turn % 3 == 1:
            cv2.rectangle(out, (x, y), (x + size, y + size // 2), ink, -1)
        else:
            cv2.putText(
                out, "".join(chr(value) for value in rng.integers(65, 122, 5)), (x // 2, y), 0, 0.7, ink, 2, cv2.LINE_AA
            )
    return out


def on_ground(thing: Picture, ground: tuple[int, int, int] = (246, 246, 246), side: int = 320) -> Picture:
    """The thing in the middle of a plain square."""
    out = np.full((side, side, 3), ground, np.uint8)
    top, left = (side - thing.shape[0]) // 2, (side - thing.shape[1]) // 2
    out[top : top + thing.shape[0], left : left + thing.shape[1]] = thing
    return out


def turned(picture: Picture, degrees: float, zoom: float, border: tuple[int, int, int] = (246, 246, 246)) -> Picture:
    """The picture turned about its middle and zoomed."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, zoom)
    out = cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_AREA, borderValue=border)
    return np.asarray(out, dtype=np.uint8)


def as_jpeg(picture: Picture, quality: int) -> Picture:
    """What is left after JPEG compression."""
    _, data = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)[:, :, ::-1])


def a_ball(color: tuple[int, int, int], ground: tuple[int, int, int] = (240, 240, 240), side: int = 240) -> Picture:
    """A ball lit from the upper left: half of it lies in its own shade."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    radius = np.sqrt(x * x + y * y) / 0.7
    height = np.sqrt(np.maximum(0.0, 1.0 - radius * radius))
    light = np.clip(0.35 + 0.75 * (0.5 * height - 0.45 * x - 0.45 * y), 0.25, 1.0)[..., None]
    out = np.where((radius < 1.0)[..., None], np.array(color) * light, np.array(ground))
    return np.clip(out, 0, 255).astype(np.uint8)
