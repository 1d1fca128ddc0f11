"""Toys and games, which the shop does not sell. Lengths are free; fronts look along -y."""

from __future__ import annotations

import numpy as np
import trimesh

from demo_shop import geometry as g
from demo_shop.designs.decor import upright
from demo_shop.model import Draw, Part


def sphere(radius: float, at: g.Point, factors: g.Point = (1, 1, 1)) -> trimesh.Trimesh:
    return g.move(g.stretch(trimesh.creation.icosphere(3, radius), factors), at)


def _wheel(radius: float, wide: float, at: g.Point) -> trimesh.Trimesh:
    return g.move(g.move(upright(g.cylinder(radius, wide, bevel=wide * 0.2)), (0, wide / 2, 0)), at)


def toy_car(draw: Draw) -> list[Part]:
    long = draw.between(3.4, 4.2)
    cabin = g.hull(
        [
            (a, s * b, c)
            for s in (-1, 1)
            for a, b, c in (
                (-long * 0.28, 0.72, 1.0),
                (long * 0.30, 0.72, 1.0),
                (-long * 0.18, 0.6, 1.6),
                (long * 0.16, 0.6, 1.6),
            )
        ]
    )
    parts = [Part(g.rounded_box((long, 1.7, 0.8), 0.3, (0, 0, 0.75)), "body"), Part(cabin, "trim")]
    for x in (-long * 0.3, long * 0.3):
        for s in (-1, 1):
            parts += [
                Part(_wheel(0.45, 0.32, (x, s * 0.8, 0.45)), "dark"),
                Part(_wheel(0.2, 0.36, (x, s * 0.8, 0.45)), "trim"),
            ]
    return parts


def ball(draw: Draw) -> list[Part]:
    kind = draw.cycle("form", ("beach ball", "basketball", "rugby ball"))
    if kind == "rugby ball":
        return [
            Part(
                g.move(
                    g.turn(
                        g.lathe(
                            [
                                (0, -1.6),
                                *g.spline(
                                    [(0.12, -1.55), (0.75, -0.8), (0.95, 0), (0.75, 0.8), (0.12, 1.55)], 50
                                ).tolist(),
                                (0, 1.6),
                            ]
                        ),
                        80,
                        (0, 1, 0),
                    ),
                    (0, 0, 0.95),
                ),
                "striped",
                "box",
            )
        ]
    sphere = g.move(trimesh.creation.icosphere(4, 1.0), (0, 0, 1))
    if kind == "beach ball":
        return [Part(g.turn(sphere, 30, (1, 0, 0), (0, 0, 1)), "striped", "cylinder")]
    t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    seams = [
        np.column_stack([np.cos(t), np.sin(t), 0 * t]),
        np.column_stack([np.cos(t), 0 * t, np.sin(t)]),
        np.column_stack([0 * t + 0.55 * np.cos(2 * t) ** 1, 0.83 * np.cos(t), 0.83 * np.sin(t)]),
    ]
    lines = [
        g.turn(
            g.move(g.tube(seam / np.linalg.norm(seam, axis=1, keepdims=True), 0.025, 8, closed=True), (0, 0, 1)),
            25,
            (1, 1, 0),
            (0, 0, 1),
        )
        for seam in seams
    ]
    return [Part(sphere, "body"), *(Part(line, "dark") for line in lines)]


def dinosaur(draw: Draw) -> list[Part]:
    neck = draw.between(1.2, 1.9)
    spine = g.spline(
        [
            (-3.0, 0, 0.4),
            (-1.9, 0, 0.9),
            (-0.8, 0, 1.4),
            (0.3, 0, 1.45),
            (1.1, 0, 1.9),
            (1.4, 0, 1.6 + neck),
            (1.9, 0, 1.75 + neck),
            (2.2, 0, 1.65 + neck),
        ],
        80,
    )
    k = np.linspace(0, 1, len(spine))
    thick = np.interp(k, [0, 0.2, 0.42, 0.52, 0.65, 0.82, 0.92, 1], [0.04, 0.25, 0.72, 0.66, 0.34, 0.22, 0.30, 0.10])
    legs = [g.rod((x, s * 0.42, 0), (x, s * 0.36, 1.2), 0.24, 0.28) for x in (-0.95, 0.35) for s in (-1, 1)]
    plates = [
        g.hull(
            [(p[0] - 0.15, s * 0.03, p[2] + r - 0.03) for s in (-1, 1)]
            + [(p[0] + 0.15, s * 0.03, p[2] + r - 0.03) for s in (-1, 1)]
            + [(p[0], 0, p[2] + r + 0.25)]
        )
        for p, r in list(zip(spine, thick, strict=True))[14:-14:6]
    ]
    eyes = [sphere(0.06, (1.95, s * 0.2, 1.85 + neck)) for s in (-1, 1)]
    return [
        Part(g.tube(spine, thick, 20), "body"),
        *(Part(leg, "body") for leg in legs),
        *(Part(p, "trim") for p in plates),
        *(Part(eye, "dark") for eye in eyes),
    ]


def tent(draw: Draw) -> list[Part]:
    w, h, d = draw.between(1.0, 1.3), draw.between(1.2, 1.6), draw.between(1.6, 2.2)
    prism = g.hull([(s * w, y, 0) for s in (-1, 1) for y in (-d / 2, d / 2)] + [(0, y, h) for y in (-d / 2, d / 2)])
    door = g.hull(
        [(s * w * 0.35, y, 0.02) for s in (-1, 1) for y in (-d, -d / 2 + 0.3)]
        + [(0, y, h * 0.75) for y in (-d, -d / 2 + 0.3)]
    )
    poles = [g.rod((s * 0.05, y, h - 0.05), (-s * 0.12, y, h + 0.25), 0.03) for s in (-1, 1) for y in (-d / 2, d / 2)]
    return [Part(g.cut(prism, door), "striped"), *(Part(pole, "trim") for pole in poles)]


def chess_piece(draw: Draw) -> list[Part]:
    kind = draw.cycle("form", ("bishop", "rook", "king"))
    foot = [(0.6, 0), (0.62, 0.15), (0.5, 0.25), (0.42, 0.4), (0.26, 0.7)]
    if kind == "rook":
        body = g.lathe([(0, 0), *foot, (0.28, 1.3), (0.45, 1.4), (0.45, 1.8), (0.3, 1.8), (0.3, 1.65), (0, 1.65)])
        slots = [g.turn(g.block((1.2, 0.14, 0.3), (0, 0, 1.8)), a) for a in (0, 60, 120)]
        return [Part(g.cut(body, *slots), "body")]
    tip = g.spline([(0.17, 1.5), (0.33, 1.6), (0.18, 1.68), (0.3, 1.95), (0.24, 2.25), (0.04, 2.45)], 40)
    parts = [Part(g.lathe([(0, 0), *foot, *tip.tolist(), (0, 2.46)]), "body")]
    if kind == "king":
        parts += [
            Part(g.rounded_box((0.1, 0.1, 0.42), 0.02, (0, 0, 2.6)), "body"),
            Part(g.rounded_box((0.3, 0.1, 0.1), 0.02, (0, 0, 2.65)), "body"),
        ]
    else:
        parts.append(Part(sphere(0.09, (0, 0, 2.5)), "body"))
    return parts


def rocket(draw: Draw) -> list[Part]:
    r = draw.between(0.45, 0.6)
    line = g.spline([(r * 0.7, 0.5), (r, 1.2), (r * 0.95, 2.2), (r * 0.5, 3.0), (0.02, 3.5)], 60)
    fins = []
    for k in range(3):
        fin = g.hull(
            [(r * 0.6, s * 0.05, z) for s in (-1, 1) for z in (0.6, 1.3)]
            + [(r * 2.1, s * 0.03, z) for s in (-1, 1) for z in (0.0, 0.35)]
        )
        fins.append(Part(g.turn(fin, 120 * k + 30), "trim"))
    window = g.turn(g.cylinder(0.22, 0.1, bevel=0.02), 90, (1, 0, 0))
    return [
        Part(g.lathe([(0, 0.5), *line.tolist(), (0, 3.5)]), "banded", "cylinder"),
        *fins,
        Part(g.move(window, (0, -r * 0.93, 2.1)), "dark"),
        Part(g.lathe([(0, 0.2), (r * 0.6, 0.2), (r * 0.5, 0.5), (0, 0.5)]), "dark"),
    ]


def rubber_duck(draw: Draw) -> list[Part]:
    tail = g.hull(
        [(0.7, 0, 0.9), (0.9, 0.2, 0.6), (0.9, -0.2, 0.6), (1.35, 0, 1.15), (0.6, 0.3, 0.4), (0.6, -0.3, 0.4)]
    )
    size = draw.between(0.52, 0.64)
    beak = g.hull(
        [(-0.9, s * 0.22, 1.35) for s in (-1, 1)]
        + [(-1.35, s * 0.18, 1.32) for s in (-1, 1)]
        + [(-0.9, 0, 1.55), (-0.9, 0, 1.2)]
    )
    return [
        Part(sphere(1, (0, 0, 0.62), (1.1, 0.8, 0.62)), "body"),
        Part(sphere(size, (-0.5, 0, 1.45)), "body"),
        Part(tail, "body"),
        Part(beak, "trim"),
        *(Part(sphere(0.08, (-0.85, s * 0.3, 1.65)), "dark") for s in (-1, 1)),
        *(Part(sphere(0.5, (0.2, s * 0.65, 0.7), (1, 0.35, 0.5)), "body") for s in (-1, 1)),
    ]


def robot(draw: Draw) -> list[Part]:
    head = draw.between(0.7, 0.95)
    parts = [
        Part(g.rounded_box((1.3, 0.8, 1.4), 0.1, (0, 0, 1.5)), "body"),
        Part(g.rounded_box((head, 0.7, head * 0.8), 0.1, (0, 0, 2.65)), "body"),
        Part(g.rod((0, 0, 3.0), (0, 0, 3.4), 0.04), "dark"),
        Part(sphere(0.1, (0, 0, 3.42)), "trim"),
    ]
    for s in (-1, 1):
        parts += [
            Part(g.rounded_box((0.4, 0.5, 0.9), 0.08, (s * 0.36, -0.05, 0.45)), "dark"),
            Part(g.rod((s * 0.75, 0, 2.0), (s * 1.05, -0.3, 1.1), 0.14), "dark"),
            Part(sphere(0.2, (s * 1.08, -0.33, 1.0)), "trim"),
            Part(sphere(0.1, (s * 0.2, -0.33, 2.7)), "trim"),
        ]
    parts.append(Part(g.block((0.7, 0.05, 0.5), (0, -0.41, 1.6)), "trim"))
    return parts
