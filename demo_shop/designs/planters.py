"""Planters and what grows in them. Lengths are decimeters before fitting."""

from __future__ import annotations

import numpy as np
import trimesh

from demo_shop import geometry as g
from demo_shop.designs.vessels import closed_profile, varied
from demo_shop.model import Draw, Part, ProductType, Slot


def draw_planter(draw: Draw) -> list[Part]:
    shape = draw.cycle("shape", ("tapered", "bowl", "square", "cylinder on legs", "egg", "fluted", "hanging"))
    if shape == "square":
        h = draw.between(0.8, 1.1)
        outer = g.rounded_box((1, 1, h), 0.08, (0, 0, h / 2), taper=draw.between(0.75, 0.98))
        pot = g.cut(outer, g.block((0.84, 0.84, h), (0, 0, h * 0.55 + 0.08)), g.block((2, 2, 0.2), (0, 0, h + 0.05)))
        rim_height = h - 0.1
    else:
        profile = {
            "tapered": [(0.38, 0), (0.42, 0.1), (0.58, 0.9), (0.60, 1.0)],
            "bowl": [(0.35, 0), (0.60, 0.2), (0.72, 0.5), (0.66, 0.75)],
            "cylinder on legs": [(0.50, 0.35), (0.54, 0.4), (0.54, 0.9), (0.54, 1.15)],
            "egg": [(0.34, 0), (0.60, 0.4), (0.58, 0.8), (0.44, 1.15)],
            "fluted": [(0.42, 0), (0.46, 0.1), (0.54, 0.6), (0.58, 1.0)],
            "hanging": [(0.10, 0), (0.45, 0.15), (0.60, 0.5), (0.58, 0.75)],
        }[shape]
        line = varied(draw, profile, 0.04)
        pot = g.vessel(line, 0.07)
        if shape == "fluted":
            pot = g.flute(g.lathe(closed_profile(line), 120), draw.count(12, 20), 0.04)
        rim_height = float(line[-1, 1]) - 0.1
    parts = [
        Part(pot, "body", "box" if shape == "square" else "cylinder"),
        Part(g.cylinder(0.40, 0.04, bottom=rim_height - 0.04), "soil"),
    ]
    if shape == "cylinder on legs":
        for a in np.radians([45, 135, 225, 315]):
            parts.append(
                Part(
                    g.rod(
                        (np.cos(a) * 0.55, np.sin(a) * 0.55, 0),
                        (np.cos(a) * 0.52, np.sin(a) * 0.52, 0.8),
                        0.035,
                    ),
                    "legs",
                )
            )
    if shape == "hanging":
        for a in np.radians([90, 210, 330]):
            parts.append(Part(g.rod((np.cos(a) * 0.56, np.sin(a) * 0.56, rim_height), (0, 0, 2.0), 0.014), "legs"))
    return parts + _plant(draw, rim_height)


def _plant(draw: Draw, ground: float) -> list[Part]:
    """A few leaves, since shops show planters planted; some are left empty."""
    kind = draw.cycle("plant", ("leafy", "cactus", "grass", "empty"))
    if kind == "cactus":
        h = draw.between(0.5, 0.9)
        stem = g.flute(
            g.lathe(
                [
                    (0, ground - 0.03),
                    *g.spline([(0.16, ground), (0.22, ground + h * 0.5), (0.14, ground + h)], 20).tolist(),
                    (0, ground + h + 0.08),
                ],
                72,
            ),
            12,
            0.09,
        )
        return [Part(stem, "leaf")]
    if kind == "empty":
        return []
    count, broad = (draw.count(7, 10), 0.13) if kind == "leafy" else (draw.count(18, 26), 0.025)
    leaves = []
    for i in range(count):
        a, up, out = i * 2.4 + draw.between(-0.2, 0.2), draw.between(0.5, 1.0), draw.between(0.2, 0.55)
        k = np.linspace(0, 1, 12)
        path = np.column_stack(
            [np.cos(a) * out * k**1.5, np.sin(a) * out * k**1.5, ground - 0.02 + up * k - 0.25 * up * k**3]
        )
        width = np.maximum(broad * np.sin(np.pi * (0.04 + 0.93 * k)) ** 0.8, 0.006)
        leaf = g.tube(path, width, 8)
        leaves.append(Part(_flattened(leaf, path, a), "leaf"))
    return leaves


def _flattened(leaf: trimesh.Trimesh, path: g.Array, angle: float) -> trimesh.Trimesh:
    """Presses a leaf flat across its sideways direction."""
    side = np.array([-np.sin(angle), np.cos(angle), 0.0])

    def press(v: g.Array) -> g.Array:
        nearest = path[np.argmin(((v[:, None] - path[None]) ** 2).sum(-1), axis=1)]
        offset = v - nearest
        sideways = (offset @ side)[:, None] * side
        pressed: g.Array = nearest + sideways + 0.18 * (offset - sideways)
        return pressed

    return g.warp(leaf, press)


TYPES = [
    ProductType(
        "planter",
        "Home & Living > Garden > Planters",
        "Home & Garden > Lawn & Garden > Gardening > Pots & Planters",
        draw_planter,
        {
            "body": Slot(
                ("terracotta", "ceramic", "concrete", "stoneware"),
                ("plain", "two-tone", "banded", "speckled", "dipped", "chevron", "terrazzo"),
            ),
            "soil": Slot(("soil",)),
            "leaf": Slot(("leaf",)),
            "legs": Slot(("wood", "metal")),
        },
        "table",
        (14, 89),
        (14, 45),
        7,
    ),
]
