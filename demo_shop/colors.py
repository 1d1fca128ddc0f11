"""Named colors of the shop: the plain words that feeds and photos are judged by, with a typical sRGB value each."""

from __future__ import annotations

import numpy as np

from demo_shop.geometry import Array

NAMED: dict[str, str] = {
    "white": "#f1efea", "ivory": "#e8dcc3", "beige": "#cdb797", "gray": "#8f9194", "charcoal": "#43464b",
    "black": "#1e1e20", "navy": "#1f2f57", "blue": "#2f62b5", "sky": "#8fbbdc", "teal": "#13747a",
    "green": "#2f6b42", "sage": "#9fb08d", "olive": "#6b6b2c", "mint": "#a5d8c0", "mustard": "#cf9a1f",
    "yellow": "#f0cf3a", "orange": "#e0762a", "terracotta": "#b9583a", "red": "#b3262b", "burgundy": "#6a1c30",
    "pink": "#e3a6ac", "lilac": "#b6a3d1", "purple": "#5d3a80", "brown": "#6b4329", "oak": "#c69b66",
    "walnut": "#6e4930", "birch": "#dcc49c", "cherry": "#8d4a2c", "copper": "#c87a52", "brass": "#c9a24e",
    "silver": "#b9bcc0", "natural": "#c9a877", "cork": "#b98a5c",
}  # fmt: skip

WOODS = ("oak", "walnut", "birch", "cherry", "black", "white")
METALS = ("silver", "brass", "copper", "black")
SOFT = (
    "teal", "navy", "mustard", "gray", "charcoal", "ivory", "terracotta", "green", "pink", "burgundy", "sky",
    "olive", "beige", "sage", "lilac", "orange", "blue", "brown",
)  # fmt: skip
HARD = (
    "white", "black", "navy", "teal", "red", "yellow", "mint", "gray", "orange", "blue", "pink", "green", "sage",
    "mustard", "lilac", "terracotta", "ivory", "sky", "burgundy",
)  # fmt: skip
KIND_COLORS: dict[str, tuple[str, ...]] = {
    "wood": WOODS,
    "painted wood": HARD,
    "metal": METALS,
    "painted metal": HARD,
    "fabric": SOFT,
    "velvet": SOFT,
    "wool": SOFT,
    "leather": ("brown", "black", "cherry", "burgundy", "navy", "green", "beige"),
    "ceramic": HARD,
    "stoneware": ("ivory", "sage", "charcoal", "terracotta", "navy", "sky", "olive", "brown", "teal", "gray"),
    "porcelain": ("white", "ivory", "sky", "mint", "pink", "black"),
    "glass": ("sky", "green", "teal", "burgundy", "mustard", "charcoal", "lilac", "white"),
    "plastic": HARD,
    "rattan": ("natural", "brown", "white", "black"),
    "seagrass": ("natural", "olive", "beige"),
    "concrete": ("gray", "charcoal", "ivory", "terracotta"),
    "terracotta": ("terracotta", "ivory", "charcoal"),
    "marble": ("white", "green", "black"),
    "cork": ("cork",),
    "paper": ("white", "ivory"),
    "linen": ("white", "ivory", "beige", "gray", "mustard", "navy", "sage", "terracotta", "pink", "teal"),
    "enamel": ("white", "navy", "red", "green", "mint", "mustard", "black", "sky"),
    "wax": ("ivory", "white"),
    "soil": ("brown",),
    "leaf": ("green",),
    "dark metal": ("black", "charcoal", "brass"),
    "art": ("white",),
    "mirror": ("silver",),
    "rubber": ("black", "charcoal"),
}


def rgb(name: str) -> Array:
    """The color's sRGB value, each part 0..1."""
    code = NAMED[name]
    return np.array([int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def linear(srgb: Array) -> Array:
    """sRGB 0..1 to linear light 0..1."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def distance(a: str, b: str) -> float:
    """How far two named colors look apart (CIE76 in Lab; under about 20 shoppers mix them up in a dim photo)."""
    return float(np.linalg.norm(_lab(rgb(a)) - _lab(rgb(b))))


def _lab(srgb: Array) -> Array:
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear(srgb)
    f = np.cbrt(xyz / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(kind: str, count: int, rng: np.random.Generator, *, least: float = 24.0) -> list[str]:
    """Up to ``count`` colors of a material kind that a shopper can tell apart, in random order."""
    chosen: list[str] = []
    for name in rng.permutation(KIND_COLORS[kind]).tolist():
        if len(chosen) < count and all(distance(name, other) >= least for other in chosen):
            chosen.append(name)
    return chosen


def partner(name: str, rng: np.random.Generator) -> str:
    """A second color that stands out against ``name`` in a pattern."""
    light = rgb(name).mean() > 0.5
    options = ("navy", "charcoal", "terracotta", "teal", "green", "burgundy", "black", "brown") if light else (
        "white", "ivory", "mustard", "sky", "pink", "beige", "mint", "sage")  # fmt: skip
    return str(rng.choice([option for option in options if option != name and distance(option, name) > 35]))
