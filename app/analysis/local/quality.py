"""How fit a product picture is to be found by: is it sharp, and is there writing laid over it?"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 512
"""Longest side, in pixels, at which pictures are judged: both measures depend on it."""
_RE_BLUR = 9
_LETTER_HEIGHT = (7, 90)
_LETTER_WIDEST = 2.2
_LETTERS_IN_A_LINE = 5
_LIKE_SIZED = 0.35
_STEADY = 30.0
"""Spread of gray inside a letter, 0..255: print is of one color, a thing's surface is not."""
_CONTRAST = 45.0


@dataclass(frozen=True, slots=True)
class PictureQuality:
    """blur: 0 (sharp) to 1. text: share of the picture that lines of writing cover, 0..1."""

    blur: float
    text: float


def picture_quality(pixels: NDArray[np.uint8]) -> PictureQuality:
    """Judge a picture, (height, width, 3) uint8 sRGB; some 10 ms."""
    scale = SIDE / max(pixels.shape[:2])
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    gray = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    return PictureQuality(blur=blur_of(gray), text=text_share(gray))


def blur_of(gray: NDArray[np.uint8]) -> float:
    """How little a picture changes when it is blurred once more (Crete et al., 2007): a blurred one hardly does.

    0..1; a picture without any edge is 1. Content matters little, as every edge is compared with itself.
    """
    worst = 0.0
    values = gray.astype(np.float32)
    for axis, kernel in ((0, (1, _RE_BLUR)), (1, (_RE_BLUR, 1))):
        blurred = np.asarray(cv2.blur(values, kernel), dtype=np.float32)
        before, after = _steps(values, axis), _steps(blurred, axis)
        whole = cv2.sumElems(before)[0]
        lost = cv2.sumElems(np.maximum(before - after, 0.0))[0]
        worst = max(worst, 1.0 - lost / whole if whole > 0.0 else 1.0)
    return worst


def _steps(values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """How much each value differs from the one before it."""
    later, earlier = (values[1:], values[:-1]) if axis == 0 else (values[:, 1:], values[:, :-1])
    return np.asarray(cv2.absdiff(later, earlier), dtype=np.float32)


def text_share(gray: NDArray[np.uint8]) -> float:
    """Share of the picture covered by lines of writing: like-sized spots of one gray side by side, dark or light."""
    lines = [*_lines(gray), *_lines(np.asarray(255 - gray, dtype=np.uint8))]
    covered = np.zeros(gray.shape, dtype=np.uint8)
    for left, top, right, bottom in lines:
        covered[top:bottom, left:right] = 1
    return float(covered.mean())


def _lines(gray: NDArray[np.uint8]) -> list[tuple[int, int, int, int]]:
    """Boxes (left, top, right, bottom) of lines of letters that are darker than what is around them."""
    dark = cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 41, 18)
    count, marks, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    letters = []
    for mark in _shaped_like_letters(stats[:count]):
        left, top, width, height, _ = stats[mark].tolist()
        patch = gray[top : top + height, left : left + width]
        inside = marks[top : top + height, left : left + width] == mark
        ink = np.sort(patch[inside])
        middle = _quantile(ink, 0.5)
        if middle - _quantile(ink, 0.1) > _STEADY:  # the rest of the ink is the soft edge of the letter
            continue
        paper = np.sort(patch[~inside])
        if paper.size and _quantile(paper, 0.5) - middle >= _CONTRAST:
            letters.append((left, top, width, height))
    return _joined(letters)


def _shaped_like_letters(stats: NDArray[np.integer[Any] | np.floating[Any]]) -> list[int]:
    """Rows of OpenCV's statistics that may be letters by height, width and how much of their box they fill."""
    width, height, area = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_AREA]
    high = (height >= _LETTER_HEIGHT[0]) & (height <= _LETTER_HEIGHT[1])
    wide = (width >= 2) & (width <= _LETTER_WIDEST * height)
    filled = area / (width * height)
    fits = high & wide & (filled >= 0.15) & (filled <= 0.95)
    fits[0] = False  # what lies around all spots
    return np.flatnonzero(fits).tolist()


def _quantile(ordered: NDArray[np.uint8], share: float) -> float:
    """The value below which `share` of the values lie, between two of them as numpy has it, which takes ten times as
    long for the few pixels of a letter."""
    at = share * (len(ordered) - 1)
    low = int(at)
    below, above = float(ordered[low]), float(ordered[min(low + 1, len(ordered) - 1)])
    return below + (at - low) * (above - below)


def _joined(letters: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Letters of like height whose middles lie on one line and that follow each other closely, as boxes of lines."""
    letters.sort()
    lines: list[list[tuple[int, int, int, int]]] = []
    for letter in letters:
        line = next((one for one in reversed(lines) if _follows(one[-1], letter)), None)
        if line is None:
            lines.append([letter])
        else:
            line.append(letter)
    return [
        (
            line[0][0],
            min(top for _, top, _, _ in line),
            max(left + width for left, _, width, _ in line),
            max(top + height for _, top, _, height in line),
        )
        for line in lines
        if len(line) >= _LETTERS_IN_A_LINE
    ]


def _follows(before: tuple[int, int, int, int], letter: tuple[int, int, int, int]) -> bool:
    left, top, width, height = before
    gap = letter[0] - (left + width)
    tall = max(height, letter[3])
    apart = abs((top + height) - (letter[1] + letter[3]))
    like_sized = min(height, letter[3]) >= (1 - _LIKE_SIZED) * tall
    return like_sized and -0.3 * tall <= gap <= 1.0 * tall and apart <= 0.35 * tall
