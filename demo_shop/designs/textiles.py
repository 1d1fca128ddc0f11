"""Cushions and rugs. Lengths are decimeters before fitting; a cushion stands, front along -y, and a rug lies flat."""

from __future__ import annotations

import numpy as np
import trimesh

from demo_shop import geometry as g
from demo_shop.model import Draw, Part, ProductType, Slot

CLOTH = (
    "striped",
    "floral",
    "checked",
    "plain",
    "chevron",
    "leafy",
    "dotted",
    "diamond",
    "abstract",
    "plaid",
    "wavy",
    "grid",
    "medallion",
)


def draw_cushion(draw: Draw) -> list[Part]:
    shape = draw.cycle("shape", ("square", "rectangular", "round", "bolster", "square", "tufted"))
    puff = draw.between(1.3, 1.8)
    if shape == "bolster":
        r, long = 0.9, draw.between(3.8, 4.8)
        body = g.turn(
            g.lathe(
                [
                    (0, 0),
                    *g.spline(
                        [
                            (r * 0.8, 0.02),
                            (r, 0.25),
                            (r * 1.02, long / 2),
                            (r, long - 0.25),
                            (r * 0.8, long - 0.02),
                        ],
                        40,
                    ).tolist(),
                    (0, long),
                ]
            ),
            90,
            (0, 1, 0),
        )
        buttons = [
            g.move(g.turn(g.cylinder(0.18, 0.1, bevel=0.04), 90, (0, 1, 0)), (x, 0, 0)) for x in (-0.06, long - 0.04)
        ]
        return [Part(body, "body", "front"), *(Part(button, "trim") for button in buttons)]
    if shape in ("round", "tufted"):
        radius = draw.between(1.9, 2.2)
        line = g.spline(
            [
                (0.001, -puff / 2),
                (radius * 0.7, -puff * 0.42),
                (radius, 0),
                (radius * 0.7, puff * 0.42),
                (0.001, puff / 2),
            ],
            50,
        )
        if shape == "tufted":
            line[:, 1] *= 1 - 0.55 * np.exp(-((line[:, 0] / (radius * 0.22)) ** 2))
        body = g.lathe(line, 72)
        parts = [Part(_standing(body), "body", "front")]
        edge = g.tube(
            np.array(
                [[np.cos(a) * radius, np.sin(a) * radius, 0] for a in np.linspace(0, 2 * np.pi, 60, endpoint=False)]
            ),
            0.06,
            closed=True,
        )
        parts.append(Part(_standing(edge), "trim"))
        if shape == "tufted":
            parts.append(
                Part(
                    _standing(g.move(g.stretch(trimesh.creation.icosphere(3, 0.2), (1, 1, 0.5)), (0, 0, puff * 0.23))),
                    "trim",
                )
            )
        return parts
    w, h = (4.0, 4.0) if shape == "square" else (draw.between(4.8, 5.6), draw.between(2.8, 3.3))
    pinch = draw.between(0.04, 0.09)
    parts = [Part(_standing(g.pillow((w, h, puff), pinch=pinch)), "body", "front")]
    edge = draw.cycle("edge", ("piped edge", "plain edge", "tasseled corners", "fringed edge", "pompom edge"))
    parts += [Part(_standing(piece), "trim") for piece in _edging(edge, w, h, pinch)]
    return parts


def _standing(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """Up on its edge, leaning back a little as if against a wall."""
    return g.turn(mesh, 80, (1, 0, 0))


def _edging(style: str, w: float, h: float, pinch: float) -> list[trimesh.Trimesh]:
    k = np.linspace(-1, 1, 16, endpoint=False)

    def side(u: g.Array, v: g.Array) -> g.Array:
        return np.column_stack([u * w / 2 * (1 - pinch * (1 - v**2)), v * h / 2 * (1 - pinch * (1 - u**2)), u * 0])

    one = np.ones_like(k)
    border = np.vstack([side(k, -one), side(one, k), side(-k, one), side(-one, -k)])
    if style == "piped edge":
        return [g.tube(border, 0.055, closed=True)]
    if style == "tasseled corners":
        corners = [(s * w / 2, t * h / 2, 0.0) for s in (-1, 1) for t in (-1, 1)]
        return [g.rod(c, (c[0] * 1.14, c[1] * 1.14, 0), 0.06, 0.2, 12) for c in corners]
    if style == "fringed edge":
        ends = np.linspace(-h / 2 * 0.97, h / 2 * 0.97, 26)
        return [
            g.rod(
                (s * w / 2 * (1 - pinch * (1 - (2 * y / h) ** 2)) * 0.98, y, 0),
                (s * (w / 2 + 0.42), y, 0),
                0.04,
                0.03,
                8,
            )
            for s in (-1, 1)
            for y in ends
        ]
    if style == "pompom edge":
        return [g.move(trimesh.creation.icosphere(2, 0.15), p) for p in border[::3]]
    return []


def draw_rug(draw: Draw) -> list[Part]:
    shape = draw.cycle("shape", ("rectangular", "round", "runner", "rectangular", "oval", "square"))
    t = 0.18
    size = {
        "rectangular": (13.0, 8.6),
        "round": (10, 10),
        "runner": (15, 4.6),
        "oval": (12.5, 8.2),
        "square": (10, 10),
    }[shape]
    w, d = size[0] * draw.between(0.95, 1.05), size[1] * draw.between(0.95, 1.05)
    if shape == "round":
        d = w
    outline = g.superellipse(w, d, 2.0 if shape in ("round", "oval") else 40.0, 96)
    parts = [Part(g.slab(outline, t), "body", "top")]
    if shape in ("rectangular", "runner") and draw.cycle("ends", ("fringed", "bound", "tasseled")) != "bound":
        wide, gap = (0.10, 0.30) if draw.words["ends"] == "fringed" else (0.16, 0.75)
        for s in (-1, 1):
            for y in np.arange(-d / 2 + gap, d / 2 - gap / 2, gap):
                parts.append(
                    Part(
                        g.rod(
                            (s * w / 2 * 0.995, y, t * 0.55),
                            (s * (w / 2 + 0.7), y, wide / 2),
                            wide,
                            wide * 0.6,
                            8,
                        ),
                        "trim",
                    )
                )
    elif shape in ("round", "oval") and draw.chance(0.5):
        ring = np.column_stack([outline, np.full(96, t * 0.5)])
        parts.append(Part(g.tube(ring, t * 0.55, closed=True), "trim"))
        draw.words["ends"] = "corded"
    return parts


TYPES = [
    ProductType(
        "cushion",
        "Home & Living > Textiles > Cushions",
        "Home & Garden > Decor > Throw Pillows",
        draw_cushion,
        {"body": Slot(("fabric", "linen", "velvet", "wool"), CLOTH), "trim": Slot(("fabric",))},
        "table",
        (15, 69),
        (30, 60),
        9,
    ),
    ProductType(
        "rug",
        "Home & Living > Textiles > Rugs",
        "Home & Garden > Decor > Rugs",
        draw_rug,
        {
            "body": Slot(
                ("wool", "fabric", "seagrass"),
                (
                    "medallion",
                    "striped",
                    "bordered",
                    "diamond",
                    "chevron",
                    "abstract",
                    "plaid",
                    "wavy",
                    "checked",
                    "grid",
                    "floral",
                ),
            ),
            "trim": Slot(("linen",)),
        },
        "flat",
        (49, 699),
        (120, 240),
        8,
    ),
]
