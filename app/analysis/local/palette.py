"""Color words shops use, each with the Lab values it is nearest to. Words with several shades have several entries."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

SHADES: tuple[tuple[str, str], ...] = (
    ("black", "#0c0c0d"), ("black", "#202022"), ("charcoal", "#3b3d40"), ("dark gray", "#58595b"), ("gray", "#808182"),
    ("light gray", "#b4b5b6"), ("silver", "#cdcfd1"), ("white", "#eeeeee"), ("white", "#ffffff"), ("ivory", "#f6f0dc"),
    ("cream", "#f1e4c3"), ("beige", "#dccbab"), ("sand", "#c9b48c"), ("taupe", "#8d7f71"), ("khaki", "#a39a6b"),
    ("oak", "#c19a6b"), ("tan", "#cf9f73"), ("camel", "#b98146"), ("walnut", "#6b4a35"), ("brown", "#7d4f2e"),
    ("brown", "#62391f"), ("dark brown", "#38241b"), ("copper", "#b3683c"), ("rust", "#a5442a"),
    ("terracotta", "#c66a4d"), ("red", "#cc1f25"), ("red", "#e5352e"), ("red", "#a81f22"),
    ("burgundy", "#6c1729"), ("burgundy", "#8c2038"),
    ("coral", "#f67f66"), ("salmon", "#efa08a"), ("orange", "#f2802a"),
    ("orange", "#ea6312"), ("orange", "#cc6a1f"), ("peach", "#f8cba5"),
    ("amber", "#f4ac1f"), ("mustard", "#cd9c20"), ("mustard", "#b3861f"), ("yellow", "#fbd92c"), ("yellow", "#f2ec4e"),
    ("light yellow", "#f8efa0"), ("lime", "#b4d336"), ("lime", "#8fce2e"), ("olive", "#6d6b2a"), ("olive", "#8a8a3c"),
    ("sage", "#a1b092"), ("mint", "#aee3c6"), ("green", "#3f9c43"), ("green", "#2a7f38"), ("green", "#5fb75a"),
    ("dark green", "#1d4a2b"), ("emerald", "#0f8f63"), ("teal", "#12777a"), ("teal", "#1d8f8c"), ("teal", "#0f565b"),
    ("turquoise", "#3cc8c0"), ("aqua", "#8adfe3"), ("light blue", "#a9cdec"), ("light blue", "#7fb5e3"),
    ("sky blue", "#4fa8e4"), ("blue", "#2065c7"), ("blue", "#1e49a6"), ("blue", "#3f7fd1"), ("slate blue", "#5b7391"),
    ("denim", "#3f5d85"), ("navy", "#1c2a52"), ("navy", "#121a35"), ("indigo", "#3c3283"), ("purple", "#6f3b97"),
    ("purple", "#8c52b4"), ("plum", "#572b50"), ("lavender", "#bdaee0"), ("lilac", "#caa5d4"), ("magenta", "#c9278f"),
    ("pink", "#f29ab9"), ("pink", "#f6bfd0"), ("hot pink", "#ee4492"), ("rose", "#cd7b8b"), ("blush", "#ecd0ca"),
    ("gold", "#c8a445"), ("brass", "#a98b45"),
)  # fmt: skip


def lab_of_hex(code: str) -> NDArray[np.float32]:
    """CIE Lab (3,) of "#rrggbb"."""
    rgb = np.array([[[int(code[i : i + 2], 16) for i in (1, 3, 5)]]], dtype=np.float32) / np.float32(255.0)
    return np.asarray(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB))[0, 0], dtype=np.float32)


def hex_of_lab(lab: NDArray[np.float32]) -> str:
    rgb = cv2.cvtColor(np.asarray(lab, dtype=np.float32)[None, None], cv2.COLOR_LAB2RGB)
    red, green, blue = (int(np.clip(round(float(value) * 255.0), 0, 255)) for value in np.asarray(rgb)[0, 0])
    return f"#{red:02x}{green:02x}{blue:02x}"


NAMES = tuple(name for name, _ in SHADES)


@cache
def shade_labs() -> NDArray[np.float32]:
    """(shades, 3) CIE Lab, in their order. Not made at import: OpenCV's first conversion prepares tables for 0.1 s."""
    return np.stack([lab_of_hex(code) for _, code in SHADES])


def name_of(lab: NDArray[np.float32]) -> str:
    """The nearest word. Lightness counts 0.8 of chroma: light changes it most."""
    weight = np.array([0.8, 1.0, 1.0], np.float32)
    away = (((shade_labs() - lab) * weight) ** 2).sum(axis=1)
    return NAMES[int(np.argmin(away))]
