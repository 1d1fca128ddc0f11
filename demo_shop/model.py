"""What a design is before anything is rendered: solid parts, each in a named slot that a variant gives a finish to."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import numpy as np
import trimesh

from demo_shop.geometry import Array

UvMode = Literal["box", "cylinder", "front", "top"]
Stand = Literal["floor", "table", "wall", "flat"]
T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """One watertight solid. ``slot`` says which finish it wears; ``uv`` says how a picture is wrapped around it."""

    mesh: trimesh.Trimesh
    slot: str = "body"
    uv: UvMode = "box"


@dataclass(frozen=True)
class Slot:
    """The finishes a slot may wear: material kinds and, for the main slot, the patterns a shop would sell."""

    kinds: tuple[str, ...]
    patterns: tuple[str, ...] = ("plain",)


@dataclass(frozen=True)
class ProductType:
    """One kind of product: how it is drawn and how it is sold."""

    word: str
    path: str
    google_category: str
    draw: Callable[[Draw], list[Part]] = field(compare=False)
    slots: dict[str, Slot] = field(compare=False)
    stand: Stand
    price: tuple[float, float]
    size_cm: tuple[int, int]
    designs: int = 6
    sold: bool = True


@dataclass
class Draw:
    """The dice of one design. ``cycle`` walks through options from design to design, so that a type shows them all."""

    rng: np.random.Generator
    index: int
    words: dict[str, str] = field(default_factory=dict)

    def between(self, low: float, high: float) -> float:
        """A length or share, evenly between ``low`` and ``high``."""
        return float(self.rng.uniform(low, high))

    def count(self, low: int, high: int) -> int:
        """A whole number, both ends possible."""
        return int(self.rng.integers(low, high + 1))

    def chance(self, share: float) -> bool:
        """True with probability ``share``."""
        return bool(self.rng.random() < share)

    def any(self, key: str, options: Sequence[T]) -> T:
        """One option by chance, noted under ``key`` for the product's text when it is a word."""
        return self._noted(key, options[int(self.rng.integers(len(options)))])

    def cycle(self, key: str, options: Sequence[T], step: int = 1) -> T:
        """The next option after the one the previous design of this type took (``step`` apart)."""
        return self._noted(key, options[(self.index // step + zlib.crc32(key.encode())) % len(options)])

    def _noted(self, key: str, option: T) -> T:
        if isinstance(option, str):
            self.words[key] = option
        return option


def seeded(*parts: object) -> np.random.Generator:
    """A generator that depends on nothing but ``parts``: the same words give the same dice in every process."""
    return np.random.default_rng([zlib.crc32(str(part).encode()) for part in parts])


def fit(parts: Sequence[Part]) -> list[Part]:
    """The parts scaled and moved together into the unit box: longest side 1, centered on x and y, standing on z = 0."""
    low: Array = np.min([part.mesh.bounds[0] for part in parts], axis=0)
    high: Array = np.max([part.mesh.bounds[1] for part in parts], axis=0)
    scale = 1.0 / float((high - low).max())
    offset = np.array([-(low[0] + high[0]) / 2, -(low[1] + high[1]) / 2, -low[2]])
    fitted = []
    for part in parts:
        mesh = part.mesh.copy()
        mesh.apply_translation(offset)
        mesh.apply_scale(scale)
        fitted.append(Part(mesh, part.slot, part.uv))
    return fitted
