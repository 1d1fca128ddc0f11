"""Smooths path-tracing noise without blurring what a product looks like.

An edge-avoiding wavelet filter (Dammertz et al. 2010) on the light alone: the picture is divided by the surface color
first and multiplied by it afterwards, so textures stay sharp however strongly the light is smoothed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from demo_shop.geometry import Array

Film = npt.NDArray[np.floating]
KERNEL = np.array([1.0, 2.0, 1.0], dtype=np.float32)


@dataclass(frozen=True)
class Guides:
    """What is known of each pixel without noise: surface color 0..1 and unit normal (rows x columns x 3), distance."""

    albedo: Film
    normal: Film
    depth: Film

    @property
    def base(self) -> Film:
        """The color that light is divided by: never so dark that noise would blow up."""
        result: Film = np.clip(self.albedo, 0.04, 1.0).astype(np.float32)
        return result

    @property
    def far(self) -> Film:
        """Distance on a scale where equal steps are equal ratios."""
        result: Film = np.log(np.maximum(self.depth, 1e-3)).astype(np.float32)
        return result


def denoised(light: Film, guides: Guides, passes: int = 4) -> Film:
    """Smoothed light, still divided by the surface color."""
    base, unit, far = guides.base, guides.normal.astype(np.float32), guides.far
    # The few very bright specks that a mirror path leaves are clipped.
    lit = np.minimum(light.astype(np.float32) / base, 12.0)
    spread = 0.6
    for level in range(passes):
        lit = _smoothed(lit, unit, far, base, step=2**level, spread=spread)
        spread *= 0.55
    return lit


def enlarged(lit: Film, coarse: Guides, fine: Guides) -> Array:
    """Linear RGB in the size of ``fine``: each pixel takes light from the coarse pixels around it that lie on the same
    surface, and its color from itself."""
    rows, columns = fine.depth.shape
    total = np.zeros((rows, columns, 3), dtype=np.float32)
    weights = np.full((rows, columns, 1), 1e-6, dtype=np.float32)
    normal, base, far = coarse.normal.astype(np.float32), coarse.base, coarse.far
    unit, full, near = fine.normal.astype(np.float32), fine.base, fine.far
    y, x = (np.arange(rows) - 0.5) / 2, (np.arange(columns) - 0.5) / 2
    for dy in (0, 1):
        for dx in (0, 1):
            i = (np.floor(y).astype(int) + dy).clip(0, lit.shape[0] - 1)[:, None]
            j = (np.floor(x).astype(int) + dx).clip(0, lit.shape[1] - 1)[None]
            close = (1 - np.abs(y - np.floor(y) - dy))[:, None] * (1 - np.abs(x - np.floor(x) - dx))[None]
            like = np.exp(
                -8 * (1 - (unit * normal[i, j]).sum(-1)).clip(0)
                - 12 * np.abs(near - far[i, j])
                - 3 * np.abs(full - base[i, j]).sum(-1)
            )
            weight = ((close + 0.02) * (like + 1e-5))[..., None].astype(np.float32)
            total += weight * lit[i, j]
            weights += weight
    result: Array = (total / weights * full).astype(np.float64)
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
            like = (
                KERNEL[dy + 1]
                * KERNEL[dx + 1]
                * np.exp(
                    -np.abs(brightness[a] - brightness[b]) / spread
                    - 24 * (1 - (unit[a] * unit[b]).sum(-1)).clip(0)
                    - 25 * np.abs(far[a] - far[b]) / step
                    - 1.5 * np.abs(base[a] - base[b]).sum(-1)
                )
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
