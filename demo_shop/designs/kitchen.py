"""Kettles, teapots and pans. Lengths are decimeters before fitting; handles lie along x, spouts look along -x."""

from __future__ import annotations

import numpy as np
import trimesh

from demo_shop import geometry as g
from demo_shop.designs.vessels import closed_profile, handle_loop, varied
from demo_shop.model import Draw, Part, ProductType, Slot


def _spout(style: str, x: float, low: float, top: float, thick: float) -> trimesh.Trimesh:
    """A spout leaving the body at radius ``x`` and height ``low`` and ending level with ``top``."""
    if style == "gooseneck spout":
        path = [
            (-x + 0.12, 0, low * 0.7),
            (-x - 0.30, 0, low * 0.9),
            (-x - 0.38, 0, top * 0.6),
            (-x - 0.50, 0, top * 0.98),
            (-x - 0.70, 0, top * 1.02),
        ]
        line = g.spline(path, 40)
        return g.tube(line, np.linspace(thick * 1.0, thick * 0.55, len(line)))
    if style == "short spout":
        line = g.spline([(-x + 0.15, 0, low), (-x - 0.12, 0, (low + top) / 2), (-x - 0.30, 0, top)], 20)
        return g.tube(line, np.linspace(thick * 2.1, thick * 0.9, len(line)))
    line = g.spline(
        [
            (-x + 0.12, 0, low * 0.8),
            (-x - 0.22, 0, low * 1.05),
            (-x - 0.40, 0, top * 0.8),
            (-x - 0.58, 0, top),
        ],
        30,
    )
    return g.tube(line, np.linspace(thick * 1.6, thick * 0.8, len(line)))


def _lid(draw: Draw, radius: float, z: float, dome: float) -> list[Part]:
    lid = g.lathe(
        [
            (0, z - 0.02),
            (radius, z - 0.02),
            (radius, z + 0.03),
            *g.spline([(radius * 0.9, z + 0.05), (radius * 0.5, z + dome * 0.8), (0.05, z + dome)], 16).tolist(),
            (0, z + dome),
        ]
    )
    style = draw.cycle("knob", ("ball knob", "flat knob", "ring knob"))
    if style == "ball knob":
        knob = g.move(trimesh.creation.icosphere(3, 0.09), (0, 0, z + dome + 0.06))
    elif style == "flat knob":
        knob = g.lathe(
            [
                (0, z + dome - 0.03),
                (0.05, z + dome - 0.03),
                (0.05, z + dome + 0.05),
                (0.13, z + dome + 0.07),
                (0.13, z + dome + 0.11),
                (0, z + dome + 0.12),
            ]
        )
    else:
        knob = g.move(
            g.turn(g.turn(handle_loop(0.04, -0.11, 0.11, 0.16, 0.03, "ring handle"), -90, (0, 1, 0)), 0),
            (0, 0, z + dome - 0.02),
        )
    return [Part(lid, "body", "cylinder"), Part(knob, "handle")]


def draw_kettle(draw: Draw) -> list[Part]:
    shape = draw.cycle("shape", ("dome", "cone", "cylinder", "squat", "pear"))
    profile = {
        "dome": [(0.80, 0), (0.90, 0.12), (0.88, 0.6), (0.60, 1.05), (0.40, 1.15)],
        "cone": [(0.85, 0), (0.88, 0.08), (0.66, 0.7), (0.45, 1.3), (0.42, 1.35)],
        "cylinder": [(0.62, 0), (0.66, 0.1), (0.66, 1.0), (0.60, 1.3), (0.48, 1.36)],
        "squat": [(0.75, 0), (0.98, 0.2), (1.0, 0.5), (0.72, 0.85), (0.42, 0.92)],
        "pear": [(0.66, 0), (0.80, 0.3), (0.70, 0.8), (0.48, 1.2), (0.44, 1.3)],
    }[shape]
    line = varied(draw, profile, 0.03)
    top, radius = float(line[-1, 1]), float(line[-1, 0])
    wide = float(np.interp(top * 0.4, line[:, 1], line[:, 0]))
    parts = [
        Part(g.lathe([(0, 0), *line.tolist(), (0, top)]), "body", "cylinder"),
        *_lid(draw, radius * 0.95, top, 0.16),
    ]
    style = draw.cycle("spout", ("curved spout", "gooseneck spout", "short spout"))
    parts.append(Part(_spout(style, wide, top * 0.42, top * 0.98, 0.10), "body"))
    handle = draw.cycle("handle", ("arched top handle", "side handle", "upright bow handle", "side handle"))
    if handle == "side handle":
        parts.append(
            Part(
                handle_loop(
                    wide - 0.05,
                    top * 0.25,
                    top * 0.92,
                    0.48,
                    0.07,
                    draw.any("", ("ear handle", "square handle")),
                ),
                "handle",
            )
        )
    else:
        a = np.linspace(0, np.pi, 40)
        reach = 0.62 if handle == "arched top handle" else 0.42
        rise = draw.between(0.65, 0.9)
        bow = np.column_stack([np.cos(a) * max(reach, radius + 0.1), a * 0, top - 0.22 + np.sin(a) ** 0.6 * rise])
        parts.append(Part(g.tube(bow, 0.055), "handle"))
    if draw.chance(0.4):
        parts.append(Part(g.cylinder(float(line[0, 0]) * 1.12, 0.12, bevel=0.04, bottom=-0.12), "handle"))
        draw.words["extra"] = "a cordless base"
    return parts


def draw_teapot(draw: Draw) -> list[Part]:
    shape = draw.cycle("shape", ("round", "flattened", "tall", "faceted", "ribbed"))
    profile = {
        "round": [(0.40, 0), (0.80, 0.3), (0.85, 0.65), (0.60, 1.05), (0.36, 1.15)],
        "flattened": [(0.55, 0), (0.98, 0.3), (0.95, 0.5), (0.60, 0.78), (0.38, 0.82)],
        "tall": [(0.50, 0), (0.66, 0.3), (0.62, 0.9), (0.45, 1.4), (0.36, 1.48)],
        "faceted": [(0.45, 0), (0.80, 0.35), (0.80, 0.75), (0.40, 1.12), (0.36, 1.16)],
        "ribbed": [(0.45, 0), (0.78, 0.3), (0.80, 0.7), (0.55, 1.1), (0.38, 1.18)],
    }[shape]
    line = varied(draw, profile, 0.03)
    top, radius = float(line[-1, 1]), float(line[-1, 0])
    body = g.lathe([(0, 0), *line.tolist(), (0, top)], 9 if shape == "faceted" else 72)
    if shape == "ribbed":
        body = g.flute(body, 16, 0.04)
    wide = float(np.interp(top * 0.4, line[:, 1], line[:, 0]))
    parts = [Part(body, "body", "cylinder"), *_lid(draw, radius * 0.95, top, draw.between(0.14, 0.3))]
    parts.append(
        Part(
            _spout(
                draw.cycle("spout", ("curved spout", "short spout", "curved spout")),
                wide * 0.97,
                top * 0.4,
                top * 0.95,
                0.10,
            ),
            "body",
        )
    )
    if draw.cycle("grip", ("ring handle", "bow handle", "ear handle")) == "bow handle":
        a = np.linspace(0, np.pi, 40)
        bow = np.column_stack([np.cos(a) * 0.62, a * 0, top - 0.2 + np.sin(a) ** 0.6 * 0.85])
        parts.append(Part(g.tube(bow, 0.05), "handle"))
    else:
        parts.append(Part(handle_loop(wide - 0.06, top * 0.22, top * 0.85, 0.45, 0.075, draw.words["grip"]), "body"))
    return parts


def draw_pan(draw: Draw) -> list[Part]:
    style = draw.cycle("style", ("frying pan", "saucepan", "casserole", "wok", "grill pan", "sauté pan"))
    depth = {
        "frying pan": 0.42,
        "saucepan": 1.1,
        "casserole": 1.0,
        "wok": 0.75,
        "grill pan": 0.38,
        "sauté pan": 0.62,
    }[style]
    radius = {"saucepan": 0.85, "casserole": 1.15}.get(style, 1.3) * draw.between(0.93, 1.07)
    depth *= draw.between(0.9, 1.15)
    line = g.spline([(radius * 0.82, 0), (radius * 0.92, 0.08), (radius, depth * 0.6), (radius * 1.02, depth)], 30)
    if style == "wok":
        line = g.spline(
            [(radius * 0.35, 0), (radius * 0.7, 0.15), (radius * 0.95, depth * 0.65), (radius * 1.1, depth)],
            30,
        )
    body = g.lathe(closed_profile(line, 0.05), 80)
    if style == "grill pan":
        body = g.warp(body, lambda v: v * np.stack([_square(v)] * 2 + [np.ones(len(v))], -1))
    parts = [Part(body, "body", "cylinder")]
    edge = float(line[-1, 0])
    if style == "casserole":
        parts += [Part(_ear(s, edge, depth * 0.78), "body") for s in (-1, 1)]
    else:
        long = draw.between(1.3, 1.9)
        rise = draw.between(0.1, 0.45)
        k = np.linspace(0, 1, 24)
        path = np.column_stack([edge - 0.06 + long * k, k * 0, depth * 0.75 + rise * k**0.8])
        thick = 0.075 + 0.035 * np.sin(np.pi * k**1.4) - 0.02 * (k < 0.15)
        grip = g.tube(path, thick * draw.between(0.9, 1.15))
        parts.append(Part(g.stretch(grip, (1, 1.3, 1)), "handle"))
        if style == "wok" or (style == "sauté pan" and draw.chance(0.5)):
            parts.append(Part(_ear(-1, edge, depth * 0.8), "body"))
    if style in ("casserole", "saucepan") and draw.chance(0.75):
        parts += _lid(draw, edge * 1.0, depth + 0.02, 0.22)
        draw.words["extra"] = "a lid"
    return parts


def _square(v: g.Array) -> g.Array:
    a = np.arctan2(v[:, 1], v[:, 0])
    result: g.Array = 0.9 / (np.abs(np.cos(a)) ** 7 + np.abs(np.sin(a)) ** 7) ** (1 / 7)
    return result


def _ear(side: int, x: float, z: float) -> trimesh.Trimesh:
    """A flat loop handle at the rim."""
    a = np.linspace(-np.pi / 2, np.pi / 2, 20)
    return g.tube(np.column_stack([side * (x - 0.05 + np.cos(a) * 0.3), np.sin(a) * 0.32, np.full(20, z)]), 0.055)


TYPES = [
    ProductType(
        "kettle",
        "Kitchen & Dining > Cookware > Kettles",
        "Home & Garden > Kitchen & Dining > Cookware & Bakeware > Cookware > Stovetop Kettles",
        draw_kettle,
        {
            "body": Slot(("metal", "enamel", "painted metal", "enamel"), ("plain", "plain", "two-tone")),
            "handle": Slot(("wood", "plastic", "metal")),
        },
        "table",
        (29, 129),
        (20, 27),
        6,
    ),
    ProductType(
        "teapot",
        "Kitchen & Dining > Serveware > Teapots",
        "Home & Garden > Kitchen & Dining > Tableware > Coffee Servers & Tea Pots",
        draw_teapot,
        {
            "body": Slot(
                ("ceramic", "stoneware", "porcelain"),
                ("plain", "glazed", "dotted", "floral", "speckled", "banded"),
            ),
            "handle": Slot(("wood", "ceramic")),
        },
        "table",
        (24, 79),
        (14, 22),
        5,
    ),
    ProductType(
        "pan",
        "Kitchen & Dining > Cookware > Pans",
        "Home & Garden > Kitchen & Dining > Cookware & Bakeware > Cookware",
        draw_pan,
        {"body": Slot(("enamel", "metal", "painted metal")), "handle": Slot(("wood", "metal", "plastic"))},
        "table",
        (19, 149),
        (18, 46),
        6,
    ),
]
