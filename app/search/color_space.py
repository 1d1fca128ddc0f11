"""How alike two colors look to people: OKLab (Björn Ottosson, 2020, https://bottosson.github.io/posts/oklab/)."""

from functools import lru_cache
from math import exp, hypot

SPREAD = 0.11
"""OKLab distance at which the affinity has fallen to 1/e: about teal to turquoise, well short of teal to blue."""


def affinity(hex_a: str, hex_b: str) -> float:
    """0..1: 1 for the same color, exp(-(d / SPREAD)²) for the OKLab distance d. Colors are written "#rrggbb"."""
    (l_a, a_a, b_a), (l_b, a_b, b_b) = oklab(hex_a), oklab(hex_b)
    return exp(-((l_a - l_b) ** 2 + (a_a - a_b) ** 2 + (b_a - b_b) ** 2) / SPREAD**2)


def chroma_distance(hex_a: str, hex_b: str) -> float:
    """OKLab distance with lightness counted half: light and shade change it most, and words for colors least."""
    a, b = oklab(hex_a), oklab(hex_b)
    return hypot(0.5 * (a[0] - b[0]), a[1] - b[1], a[2] - b[2])


@lru_cache(maxsize=4096)
def oklab(color: str) -> tuple[float, float, float]:
    """L (0..1), a and b (about -0.4..0.4) of "#rrggbb". Raises ValueError for anything else."""
    if len(color) != 7 or color[0] != "#":
        raise ValueError(f"a color is written #rrggbb, not {color!r}")
    red, green, blue = (_linear(int(color[i : i + 2], 16) / 255.0) for i in (1, 3, 5))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _linear(value: float) -> float:
    """sRGB 0..1 to linear light (IEC 61966-2-1)."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
