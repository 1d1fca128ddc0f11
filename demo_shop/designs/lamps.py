"""Table lamps and floor lamps. Lengths are decimeters before fitting."""

from __future__ import annotations

import numpy as np
import trimesh

from demo_shop import geometry as g
from demo_shop.model import Draw, Part, ProductType, Slot


def _shade(draw: Draw, style: str, z: float, size: float) -> list[Part]:
    """A lampshade whose lower edge is at ``z``; ``size`` is its greatest radius."""
    rise = size * draw.between(0.95, 1.35)
    if style == "drum shade":
        return [_open_shade([(size, z), (size * 0.97, z + rise * 0.9)])]
    if style == "empire shade":
        return [_open_shade([(size, z), (size * 0.55, z + rise * 1.05)])]
    if style == "pleated shade":
        raw = _open_shade([(size, z), (size * 0.62, z + rise * 0.95)], 144)
        return [Part(g.flute(raw.mesh, 36, 0.03), "shade", "cylinder")]
    if style == "globe shade":
        ball = g.move(trimesh.creation.icosphere(4, size * 0.8), (0, 0, z + size * 0.72))
        return [Part(ball, "shade", "cylinder")]
    if style == "dome shade":
        line = g.spline(
            [
                (size, z),
                (size * 0.93, z + size * 0.35),
                (size * 0.6, z + size * 0.68),
                (0.06, z + size * 0.8),
            ],
            30,
        )
        inner = (line - (0.035, 0.03))[::-1]
        return [
            Part(
                g.lathe([(0, z + size * 0.76), *inner.clip(1e-3).tolist(), *line.tolist(), (0, z + size * 0.8)]),
                "shade",
                "cylinder",
            )
        ]
    if style == "cone shade":
        return [_open_shade([(size, z), (size * 0.12, z + rise * 0.8)])]
    line = g.spline(
        [
            (size * 0.45, z),
            (size * 0.9, z + 0.25 * rise),
            (size * 0.95, z + 0.6 * rise),
            (size * 0.35, z + rise),
        ],
        40,
    )
    ribs = line.copy()
    ribs[:, 0] *= 1 + 0.03 * np.sin(np.linspace(0, 2 * np.pi * 11, len(line)))
    return [Part(g.lathe([(0, z), *ribs.tolist(), (0, z + rise)]), "shade", "cylinder")]


def _open_shade(line: list[tuple[float, float]], sections: int = 64) -> Part:
    """A thin open band, closed into a ring so that it stays watertight."""
    outer = np.asarray(line)
    dense = np.column_stack([np.linspace(outer[0, k], outer[-1, k], 6) for k in (0, 1)])
    inner = dense[::-1] - (0.03, 0)
    return Part(g.lathe(np.vstack([dense, inner]), sections, ring=True), "shade", "cylinder")


def _table_base(draw: Draw, style: str) -> tuple[list[Part], float]:
    """The lamp's foot; answers its parts and the height where the shade begins."""
    tall = draw.between(0.85, 1.2)
    profiles = {
        "gourd base": [(0.40, 0), (0.65, 0.4), (0.42, 0.95), (0.50, 1.25), (0.18, 1.7), (0.12, 1.8)],
        "ball base": [(0.30, 0), (0.55, 0.15), (0.75, 0.6), (0.55, 1.1), (0.14, 1.3), (0.12, 1.4)],
        "column base": [(0.55, 0), (0.55, 0.1), (0.22, 0.2), (0.20, 1.0), (0.24, 1.6), (0.14, 1.7)],
        "jar base": [(0.42, 0), (0.50, 0.2), (0.62, 1.0), (0.50, 1.4), (0.16, 1.55), (0.14, 1.65)],
    }
    if style in profiles:
        line = g.spline([(r, z * tall) for r, z in profiles[style]], 60)
        body = g.lathe([(0, 0), *line.tolist(), (0, line[-1, 1])])
        if draw.chance(0.3):
            body = g.flute(g.lathe([(0, 0), *line.tolist(), (0, line[-1, 1])], 120), draw.count(10, 16), 0.05)
        return [Part(body, "base", "cylinder")], float(line[-1, 1])
    if style == "tripod base":
        top = 1.5 * tall
        feet = [
            g.rod((np.cos(a) * 0.75, np.sin(a) * 0.75, 0), (np.cos(a) * 0.08, np.sin(a) * 0.08, top), 0.05, 0.04)
            for a in np.radians([90, 210, 330])
        ]
        return [
            *(Part(foot, "base") for foot in feet),
            Part(g.cylinder(0.16, 0.12, bevel=0.02, bottom=top - 0.06), "metal"),
        ], top
    if style == "stacked base":
        z, parts = 0.0, []
        for r in (0.52, 0.42, 0.48, 0.34):
            h = 0.38 * tall
            parts.append(
                Part(
                    g.move(g.stretch(trimesh.creation.icosphere(3, 1), (r, r, h / 2)), (0, 0, z + h / 2)),
                    "base",
                )
            )
            z += h * 0.93
        return parts, z
    return [
        Part(g.cylinder(0.62, 0.10, bevel=0.03), "base"),
        Part(g.cylinder(0.05, 1.7 * tall), "metal"),
    ], 1.7 * tall


SHADES = (
    "drum shade",
    "pleated shade",
    "globe shade",
    "empire shade",
    "dome shade",
    "lantern shade",
    "cone shade",
)


def draw_lamp(draw: Draw) -> list[Part]:
    base = draw.cycle(
        "base",
        ("gourd base", "column base", "tripod base", "ball base", "slim base", "stacked base", "jar base"),
    )
    style = draw.cycle("shade", SHADES)
    if draw.index % 4 == 3:
        draw.words["base"], draw.words["shade"] = "jointed arm", "cone shade"
        return _desk_lamp(draw)
    parts, z = _table_base(draw, base)
    neck = g.cylinder(0.045, 0.45, bottom=z - 0.05, sections=20)
    return [*parts, Part(neck, "metal"), *_shade(draw, style, z + 0.08, draw.between(0.85, 1.15))]


def _desk_lamp(draw: Draw) -> list[Part]:
    """A jointed reading lamp: foot, two arms and a tilted cone."""
    elbow = (-0.55 * draw.between(0.8, 1.2), 0.0, 1.25 * draw.between(0.9, 1.1))
    head = (0.55, 0.0, 2.1 * draw.between(0.92, 1.08))
    cone = _open_shade([(0.48, -0.35), (0.12, 0.35)]).mesh
    cap = g.cylinder(0.13, 0.22, bevel=0.03, bottom=0.33)
    tilt = draw.between(25, 50)
    parts = [
        Part(g.cylinder(0.58, 0.09, bevel=0.03), "base"),
        Part(g.rod((0, 0, 0.05), elbow, 0.04), "metal"),
        Part(g.rod(elbow, head, 0.04), "metal"),
    ]
    parts += [Part(g.move(trimesh.creation.icosphere(2, 0.085), at), "metal") for at in (elbow, head)]
    parts += [
        Part(g.move(g.turn(one, -tilt, (0, 1, 0)), (head[0] + 0.18, 0, head[2] - 0.28)), "shade", "cylinder")
        for one in (cone, cap)
    ]
    return parts


def draw_floor_lamp(draw: Draw) -> list[Part]:
    style = draw.cycle("stand", ("tripod stand", "arc stand", "straight stand", "column light"))
    shade = draw.cycle(
        "shade", ("drum shade", "empire shade", "dome shade", "globe shade", "pleated shade", "lantern shade")
    )
    tall = draw.between(10.5, 12.5)
    if style == "tripod stand":
        legs = [
            g.rod((np.cos(a) * 2.6, np.sin(a) * 2.6, 0), (np.cos(a) * 0.2, np.sin(a) * 0.2, tall), 0.16, 0.12)
            for a in np.radians([90, 210, 330])
        ]
        return [
            *(Part(leg, "base") for leg in legs),
            Part(g.cylinder(0.4, 0.4, bevel=0.05, bottom=tall - 0.3), "metal"),
            *_shade(draw, shade, tall + 0.1, draw.between(2.1, 2.6)),
        ]
    if style == "arc stand":
        k = np.linspace(0, 1, 50)
        reach = draw.between(5.0, 6.5)
        path = np.column_stack([reach * k**1.7 - reach / 2, k * 0, 0.2 + (tall + 1.5) * np.sin(k * 2.1) ** 0.9])
        end = path[-1]
        hung = [
            Part(g.move(p.mesh, (float(end[0]), 0, float(end[2]) - 1.9)), p.slot, p.uv)
            for p in _shade(draw, "dome shade", 0.0, draw.between(1.7, 2.2))
        ]
        draw.words["shade"] = "dome shade"
        foot = g.move(g.cylinder(1.8, 0.35, bevel=0.08), (-reach / 2, 0, 0))
        return [
            Part(foot, "base"),
            Part(g.tube(path, 0.14), "metal"),
            Part(g.rod(end, end - (0, 0, 0.5), 0.12), "metal"),
            *hung,
        ]
    if style == "column light":
        draw.words["shade"] = "paper column"
        w, h = draw.between(1.3, 1.8), tall * 0.82
        body = (
            g.rounded_box((2 * w, 2 * w, h), 0.15, (0, 0, h / 2 + 0.8))
            if draw.chance(0.5)
            else g.cylinder(w, h, bevel=0.1, bottom=0.8)
        )
        posts = [
            Part(g.rounded_box((0.2, 0.2, h + 1.1), 0.05, (sx * w, sy * w, (h + 1.1) / 2)), "base")
            for sx in (-1, 1)
            for sy in (-1, 1)
        ]
        return [Part(body, "shade", "cylinder"), *posts]
    return [
        Part(g.cylinder(1.6, 0.3, bevel=0.08), "base"),
        Part(g.cylinder(0.15, tall, sections=24), "metal"),
        *_shade(draw, shade, tall - 0.4, draw.between(2.0, 2.6)),
    ]


SHADE = Slot(("linen", "paper", "linen", "fabric"), ("plain", "plain", "striped", "banded", "plain", "diamond"))
TYPES = [
    ProductType(
        "lamp",
        "Lighting > Lamps",
        "Home & Garden > Lighting > Lamps",
        draw_lamp,
        {
            "base": Slot(("ceramic", "wood", "metal", "stoneware", "marble"), ("plain", "glazed", "plain", "banded")),
            "shade": SHADE,
            "metal": Slot(("metal",)),
        },
        "table",
        (29, 199),
        (34, 62),
        8,
    ),
    ProductType(
        "floor lamp",
        "Lighting > Floor Lamps",
        "Home & Garden > Lighting > Lamps",
        draw_floor_lamp,
        {"shade": SHADE, "base": Slot(("wood", "metal", "painted metal")), "metal": Slot(("metal",))},
        "floor",
        (89, 349),
        (140, 178),
        5,
    ),
]
