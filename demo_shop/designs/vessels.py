"""Things that hold water, soup or flowers: vases, bowls, bottles, mugs, jugs and plates.

Lengths are decimeters before fitting; handles and spouts lie along x.
"""

from __future__ import annotations

import numpy as np
import trimesh

from demo_shop import geometry as g
from demo_shop.model import Draw, Part, ProductType, Slot

VASES: dict[str, list[tuple[float, float]]] = {
    "bottle-neck": [(0.45, 0), (0.75, 0.5), (0.72, 1.2), (0.30, 1.9), (0.22, 2.5), (0.34, 2.9)],
    "cylinder": [(0.55, 0), (0.60, 0.1), (0.60, 1.2), (0.62, 2.4)],
    "gourd": [(0.45, 0), (0.80, 0.5), (0.55, 1.15), (0.60, 1.5), (0.34, 2.0), (0.38, 2.2)],
    "amphora": [(0.32, 0), (0.42, 0.25), (0.88, 1.4), (0.70, 2.1), (0.34, 2.4), (0.46, 2.7)],
    "sphere": [(0.40, 0), (0.85, 0.45), (0.95, 0.9), (0.70, 1.5), (0.32, 1.72), (0.36, 1.85)],
    "flared": [(0.40, 0), (0.38, 0.4), (0.44, 1.2), (0.66, 2.0), (0.95, 2.5)],
    "hourglass": [(0.66, 0), (0.55, 0.5), (0.34, 1.2), (0.52, 1.9), (0.70, 2.4)],
    "teardrop": [(0.50, 0), (0.88, 0.45), (0.80, 1.0), (0.42, 1.7), (0.20, 2.4), (0.17, 2.7)],
}


def varied(draw: Draw, profile: list[tuple[float, float]], spread: float = 0.10) -> g.Array:
    wide = draw.between(0.88, 1.12)
    return g.spline([(r * wide * draw.between(1 - spread, 1 + spread), z) for r, z in profile], 60)


def handle_loop(x: float, low: float, high: float, out: float, thick: float, style: str) -> trimesh.Trimesh:
    """A handle on the +x side from height ``low`` to ``high``, standing ``out`` away from radius ``x``."""
    mid = (low + high) / 2
    if style == "square handle":
        path = [
            (x - 0.04, 0, high),
            (x + out * 0.8, 0, high),
            (x + out, 0, high - 0.1),
            (x + out, 0, low + 0.1),
            (x + out * 0.8, 0, low),
            (x - 0.04, 0, low),
        ]
        line = g.spline(path, 50)
    elif style == "ear handle":
        path = [
            (x - 0.04, 0, high),
            (x + out * 0.9, 0, high + 0.08),
            (x + out, 0, mid + 0.1),
            (x + out * 0.35, 0, low + 0.1),
            (x - 0.04, 0, low),
        ]
        line = g.spline(path, 40)
    else:
        t = np.linspace(-np.pi / 2, np.pi / 2, 24)
        line = np.column_stack([x - 0.04 + np.cos(t) * (out + 0.04), t * 0, mid + np.sin(t) * (high - low) / 2])
    return g.stretch(g.tube(line, thick), (1, 1.35, 1))


def draw_vase(draw: Draw) -> list[Part]:
    shape = draw.cycle("shape", tuple(VASES))
    line = varied(draw, VASES[shape])
    body = g.vessel(line, 0.07)
    finish = draw.cycle("relief", ("smooth", "fluted", "smooth", "spiral", "smooth", "ribbed", "smooth"))
    if finish == "fluted":
        body = g.flute(g.lathe(closed_profile(line), 120), draw.count(10, 18), 0.045)
    if finish == "spiral":
        body = g.twist(g.flute(g.lathe(closed_profile(line), 120), draw.count(7, 11), 0.06), draw.between(25, 60))
    if finish == "ribbed":
        ribs = line.copy()
        ribs[:, 0] *= 1 + 0.035 * np.sin(line[:, 1] * draw.between(22, 30))
        body = g.vessel(ribs, 0.09)
    parts = [Part(body, "body", "cylinder")]
    if shape in ("amphora", "bottle-neck") and draw.chance(0.7):
        z = float(line[-1, 1])
        for s in (-1, 1):
            ear = handle_loop(0.32, z * 0.62, z * 0.9, 0.35, 0.06, draw.any("", ("ear handle", "ring handle")))
            parts.append(Part(ear if s > 0 else g.turn(ear, 180), "body"))
        draw.words["extra"] = "two handles"
    return parts


def closed_profile(line: g.Array, wall: float = 0.09) -> g.Array:
    """The profile of a hollow vessel as one line from the axis to the axis."""
    inner = line[::-1] - (wall, 0)
    inner = inner[inner[:, 1] > wall]
    return np.vstack([[0, line[0, 1]], line, inner.clip(1e-3), [0, wall]])


def draw_bowl(draw: Draw) -> list[Part]:
    shape = draw.cycle("shape", ("round", "footed", "wide-rimmed", "straight-sided", "faceted", "scalloped", "conical"))
    d = draw.between(0.85, 1.15)
    profile = {
        "round": [(0.35, 0), (0.75, 0.12), (1.05, 0.42), (1.15, 0.75)],
        "footed": [(0.45, 0), (0.38, 0.15), (0.36, 0.25), (0.85, 0.45), (1.05, 0.85)],
        "wide-rimmed": [(0.40, 0), (0.70, 0.10), (0.85, 0.35), (0.92, 0.45), (1.35, 0.52)],
        "straight-sided": [(0.80, 0), (0.92, 0.06), (0.95, 0.35), (0.97, 0.62)],
        "faceted": [(0.42, 0), (0.80, 0.2), (1.05, 0.5), (1.12, 0.8)],
        "scalloped": [(0.40, 0), (0.80, 0.18), (1.02, 0.45), (1.15, 0.65)],
        "conical": [(0.28, 0), (0.50, 0.22), (0.85, 0.55), (1.15, 0.85)],
    }[shape]
    line = varied(draw, [(r, z * d) for r, z in profile], 0.05)
    sections = {"faceted": draw.count(8, 11), "scalloped": 120}.get(shape, 64)
    body = g.lathe(closed_profile(line, 0.06), sections)
    if shape == "scalloped":
        body = g.flute(body, draw.count(9, 16), 0.05)
    return [Part(body, "body", "cylinder")]


def draw_bottle(draw: Draw) -> list[Part]:
    shape = draw.cycle("shape", ("carafe", "flask", "square-shouldered", "swing-top", "sport", "slender"))
    profile = {
        "carafe": [(0.50, 0), (0.62, 0.25), (0.55, 1.0), (0.25, 1.7), (0.26, 2.1), (0.36, 2.35)],
        "flask": [(0.36, 0), (0.38, 0.1), (0.38, 1.8), (0.36, 2.0), (0.24, 2.2), (0.24, 2.35)],
        "square-shouldered": [(0.44, 0), (0.46, 0.1), (0.46, 1.35), (0.40, 1.55), (0.17, 1.7), (0.16, 2.2)],
        "swing-top": [(0.44, 0), (0.46, 0.1), (0.45, 1.2), (0.22, 1.75), (0.15, 2.1), (0.17, 2.4)],
        "sport": [(0.37, 0), (0.40, 0.1), (0.36, 0.9), (0.40, 1.2), (0.38, 1.8), (0.30, 1.95)],
        "slender": [(0.30, 0), (0.32, 0.1), (0.31, 1.4), (0.16, 2.0), (0.12, 2.7), (0.15, 2.85)],
    }[shape]
    line = varied(draw, profile, 0.06)
    top, radius = float(line[-1, 1]), float(line[-1, 0])
    parts = [Part(g.lathe([(0, 0), *line.tolist(), (0, top)]), "body", "cylinder")]
    stop = draw.cycle("stopper", ("cork stopper", "screw cap", "ball stopper", "cork stopper", "loop cap"))
    if stop == "cork stopper":
        parts.append(
            Part(
                g.lathe(
                    [
                        (0, top - 0.02),
                        (radius * 0.8, top - 0.02),
                        (radius * 0.98, top + 0.22),
                        (0, top + 0.24),
                    ]
                ),
                "cap",
            )
        )
    elif stop == "ball stopper":
        parts.append(Part(g.move(trimesh.creation.icosphere(3, max(0.16, radius * 0.8)), (0, 0, top + 0.1)), "cap"))
    else:
        parts.append(Part(g.cylinder(radius * 1.15, 0.22, bevel=0.03, bottom=top - 0.01), "cap"))
        if stop == "loop cap":
            parts.append(Part(g.move(handle_loop(0, 0, 0.34, 0.2, 0.045, "ring handle"), (-0.1, 0, top + 0.15)), "cap"))
    if shape == "swing-top":
        for s in (-1, 1):
            parts.append(Part(g.rod((0, s * 0.16, top - 0.35), (0, s * 0.14, top + 0.15), 0.02), "cap"))
    return parts


def draw_mug(draw: Draw) -> list[Part]:
    shape = draw.cycle("shape", ("straight", "rounded", "tapered", "belly", "footed", "faceted", "enamel"))
    profile = {
        "straight": [(0.38, 0), (0.42, 0.04), (0.42, 0.5), (0.42, 0.95)],
        "rounded": [(0.28, 0), (0.43, 0.2), (0.47, 0.5), (0.43, 0.9)],
        "tapered": [(0.32, 0), (0.35, 0.1), (0.42, 0.6), (0.47, 1.0)],
        "belly": [(0.32, 0), (0.48, 0.25), (0.46, 0.5), (0.38, 0.75), (0.42, 0.95)],
        "footed": [(0.30, 0), (0.25, 0.1), (0.38, 0.25), (0.43, 0.6), (0.42, 0.95)],
        "faceted": [(0.36, 0), (0.40, 0.08), (0.41, 0.5), (0.44, 0.95)],
        "enamel": [(0.42, 0), (0.45, 0.03), (0.45, 0.4), (0.46, 0.82)],
    }[shape]
    tall = draw.between(0.9, 1.25)
    line = varied(draw, [(r, z * tall) for r, z in profile], 0.04)
    body = g.lathe(closed_profile(line, 0.05), draw.count(8, 12) if shape == "faceted" else 64)
    top = float(line[-1, 1])
    radius = float(np.interp(top * 0.5, line[:, 1], line[:, 0]))
    style = draw.cycle("handle", ("ring handle", "square handle", "ear handle"))
    handle = handle_loop(
        radius,
        top * draw.between(0.18, 0.28),
        top * draw.between(0.74, 0.86),
        draw.between(0.24, 0.34),
        draw.between(0.045, 0.065),
        style,
    )
    return [Part(body, "body", "cylinder"), Part(handle, draw.any("", ("body", "body", "handle")))]


def draw_jug(draw: Draw) -> list[Part]:
    shape = draw.cycle("shape", ("round-bellied", "tall", "straight", "pear", "angular"))
    profile = {
        "round-bellied": [(0.40, 0), (0.72, 0.4), (0.70, 0.9), (0.42, 1.3), (0.46, 1.6)],
        "tall": [(0.42, 0), (0.50, 0.3), (0.46, 1.2), (0.36, 1.8), (0.42, 2.2)],
        "straight": [(0.50, 0), (0.54, 0.1), (0.52, 0.9), (0.50, 1.6)],
        "pear": [(0.50, 0), (0.68, 0.35), (0.55, 0.9), (0.34, 1.4), (0.44, 1.8)],
        "angular": [(0.46, 0), (0.60, 0.30), (0.73, 0.60), (0.56, 0.98), (0.40, 1.35), (0.42, 1.6)],
    }[shape]
    line = varied(draw, profile, 0.06)
    top = float(line[-1, 1])
    pull = draw.between(0.22, 0.4)

    def lip(v: g.Array) -> g.Array:
        # The rim's front is drawn out to a pouring lip on the -x side.
        near = np.clip((v[:, 2] / top - 0.72) / 0.28, 0, 1) ** 2
        facing = np.clip(-v[:, 0] / (np.hypot(v[:, 0], v[:, 1]) + 1e-9), 0, 1) ** 6
        return v + np.stack([-pull * near * facing, 0 * near, 0.10 * near * facing], -1)

    body = g.warp(g.lathe(closed_profile(line, 0.06), 64), lip)
    low, high = top * draw.between(0.2, 0.35), top * draw.between(0.84, 0.94)
    radius = float(np.interp([low, high], line[:, 1], line[:, 0]).min())
    style = draw.cycle("handle", ("ear handle", "ring handle", "square handle"))
    return [
        Part(body, "body", "cylinder"),
        Part(handle_loop(radius, low, high, draw.between(0.4, 0.55), 0.075, style), "body"),
    ]


def draw_plate(draw: Draw) -> list[Part]:
    shape = draw.cycle("shape", ("coupe", "rimmed", "scalloped", "octagonal", "square", "oval"))
    rim = {"coupe": [(0.6, 0), (1.0, 0.03), (1.25, 0.14), (1.35, 0.24)]}.get(
        shape, [(0.65, 0), (0.85, 0.03), (0.92, 0.10), (1.35, 0.18)]
    )
    line = varied(draw, rim, 0.03)
    closed = np.vstack([[0, 0], line, (line - (0.0, -0.05))[::-1], [0, 0.05]])
    body = g.lathe(closed, {"octagonal": 8}.get(shape, 96))
    if shape == "scalloped":
        body = g.flute(body, draw.count(10, 18), 0.03)
    if shape == "square":
        body = g.warp(body, lambda v: v * np.stack([_squircle(v)] * 2 + [np.ones(len(v))], -1))
    if shape == "oval":
        body = g.stretch(body, (1.25, 0.85, 1))
    return [Part(body, "body", "top")]


def _squircle(v: g.Array) -> g.Array:
    a = np.arctan2(v[:, 1], v[:, 0])
    result: g.Array = 1 / (np.abs(np.cos(a)) ** 5 + np.abs(np.sin(a)) ** 5) ** (1 / 5)
    return result


GLAZES = (
    "plain",
    "glazed",
    "speckled",
    "two-tone",
    "dipped",
    "striped",
    "dotted",
    "banded",
    "plain",
    "floral",
    "chevron",
    "abstract",
    "leafy",
)
TABLEWARE = Slot(("stoneware", "ceramic", "porcelain"), GLAZES)
TYPES = [
    ProductType(
        "vase",
        "Home & Living > Decor > Vases",
        "Home & Garden > Decor > Vases",
        draw_vase,
        {"body": Slot(("ceramic", "stoneware", "glass", "terracotta", "porcelain"), GLAZES)},
        "table",
        (19, 119),
        (14, 38),
        8,
    ),
    ProductType(
        "bowl",
        "Kitchen & Dining > Tableware > Bowls",
        "Home & Garden > Kitchen & Dining > Tableware > Dinnerware > Bowls",
        draw_bowl,
        {"body": Slot(("stoneware", "ceramic", "porcelain", "wood"), GLAZES)},
        "table",
        (9, 59),
        (12, 30),
        7,
    ),
    ProductType(
        "bottle",
        "Kitchen & Dining > Drinkware > Bottles",
        "Home & Garden > Kitchen & Dining > Food & Beverage Carriers > Water Bottles",
        draw_bottle,
        {
            "body": Slot(
                ("glass", "painted metal", "ceramic", "metal"),
                ("plain", "plain", "banded", "two-tone", "speckled"),
            ),
            "cap": Slot(("cork", "metal", "wood")),
        },
        "table",
        (12, 49),
        (20, 32),
        6,
    ),
    ProductType(
        "mug",
        "Kitchen & Dining > Drinkware > Mugs",
        "Home & Garden > Kitchen & Dining > Tableware > Drinkware > Mugs",
        draw_mug,
        {"body": Slot(("stoneware", "ceramic", "enamel", "porcelain"), GLAZES), "handle": Slot(("ceramic",))},
        "table",
        (8, 29),
        (8, 12),
        9,
    ),
    ProductType(
        "jug",
        "Kitchen & Dining > Serveware > Jugs",
        "Home & Garden > Kitchen & Dining > Tableware > Serveware > Serving Pitchers & Carafes",
        draw_jug,
        {"body": TABLEWARE},
        "table",
        (18, 69),
        (16, 28),
        6,
    ),
    ProductType(
        "plate",
        "Kitchen & Dining > Tableware > Plates",
        "Home & Garden > Kitchen & Dining > Tableware > Dinnerware > Plates",
        draw_plate,
        {
            "body": Slot(
                ("porcelain", "stoneware", "ceramic"),
                ("plain", "medallion", "bordered", "speckled", "floral", "abstract", "striped", "checked"),
            )
        },
        "table",
        (7, 39),
        (18, 32),
        6,
    ),
]
