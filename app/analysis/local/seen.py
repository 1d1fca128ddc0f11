"""What one look at a photo gave, and how it is kept."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.analysis.local.canvas import Box
from app.analysis.local.color import SeenColor


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What one look at a photo gave.

    region: box of the object, x, y, width, height in 0..1 of the photo (the caller's crop where one was given);
    region_confidence: 0..1; embedding: (dims,) float32, unit length, cosine = overall look; colors: the object's, at
    most five, largest first; features: key points for `verify`, at most 6 KB; objects: boxes of all salient regions
    with their confidence, largest first.
    """

    region: Box
    region_confidence: float
    embedding: NDArray[np.float32]
    colors: tuple[SeenColor, ...]
    features: bytes
    objects: tuple[tuple[Box, float], ...]

    def to_bytes(self) -> bytes:
        """Compact JSON, with the vector as base64 of little-endian float32: it comes back to the bit."""
        document = {
            "region": self.region,
            "sure": self.region_confidence,
            "embedding": base64.b64encode(self.embedding.astype("<f4", copy=False).tobytes()).decode("ascii"),
            "colors": [[one.name, one.hex, one.share] for one in self.colors],
            "features": base64.b64encode(self.features).decode("ascii"),
            "objects": self.objects,
        }
        return json.dumps(document, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Seen:
        """What `to_bytes` wrote. Raises ValueError for anything else."""
        try:
            document = json.loads(data)
            return cls(
                region=_box(document["region"]),
                region_confidence=float(document["sure"]),
                embedding=np.frombuffer(base64.b64decode(document["embedding"]), "<f4").astype(np.float32),
                colors=tuple(SeenColor(str(name), str(code), float(share)) for name, code, share in document["colors"]),
                features=base64.b64decode(document["features"]),
                objects=tuple((_box(box), float(confidence)) for box, confidence in document["objects"]),
            )
        except (KeyError, TypeError) as broken:
            raise ValueError("nothing that was seen") from broken


def _box(sides: list[float]) -> Box:
    x, y, width, height = map(float, sides)
    return x, y, width, height
