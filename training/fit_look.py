"""Step 5: the look network, by supervised contrast (Khosla et al., 2020): pictures of one product together, all others
away; and a reading of the type beside it. Goes on from --resume.

    python -m training.fit_look --crops /tmp/crops.npz --minutes 60 --out /tmp/look.pt
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from app.analysis.local.networks import LOOK_AROUND, LOOK_DIMS
from training.crops import CONTEXT
from training.distort import lit, noisy, placed
from training.networks import LOOK_SIDE, LookNet

BATCH, VIEWS = 192, 4
"""Pictures of a step, and of one thing in it."""
TEMPERATURE, KIND_SHARE = 0.1, 0.5
SINGLES = 0.25
"""Share of things with one picture only, shown in VIEWS distortions."""
TRUE_BOXES = 0.3
"""Share of pictures cut at the true box; the others at the found one, mistakes included: it meets those in use."""
AROUND = LOOK_AROUND / CONTEXT
RATE, DECAY, WARM = 2.5e-3, 0.02, 100


@dataclass(frozen=True, slots=True)
class Stock:
    """What is learned from; thing and kind are numbers, kind -1 where it is not known."""

    found: NDArray[np.uint8]
    true: NDArray[np.uint8]
    thing: NDArray[np.int64]
    kind: NDArray[np.int64]
    several: list[NDArray[np.int64]]
    single: list[NDArray[np.int64]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crops", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    stock, kinds = read_stock(options.crops)
    net = LookNet(LOOK_DIMS, kinds).to(memory_format=torch.channels_last)
    if options.resume:
        net.load_state_dict(torch.load(options.resume))
    fit(net, stock, options.minutes, options.out, np.random.default_rng(options.seed))


def read_stock(path: Path) -> tuple[Stock, int]:
    """The crops of step 4, and how many kinds there are."""
    with np.load(path) as archive:
        thing = np.unique(archive["thing"], return_inverse=True)[1]
        names, kind = np.unique(archive["kind"], return_inverse=True)
        kind = np.where(archive["kind"] == "", -1, kind)
        rows = np.split(np.argsort(thing, kind="stable"), np.cumsum(np.bincount(thing))[:-1])
        several, single = [r for r in rows if len(r) > 1], [r for r in rows if len(r) == 1]
        return Stock(archive["found"], archive["true"], thing, kind, several, single), len(names)


def fit(net: LookNet, stock: Stock, minutes: float, out: Path, rng: np.random.Generator) -> None:
    """Train for `minutes`, the rate falling as a half cosine; saves every 50 steps."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    begun, step, losses = time.monotonic(), 0, list[float]()
    while (gone := (time.monotonic() - begun) / 60 / minutes) < 1.0:
        rate = RATE * min(1.0, (step + 1) / WARM) * (0.49 * (1 + math.cos(math.pi * gone)) + 0.02)
        for group in optimizer.param_groups:
            group["lr"] = rate
        rows = drawn(stock, rng)
        loss = loss_of(net, stock, rows, rng)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call,unused-ignore]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimizer.step()
        step, losses = step + 1, [*losses[-49:], float(loss.detach())]
        if step % 50 == 0:
            print(f"step {step}: loss {np.mean(losses):.3f}, {gone:.0%} of the time", flush=True)
            torch.save(net.state_dict(), out)
    torch.save(net.state_dict(), out)


def drawn(stock: Stock, rng: np.random.Generator) -> NDArray[np.int64]:
    """(BATCH,) rows: VIEWS pictures of each thing, the same picture again where it has fewer."""
    alone = int(BATCH // VIEWS * SINGLES) if stock.single else 0
    things = [stock.several[k] for k in rng.choice(len(stock.several), BATCH // VIEWS - alone, replace=False)]
    things += [stock.single[k] for k in rng.choice(len(stock.single), alone, replace=False)] if alone else []
    return np.concatenate([rng.choice(rows, VIEWS, replace=len(rows) < VIEWS) for rows in things])


def loss_of(net: LookNet, stock: Stock, rows: NDArray[np.int64], rng: np.random.Generator) -> Tensor:
    """Contrast of things plus KIND_SHARE of the kinds' cross entropy."""
    at_true = rng.random(len(rows)) < TRUE_BOXES
    squares = np.where(at_true[:, None, None, None], stock.true[rows], stock.found[rows])
    pictures = torch.from_numpy(squares).permute(0, 3, 1, 2).float().div_(255)
    pictures = noisy(lit(placed(pictures, LOOK_SIDE, AROUND)), erase=0.3)
    net.train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        looks, kinds = net.looks_and_kinds(pictures.contiguous(memory_format=torch.channels_last))
    looks = F.normalize(looks.float(), dim=1)
    itself = torch.eye(len(rows), dtype=torch.bool)
    alike = (looks @ looks.T / TEMPERATURE).masked_fill(itself, -1e4)
    thing = torch.from_numpy(stock.thing[rows])
    same = (thing[:, None] == thing[None]) & ~itself
    chance = alike - torch.logsumexp(alike, 1, keepdim=True)
    contrast = -(chance * same).sum(1) / same.sum(1).clamp(min=1)
    told = F.cross_entropy(kinds.float(), torch.from_numpy(stock.kind[rows]), ignore_index=-1, label_smoothing=0.1)
    return contrast.mean() + KIND_SHARE * told


if __name__ == "__main__":
    main()
