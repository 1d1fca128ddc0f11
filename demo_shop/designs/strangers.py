"""Things the shop does not sell, photographed by shoppers all the same. Lengths are free; fronts look along -y."""

from __future__ import annotations

import numpy as np
import trimesh

from demo_shop import geometry as g
from demo_shop.designs.decor import upright
from demo_shop.designs.toys import ball, chess_piece, dinosaur, robot, rocket, rubber_duck, sphere, tent, toy_car
from demo_shop.model import Draw, Part, ProductType, Slot


def guitar(draw: Draw) -> list[Part]:
    w = draw.between(0.9, 1.1)
    half = g.spline(
        [
            (0.0, 0),
            (0.75 * w, 0.12),
            (0.98 * w, 0.7),
            (0.62 * w, 1.35),
            (0.72 * w, 1.95),
            (0.3, 2.35),
            (0, 2.36),
        ],
        60,
    )
    outline = np.vstack([half, half[::-1][1:-1] * (-1, 1)])
    body = g.cut(g.slab(outline, 0.45), g.move(g.cylinder(0.33, 0.3, bottom=0.35), (0, 1.5, 0)))
    neck = g.rounded_box((0.28, 2.6, 0.16), 0.05, (0, 3.4, 0.48))
    head = g.rounded_box((0.42, 0.7, 0.14), 0.05, (0, 4.9, 0.46))
    pegs = [
        g.move(g.cylinder(0.06, 0.3, sections=12), (s * 0.26, 4.68 + 0.2 * k, 0.35)) for s in (-1, 1) for k in range(3)
    ]
    strings = [g.block((0.015, 3.9, 0.02), (x, 2.75, 0.58)) for x in (-0.08, -0.03, 0.03, 0.08)]
    dark = [neck, head, *pegs, *strings, g.block((0.6, 0.16, 0.1), (0, 0.75, 0.48))]
    lean = [Part(g.turn(upright(body), -12, (1, 0, 0)), "body")]
    return lean + [Part(g.turn(upright(piece), -12, (1, 0, 0)), "dark") for piece in dark]


def dumbbell(draw: Draw) -> list[Part]:
    sides = draw.cycle("form", (6, 48, 8))
    r, wide = draw.between(0.5, 0.65), draw.between(0.5, 0.8)
    parts = [Part(g.rod((-0.9, 0, r * 0.9), (0.9, 0, r * 0.9), 0.14), "trim")]
    for s in (-1, 1):
        plate = g.turn(
            g.lathe([(0, 0), (r * 0.9, 0), (r, 0.08), (r, wide - 0.08), (r * 0.9, wide), (0, wide)], int(sides)),
            90,
            (0, 1, 0),
        )
        parts.append(Part(g.move(plate, (0.7 if s > 0 else -0.7 - wide, 0, r * 0.9)), "body"))
    return parts


def umbrella(draw: Draw) -> list[Part]:
    ribs, r = draw.count(7, 9), 2.0
    line = g.spline([(0.02, 1.05), (r * 0.5, 0.9), (r * 0.85, 0.5), (r, 0.1)], 30)
    shell = g.lathe(np.vstack([[0, 1.05], line, line[::-1] - (0.02, 0.05), [0, 1.0]]), ribs * 8)
    canopy = g.warp(
        shell,
        lambda v: (
            v
            * np.stack(
                [1 - 0.05 * np.cos(ribs * np.arctan2(v[:, 1], v[:, 0])) ** 2 * (v[:, 2] < 0.7)] * 2 + [np.ones(len(v))],
                -1,
            )
        ),
    )
    hook = g.tube(g.spline([(0, 0, 1.2), (0, 0, -1.6), (0.05, 0, -1.9), (0.3, 0, -2.0), (0.42, 0, -1.75)], 60), 0.045)
    tilt = draw.between(95, 125)
    return [Part(g.turn(canopy, tilt, (1, 0.3, 0)), "body"), Part(g.turn(hook, tilt, (1, 0.3, 0)), "dark")]


def shoe(draw: Draw) -> list[Part]:
    sole = g.slab(
        np.vstack(
            [
                g.spline(
                    [
                        (-1.4, 0),
                        (-1.2, 0.42),
                        (0, 0.38),
                        (0.9, 0.52),
                        (1.5, 0.2),
                        (1.5, -0.2),
                        (0.9, -0.5),
                        (0, -0.36),
                        (-1.2, -0.42),
                    ],
                    80,
                    closed=True,
                )
            ]
        ),
        0.22,
    )
    high = draw.between(0.9, 1.7)
    upper = g.hull(
        [
            *((x, s * y, 0.2) for s in (-1, 1) for x, y in ((-1.3, 0.36), (0.9, 0.44), (1.4, 0.15))),
            *((x, s * 0.3, high) for s in (-1, 1) for x in (-1.25, -0.45)),
            *((0.6, s * 0.25, 0.72) for s in (-1, 1)),
            *((1.35, s * 0.1, 0.45) for s in (-1, 1)),
        ]
    )
    opening = sphere(0.34, (-0.85, 0, high + 0.05), (1.1, 0.75, 0.8))
    laces = [
        g.rod(
            (0.1 + 0.16 * k, -0.2, 0.98 - 0.11 * k + (high - 1) * (0.3 - 0.1 * k)),
            (0.1 + 0.16 * k, 0.2, 0.98 - 0.11 * k + (high - 1) * (0.3 - 0.1 * k)),
            0.04,
        )
        for k in range(3)
    ]
    return [
        Part(sole, "trim"),
        Part(g.cut(upper.subdivide(), opening), "body"),
        *(Part(lace, "trim") for lace in laces),
    ]


def book_stack(draw: Draw) -> list[Part]:
    parts, z = [], 0.0
    for k in range(draw.count(3, 6)):
        w, d, h = draw.between(1.4, 2.0), draw.between(1.0, 1.4), draw.between(0.16, 0.4)
        turn = draw.between(-14, 14)
        cover = g.cut(g.rounded_box((w, d, h), 0.02, (0, 0, h / 2)), g.block((w, d, h - 0.07), (0.06, 0.06, h / 2)))
        pages = g.block((w * 0.96, d * 0.95, h - 0.05), (0.0, 0.0, h / 2))
        parts += [
            Part(g.move(g.turn(cover, turn), (0, 0, z)), ("body", "dark", "second")[k % 3]),
            Part(g.move(g.turn(pages, turn), (0, 0, z)), "pages"),
        ]
        z += h
    return parts


def hammer(draw: Draw) -> list[Part]:
    long = draw.between(2.6, 3.4)
    grip = g.tube([(0, 0, 0.3), (long * 0.4, 0, 0.3), (long * 0.8, 0, 0.3), (long, 0, 0.3)], [0.12, 0.10, 0.15, 0.13])
    head = g.turn(
        g.lathe([(0, -0.75), (0.26, -0.75), (0.28, -0.5), (0.17, -0.4), (0.2, 0.3), (0.05, 0.9), (0, 0.9)], 24),
        90,
        (1, 0, 0),
    )
    return [Part(g.stretch(grip, (1, 1.3, 1)), "body"), Part(g.move(head, (0, 0, 0.3)), "metal")]


def drill(draw: Draw) -> list[Part]:
    body = g.turn(g.lathe([(0, 0), (0.4, 0), (0.48, 0.2), (0.48, 1.4), (0.34, 1.7), (0, 1.7)], 32), 90, (0, 1, 0))
    chuck = g.turn(
        g.lathe([(0, 1.7), (0.3, 1.7), (0.26, 2.1), (0.1, 2.3), (0.06, 2.3), (0.05, 3.3), (0, 3.35)], 24),
        90,
        (0, 1, 0),
    )
    grip = g.hull([(a, s * 0.24, z) for s in (-1, 1) for a, z in ((0.3, 1.7), (0.95, 1.7), (0.0, 0.4), (0.65, 0.4))])
    pack = g.rounded_box((1.2, 0.75, draw.between(0.35, 0.55)), 0.1, (0.3, 0, 0.25))
    trigger = g.rounded_box((0.16, 0.2, 0.35), 0.05, (1.0, 0, 1.5))
    return [
        Part(g.move(body, (0, 0, 2.0)), "body"),
        Part(g.move(chuck, (0, 0, 2.0)), "dark"),
        Part(grip, "body"),
        Part(pack, "dark"),
        Part(trigger, "dark"),
    ]


def ladder(draw: Draw) -> list[Part]:
    steps, h = draw.count(4, 6), 3.2
    parts = []
    for y, lean in ((-0.9, 0.85), (0.9, -0.85)):
        for s in (-1, 1):
            parts.append(
                Part(
                    g.rounded_box((0.1, 0.14, 1), 0.02).apply_transform(_beam((s * 0.7, y, 0), (s * 0.5, y + lean, h))),
                    "body",
                )
            )
    for k in range(1, steps + 1):
        z = h * k / (steps + 0.7)
        y = -0.9 + 0.85 * z / h
        parts.append(Part(g.rounded_box((1.36 - 0.38 * z / h, 0.3, 0.08), 0.02, (0, y, z)), "trim"))
    parts.append(Part(g.rounded_box((1.1, 0.4, 0.1), 0.03, (0, 0, h)), "trim"))
    return parts


def _beam(start: g.Point, end: g.Point) -> g.Array:
    """The transform that lays a unit-high box between two points."""
    a, b = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
    length = float(np.linalg.norm(b - a))
    matrix = np.asarray(trimesh.geometry.align_vectors([0, 0, 1], (b - a) / length), dtype=float)
    matrix[:3, 2] *= length
    matrix[:3, 3] = (a + b) / 2
    return matrix


def traffic_cone(draw: Draw) -> list[Part]:
    r = draw.between(0.55, 0.7)
    cone = g.lathe([(0, 0.1), (r, 0.1), (0.12, 1.8), (0.1, 1.83), (0, 1.83)])
    return [
        Part(g.rounded_box((1.7, 1.7, 0.14), 0.05, (0, 0, 0.07)), "body"),
        Part(cone, "banded", "cylinder"),
    ]


def tap(draw: Draw) -> list[Part]:
    rise = draw.between(1.4, 2.2)
    arc = g.spline(
        [
            (0, 0, 0.2),
            (0, 0, rise),
            (0.2, 0, rise + 0.5),
            (0.7, 0, rise + 0.65),
            (1.15, 0, rise + 0.35),
            (1.2, 0, rise - 0.1),
        ],
        80,
    )
    parts = [
        Part(g.cylinder(0.42, 0.18, bevel=0.05), "metal"),
        Part(g.tube(arc, 0.15), "metal"),
        Part(g.cylinder(0.26, 0.6, bevel=0.04), "metal"),
    ]
    parts.append(Part(g.rod((0, 0, 0.5), (-0.7, 0, 0.85), 0.07, 0.1), "metal"))
    return parts


def gear(draw: Draw) -> list[Part]:
    teeth = draw.count(9, 16)
    a = np.linspace(0, 2 * np.pi, teeth * 8, endpoint=False)
    r = 1 + 0.2 * np.clip(3 * np.sin(a * teeth), -1, 1) / 2
    disc = g.cut(
        g.slab(np.column_stack([np.cos(a) * r, np.sin(a) * r]), 0.35),
        g.cylinder(0.25, 2, bottom=-1),
        *[
            g.move(g.cylinder(0.16, 2, bottom=-1, sections=24), (0.58 * np.cos(t), 0.58 * np.sin(t), 0))
            for t in np.linspace(0, 2 * np.pi, 6)[:-1]
        ],
    )
    return [Part(g.turn(upright(disc), -14, (1, 0, 0)), "metal")]


def bicycle_pump(draw: Draw) -> list[Part]:
    h = draw.between(2.6, 3.3)
    parts = [
        Part(g.cylinder(0.2, h, bevel=0.03), "body"),
        Part(g.cylinder(0.05, h + 0.9), "metal"),
        Part(g.rod((-0.6, 0, h + 0.9), (0.6, 0, h + 0.9), 0.1), "dark"),
        Part(g.rounded_box((1.3, 0.5, 0.12), 0.04, (0, 0, 0.06)), "dark"),
        Part(g.cylinder(0.34, 0.16, bevel=0.02, bottom=0.14), "dark"),
    ]
    hose = g.spline([(0.2, 0, 0.3), (0.7, 0.1, 0.3), (0.9, 0, 1.2), (0.5, -0.2, 2.0), (0.24, -0.05, 2.2)], 60)
    return [
        *parts,
        Part(g.tube(hose, 0.055), "dark"),
        Part(g.move(upright(g.cylinder(0.26, 0.12)), (0, -0.16, 0.55)), "trim"),
    ]


TOY = Slot(("plastic", "painted metal", "painted wood"))
SLOTS = {
    "body": TOY, "trim": TOY, "second": TOY, "dark": Slot(("rubber",)), "metal": Slot(("metal",)),
    "pages": Slot(("paper",)), "striped": Slot(("plastic",), ("striped",)), "banded": Slot(("plastic",), ("banded",)),
}  # fmt: skip
KINDS = {
    "toy car": toy_car, "guitar": guitar, "dumbbell": dumbbell, "umbrella": umbrella, "shoe": shoe,
    "book stack": book_stack, "ball": ball, "hammer": hammer, "drill": drill, "dinosaur": dinosaur, "tent": tent,
    "chess piece": chess_piece, "rocket": rocket, "ladder": ladder, "traffic cone": traffic_cone, "tap": tap,
    "gear": gear, "bicycle pump": bicycle_pump, "rubber duck": rubber_duck, "robot": robot,
}  # fmt: skip
FLOOR = {"ladder", "guitar", "bicycle pump", "tent"}
TYPES = [
    ProductType(word, word, "", drawn, SLOTS, "floor" if word in FLOOR else "table", (0, 0), (0, 0), 3, sold=False)
    for word, drawn in KINDS.items()
]
