"""What was seen in a photo: values only, engine-free and provider-free.

Confidences and shares lie in 0..1. Boxes are relative to the upright photo. `source` names the provider that said it.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.errors import BadRequest


class InvalidBox(BadRequest):
    """A crop or box lies outside the photo or has no area."""

    code = "invalid-crop"
    title = "The crop does not fit the photo"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle relative to the upright photo: left, top, width, height in 0..1.

    Raises InvalidBox when a side is not positive or an edge leaves the photo by more than 1e-6.
    """

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        inside = self.x >= 0 and self.y >= 0 and self.x + self.width <= 1 + 1e-6 and self.y + self.height <= 1 + 1e-6
        if not (inside and self.width > 0 and self.height > 0):  # a NaN fails both comparisons
            raise InvalidBox(
                f"The box x={self.x}, y={self.y}, width={self.width}, height={self.height} does not lie in the photo.",
                fix="Give fractions of the photo: 0 <= x, y; 0 < width, height; x + width <= 1; y + height <= 1.",
            )

    def as_tuple(self) -> tuple[float, float, float, float]:
        """(x, y, width, height)."""
        return self.x, self.y, self.width, self.height


@dataclass(frozen=True, slots=True)
class ObjectType:
    """What kind of thing the object is, in the shop's own words."""

    name: str
    confidence: float
    source: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """One property of the object, e.g. material=velvet."""

    name: str
    value: str
    confidence: float
    source: str


@dataclass(frozen=True, slots=True)
class Label:
    """One word for what is in the photo; `mid` is the Knowledge Graph id where the provider has one."""

    name: str
    confidence: float
    source: str
    mid: str | None = None


@dataclass(frozen=True, slots=True)
class Color:
    """A named color of the object, with the share of the object it covers."""

    name: str
    hex: str
    share: float


@dataclass(frozen=True, slots=True)
class DetectedObject:
    """One object found in the photo; `type` is None where only a region is known."""

    type: str | None
    confidence: float
    box: Box
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """A unit-length vector and the model that made it; comparing two models' vectors is an error.

    model: name/version, e.g. "akin-local/2". values: (dims,) float32. lacks: why a part that is made elsewhere is
    missing ("deadline", …), "" where nothing is. share: 0..1, the cosine of such a vector with its whole self.
    """

    model: str
    values: NDArray[np.float32]
    lacks: str = ""
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of the analysis that is missing, and why ("deadline", "unavailable", …)."""

    part: str
    reason: str


class Likeness(Protocol):
    """How like one photo pictures are, by what the shop taught of its own things."""

    @property
    def usual(self) -> float:
        """Likeness, 0..1, that three of four pictures have to the nearest other product of their type."""
        ...

    def of(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) -1..1, of pictures' embeddings (n, dims) by the photo's own embedder."""
        ...


@dataclass(frozen=True, slots=True)
class PhotoAnalysis:
    """All that was seen in one photo, or in one crop of it.

    region: the part of the photo the rest speaks of (the caller's crop, else the object that was found).
    novelty: 0..1, how unlike everything the shop sells the object looks; None when nothing was taught.
    features: local features for verifying an exact match, in the local provider's own format; b"" when absent.
    type_alternatives: the types considered, most probable first, probabilities summing to <= 1.
    likeness: what the shop taught of likeness, where it taught that (`akin learn`).
    """

    region: Box
    type: ObjectType | None = None
    type_alternatives: tuple[ObjectType, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    labels: tuple[Label, ...] = ()
    colors: tuple[Color, ...] = ()
    objects: tuple[DetectedObject, ...] = ()
    embedding: Embedding | None = None
    features: bytes = b""
    novelty: float | None = None
    gaps: tuple[Gap, ...] = field(default=())
    likeness: Likeness | None = field(default=None, repr=False, compare=False)
