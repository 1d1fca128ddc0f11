"""Legs and bases that chairs, stools, sofas and tables share. Lengths are meters before fitting."""

from __future__ import annotations

import numpy as np

from demo_shop import geometry as g
from demo_shop.model import Draw, Part


def legs(draw: Draw, style: str, width: float, depth: float, top: float, slot: str = "legs") -> list[Part]:
    """Four legs (or what stands for them) under a seat or table of the given size whose underside is at ``top``."""
    x, y = width / 2, depth / 2
    corners = [(sx, sy) for sx in (-1, 1) for sy in (-1, 1)]
    if style == "tapered legs":
        splay = draw.between(0.0, 0.05)
        bars = [
            g.rod((sx * (x + splay), sy * (y + splay), 0), (sx * (x - 0.03), sy * (y - 0.03), top), 0.012, 0.024)
            for sx, sy in corners
        ]
    elif style == "square legs":
        bars = [
            g.rounded_box((0.045, 0.045, top), 0.006, (sx * (x - 0.025), sy * (y - 0.025), top / 2))
            for sx, sy in corners
        ]
    elif style == "sled base":
        r = 0.011
        bars = []
        for side in (-1, 1):
            path = [(side * x, -y, top), (side * x, -y, 0.05), (side * x, -y + 0.04, r)]
            path += [(side * x, y - 0.04, r), (side * x, y, 0.05), (side * x, y, top)]
            bars.append(g.tube(g.spline(path, 40), r))
    elif style == "crossed legs":
        bars = [g.rod((-sx * x, sy * (y - 0.02), 0), (sx * x, sy * (y - 0.02), top), 0.017) for sx, sy in corners]
    elif style == "hairpin legs":
        bars = [
            g.rod((sx * x, sy * y, 0), (sx * (x - 0.03 - 0.05 * k), sy * (y - 0.08 + 0.05 * k), top), 0.006)
            for sx, sy in corners
            for k in (0, 1)
        ]
    elif style == "turned legs":
        z = np.linspace(0, top, 30)
        bulge = 0.02 + 0.008 * np.sin(np.linspace(0, 5 * np.pi, 30)) * np.linspace(1, 0.3, 30)
        leg = g.lathe([(0, 0), *zip(bulge, z, strict=True), (0, top)], 20)
        bars = [g.move(leg, (sx * (x - 0.03), sy * (y - 0.03), 0)) for sx, sy in corners]
    elif style == "pedestal base":
        bars = [
            g.lathe(
                [
                    (0, 0),
                    (x * 0.75, 0),
                    (x * 0.75, 0.015),
                    (x * 0.3, 0.04),
                    (0.035, 0.09),
                    (0.03, top),
                    (0, top),
                ]
            ),
        ]
    else:  # block feet
        bars = [g.cylinder(0.025, top, bottom=0, sections=20) for _ in corners]
        bars = [g.move(bar, (sx * (x - 0.06), sy * (y - 0.06), 0)) for bar, (sx, sy) in zip(bars, corners, strict=True)]
    return [Part(bar, slot) for bar in bars]
