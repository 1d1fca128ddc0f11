"""Tables, shelves and baskets. Lengths are meters before fitting."""

from __future__ import annotations

import numpy as np
import trimesh

from demo_shop import geometry as g
from demo_shop.designs.legs import legs
from demo_shop.model import Draw, Part, ProductType, Slot


def draw_table(draw: Draw) -> list[Part]:
    use = draw.cycle("use", ("coffee", "dining", "side", "console"))
    size = {
        "coffee": (1.0, 0.6, 0.40),
        "dining": (1.5, 0.85, 0.74),
        "side": (0.45, 0.45, 0.52),
        "console": (1.1, 0.34, 0.78),
    }[use]
    width, depth, height = (value * draw.between(0.9, 1.1) for value in size)
    top = (
        draw.any("top", ("rectangular top", "rounded top"))
        if use == "console"
        else draw.cycle("top", ("round top", "rectangular top", "oval top", "rounded top"))
    )
    thick = draw.between(0.022, 0.05)
    if top == "round top":
        width = depth = max(depth, width * 0.75)
    power = {"round top": 2.0, "oval top": 2.0, "rounded top": 5.0, "rectangular top": 30.0}[top]
    board = g.slab(g.superellipse(width, depth, power, 96), thick, bottom=height - thick)
    base = draw.cycle(
        "legs",
        (
            "tapered legs",
            "pedestal base",
            "hairpin legs",
            "square legs",
            "crossed legs",
            "drum base",
            "trestle base",
        ),
    )
    if base == "pedestal base" and top not in ("round top", "oval top"):
        base = "trestle base"
    if use != "side" and base == "drum base":
        base = "panel legs"
        draw.words["legs"] = base
    inset = 0.70 if power == 2.0 else 0.92
    parts = [Part(board, "body")]
    under = height - thick
    if base == "drum base":
        drum = g.flute(g.cylinder(depth * 0.36, under, bevel=0.01, sections=96), draw.count(14, 24), 0.03)
        parts.append(Part(drum, "legs"))
    elif base == "panel legs":
        parts += [
            Part(g.rounded_box((0.05, depth * 0.8, under), 0.01, (s * width * 0.36, 0, under / 2)), "legs")
            for s in (-1, 1)
        ]
    elif base == "trestle base":
        for s in (-1, 1):
            x = s * width * 0.34
            parts += [
                Part(g.rod((x, t * depth * 0.36, 0), (x, t * depth * 0.10, under), 0.022), "legs") for t in (-1, 1)
            ]
        parts.append(Part(g.rod((-width * 0.34, 0, under * 0.42), (width * 0.34, 0, under * 0.42), 0.016), "legs"))
    else:
        if base in ("tapered legs", "square legs") and draw.chance(0.6):
            apron = g.rounded_box((width * inset * 0.92, depth * inset * 0.86, 0.07), 0.008, (0, 0, under - 0.035))
            parts.append(Part(apron, "legs"))
        scale = 1.0 if use in ("side", "coffee") else 1.6
        parts += _thicker(legs(draw, base, width * inset, depth * inset, under), scale)
    if (
        use in ("side", "coffee", "console")
        and base in ("square legs", "tapered legs", "hairpin legs")
        and draw.chance(0.55)
    ):
        low = g.slab(
            g.superellipse(width * inset * 0.9, depth * inset * 0.9, max(power, 3), 64),
            0.018,
            bottom=under * 0.3,
        )
        parts.append(Part(low, "body"))
        draw.words["extra"] = "lower shelf"
    return parts


def _thicker(parts: list[Part], factor: float) -> list[Part]:
    """Legs made stouter about their own upright axis, for the larger tables."""
    stout = []
    for part in parts:
        center = part.mesh.bounds.mean(axis=0) * (1, 1, 0)
        span = np.ptp(part.mesh.bounds, axis=0)
        slim = max(span[0], span[1]) < 0.25 * span[2]
        f = factor if slim else 1.0
        stout.append(Part(g.move(g.stretch(g.move(part.mesh, -center), (f, f, 1)), center), part.slot))
    return stout


def draw_shelf(draw: Draw) -> list[Part]:
    kind = draw.cycle(
        "style",
        ("open shelf", "ladder shelf", "cube shelf", "metal-frame shelf", "arched shelf", "asymmetric shelf"),
    )
    width, depth, height = draw.between(0.55, 0.95), 0.28, draw.between(1.1, 1.8)
    rows = draw.count(3, 5)
    t = 0.022
    levels = np.linspace(t / 2 + 0.05, height - t / 2, rows + 1)
    parts: list[Part] = []

    def board(w: float, z: float, x: float = 0.0, d: float = depth) -> None:
        parts.append(Part(g.rounded_box((w, d, t), 0.004, (x, 0, z)), "body"))

    if kind == "ladder shelf":
        for s in (-1, 1):
            parts.append(Part(g.rod((s * width / 2, -0.22, 0), (s * width / 2, 0.13, height), 0.017), "legs"))
            parts.append(Part(g.rod((s * width / 2, 0.14, 0), (s * width / 2, 0.14, height), 0.014), "legs"))
        for k, z in enumerate(levels):
            front = -0.22 + 0.35 * z / height
            d = 0.15 - front
            parts.append(Part(g.rounded_box((width, d, t), 0.004, (0, front + d / 2, z * 0.97)), "body"))
            draw.words["rows"] = f"{k + 1} tiers"
        return parts
    if kind == "metal-frame shelf":
        for z in levels:
            board(width, z)
        for sx in (-1, 1):
            for sy in (-1, 1):
                parts.append(
                    Part(
                        g.rounded_box(
                            (0.022, 0.022, height),
                            0.003,
                            (sx * (width / 2 + 0.008), sy * (depth / 2 - 0.01), height / 2),
                        ),
                        "legs",
                    )
                )
        parts.append(Part(g.rod((-width / 2, depth / 2, levels[0]), (width / 2, depth / 2, levels[-1]), 0.006), "legs"))
        parts.append(Part(g.rod((width / 2, depth / 2, levels[0]), (-width / 2, depth / 2, levels[-1]), 0.006), "legs"))
        return parts
    if kind == "arched shelf":
        angle = np.linspace(0, np.pi, 40)
        outer = np.column_stack([np.cos(angle) * width / 2, height - width / 2 + np.sin(angle) * width / 2])
        outer = np.vstack([[width / 2, 0], outer, [-width / 2, 0]])
        inner = np.vstack(
            [[width / 2 - t, -0.1], outer[1:-1] * (1 - 2 * t / width, 1) - (0, t), [-width / 2 + t, -0.1]]
        )
        hollow = g.cut(g.slab(outer, depth), g.slab(inner, depth * 3, bottom=-depth))
        parts.append(Part(g.move(g.turn(hollow, 90, (1, 0, 0)), (0, depth / 2, 0)), "body"))
        for z in np.linspace(t + 0.05, height - width / 2, rows):
            board(width - t, z)
        return parts
    for z in levels:
        board(width, z)
    for s in (-1, 1):
        parts.append(Part(g.rounded_box((t, depth, height), 0.004, (s * (width / 2 - t / 2), 0, height / 2)), "body"))
    if kind == "cube shelf":
        for x in (0.0,) if width < 0.75 else (-width / 6, width / 6):
            parts.append(Part(g.block((t * 0.8, depth * 0.98, height - 0.06), (x, 0, height / 2 + 0.02)), "body"))
    if kind == "asymmetric shelf":
        for k in range(rows):
            x = (draw.between(0.15, 0.35) if k % 2 else -draw.between(0.15, 0.35)) * width
            gap = levels[k + 1] - levels[k]
            parts.append(Part(g.block((t * 0.8, depth * 0.98, gap), (x, 0, levels[k] + gap / 2)), "body"))
    if kind == "open shelf" or draw.chance(0.4):
        parts.append(
            Part(g.block((width - t, 0.008, height - 0.06), (0, depth / 2 - 0.006, height / 2 + 0.02)), "legs")
        )
    return parts


def draw_basket(draw: Draw) -> list[Part]:
    style = draw.cycle(
        "style",
        (
            "belly basket",
            "tall hamper",
            "square basket",
            "open-weave basket",
            "handled basket",
            "tapered basket",
        ),
    )
    wall = 0.018
    if style == "square basket":
        w, d, h = draw.between(0.34, 0.42), draw.between(0.24, 0.34), draw.between(0.18, 0.26)
        body = g.rounded_box((w, d, h), 0.03, (0, 0, h / 2), taper=0.88)
        inside = g.rounded_box((w - 0.04, d - 0.04, h), 0.025, (0, 0, h / 2 + 0.03), taper=0.88)
        rim = g.superellipse(w * 0.96, d * 0.95, 8, 60)
        ring = g.tube(np.column_stack([rim, np.full(60, h - 0.005)]), 0.013, closed=True)
        hollow = g.cut(body, inside, g.block((1, 1, 0.1), (0, 0, h + 0.045)))
        grips = [_loop(s * w / 2 * 0.97, h - 0.01, 0.06, 0.05) for s in (-1, 1)]
        return [Part(hollow, "body"), Part(ring, "trim"), *(Part(grip, "trim") for grip in grips)]
    if style == "open-weave basket":
        return _open_weave(draw)
    profile = {
        "belly basket": [(0.13, 0), (0.20, 0.10), (0.21, 0.20), (0.17, 0.30), (0.16, 0.34)],
        "tall hamper": [(0.17, 0), (0.185, 0.2), (0.195, 0.45), (0.20, 0.56)],
        "handled basket": [(0.16, 0), (0.20, 0.08), (0.21, 0.16), (0.21, 0.20)],
        "tapered basket": [(0.12, 0), (0.15, 0.12), (0.18, 0.24), (0.20, 0.32)],
    }[style]
    stretch = draw.between(0.9, 1.15)
    line = g.spline([(r, z * stretch) for r, z in profile], 60)
    parts = [Part(g.vessel(line, wall), "body", "cylinder")]
    top_radius, top = line[-1]
    t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    ring = np.column_stack([np.cos(t) * (top_radius - wall / 2), np.sin(t) * (top_radius - wall / 2), np.full(60, top)])
    parts.append(Part(g.tube(ring, 0.014, closed=True), "trim"))
    if style == "handled basket":
        arc = np.linspace(0, np.pi, 40)
        bow = np.column_stack([np.cos(arc) * (top_radius - 0.01), np.zeros(40), top - 0.03 + np.sin(arc) * 0.24])
        parts.append(Part(g.tube(bow, 0.012), "trim"))
    elif draw.chance(0.75):
        parts += [Part(_loop(s * (top_radius - 0.004), top - 0.005, 0.055, 0.06), "trim") for s in (-1, 1)]
    if style == "tall hamper" and draw.chance(0.6):
        lid = g.lathe(
            [
                *g.spline(
                    [(0, top + 0.06), (top_radius * 0.6, top + 0.045), (top_radius + 0.01, top + 0.012)], 20
                ).tolist(),
                (top_radius, top),
                (0, top),
            ]
        )
        parts.append(Part(lid, "body", "cylinder"))
        draw.words["extra"] = "a lid"
    return parts


def _open_weave(draw: Draw) -> list[Part]:
    """Hoops and uprights with air between them."""
    low, high, height = draw.between(0.13, 0.17), draw.between(0.19, 0.23), draw.between(0.18, 0.3)
    t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    parts = [Part(g.cylinder(low, 0.012), "body")]
    for k in np.linspace(0, 1, draw.count(4, 6)):
        r = low + (high - low) * k**0.7
        hoop = np.column_stack([np.cos(t) * r, np.sin(t) * r, np.full(60, 0.008 + height * k)])
        parts.append(Part(g.tube(hoop, 0.007, 8, closed=True), "body"))
    for angle in np.linspace(0, 2 * np.pi, draw.count(16, 26), endpoint=False):
        k = np.linspace(0, 1, 8)
        r = low + (high - low) * k**0.7
        bar = np.column_stack([np.cos(angle) * r, np.sin(angle) * r, 0.008 + height * k])
        parts.append(Part(g.tube(bar, 0.0055, 8), "body"))
    return parts


def _loop(x: float, z: float, width: float, rise: float) -> trimesh.Trimesh:
    arc = np.linspace(0, np.pi, 20)
    return g.tube(np.column_stack([np.full(20, x), np.cos(arc) * width, z + np.sin(arc) * rise]), 0.009)


TYPES = [
    ProductType(
        "table",
        "Furniture > Tables",
        "Furniture > Tables",
        draw_table,
        {
            "body": Slot(("wood", "wood", "marble", "painted wood")),
            "legs": Slot(("wood", "metal", "painted metal")),
        },
        "floor",
        (79, 1199),
        (45, 170),
        8,
    ),
    ProductType(
        "shelf",
        "Furniture > Storage > Shelves",
        "Furniture > Shelving > Bookcases & Standing Shelves",
        draw_shelf,
        {"body": Slot(("wood", "wood", "painted wood")), "legs": Slot(("wood", "metal", "painted metal"))},
        "floor",
        (69, 489),
        (110, 185),
        6,
    ),
    ProductType(
        "basket",
        "Home & Living > Storage > Baskets",
        "Home & Garden > Decor > Baskets",
        draw_basket,
        {
            "body": Slot(("rattan", "seagrass", "wool"), ("plain", "two-tone", "banded", "plain", "chevron")),
            "trim": Slot(("rattan", "leather")),
        },
        "floor",
        (18, 89),
        (20, 60),
        6,
    ),
]
