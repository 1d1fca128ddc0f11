"""Chairs, armchairs, sofas and stools. Lengths are meters before fitting; the seat looks along -y."""

from __future__ import annotations

import numpy as np
import trimesh

from demo_shop import geometry as g
from demo_shop.designs.legs import legs
from demo_shop.model import Draw, Part, ProductType, Slot


def _chair_back(draw: Draw, style: str, width: float, depth: float, seat: float, rise: float) -> list[Part]:
    """A chair's back above the seat's rear edge, leaning back a little."""
    x, y, top = width / 2, depth / 2, seat + rise
    lean = 0.18 * rise
    posts = [
        g.rod((s * (x - 0.02), y - 0.02, seat - 0.02), (s * (x - 0.02), y - 0.02 + lean, top), 0.017) for s in (-1, 1)
    ]

    def rail(z: float, height: float, thick: float = 0.02) -> trimesh.Trimesh:
        at = y - 0.02 + lean * (z - seat) / rise
        board = g.rounded_box((width - 0.03, thick, height), 0.008, (0, at, z))
        board = board.subdivide().subdivide()
        return g.warp(board, lambda v: v + np.stack([v[:, 0] * 0, 0.03 * (1 - (v[:, 0] / x) ** 2), v[:, 0] * 0], -1))

    wood = [Part(post, "legs") for post in posts]
    if style == "ladder back":
        return wood + [Part(rail(z, 0.05), "legs") for z in np.linspace(seat + 0.13, top - 0.04, draw.count(3, 4))]
    if style == "spindle back":
        n = draw.count(5, 8)
        spindles = [
            g.rod((s, y - 0.02, seat - 0.01), (s * 1.05, y - 0.0 + lean, top - 0.03), 0.007)
            for s in np.linspace(-x + 0.06, x - 0.06, n)
        ]
        return wood + [Part(rail(top - 0.02, 0.06), "legs")] + [Part(s, "legs") for s in spindles]
    if style == "upholstered back":
        pad = g.rounded_box((width - 0.02, 0.06, rise * 0.72), 0.028, (0, 0, 0))
        pad = g.turn(pad, -10, (1, 0, 0))
        return [*wood, Part(g.move(pad, (0, y - 0.02 + lean * 0.6, seat + rise * 0.62)), "seat")]
    if style == "round back":
        t = np.linspace(0, np.pi, 30)
        arc = np.stack([-np.cos(t) * (x - 0.01), y - 0.02 + lean * np.sin(t), seat + rise * np.sin(t) ** 0.7], -1)
        disc = g.stretch(g.turn(g.cylinder(1, 1, bevel=0.3), 90, (1, 0, 0)), (x * 0.72, 0.045, rise * 0.36))
        disc = g.turn(disc, -10, (1, 0, 0))
        middle = g.move(disc, (0, y + lean * 0.55, seat + rise * 0.55))
        return [Part(g.tube(arc, 0.014), "legs"), Part(middle, "seat")]
    if style == "cross back":
        bars = [
            g.rod(
                (s * (x - 0.03), y - 0.02, seat + 0.05),
                (-s * (x - 0.03), y - 0.02 + lean * 0.9, top - 0.05),
                0.011,
            )
            for s in (-1, 1)
        ]
        return wood + [Part(rail(top - 0.02, 0.055), "legs")] + [Part(bar, "legs") for bar in bars]
    return _shell_back(width, depth, seat, rise)


def _shell_back(width: float, depth: float, seat: float, rise: float) -> list[Part]:
    """One curved sheet from the seat's front edge up the back, as molded chairs have."""
    n = 30
    side = g.spline(
        [
            (-depth / 2, seat - 0.03),
            (-depth / 2 + 0.05, seat + 0.01),
            (depth * 0.28, seat - 0.005),
            (depth * 0.46, seat + 0.08),
            (depth * 0.60, seat + rise),
        ],
        n,
    )
    u = np.linspace(-1, 1, 21)
    k = np.linspace(0, 1, len(side))
    half = width / 2 * (0.92 + 0.12 * np.sin(np.pi * k) - 0.25 * k**6)
    x = half[:, None] * u[None]
    z = side[:, None, 1] + 0.05 * (u[None] ** 4) * np.sin(np.pi * np.clip(k, 0, 0.75) / 0.75)[:, None]
    y = side[:, None, 0] - 0.10 * (u[None] ** 2) * (k[:, None] ** 2)
    return [Part(_thick_sheet(np.stack([x, y, z], -1), 0.014), "seat")]


def _thick_sheet(points: g.Array, thickness: float) -> trimesh.Trimesh:
    """Closes a grid of points (rows x columns x 3) into a thin watertight shell."""
    rows, columns = points.shape[:2]
    du = np.gradient(points, axis=0)
    dv = np.gradient(points, axis=1)
    normal = np.cross(du, dv)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-12
    both = np.concatenate([points + normal * thickness / 2, points[:, ::-1] - normal[:, ::-1] * thickness / 2], axis=1)
    ends = both.mean(axis=1, keepdims=True).repeat(both.shape[1], axis=1)
    ring = np.concatenate([ends[:1], both, ends[-1:]], axis=0).transpose(1, 0, 2)
    return g.solid(ring.reshape(-1, 3), g._grid_faces(2 * columns, rows + 2, wrap_rows=False))


def draw_chair(draw: Draw) -> list[Part]:
    width, depth = draw.between(0.40, 0.47), draw.between(0.40, 0.46)
    seat, rise = 0.45, draw.between(0.36, 0.52)
    back = draw.cycle(
        "back", ("spindle back", "shell back", "upholstered back", "ladder back", "round back", "cross back")
    )
    base = draw.cycle("legs", ("tapered legs", "sled base", "square legs", "turned legs", "hairpin legs"))
    if back not in ("shell back",) and base in ("sled base", "hairpin legs"):
        base = draw.any("legs", ("tapered legs", "square legs"))
    parts = legs(draw, base, width - 0.04, depth - 0.04, seat)
    parts += _chair_back(draw, back, width, depth, seat, rise)
    if back != "shell back":
        thick = draw.any("", (0.03, 0.05, 0.07))
        outline = g.superellipse(width, depth, draw.between(3, 8))
        if thick > 0.04:
            pad = g.rounded_box((width, depth, thick), thick * 0.45, (0, 0, seat + thick / 2 - 0.01))
        else:
            pad = g.slab(outline, thick, bottom=seat - 0.01)
        parts.append(Part(pad, "seat"))
    if draw.chance(0.4) and base in ("tapered legs", "square legs", "turned legs"):
        for s in (-1, 1):
            parts.append(
                Part(
                    g.rod((s * width * 0.44, -depth * 0.42, 0.18), (s * width * 0.44, depth * 0.42, 0.18), 0.009),
                    "legs",
                )
            )
    return parts


def _cushioned(width: float, depth: float, seat: float, thick: float, cells: int) -> list[Part]:
    cell = width / cells
    soft = [
        g.rounded_box(
            (cell - 0.006, depth, thick),
            thick * 0.4,
            (-width / 2 + cell * (i + 0.5), -0.01, seat - thick / 2),
        )
        for i in range(cells)
    ]
    return [Part(cushion, "seat") for cushion in soft]


def _arms(draw: Draw, style: str, width: float, depth: float, seat: float, base: float) -> tuple[list[Part], float]:
    """Arms on both sides of a seat ``width`` wide; answers the parts and the thickness each adds."""
    height = seat + draw.between(0.14, 0.22)
    if style == "slim arms":
        t = 0.07
        shape = g.rounded_box((t, depth, height - base), 0.025, (0, 0, (height + base) / 2))
    elif style == "track arms":
        t = 0.15
        shape = g.rounded_box((t, depth, height - base), 0.03, (0, 0, (height + base) / 2))
    elif style == "rolled arms":
        t = 0.17
        wall = g.rounded_box((t * 0.62, depth, height - base - 0.05), 0.02, (0, 0, (height + base - 0.05) / 2))
        roll = g.turn(g.cylinder(t * 0.56, depth, bevel=0.02), 90, (1, 0, 0))
        roll = g.move(roll, (0, depth / 2, height - 0.05))
        return [Part(g.move(one, (s * (width / 2 + t / 2), 0, 0)), "seat") for s in (-1, 1) for one in (wall, roll)], t
    elif style == "open arms":
        t = 0.045
        parts = []
        for s in (-1, 1):
            x = s * (width / 2 + t / 2)
            parts.append(Part(g.rounded_box((t, depth * 0.95, 0.028), 0.011, (x, 0, height)), "legs"))
            parts.append(Part(g.rod((x, -depth * 0.42, 0), (x, -depth * 0.40, height), 0.015, 0.018), "legs"))
            parts.append(Part(g.rod((x, depth * 0.47, 0), (x, depth * 0.40, height), 0.015, 0.018), "legs"))
        return parts, t
    else:  # sloped arms
        t = 0.11
        d, low = depth / 2, base
        shape = g.hull(
            [
                (a, b, c)
                for a in (-t / 2, t / 2)
                for b, c in (
                    (-d, low),
                    (d, low),
                    (d, height + 0.10),
                    (-d, seat + 0.02),
                    (-d * 0.6, seat + 0.07),
                )
            ]
        )
        shape = shape.subdivide()
    return [Part(g.move(shape, (s * (width / 2 + t / 2), 0, 0)), "seat") for s in (-1, 1)], t


def _upholstered(draw: Draw, width: float, cells: int, arms: str, back: str, base: str) -> list[Part]:
    """The body both armchairs and sofas share: frame, seat cushions, back, arms and feet."""
    depth, seat, foot = draw.between(0.68, 0.78), draw.between(0.40, 0.46), draw.between(0.09, 0.17)
    rise = draw.between(0.34, 0.46)
    sides, extra = _arms(draw, arms, width, depth, seat, foot)
    whole = width + (0.0 if arms == "open arms" else 2 * extra)
    parts = [*sides, Part(g.rounded_box((width + 0.01, depth * 0.97, 0.13), 0.02, (0, 0, foot + 0.065)), "seat")]
    thick = seat - foot - 0.10
    parts += _cushioned(width, depth * 0.95, seat, thick + 0.02, cells)
    parts += _sofa_back(draw, back, width, depth, seat, rise, foot, cells)
    if arms != "open arms":
        parts += legs(draw, base, whole * 0.94, depth * 0.92, foot + 0.01)
    return parts


def _sofa_back(
    draw: Draw, style: str, width: float, depth: float, seat: float, rise: float, foot: float, cells: int
) -> list[Part]:
    y, height = depth / 2 - 0.07, seat + rise
    if style == "tufted back":
        wall = [Part(g.rounded_box((width + 0.02, 0.16, height - foot), 0.05, (0, y, (height + foot) / 2)), "seat")]
        n = max(3, round(width / 0.17))
        for row in range(2):
            for i in range(n - row):
                x = (i - (n - 1 - row) / 2) * width * 0.86 / (n - 1)
                dot = g.stretch(trimesh.creation.icosphere(2, 0.016), (1, 0.45, 1))
                wall.append(Part(g.move(dot, (x, y - 0.08, seat + rise * (0.35 + 0.36 * row))), "buttons"))
        return wall
    if style == "channel back":
        n = max(5, round(width / 0.11))
        ribs = [
            g.rounded_box(
                (width / n, 0.15, height - foot),
                0.05,
                ((i - (n - 1) / 2) * width / n, y, (height + foot) / 2),
            )
            for i in range(n)
        ]
        return [Part(rib, "seat") for rib in ribs]
    if style == "wing back":
        wall = g.rounded_box((width + 0.02, 0.13, height + 0.12 - foot), 0.05, (0, y, (height + 0.12 + foot) / 2))
        wings = [
            g.move(
                g.turn(g.rounded_box((0.07, 0.24, rise * 0.85), 0.03), s * 14),
                (s * (width / 2 - 0.0), y - 0.12, seat + rise * 0.66),
            )
            for s in (-1, 1)
        ]
        return [Part(wall, "seat"), *(Part(wing, "seat") for wing in wings)]
    if style == "curved back":
        t = np.linspace(-np.pi / 2, np.pi / 2, 30)
        arc = np.stack(
            [
                np.sin(t) * (width / 2 + 0.05),
                y - 0.18 + 0.2 * np.cos(t) ** 0.6,
                np.full(30, seat + rise * 0.45),
            ],
            -1,
        )
        return [
            Part(g.stretch(g.tube(arc, 0.085, 20), (1, 1, 1.0)), "seat"),
            Part(g.move(g.tube(arc, 0.08, 20), (0, 0, 0.13)), "seat"),
            Part(g.move(g.tube(arc, 0.085, 20), (0, 0, -0.13)), "seat"),
        ]
    cell = width / cells
    loose = []
    for i in range(cells):
        cushion = g.turn(g.rounded_box((cell - 0.012, 0.17, rise * 0.95), 0.07), -8, (1, 0, 0))
        loose.append(Part(g.move(cushion, (-width / 2 + cell * (i + 0.5), y - 0.09, seat + rise * 0.46)), "seat"))
    return [
        Part(
            g.rounded_box((width + 0.02, 0.1, height - foot - 0.08), 0.04, (0, y + 0.03, (height - 0.08 + foot) / 2)),
            "seat",
        ),
        *loose,
    ]


ARMS = ("track arms", "rolled arms", "slim arms", "open arms", "sloped arms")
BACKS = ("tufted back", "cushion back", "wing back", "channel back", "curved back")


def draw_armchair(draw: Draw) -> list[Part]:
    arms, back = draw.cycle("arms", ARMS), draw.cycle("back", BACKS, 1)
    if draw.index >= len(ARMS):
        back = draw.any("back", BACKS)
    base = draw.any("legs", ("tapered legs", "block feet", "turned legs", "square legs"))
    return _upholstered(draw, draw.between(0.52, 0.66), 1, arms, back, base)


def draw_sofa(draw: Draw) -> list[Part]:
    cells = draw.cycle("cells", (2, 3, 1, 3))
    draw.words["seats"] = {1: "bench-seat", 2: "two-seat", 3: "three-seat"}[cells]
    arms = draw.cycle("arms", ("rolled arms", "slim arms", "track arms", "sloped arms"))
    back = draw.cycle("back", ("cushion back", "tufted back", "channel back", "cushion back", "curved back"))
    base = draw.any("legs", ("tapered legs", "block feet", "turned legs"))
    return _upholstered(draw, draw.between(0.55, 0.66) * (cells if cells > 1 else 2.3), cells, arms, back, base)


def draw_stool(draw: Draw) -> list[Part]:
    tall = draw.cycle("height", ("bar-height", "low", "counter-height"))
    height = {"low": 0.42, "counter-height": 0.62, "bar-height": 0.74}[tall]
    base = draw.cycle("legs", ("tapered legs", "pedestal base", "crossed legs", "square legs", "hairpin legs"))
    round_top = draw.chance(0.6)
    w = draw.between(0.30, 0.36)
    parts = legs(draw, base, w * 0.92, w * 0.92, height - 0.01)
    thick = draw.any("", (0.035, 0.06, 0.09))
    if round_top:
        parts.append(Part(g.cylinder(w / 2, thick, bevel=thick * 0.4, bottom=height - 0.015), "seat"))
    else:
        parts.append(Part(g.rounded_box((w, w, thick), thick * 0.4, (0, 0, height + thick / 2 - 0.015)), "seat"))
    if tall != "low" and base != "pedestal base":
        foot = g.superellipse(w * 0.94, w * 0.94, 8 if base != "tapered legs" else 6, 40)
        ring = np.column_stack([foot, np.full(len(foot), height * 0.32)])
        parts.append(Part(g.tube(ring, 0.008, closed=True), "legs"))
    return parts


SOFT = Slot(
    ("fabric", "velvet", "leather", "wool"),
    ("plain", "plain", "striped", "checked", "plain", "dotted", "plaid"),
)
TYPES = [
    ProductType(
        "chair",
        "Furniture > Seating > Chairs",
        "Furniture > Chairs > Kitchen & Dining Room Chairs",
        draw_chair,
        {
            "seat": Slot(("wood", "fabric", "plastic", "painted wood", "leather", "velvet"), ("plain",)),
            "legs": Slot(("wood", "metal", "painted metal")),
        },
        "floor",
        (59, 289),
        (78, 98),
        8,
    ),
    ProductType(
        "armchair",
        "Furniture > Seating > Armchairs",
        "Furniture > Chairs > Arm Chairs, Recliners & Sleeper Chairs",
        draw_armchair,
        {"seat": SOFT, "legs": Slot(("wood", "metal")), "buttons": Slot(("velvet",))},
        "floor",
        (199, 899),
        (75, 110),
        7,
    ),
    ProductType(
        "sofa",
        "Furniture > Seating > Sofas",
        "Furniture > Sofas",
        draw_sofa,
        {"seat": SOFT, "legs": Slot(("wood", "metal")), "buttons": Slot(("velvet",))},
        "floor",
        (449, 2199),
        (150, 230),
        6,
    ),
    ProductType(
        "stool",
        "Furniture > Seating > Stools",
        "Furniture > Chairs > Table & Bar Stools",
        draw_stool,
        {
            "seat": Slot(("wood", "leather", "painted metal", "fabric", "rattan")),
            "legs": Slot(("wood", "metal", "painted metal")),
        },
        "floor",
        (35, 179),
        (42, 78),
        6,
    ),
]
