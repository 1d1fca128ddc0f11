"""Clocks, picture frames, mirrors and candle holders. Lengths are decimeters before fitting; fronts look along -y."""

from __future__ import annotations

import numpy as np
import trimesh

from demo_shop import geometry as g
from demo_shop.model import Draw, Part, ProductType, Slot


def upright(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """Turns a thing drawn lying face up (x, y) into one standing with its face along -y."""
    return g.turn(mesh, 90, (1, 0, 0))


def _hands(size: float, z: float, draw: Draw) -> list[Part]:
    parts = []
    for angle, reach, wide in ((draw.between(20, 80), 0.5, 0.05), (draw.between(100, 320), 0.75, 0.035)):
        hand = g.block((wide * size, reach * size, 0.03), (0, reach * size / 2 - 0.06 * size, z))
        parts.append(Part(upright(g.turn(hand, -angle)), "hands"))
    parts.append(Part(upright(g.cylinder(0.05 * size, 0.06, bottom=z - 0.02, sections=20)), "hands"))
    return parts


def _ticks(size: float, z: float, style: str) -> list[Part]:
    parts = []
    for hour in range(12):
        main = hour % 3 == 0
        if style == "no marks" or (style == "quarter marks" and not main):
            continue
        if style == "dot marks":
            mark = g.move(g.cylinder((0.055 if main else 0.035) * size, 0.02, sections=16), (0, size * 0.82, z - 0.01))
        else:
            mark = g.block(
                ((0.05 if main else 0.025) * size, (0.16 if main else 0.1) * size, 0.02), (0, size * 0.82, z)
            )
        parts.append(Part(upright(g.turn(mark, 30 * hour)), "hands"))
    return parts


def draw_clock(draw: Draw) -> list[Part]:
    style = draw.cycle(
        "style",
        (
            "round wall clock",
            "square wall clock",
            "sunburst wall clock",
            "mantel clock",
            "twin-bell alarm clock",
            "pendulum clock",
            "octagonal wall clock",
        ),
    )
    marks = draw.cycle("marks", ("bar marks", "dot marks", "quarter marks", "no marks"))
    size, deep = 1.0, draw.between(0.16, 0.26)
    face = g.cylinder(size * 0.93, 0.03, bottom=deep - 0.02, sections=64)
    details = [*_ticks(size * 0.95, deep + 0.02, marks), *_hands(size * 0.95, deep + 0.05, draw)]
    ring = g.lathe(
        [
            (size * 0.9, 0.02),
            (size * 1.06, 0.0),
            (size * 1.08, deep),
            (size * 1.0, deep + 0.06),
            (size * 0.92, deep),
        ],
        64,
        ring=True,
    )
    parts = [Part(upright(ring), "body"), Part(upright(face), "face")]
    if style in ("square wall clock", "octagonal wall clock"):
        n = 14.0 if style.startswith("square") else 0.0
        outline = (
            g.superellipse(2.2, 2.2, n, 120)
            if n
            else np.column_stack(
                [np.cos(np.arange(8) * np.pi / 4 + np.pi / 8), np.sin(np.arange(8) * np.pi / 4 + np.pi / 8)]
            )
            * 1.15
        )
        parts[0] = Part(upright(g.slab(outline, deep - 0.01)), "body")
        parts[1] = Part(upright(g.cylinder(size * 0.9, 0.03, bottom=deep - 0.02)), "face")
    elif style == "sunburst wall clock":
        rays = draw.count(16, 28)
        for k in range(rays):
            long = 0.75 if k % 2 else 0.48
            ray = g.rod((0, 1.0, deep / 2), (0, 1.05 + long, deep / 2), 0.05, 0.018, 10)
            parts.append(Part(upright(g.turn(ray, 360 * k / rays)), "body"))
    elif style == "mantel clock":
        a = np.linspace(0, np.pi, 40)
        arch = np.vstack([[1.35, -1.35], np.column_stack([np.cos(a) * 1.25, np.sin(a) * 1.25]), [-1.35, -1.35]])
        parts = [
            Part(upright(g.slab(arch, 0.7, bottom=deep - 0.72)), "body"),
            Part(upright(face), "face"),
            Part(g.rounded_box((3.1, 0.95, 0.18), 0.05, (0, 0.35 - deep, -1.40)), "body"),
        ]
    elif style == "twin-bell alarm clock":
        deep2 = 0.7
        drum = g.cylinder(1.08, deep2, bevel=0.08, bottom=deep - deep2 - 0.01)
        parts = [Part(upright(drum), "body"), Part(upright(face), "face")]
        for s in (-1, 1):
            bell = g.lathe([(0, 0.0), (0.42, 0.0), (0.40, 0.12), (0.25, 0.28), (0, 0.33)], 32)
            parts.append(Part(g.move(g.turn(bell, s * 33, (0, 1, 0)), (s * 0.62, 0.2, 1.02)), "hands"))
            parts.append(Part(g.rod((s * 0.5, 0.2, -0.9), (s * 0.75, 0.2, -1.35), 0.07), "hands"))
        arc = np.linspace(0, np.pi, 20)
        parts.append(
            Part(
                g.tube(np.column_stack([np.cos(arc) * 0.45, arc * 0 + 0.2, 1.2 + np.sin(arc) * 0.35]), 0.04),
                "hands",
            )
        )
    elif style == "pendulum clock":
        case = g.cut(
            g.rounded_box((2.5, 0.6, 4.6), 0.08, (0, 0.3 - deep, -0.95)),
            g.block((1.4, 0.5, 1.5), (0, -deep, -2.2)),
        )
        parts = [
            Part(case, "body"),
            Part(upright(face), "face"),
            Part(g.rod((0, -deep * 0.6, -1.4), (0, -deep * 0.6, -2.4), 0.03), "hands"),
            Part(g.move(upright(g.cylinder(0.28, 0.06)), (0, -deep * 0.5, -2.5)), "hands"),
        ]
    return parts + details


def _moulding(outline: g.Array, width: float, deep: float) -> trimesh.Trimesh:
    """A frame around an outline: the outline minus itself drawn in by ``width``."""
    center = outline.mean(axis=0)
    half = np.ptp(outline, axis=0) / 2
    inner = (outline - center) * (1 - width / half) + center
    return g.cut(g.slab(outline, deep), g.slab(inner, deep * 3, bottom=-deep))


def draw_frame(draw: Draw) -> list[Part]:
    style = draw.cycle("style", ("slim", "wide", "beveled", "matted", "stepped", "oval"))
    shape = draw.cycle("format", ("portrait", "square", "landscape"))
    w, h = {"portrait": (1.5, 2.0), "square": (1.8, 1.8), "landscape": (2.1, 1.5)}[shape]
    w *= draw.between(0.92, 1.08)
    border = {"slim": 0.07, "wide": 0.24, "beveled": 0.18, "matted": 0.09, "stepped": 0.16, "oval": 0.13}[style]
    border *= draw.between(0.8, 1.2)
    outline = (
        g.superellipse(w, h, 2.0 if style == "oval" else 200.0, 96)
        if style == "oval"
        else np.array([[-w / 2, -h / 2], [w / 2, -h / 2], [w / 2, h / 2], [-w / 2, h / 2]])
    )
    parts = [Part(upright(_moulding(outline, border, 0.12)), "body")]
    if style == "stepped":
        parts.append(Part(upright(_moulding(outline * 0.93, border * 0.45, 0.19)), "body"))
    if style == "beveled":
        lip = _moulding(outline * (1 - border / w * 1.3), 0.06, 0.18)
        parts.append(Part(upright(lip), "body"))
    mat = draw.between(0.15, 0.3) if style in ("matted", "slim", "oval") else 0.0
    board = g.slab(outline * (1 - border / np.array([w, h])), 0.05)
    parts.append(Part(upright(board), "mat" if mat else "art", "front"))
    if mat:
        art = g.slab(outline * (1 - 2 * (border + mat) / np.array([w, h])), 0.06)
        parts.append(Part(upright(art), "art", "front"))
    draw.words["motif"] = draw.cycle("motif", ("landscape", "circles", "botanical", "arches", "blocks"))
    return parts


def draw_mirror(draw: Draw) -> list[Part]:
    shape = draw.cycle("shape", ("round", "arched", "sunburst", "oval", "rectangular"))
    border, deep = draw.between(0.05, 0.2), 0.12
    if shape == "arched":
        a = np.linspace(0, np.pi, 40)
        outline = np.vstack([[0.8, -1.4], np.column_stack([np.cos(a) * 0.8, 0.6 + np.sin(a) * 0.8]), [-0.8, -1.4]])
    elif shape == "rectangular":
        outline = g.superellipse(1.5, 2.2, draw.any("", (6.0, 60.0)), 120)
    else:
        outline = g.superellipse(1.8 if shape != "oval" else 1.5, 1.8 if shape != "oval" else 2.2, 2.0, 96)
    center, half = outline.mean(axis=0) * (0, 1) * 0, np.ptp(outline, axis=0) / 2
    glass = g.slab((outline - center) * (1 - border / half * 0.9), 0.08)
    parts = [Part(upright(_moulding(outline, border, deep)), "body"), Part(upright(glass), "mirror")]
    if shape == "sunburst":
        n = draw.count(20, 36)
        for k in range(n):
            long = (0.3, 0.55, 0.42)[k % 3]
            parts.append(
                Part(
                    upright(g.turn(g.rod((0, 0.86, 0.05), (0, 0.9 + long, 0.05), 0.035, 0.012, 8), 360 * k / n)),
                    "body",
                )
            )
    return parts


def draw_candle_holder(draw: Draw) -> list[Part]:
    style = draw.cycle(
        "style",
        (
            "candlestick",
            "chamberstick",
            "three-arm candelabra",
            "lantern",
            "pillar stand",
            "tealight cup",
            "arch",
        ),
    )
    candle = g.lathe([(0, 0), (0.12, 0), (0.12, 1.1), (0.06, 1.15), (0, 1.16)], 24)
    if style == "three-arm candelabra":
        parts = [Part(g.lathe([(0, 0), (0.65, 0), (0.6, 0.1), (0.1, 0.22), (0.07, 1.8), (0, 1.8)]), "body")]
        reach = draw.between(0.65, 0.95)
        for x in (-reach, 0.0, reach):
            if x:
                parts.append(
                    Part(
                        g.tube(g.spline([(0, 0, 0.9), (x * 0.6, 0, 0.85), (x, 0, 1.2), (x, 0, 1.7)], 30), 0.055),
                        "body",
                    )
                )
            parts.append(
                Part(
                    g.lathe([(0, 1.68), (0.16, 1.72), (0.2, 1.88), (0, 1.88)]).apply_translation((x, 0, 0)),
                    "body",
                )
            )
            parts.append(Part(g.move(candle, (x, 0, 1.86)), "candle"))
        return parts
    if style == "lantern":
        w, h = 0.62, draw.between(1.5, 2.0)
        parts = [
            Part(g.rounded_box((2 * w + 0.2, 2 * w + 0.2, 0.12), 0.03, (0, 0, 0.06)), "body"),
            Part(
                g.hull(
                    [(s * w * 1.15, t * w * 1.15, h) for s in (-1, 1) for t in (-1, 1)]
                    + [(s * 0.2, t * 0.2, h + 0.45) for s in (-1, 1) for t in (-1, 1)]
                ),
                "body",
            ),
        ]
        parts += [
            Part(g.rounded_box((0.09, 0.09, h), 0.02, (s * w, t * w, h / 2)), "body") for s in (-1, 1) for t in (-1, 1)
        ]
        arc = np.linspace(0, np.pi, 20)
        parts.append(
            Part(
                g.tube(np.column_stack([np.cos(arc) * 0.3, arc * 0, h + 0.4 + np.sin(arc) * 0.4]), 0.035),
                "body",
            )
        )
        return [*parts, Part(g.stretch(g.move(candle, (0, 0, 0.1)), (2.4, 2.4, 0.8)), "candle")]
    if style == "arch":
        a, rise = np.linspace(0, np.pi, 40), draw.between(1.25, 1.5)
        parts = [
            Part(g.tube(np.column_stack([np.cos(a) * 0.9, a * 0, 0.12 + np.sin(a) * rise]), 0.12), "body"),
            Part(g.rounded_box((2.3, 0.5, 0.14), 0.04, (0, 0, 0.07)), "body"),
        ]
        return [*parts, Part(g.move(candle, (0, 0, 0.12)), "candle")]
    profile = {
        "candlestick": [
            (0.5, 0),
            (0.45, 0.1),
            (0.12, 0.25),
            (0.2, 0.7),
            (0.1, 0.9),
            (0.15, 1.5),
            (0.1, 1.7),
            (0.22, 1.85),
            (0.2, 1.95),
        ],
        "chamberstick": [(0.7, 0), (0.8, 0.12), (0.55, 0.1), (0.2, 0.15), (0.18, 0.45), (0.24, 0.5)],
        "pillar stand": [
            (0.42, 0),
            (0.40, 0.1),
            (0.2, 0.2),
            (0.16, 0.6),
            (0.3, 0.85),
            (0.55, 0.95),
            (0.55, 1.02),
        ],
        "tealight cup": [(0.42, 0), (0.52, 0.2), (0.55, 0.5), (0.48, 0.75)],
    }[style]
    line = g.spline([(r * draw.between(0.92, 1.08), z * draw.between(0.97, 1.03)) for r, z in profile], 80)
    line[:, 1] = np.maximum.accumulate(line[:, 1]) if style != "chamberstick" else line[:, 1].clip(0)
    if style == "tealight cup":
        cup = g.flute(g.vessel(line, 0.07), draw.count(8, 16), 0.04)
        return [
            Part(cup, "body", "cylinder"),
            Part(g.stretch(g.move(candle, (0, 0, 0.1)), (2.6, 2.6, 0.35)), "candle"),
        ]
    top = float(line[-1, 1])
    parts = [Part(g.lathe([(0, 0), *line.tolist(), (0, top)]), "body", "cylinder")]
    if style == "chamberstick":
        a = np.linspace(0, 2 * np.pi, 30, endpoint=False)
        parts.append(
            Part(
                g.tube(
                    np.column_stack([0.95 + np.cos(a) * 0.22, a * 0, 0.18 + np.sin(a) * 0.17]),
                    0.045,
                    closed=True,
                ),
                "body",
            )
        )
    fat = 3.0 if style == "pillar stand" else 1.0
    return [*parts, Part(g.stretch(g.move(candle, (0, 0, top - 0.02)), (fat, fat, 1)), "candle")]


TYPES = [
    ProductType(
        "clock",
        "Home & Living > Decor > Clocks",
        "Home & Garden > Decor > Clocks",
        draw_clock,
        {
            "body": Slot(("wood", "metal", "painted metal", "plastic")),
            "face": Slot(("paper", "painted wood")),
            "hands": Slot(("dark metal", "metal")),
        },
        "wall",
        (19, 149),
        (18, 60),
        7,
    ),
    ProductType(
        "picture frame",
        "Home & Living > Decor > Picture Frames",
        "Home & Garden > Decor > Picture Frames",
        draw_frame,
        {"body": Slot(("wood", "metal", "painted wood")), "mat": Slot(("paper",)), "art": Slot(("art",))},
        "wall",
        (12, 79),
        (20, 60),
        7,
    ),
    ProductType(
        "mirror",
        "Home & Living > Decor > Mirrors",
        "Home & Garden > Decor > Mirrors",
        draw_mirror,
        {"body": Slot(("metal", "wood", "rattan", "painted wood")), "mirror": Slot(("mirror",))},
        "wall",
        (39, 249),
        (45, 120),
        5,
    ),
    ProductType(
        "candle holder",
        "Home & Living > Decor > Candle Holders",
        "Home & Garden > Decor > Home Fragrance Accessories > Candle Holders",
        draw_candle_holder,
        {"body": Slot(("metal", "ceramic", "wood", "painted metal", "stoneware")), "candle": Slot(("wax",))},
        "table",
        (9, 69),
        (8, 38),
        7,
    ),
]
