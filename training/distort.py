"""What phones and people do to a picture, done at random to a batch of them: (n, 3, h, w) float32 in 0..1."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

NOISE = 24_000_000
"""Random numbers made once and read from random places: drawing them anew would take as long as the network."""
_noise: Tensor | None = None


def spread(count: int, by: float, *more: int) -> Tensor:
    """(count, *more, 1, 1) factors around 1, log-normal."""
    return torch.exp(torch.empty(count, *(more or (1,)), 1, 1).normal_(0, by))


def placed(pictures: Tensor, side: int, window: float) -> Tensor:
    """Moved, turned, stretched, sometimes mirrored, and brought to (side, side); window: share of the picture shown."""
    count = len(pictures)
    scale = window * torch.exp(torch.empty(count).uniform_(-0.22, 0.20))
    stretch = torch.exp(torch.empty(count).uniform_(-0.12, 0.12))
    turn = torch.empty(count).normal_(0, 0.08).clamp(-0.3, 0.3)
    mirror = torch.where(torch.rand(count) < 0.3, -1.0, 1.0)
    right, down = torch.empty(2, count).uniform_(-0.12, 0.12)
    cosine, sine = torch.cos(turn), torch.sin(turn)
    first = torch.stack([scale * stretch * cosine * mirror, -scale * sine, right], 1)
    second = torch.stack([scale * stretch * sine * mirror, scale * cosine * stretch, down], 1)
    grid = F.affine_grid(torch.stack([first, second], 1), [count, 3, side, side], align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)


def lit(pictures: Tensor) -> Tensor:
    """Another exposure, contrast, tint and tone curve; a quarter out of focus."""
    count = len(pictures)
    contrast = spread(count, 0.15)
    middle = pictures.mean((2, 3), keepdim=True)
    pictures = pictures * (spread(count, 0.2) * spread(count, 0.06, 3) * contrast) + middle * (1 - contrast)
    curve = torch.randn(count, 1, 1, 1) * 0.25
    pictures = pictures + curve * pictures * (1 - pictures)
    soft = torch.rand(count) < 0.25
    if soft.any():
        pictures[soft] = F.avg_pool2d(pictures[soft], 3, 1, 1)
    return pictures


def noisy(pictures: Tensor, *, erase: float = 0.0) -> Tensor:
    """Sensor noise; of a share `erase` a random box is painted over. Kept within 0..1."""
    global _noise
    if _noise is None:
        _noise = torch.randn(NOISE)
    start = int(torch.randint(0, NOISE - pictures.numel(), (1,)))
    strength = torch.empty(len(pictures), 1, 1, 1).uniform_(0, 0.05)
    pictures = pictures + _noise[start : start + pictures.numel()].view_as(pictures) * strength
    side = pictures.shape[-1]
    for row in torch.nonzero(torch.rand(len(pictures)) < erase).flatten().tolist():
        height, width = torch.randint(8, side // 3, (2,)).tolist()
        top, left = int(torch.randint(0, side - height, (1,))), int(torch.randint(0, side - width, (1,)))
        pictures[row, :, top : top + height, left : left + width] = torch.rand(3, 1, 1)
    return pictures.clamp(0, 1)
