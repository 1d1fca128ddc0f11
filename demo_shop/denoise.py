"""Smooths path-tracing noise without blurring what a product looks like.

An edge-avoiding wavelet filter (Dammertz et al. 2010) on the light alone: the picture is divided by the surface color
first and multiplied by it afterwards, so textures stay sharp however strongly the light is smoothed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from demo_shop.geometry import Array

Film = npt.NDArray[np.floating]
KERNEL = np.array([1.0, 2.0, 1.0], dtype=np.float32)


def denoised(light: Film, *, albedo: Film, normal: Film, depth: Film, passes: int = 4) -> Array:
    """Smoothed linear RGB of the same shape (rows x columns x 3). Guides: color 0..1, unit normals, distance."""
    base = np.clip(albedo, 0.04, 1.0).astype(np.float32)
    lit = np.minimum(light.astype(np.float32) / base, 12.0)  # clips the few very bright specks a mirror path leaves
    unit = normal.astype(np.float32)
    far = np.log(np.maximum(depth, 1e-3)).astype(np.float32)
    spread = 0.6
    for level in range(passes):
        lit = _smoothed(lit, unit, far, base, step=2**level, spread=spread)
        spread *= 0.55
    result: Array = (lit * base).astype(np.float64)
    return result


def _smoothed(lit: Film, unit: Film, far: Film, base: Film, *, step: int, spread: float) -> Film:
    total = np.zeros_like(lit)
    weights = np.zeros(lit.shape[:2], dtype=np.float32)
    # Compared after a small blur: a lone dark or bright pixel would else find no neighbor like itself and stay.
    brightness = np.log(_blurred(lit.mean(-1)) + 0.05)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            rows, columns = _overlap(lit.shape[0], dy * step), _overlap(lit.shape[1], dx * step)
            a = (rows[0], columns[0])
            b = (rows[1], columns[1])
            like = KERNEL[dy + 1] * KERNEL[dx + 1] * np.exp(
                -np.abs(brightness[a] - brightness[b]) / spread
                - 24 * (1 - (unit[a] * unit[b]).sum(-1)).clip(0)
                - 25 * np.abs(far[a] - far[b]) / step
                - 1.5 * np.abs(base[a] - base[b]).sum(-1)
            )
            total[a] += like[..., None] * lit[b]
            weights[a] += like
    return total / weights[..., None]


def _blurred(values: Film) -> Film:
    """The mean of each pixel and its eight neighbors; edges repeat."""
    wide = np.pad(values, 1, mode="edge")
    rows = wide[:-2] + wide[1:-1] + wide[2:]
    result: Film = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9
    return result


def _overlap(size: int, shift: int) -> tuple[slice, slice]:
    """The rows (or columns) that have a neighbor ``shift`` away, and those neighbors."""
    if shift >= 0:
        return slice(0, size - shift), slice(shift, size)
    return slice(-shift, size), slice(0, size + shift)
