"""Things the shop does not sell, photographed by shoppers all the same. Lengths are free; fronts look along -y."""

from __future__ import annotations

import numpy as np
import trimesh

from demo_shop import geometry as g
from demo_shop.designs.decor import upright
from demo_shop.model import Draw, Part, ProductType, Slot


def _ball(radius: float, at: g.Point, factors: g.Point = (1, 1, 1)) -> trimesh.Trimesh:
    return g.move(g.stretch(trimesh.creation.icosphere(3, radius), factors), at)


def _wheel(radius: float, wide: float, at: g.Point) -> trimesh.Trimesh:
    return g.move(g.move(upright(g.cylinder(radius, wide, bevel=wide * 0.2)), (0, wide / 2, 0)), at)


def toy_car(draw: Draw) -> list[Part]:
    long = draw.between(3.4, 4.2)
    cabin = g.hull([(a, s * b, c) for s in (-1, 1) for a, b, c in ((-long * 0.28, 0.72, 1.0), (long * 0.30, 0.72, 1.0), (-long * 0.18, 0.6, 1.6), (long * 0.16, 0.6, 1.6))])
    parts = [Part(g.rounded_box((long, 1.7, 0.8), 0.3, (0, 0, 0.75)), "body"), Part(cabin, "trim")]
    for x in (-long * 0.3, long * 0.3):
        for s in (-1, 1):
            parts += [Part(_wheel(0.45, 0.32, (x, s * 0.8, 0.45)), "dark"), Part(_wheel(0.2, 0.36, (x, s * 0.8, 0.45)), "trim")]
    return parts


def guitar(draw: Draw) -> list[Part]:
    w = draw.between(0.9, 1.1)
    half = g.spline([(0.0, 0), (0.75 * w, 0.12), (0.98 * w, 0.7), (0.62 * w, 1.35), (0.72 * w, 1.95), (0.3, 2.35), (0, 2.36)], 60)
    outline = np.vstack([half, half[::-1][1:-1] * (-1, 1)])
    body = g.cut(g.slab(outline, 0.45), g.move(g.cylinder(0.33, 0.3, bottom=0.35), (0, 1.5, 0)))
    neck = g.rounded_box((0.28, 2.6, 0.16), 0.05, (0, 3.4, 0.48))
    head = g.rounded_box((0.42, 0.7, 0.14), 0.05, (0, 4.9, 0.46))
    pegs = [g.move(g.cylinder(0.06, 0.3, sections=12), (s * 0.26, 4.68 + 0.2 * k, 0.35)) for s in (-1, 1) for k in range(3)]
    strings = [g.block((0.015, 3.9, 0.02), (x, 2.75, 0.58)) for x in (-0.08, -0.03, 0.03, 0.08)]
    dark = [neck, head, *pegs, *strings, g.block((0.6, 0.16, 0.1), (0, 0.75, 0.48))]
    lean = [Part(g.turn(upright(body), -12, (1, 0, 0)), "body")]
    return lean + [Part(g.turn(upright(piece), -12, (1, 0, 0)), "dark") for piece in dark]


def dumbbell(draw: Draw) -> list[Part]:
    sides = draw.cycle("form", (6, 48, 8))
    r, wide = draw.between(0.5, 0.65), draw.between(0.5, 0.8)
    parts = [Part(g.rod((-0.9, 0, r * 0.9), (0.9, 0, r * 0.9), 0.14), "trim")]
    for s in (-1, 1):
        plate = g.turn(g.lathe([(0, 0), (r * 0.9, 0), (r, 0.08), (r, wide - 0.08), (r * 0.9, wide), (0, wide)], int(sides)), 90, (0, 1, 0))
        parts.append(Part(g.move(plate, (0.7 if s > 0 else -0.7 - wide, 0, r * 0.9)), "body"))
    return parts


def umbrella(draw: Draw) -> list[Part]:
    ribs, r = draw.count(7, 9), 2.0
    line = g.spline([(0.02, 1.05), (r * 0.5, 0.9), (r * 0.85, 0.5), (r, 0.1)], 30)
    shell = g.lathe(np.vstack([[0, 1.05], line, line[::-1] - (0.02, 0.05), [0, 1.0]]), ribs * 8)
    canopy = g.warp(shell, lambda v: v * np.stack([1 - 0.05 * np.cos(ribs * np.arctan2(v[:, 1], v[:, 0])) ** 2 * (v[:, 2] < 0.7)] * 2 + [np.ones(len(v))], -1))
    hook = g.tube(g.spline([(0, 0, 1.2), (0, 0, -1.6), (0.05, 0, -1.9), (0.3, 0, -2.0), (0.42, 0, -1.75)], 60), 0.045)
    tilt = draw.between(95, 125)
    return [Part(g.turn(canopy, tilt, (1, 0.3, 0)), "body"), Part(g.turn(hook, tilt, (1, 0.3, 0)), "dark")]


def shoe(draw: Draw) -> list[Part]:
    sole = g.slab(np.vstack([g.spline([(-1.4, 0), (-1.2, 0.42), (0, 0.38), (0.9, 0.52), (1.5, 0.2), (1.5, -0.2), (0.9, -0.5), (0, -0.36), (-1.2, -0.42)], 80, closed=True)]), 0.22)
    high = draw.between(0.9, 1.7)
    upper = g.hull([*((x, s * y, 0.2) for s in (-1, 1) for x, y in ((-1.3, 0.36), (0.9, 0.44), (1.4, 0.15))), *((x, s * 0.3, high) for s in (-1, 1) for x in (-1.25, -0.45)), *((0.6, s * 0.25, 0.72) for s in (-1, 1)), *((1.35, s * 0.1, 0.45) for s in (-1, 1))])
    opening = _ball(0.34, (-0.85, 0, high + 0.05), (1.1, 0.75, 0.8))
    laces = [g.rod((0.1 + 0.16 * k, -0.2, 0.98 - 0.11 * k + (high - 1) * (0.3 - 0.1 * k)), (0.1 + 0.16 * k, 0.2, 0.98 - 0.11 * k + (high - 1) * (0.3 - 0.1 * k)), 0.04) for k in range(3)]
    return [Part(sole, "trim"), Part(g.cut(upper.subdivide(), opening), "body"), *(Part(lace, "trim") for lace in laces)]


def book_stack(draw: Draw) -> list[Part]:
    parts, z = [], 0.0
    for k in range(draw.count(3, 6)):
        w, d, h = draw.between(1.4, 2.0), draw.between(1.0, 1.4), draw.between(0.16, 0.4)
        turn = draw.between(-14, 14)
        cover = g.cut(g.rounded_box((w, d, h), 0.02, (0, 0, h / 2)), g.block((w, d, h - 0.07), (0.06, 0.06, h / 2)))
        pages = g.block((w * 0.96, d * 0.95, h - 0.05), (0.0, 0.0, h / 2))
        parts += [Part(g.move(g.turn(cover, turn), (0, 0, z)), ("body", "dark", "second")[k % 3]), Part(g.move(g.turn(pages, turn), (0, 0, z)), "pages")]
        z += h
    return parts


def ball(draw: Draw) -> list[Part]:
    kind = draw.cycle("form", ("beach ball", "basketball", "rugby ball"))
    if kind == "rugby ball":
        return [Part(g.move(g.turn(g.lathe([(0, -1.6), *g.spline([(0.12, -1.55), (0.75, -0.8), (0.95, 0), (0.75, 0.8), (0.12, 1.55)], 50).tolist(), (0, 1.6)]), 80, (0, 1, 0)), (0, 0, 0.95)), "striped", "box")]
    sphere = g.move(trimesh.creation.icosphere(4, 1.0), (0, 0, 1))
    if kind == "beach ball":
        return [Part(g.turn(sphere, 30, (1, 0, 0), (0, 0, 1)), "striped", "cylinder")]
    t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    seams = [np.column_stack([np.cos(t), np.sin(t), 0 * t]), np.column_stack([np.cos(t), 0 * t, np.sin(t)]), np.column_stack([0 * t + 0.55 * np.cos(2 * t) ** 1, 0.83 * np.cos(t), 0.83 * np.sin(t)])]
    lines = [g.turn(g.move(g.tube(seam / np.linalg.norm(seam, axis=1, keepdims=True), 0.025, 8, closed=True), (0, 0, 1)), 25, (1, 1, 0), (0, 0, 1)) for seam in seams]
    return [Part(sphere, "body"), *(Part(line, "dark") for line in lines)]


def hammer(draw: Draw) -> list[Part]:
    long = draw.between(2.6, 3.4)
    grip = g.tube([(0, 0, 0.3), (long * 0.4, 0, 0.3), (long * 0.8, 0, 0.3), (long, 0, 0.3)], [0.12, 0.10, 0.15, 0.13])
    head = g.turn(g.lathe([(0, -0.75), (0.26, -0.75), (0.28, -0.5), (0.17, -0.4), (0.2, 0.3), (0.05, 0.9), (0, 0.9)], 24), 90, (1, 0, 0))
    return [Part(g.stretch(grip, (1, 1.3, 1)), "body"), Part(g.move(head, (0, 0, 0.3)), "metal")]


def drill(draw: Draw) -> list[Part]:
    body = g.turn(g.lathe([(0, 0), (0.4, 0), (0.48, 0.2), (0.48, 1.4), (0.34, 1.7), (0, 1.7)], 32), 90, (0, 1, 0))
    chuck = g.turn(g.lathe([(0, 1.7), (0.3, 1.7), (0.26, 2.1), (0.1, 2.3), (0.06, 2.3), (0.05, 3.3), (0, 3.35)], 24), 90, (0, 1, 0))
    grip = g.hull([(a, s * 0.24, z) for s in (-1, 1) for a, z in ((0.3, 1.7), (0.95, 1.7), (0.0, 0.4), (0.65, 0.4))])
    pack = g.rounded_box((1.2, 0.75, draw.between(0.35, 0.55)), 0.1, (0.3, 0, 0.25))
    trigger = g.rounded_box((0.16, 0.2, 0.35), 0.05, (1.0, 0, 1.5))
    return [Part(g.move(body, (0, 0, 2.0)), "body"), Part(g.move(chuck, (0, 0, 2.0)), "dark"), Part(grip, "body"), Part(pack, "dark"), Part(trigger, "dark")]


def dinosaur(draw: Draw) -> list[Part]:
    neck = draw.between(1.2, 1.9)
    spine = g.spline([(-3.0, 0, 0.4), (-1.9, 0, 0.9), (-0.8, 0, 1.4), (0.3, 0, 1.45), (1.1, 0, 1.9), (1.4, 0, 1.6 + neck), (1.9, 0, 1.75 + neck), (2.2, 0, 1.65 + neck)], 80)
    k = np.linspace(0, 1, len(spine))
    thick = np.interp(k, [0, 0.2, 0.42, 0.52, 0.65, 0.82, 0.92, 1], [0.04, 0.25, 0.72, 0.66, 0.34, 0.22, 0.30, 0.10])
    legs = [g.rod((x, s * 0.42, 0), (x, s * 0.36, 1.2), 0.24, 0.28) for x in (-0.95, 0.35) for s in (-1, 1)]
    plates = [g.hull([(p[0] - 0.15, s * 0.03, p[2] + r - 0.03) for s in (-1, 1)] + [(p[0] + 0.15, s * 0.03, p[2] + r - 0.03) for s in (-1, 1)] + [(p[0], 0, p[2] + r + 0.25)]) for p, r in list(zip(spine, thick, strict=True))[14:-14:6]]
    eyes = [_ball(0.06, (1.95, s * 0.2, 1.85 + neck)) for s in (-1, 1)]
    return [Part(g.tube(spine, thick, 20), "body"), *(Part(leg, "body") for leg in legs), *(Part(p, "trim") for p in plates), *(Part(eye, "dark") for eye in eyes)]


def tent(draw: Draw) -> list[Part]:
    w, h, d = draw.between(1.0, 1.3), draw.between(1.2, 1.6), draw.between(1.6, 2.2)
    prism = g.hull([(s * w, y, 0) for s in (-1, 1) for y in (-d / 2, d / 2)] + [(0, y, h) for y in (-d / 2, d / 2)])
    door = g.hull([(s * w * 0.35, y, 0.02) for s in (-1, 1) for y in (-d, -d / 2 + 0.3)] + [(0, y, h * 0.75) for y in (-d, -d / 2 + 0.3)])
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
        parts += [Part(g.rounded_box((0.1, 0.1, 0.42), 0.02, (0, 0, 2.6)), "body"), Part(g.rounded_box((0.3, 0.1, 0.1), 0.02, (0, 0, 2.65)), "body")]
    else:
        parts.append(Part(_ball(0.09, (0, 0, 2.5)), "body"))
    return parts


def rocket(draw: Draw) -> list[Part]:
    r = draw.between(0.45, 0.6)
    line = g.spline([(r * 0.7, 0.5), (r, 1.2), (r * 0.95, 2.2), (r * 0.5, 3.0), (0.02, 3.5)], 60)
    fins = []
    for k in range(3):
        fin = g.hull([(r * 0.6, s * 0.05, z) for s in (-1, 1) for z in (0.6, 1.3)] + [(r * 2.1, s * 0.03, z) for s in (-1, 1) for z in (0.0, 0.35)])
        fins.append(Part(g.turn(fin, 120 * k + 30), "trim"))
    window = g.turn(g.cylinder(0.22, 0.1, bevel=0.02), 90, (1, 0, 0))
    return [Part(g.lathe([(0, 0.5), *line.tolist(), (0, 3.5)]), "banded", "cylinder"), *fins, Part(g.move(window, (0, -r * 0.93, 2.1)), "dark"), Part(g.lathe([(0, 0.2), (r * 0.6, 0.2), (r * 0.5, 0.5), (0, 0.5)]), "dark")]


def ladder(draw: Draw) -> list[Part]:
    steps, h = draw.count(4, 6), 3.2
    parts = []
    for y, lean in ((-0.9, 0.85), (0.9, -0.85)):
        for s in (-1, 1):
            parts.append(Part(g.rounded_box((0.1, 0.14, 1), 0.02).apply_transform(_beam((s * 0.7, y, 0), (s * 0.5, y + lean, h))), "body"))
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
    return [Part(g.rounded_box((1.7, 1.7, 0.14), 0.05, (0, 0, 0.07)), "body"), Part(cone, "banded", "cylinder")]


def tap(draw: Draw) -> list[Part]:
    rise = draw.between(1.4, 2.2)
    arc = g.spline([(0, 0, 0.2), (0, 0, rise), (0.2, 0, rise + 0.5), (0.7, 0, rise + 0.65), (1.15, 0, rise + 0.35), (1.2, 0, rise - 0.1)], 80)
    parts = [Part(g.cylinder(0.42, 0.18, bevel=0.05), "metal"), Part(g.tube(arc, 0.15), "metal"), Part(g.cylinder(0.26, 0.6, bevel=0.04), "metal")]
    parts.append(Part(g.rod((0, 0, 0.5), (-0.7, 0, 0.85), 0.07, 0.1), "metal"))
    return parts


def gear(draw: Draw) -> list[Part]:
    teeth = draw.count(9, 16)
    a = np.linspace(0, 2 * np.pi, teeth * 8, endpoint=False)
    r = 1 + 0.2 * np.clip(3 * np.sin(a * teeth), -1, 1) / 2
    disc = g.cut(g.slab(np.column_stack([np.cos(a) * r, np.sin(a) * r]), 0.35), g.cylinder(0.25, 2, bottom=-1), *[g.move(g.cylinder(0.16, 2, bottom=-1, sections=24), (0.58 * np.cos(t), 0.58 * np.sin(t), 0)) for t in np.linspace(0, 2 * np.pi, 6)[:-1]])
    return [Part(g.turn(upright(disc), -14, (1, 0, 0)), "metal")]


def bicycle_pump(draw: Draw) -> list[Part]:
    h = draw.between(2.6, 3.3)
    parts = [Part(g.cylinder(0.2, h, bevel=0.03), "body"), Part(g.cylinder(0.05, h + 0.9), "metal"), Part(g.rod((-0.6, 0, h + 0.9), (0.6, 0, h + 0.9), 0.1), "dark"), Part(g.rounded_box((1.3, 0.5, 0.12), 0.04, (0, 0, 0.06)), "dark"), Part(g.cylinder(0.34, 0.16, bevel=0.02, bottom=0.14), "dark")]
    hose = g.spline([(0.2, 0, 0.3), (0.7, 0.1, 0.3), (0.9, 0, 1.2), (0.5, -0.2, 2.0), (0.24, -0.05, 2.2)], 60)
    return [*parts, Part(g.tube(hose, 0.055), "dark"), Part(g.move(upright(g.cylinder(0.26, 0.12)), (0, -0.16, 0.55)), "trim")]


def rubber_duck(draw: Draw) -> list[Part]:
    tail = g.hull([(0.7, 0, 0.9), (0.9, 0.2, 0.6), (0.9, -0.2, 0.6), (1.35, 0, 1.15), (0.6, 0.3, 0.4), (0.6, -0.3, 0.4)])
    size = draw.between(0.52, 0.64)
    beak = g.hull([(-0.9, s * 0.22, 1.35) for s in (-1, 1)] + [(-1.35, s * 0.18, 1.32) for s in (-1, 1)] + [(-0.9, 0, 1.55), (-0.9, 0, 1.2)])
    return [Part(_ball(1, (0, 0, 0.62), (1.1, 0.8, 0.62)), "body"), Part(_ball(size, (-0.5, 0, 1.45)), "body"), Part(tail, "body"), Part(beak, "trim"), *(Part(_ball(0.08, (-0.85, s * 0.3, 1.65)), "dark") for s in (-1, 1)), *(Part(_ball(0.5, (0.2, s * 0.65, 0.7), (1, 0.35, 0.5)), "body") for s in (-1, 1))]


def robot(draw: Draw) -> list[Part]:
    head = draw.between(0.7, 0.95)
    parts = [Part(g.rounded_box((1.3, 0.8, 1.4), 0.1, (0, 0, 1.5)), "body"), Part(g.rounded_box((head, 0.7, head * 0.8), 0.1, (0, 0, 2.65)), "body"), Part(g.rod((0, 0, 3.0), (0, 0, 3.4), 0.04), "dark"), Part(_ball(0.1, (0, 0, 3.42)), "trim")]
    for s in (-1, 1):
        parts += [Part(g.rounded_box((0.4, 0.5, 0.9), 0.08, (s * 0.36, -0.05, 0.45)), "dark"), Part(g.rod((s * 0.75, 0, 2.0), (s * 1.05, -0.3, 1.1), 0.14), "dark"), Part(_ball(0.2, (s * 1.08, -0.33, 1.0)), "trim"), Part(_ball(0.1, (s * 0.2, -0.33, 2.7)), "trim")]
    parts.append(Part(g.block((0.7, 0.05, 0.5), (0, -0.41, 1.6)), "trim"))
    return parts


TOY = Slot(("plastic", "painted metal", "painted wood"))
SLOTS = {
    "body": TOY, "trim": TOY, "second": TOY, "dark": Slot(("rubber",)), "metal": Slot(("metal",)), "pages": Slot(("paper",)),
    "striped": Slot(("plastic",), ("striped",)), "banded": Slot(("plastic",), ("banded",)),
}  # fmt: skip
KINDS = {
    "toy car": toy_car, "guitar": guitar, "dumbbell": dumbbell, "umbrella": umbrella, "shoe": shoe, "book stack": book_stack,
    "ball": ball, "hammer": hammer, "drill": drill, "dinosaur": dinosaur, "tent": tent, "chess piece": chess_piece,
    "rocket": rocket, "ladder": ladder, "traffic cone": traffic_cone, "tap": tap, "gear": gear, "bicycle pump": bicycle_pump,
    "rubber duck": rubber_duck, "robot": robot,
}  # fmt: skip
FLOOR = {"ladder", "guitar", "bicycle pump", "tent"}
TYPES = [
    ProductType(word, word, "", drawn, SLOTS, "floor" if word in FLOOR else "table", (0, 0), (0, 0), 3, sold=False)
    for word, drawn in KINDS.items()
]
