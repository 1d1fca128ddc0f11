"""Step 6: the region network: cross entropy and overlap (Dice) of every cell with the object's true box.

Studio pictures whose region was found without doubt teach too, more lightly.

    python -m training.fit_region --crops /tmp/crops.npz --minutes 17 --out /tmp/region.pt
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from training.distort import lit, noisy
from training.networks import REGION_CELLS, REGION_SIDE, RegionNet

BATCH, RATE, DECAY, WARM = 128, 3e-3, 0.02, 100
DOUBTLESS = 0.94
CATALOG_WEIGHT, CLOTHING_WEIGHT = 0.15, 0.5
"""How often a picture whose box was found, not known, is shown, against 1 for a shopper's photo with a true box."""
LEAST_SEEN = 0.7
"""A random part of a photo is shown only where this much of the object is in it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crops", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=17.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    with np.load(options.crops) as archive:
        known = archive["trust"] >= DOUBTLESS
        whole, box = archive["whole"][known], torch.from_numpy(archive["box"][known])
        trust, rendered = archive["trust"][known], archive["view"][known] == "shopper"
        lone = np.char.endswith(archive["thing"][known], ".jpg")
    often = np.where(rendered & (trust == 1.0), 1.0, np.where(lone, CLOTHING_WEIGHT, CATALOG_WEIGHT))
    net = RegionNet().to(memory_format=torch.channels_last)
    fit(net, whole, box, often / often.sum(), options.minutes, options.out, np.random.default_rng(options.seed))


def fit(
    net: RegionNet, whole: NDArray[np.uint8], box: Tensor, often: NDArray[np.float64], minutes: float, out: Path,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Train for `minutes`, the rate falling as a half cosine; saves every 100 steps."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    begun, step, losses = time.monotonic(), 0, list[float]()
    while (gone := (time.monotonic() - begun) / 60 / minutes) < 1.0:
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / WARM) * (0.49 * (1 + math.cos(math.pi * gone)) + 0.02)
        rows = rng.choice(len(whole), BATCH, p=often)
        pictures = torch.from_numpy(whole[rows]).permute(0, 3, 1, 2).float().div_(255)
        pictures, inside = windowed(pictures, box[rows])
        net.train()
        pictures = noisy(lit(pictures)).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = net(pictures)
        loss = loss_of(logits.float()[:, 0], inside)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call,unused-ignore]
        optimizer.step()
        step, losses = step + 1, [*losses[-99:], float(loss.detach())]
        if step % 100 == 0:
            print(f"step {step}: loss {np.mean(losses):.3f}, {gone:.0%} of the time", flush=True)
            torch.save(net.state_dict(), out)
    torch.save(net.state_dict(), out)


def windowed(pictures: Tensor, box: Tensor) -> tuple[Tensor, Tensor]:
    """A random part (or more, mirrored at the edges) of every photo, (REGION_SIDE, REGION_SIDE), and the share of
    every cell (n, REGION_CELLS, REGION_CELLS) that lies in the object's box."""
    count = len(pictures)
    size = torch.empty(count, 2).uniform_(0.6, 1.25)
    size[:, 1] = size[:, 0] * torch.exp(torch.empty(count).uniform_(-0.15, 0.15))
    start = (0.5 - size / 2) + (torch.rand(count, 2) - 0.5) * (1 - size).abs()
    low, high = (box[:, :2] - start) / size, (box[:, :2] + box[:, 2:] - start) / size
    seen = (high.clamp(0, 1) - low.clamp(0, 1)).prod(1) / (high - low).prod(1)
    lost = seen < LEAST_SEEN
    size[lost], start[lost] = 1.0, 0.0
    low[lost], high[lost] = box[lost, :2], box[lost, :2] + box[lost, 2:]
    move = torch.zeros(count, 2, 3)
    move[:, 0, 0], move[:, 1, 1] = size[:, 0], size[:, 1]
    move[:, :, 2] = (start + size / 2) * 2 - 1
    grid = F.affine_grid(move, [count, 3, REGION_SIDE, REGION_SIDE], align_corners=False)
    pictures = F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
    mirrored = torch.rand(count) < 0.5
    pictures[mirrored] = pictures[mirrored].flip(3)
    low, high = low.clamp(0, 1), high.clamp(0, 1)
    left = torch.where(mirrored, 1 - high[:, 0], low[:, 0])
    right = torch.where(mirrored, 1 - low[:, 0], high[:, 0])
    return pictures, covered(low[:, 1], high[:, 1])[:, :, None] * covered(left, right)[:, None, :]


def covered(low: Tensor, high: Tensor) -> Tensor:
    """(n, REGION_CELLS): share of each cell of a line that lies between low and high (0..1)."""
    edges = torch.linspace(0, 1, REGION_CELLS + 1)
    inner = torch.minimum(edges[None, 1:], high[:, None]) - torch.maximum(edges[None, :-1], low[:, None])
    return inner.clamp(min=0) * REGION_CELLS


def loss_of(logits: Tensor, inside: Tensor) -> Tensor:
    """Cross entropy plus one minus Dice's overlap."""
    chance = torch.sigmoid(logits)
    overlap = (2 * (chance * inside).sum((1, 2)) + 1) / ((chance + inside).sum((1, 2)) + 1)
    return F.binary_cross_entropy_with_logits(logits, inside) + (1 - overlap).mean()


if __name__ == "__main__":
    main()
