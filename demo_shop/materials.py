"""Finishes: what a slot of a product is made of, and how such a surface answers light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from demo_shop import colors, textures
from demo_shop.geometry import Array
from demo_shop.model import seeded


@dataclass(frozen=True)
class Finish:
    """A material kind in a color, perhaps with a pattern in a second color. ``grain_seed`` fixes the drawn texture."""

    kind: str
    color: str
    pattern: str = "plain"
    second: str = "white"
    grain_seed: str = ""


@dataclass(frozen=True)
class Surface:
    """What the renderer needs: an sRGB picture (side x side x 3, 0..1) and a principled surface's numbers, 0..1."""

    picture: Array
    roughness: float
    metallic: float = 0.0
    specular: float = 0.5
    clearcoat: float = 0.0
    sheen: float = 0.0
    repeat: tuple[float, float] = (1.0, 1.0)
    matte: bool = False


# roughness, metallic, specular, clearcoat, sheen; a kind that is not here is plainly matte
GLOSS: dict[str, tuple[float, float, float, float, float]] = {
    "wood": (0.50, 0, 0.4, 0.1, 0),
    "painted wood": (0.42, 0, 0.5, 0.1, 0),
    "metal": (0.24, 1, 0.5, 0, 0),
    "painted metal": (0.35, 0, 0.5, 0.2, 0),
    "velvet": (0.75, 0, 0.2, 0, 1.0),
    "leather": (0.42, 0, 0.5, 0, 0),
    "ceramic": (0.22, 0, 0.5, 0.5, 0),
    "porcelain": (0.15, 0, 0.6, 0.8, 0),
    "stoneware": (0.60, 0, 0.4, 0, 0),
    "glass": (0.06, 0, 0.9, 1.0, 0),
    "plastic": (0.35, 0, 0.5, 0, 0),
    "enamel": (0.20, 0, 0.6, 0.6, 0),
    "marble": (0.18, 0, 0.5, 0.4, 0),
    "mirror": (0.02, 1, 0.5, 0, 0),
}


def surface(finish: Finish) -> Surface:
    """Paints the finish; the same finish gives the same picture in every process."""
    rng = seeded("surface", finish.kind, finish.pattern, finish.grain_seed)
    picture = _painted(finish, rng)
    roughness, metallic, specular, clearcoat, sheen = GLOSS.get(finish.kind, (0.8, 0, 0.3, 0, 0))
    if finish.color == "black" and finish.kind == "metal":
        metallic, roughness = 0.0, 0.4
    matte = finish.kind not in GLOSS
    return Surface(picture, roughness, float(metallic), specular, clearcoat, float(sheen), matte=matte)


def _painted(finish: Finish, rng: np.random.Generator) -> Array:
    if finish.kind == "art":
        words = finish.second.split("+")
        return textures.artwork(finish.pattern, [colors.rgb(word) for word in words], rng)
    if finish.kind == "mirror":
        return np.full((8, 8, 3), 0.9)
    kind = "plain" if finish.kind in ("painted wood", "painted metal") else finish.kind
    return textures.surface(kind, finish.pattern, colors.rgb(finish.color), colors.rgb(finish.second), rng)


def described(finish: Finish) -> dict[str, Any]:
    """The finish in plain words, for debugging and for tests that compare two runs."""
    return {"kind": finish.kind, "color": finish.color, "pattern": finish.pattern, "second": finish.second}
