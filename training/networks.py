"""The two small networks the eyes ship with, as they are trained (the app runs them as ONNX, without this library)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from app.analysis.local.networks import LOOK_SIDE, REGION_CELLS, REGION_SIDE

__all__ = ["LOOK_SIDE", "REGION_CELLS", "REGION_SIDE", "LookNet", "RegionNet"]

LOOK_WIDTHS = (48, 96, 160, 192)
REGION_WIDTHS = (16, 32, 64, 96)


class Block(nn.Module):
    """Two 3 x 3 convolutions and a way around them (He et al., 2016)."""

    def __init__(self, wide: int, out: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(wide, out, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(out)
        self.second = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(out)
        same = stride == 1 and wide == out
        self.around = (
            nn.Identity() if same else nn.Sequential(nn.Conv2d(wide, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        )

    def forward(self, x: Tensor) -> Tensor:
        inner = F.relu(self.first_norm(self.first(x)))
        return F.relu(self.second_norm(self.second(inner)) + self.around(x))


class LookNet(nn.Module):
    """(n, 3, LOOK_SIDE, LOOK_SIDE) in 0..1 to a look (n, dims), not yet of unit length; `kind` is for training only."""

    def __init__(self, dims: int, kinds: int) -> None:
        super().__init__()
        w = LOOK_WIDTHS
        self.stem = nn.Sequential(nn.Conv2d(3, w[0], 6, 4, 1, bias=False), nn.BatchNorm2d(w[0]), nn.ReLU())
        self.body = nn.Sequential(
            Block(w[0], w[0], 1), Block(w[0], w[1], 2), Block(w[1], w[1], 1),
            Block(w[1], w[2], 2), Block(w[2], w[2], 1), Block(w[2], w[3], 2),
        )  # fmt: skip
        self.out = nn.Linear(2 * w[3], dims)
        self.out_norm = nn.BatchNorm1d(dims)
        self.kind = nn.Linear(2 * w[3], kinds)

    def read(self, x: Tensor) -> Tensor:
        """Mean and maximum of the last feature maps."""
        maps = self.body(self.stem((x - 0.5) / 0.25))
        return torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1)

    def forward(self, x: Tensor) -> Tensor:
        look: Tensor = self.out_norm(self.out(self.read(x)))
        return look

    def looks_and_kinds(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Both heads of one reading."""
        read = self.read(x)
        return self.out_norm(self.out(read)), self.kind(read)


def _mixed(wide: int, out: int, side: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(wide, out, side, 1, side // 2, bias=False), nn.BatchNorm2d(out), nn.ReLU())


class RegionNet(nn.Module):
    """(n, 3, REGION_SIDE, REGION_SIDE) in 0..1 to logits (n, 1, REGION_CELLS, REGION_CELLS): is the cell inside the
    object's box? Down and up again with short cuts (Ronneberger et al., 2015)."""

    def __init__(self) -> None:
        super().__init__()
        w = REGION_WIDTHS
        self.stem = nn.Sequential(nn.Conv2d(5, w[0], 3, 2, 1, bias=False), nn.BatchNorm2d(w[0]), nn.ReLU())
        self.fine, self.middle = Block(w[0], w[1], 2), Block(w[1], w[2], 2)
        self.coarse = nn.Sequential(Block(w[2], w[3], 2), Block(w[3], w[3], 1))
        self.whole = nn.Conv2d(w[3], w[3], 1)
        self.up_coarse, self.at_middle, self.mix_middle = _mixed(w[3], w[2]), _mixed(w[2], w[2]), _mixed(w[2], w[2], 3)
        self.up_middle, self.at_fine, self.mix_fine = _mixed(w[2], w[1]), _mixed(w[1], w[1]), _mixed(w[1], w[1], 3)
        self.out = nn.Conv2d(w[1], 1, 1)
        line = torch.linspace(-1, 1, REGION_SIDE)
        self.register_buffer("places", torch.stack(torch.meshgrid(line, line, indexing="xy"))[None])

    def forward(self, x: Tensor) -> Tensor:
        places = self.places.expand(x.shape[0], -1, -1, -1)  # where a cell lies: things stand on what is below
        fine = self.fine(self.stem(torch.cat([(x - 0.5) / 0.25, places], 1)))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        coarse = coarse + self.whole(coarse.mean((2, 3), keepdim=True)).expand_as(coarse)
        middle = self.mix_middle(self.at_middle(middle) + F.interpolate(self.up_coarse(coarse), scale_factor=2.0))
        fine = self.mix_fine(self.at_fine(fine) + F.interpolate(self.up_middle(middle), scale_factor=2.0))
        logits: Tensor = self.out(fine)
        return logits
