"""Procedural pictures that wrap around products: patterns, wood grain, weaves and glazes. All tile at their edges."""

from __future__ import annotations

import numpy as np

from demo_shop.geometry import Array

SIDE = 256  # pixels; a product fills at most ~380 px, so finer grain would alias


def noise(rng: np.random.Generator, cells_u: int, cells_v: int, octaves: int = 3) -> Array:
    """Smooth tiling noise, mean 0 and spread about 1; ``cells`` is the number of bumps across the picture."""
    total = np.zeros((SIDE, SIDE))
    for octave in range(octaves):
        shape = (min(SIDE, cells_v * 2**octave), min(SIDE, cells_u * 2**octave))
        total += _stretched(rng.standard_normal(shape)) / 2**octave
    result: Array = total / (total.std() + 1e-9)
    return result


def _stretched(values: Array) -> Array:
    """Cosine-blended enlargement of a small tile to the full picture."""
    rows = np.arange(SIDE) * values.shape[0] / SIDE
    columns = np.arange(SIDE) * values.shape[1] / SIDE
    r0, c0 = rows.astype(int), columns.astype(int)
    fr = ((1 - np.cos(np.pi * (rows - r0))) / 2)[:, None]
    fc = ((1 - np.cos(np.pi * (columns - c0))) / 2)[None]
    r1, c1 = (r0 + 1) % values.shape[0], (c0 + 1) % values.shape[1]
    top = values[r0][:, c0] * (1 - fc) + values[r0][:, c1] * fc
    low = values[r1][:, c0] * (1 - fc) + values[r1][:, c1] * fc
    result: Array = top * (1 - fr) + low * fr
    return result


def _uv() -> tuple[Array, Array]:
    line = (np.arange(SIDE) + 0.5) / SIDE
    v, u = np.meshgrid(line[::-1], line, indexing="ij")
    return u, v


def mask(pattern: str, rng: np.random.Generator) -> Array:
    """Where the second color shows, 0..1. A pattern's scale and motif count are drawn, so two designs differ."""
    u, v = _uv()
    n = int(rng.integers(3, 8))
    tau = 2 * np.pi
    if pattern == "striped":
        return _hard(np.sin(tau * n * u) - rng.uniform(-0.5, 0.5))
    if pattern == "banded":
        return _hard(np.sin(tau * n * v) - rng.uniform(0.0, 0.7))
    if pattern == "checked":
        return _hard(np.sin(tau * n * u) * np.sin(tau * n * v) * 4)
    if pattern == "plaid":
        return 0.5 * _hard(np.sin(tau * n * u) - 0.3) + 0.5 * _hard(np.sin(tau * n * v) - 0.3)
    if pattern == "dotted":
        return _hard((0.30 - np.hypot(_cell(u * n * 1.0), _cell(v * n + 0.5 * (np.floor(u * n) % 2)))) * 20)
    if pattern == "chevron":
        return _hard(np.sin(tau * (n * v + 1.2 * np.abs(_cell(u * n)))))
    if pattern == "diamond":
        return _hard((0.36 - np.abs(_cell(u * n)) - np.abs(_cell(v * n))) * 20)
    if pattern == "wavy":
        return _hard(np.sin(tau * (n * v + 0.18 * np.sin(tau * 3 * u))))
    if pattern == "grid":
        return _hard((np.maximum(np.abs(_cell(u * n)), np.abs(_cell(v * n))) - 0.44) * 40)
    return _motif_mask(pattern, rng, u, v, n)


def _motif_mask(pattern: str, rng: np.random.Generator, u: Array, v: Array, n: int) -> Array:
    if pattern == "floral":
        a, b = _cell(u * n), _cell(v * n + 0.5 * (np.floor(u * n) % 2))
        petals = 0.30 + 0.10 * np.cos(int(rng.integers(4, 7)) * np.arctan2(b, a))
        return _hard((petals - np.hypot(a, b)) * 20) * (1 - 0.8 * _hard((0.09 - np.hypot(a, b)) * 30))
    if pattern == "leafy":
        a, b = _cell(u * n), _cell(v * n + 0.5 * (np.floor(u * n) % 2))
        tilt = np.where(np.floor(u * n) % 2 == 0, 0.5, -0.5)
        a = a + tilt * b
        return _hard((0.16 * np.cos(np.pi * np.clip(b, -0.5, 0.5)) ** 0.7 - np.abs(a)) * 30) * _hard(
            (np.abs(a) - 0.015) * 60
        )
    if pattern == "two-tone":
        return _hard((rng.uniform(0.35, 0.65) - v) * 60)
    if pattern == "dipped":
        return _hard((rng.uniform(0.35, 0.7) + 0.05 * np.sin(2 * np.pi * u * 2) + 0.03 * noise(rng, 6, 2) - v) * 40)
    if pattern == "speckled":
        return _hard((noise(rng, 48, 48, 1) - 1.9) * 6)
    if pattern == "terrazzo":
        return _hard((noise(rng, 18, 18, 1) - 1.15) * 10)
    if pattern == "abstract":
        return _hard((noise(rng, 3, 3, 1) - 0.3) * 12)
    if pattern == "bordered":
        edge = np.maximum(np.abs(u - 0.5), np.abs(v - 0.5))
        return _hard((edge - 0.42) * 60) + _hard((0.40 - edge) * 90) * _hard((edge - 0.385) * 90)
    if pattern == "medallion":
        return _medallion(rng, u, v)
    return np.zeros((SIDE, SIDE))


def _medallion(rng: np.random.Generator, u: Array, v: Array) -> Array:
    x, y = u - 0.5, v - 0.5
    r, a = np.hypot(x, y), np.arctan2(y, x)
    k = int(rng.integers(3, 7)) * 2
    rings = np.sin(2 * np.pi * (r * rng.uniform(5, 9) + 0.12 * np.cos(k * a)))
    edge = np.maximum(np.abs(x), np.abs(y))
    center = _hard(rings * 3) * _hard((0.36 - edge) * 80)
    return np.maximum(center, _hard((edge - 0.41) * 60) * _hard((0.47 - edge) * 60))


def _cell(x: Array) -> Array:
    """Distance to the middle of the cell, -0.5..0.5."""
    result: Array = x - np.floor(x) - 0.5
    return result


def _hard(x: Array) -> Array:
    """A soft step: 0 below zero, 1 above, blurred over about a pixel so that edges do not crawl."""
    result: Array = 1 / (1 + np.exp(-np.clip(x * 12, -40, 40)))
    return result


def grain(kind: str, rng: np.random.Generator) -> Array:
    """How a material's own surface lightens or darkens its color: a factor about 1, with wood grain running along v."""
    u, v = _uv()
    if kind == "wood":
        bend = 0.22 * noise(rng, 3, 1, 2)
        rings = np.sin(2 * np.pi * (u * 9 + bend + 0.05 * noise(rng, 2, 6, 2)))
        return 1 + 0.10 * rings + 0.06 * noise(rng, 90, 3, 1) + 0.05 * noise(rng, 4, 1, 2)
    if kind in ("fabric", "linen", "wool"):
        fine = 56 if kind == "fabric" else 40
        weave = np.sin(2 * np.pi * fine * u) * np.sin(2 * np.pi * fine * v)
        return 1 + 0.07 * weave + (0.08 if kind == "wool" else 0.04) * noise(rng, 40, 40, 2)
    if kind in ("rattan", "seagrass"):
        row = np.floor(v * 28)
        weave = np.abs(np.sin(np.pi * (u * 28 + row % 2 * 0.5))) ** 0.5 * np.abs(np.sin(np.pi * v * 28)) ** 0.4
        return 0.45 + 0.62 * weave + 0.07 * noise(rng, 20, 28, 1)
    strength = {
        "velvet": 0.03, "leather": 0.05, "stoneware": 0.03, "concrete": 0.07, "terracotta": 0.05, "cork": 0.12,
    }.get(kind, 0.0)  # fmt: skip
    if kind == "marble":
        vein = np.abs(noise(rng, 2, 3, 4) + 0.3 * noise(rng, 6, 6, 3))
        marbled: Array = 1 - 0.45 * np.exp(-(vein**2) * 60) - 0.06 * noise(rng, 3, 3, 2).clip(0)
        return marbled
    return 1 + strength * noise(rng, 40, 40, 2) if strength else np.ones((SIDE, SIDE))


def surface(kind: str, pattern: str, first: Array, second: Array, rng: np.random.Generator) -> Array:
    """The finished picture (SIDE x SIDE x 3, sRGB 0..1) of a material kind in one or two colors."""
    share = mask(pattern, rng).clip(0, 1)[..., None]
    base = first[None, None] * (1 - share) + second[None, None] * share
    if pattern == "glazed":
        u, v = _uv()
        run = (v + 0.06 * np.sin(2 * np.pi * 2 * u) + 0.10 * noise(rng, 5, 2)).clip(0, 1)[..., None]
        base = second[None, None] * (1 - run) + first[None, None] * run
    result: Array = (base * grain(kind, rng)[..., None]).clip(0.01, 0.98)
    return result


def artwork(motif: str, colors: list[Array], rng: np.random.Generator) -> Array:
    """A print for a picture frame (SIDE x SIDE x 3): an abstract composition on a pale ground."""
    u, v = _uv()
    picture: Array = np.ones((SIDE, SIDE, 3)) * np.array([0.95, 0.93, 0.88])
    for layer, color in enumerate(colors):
        share = _art_layer(motif, layer, u, v, rng)
        picture = picture * (1 - share[..., None]) + color[None, None] * share[..., None]
    return picture.clip(0, 1)


def _art_layer(motif: str, layer: int, u: Array, v: Array, rng: np.random.Generator) -> Array:
    """Where one layer of a print puts its color, 0..1."""
    if motif == "landscape":
        ridge = (
            0.75
            - 0.18 * layer
            + 0.06 * np.sin(2 * np.pi * (u * rng.uniform(0.6, 1.6) + rng.random()))
            + 0.01 * noise(rng, 8, 8)
        )
        return _hard((ridge - v) * 40)
    if motif == "circles":
        center = rng.uniform(0.25, 0.75, 2)
        return _hard((rng.uniform(0.12, 0.27) - np.hypot(u - center[0], v - center[1])) * 60)
    if motif == "arches":
        x, r = rng.uniform(0.3, 0.7), 0.36 - 0.08 * layer
        arch = _hard((r - np.maximum(np.hypot(u - 0.5, (v - 0.45).clip(0)), 0)) * 60) * _hard((v - 0.1) * 60)
        return arch if layer else arch * _hard((x + 0.5 - u) * 60)
    if motif == "botanical":
        t = (v - 0.12) / 0.75
        stem = 0.5 + (layer - 1) * 0.16 * t + 0.03 * np.sin(6 * t + layer)
        leaf = 0.075 * np.abs(np.sin(np.pi * 5 * t + layer)) * (1.1 - t)
        return _hard((leaf - np.abs(u - stem)) * 70) * _hard((0.5 - np.abs(t - 0.5)) * 60)
    a, b = rng.uniform(0.1, 0.6, 2)
    w, h = rng.uniform(0.15, 0.4, 2)
    return _hard((w / 2 - np.abs(u - a - w / 2)) * 80) * _hard((h / 2 - np.abs(v - b - h / 2)) * 80)
