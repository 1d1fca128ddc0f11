"""A bigger model's vector in front of ours: one embedding, each part of unit length, weighed MODEL_WEIGHT to the rest.

The model knows what things are, ours knows exact colors and prints. Where the model could not be asked, ours alone
stands: its cosine with a whole embedding is then at most OURS_ALONE.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.analysis.local.canvas import Box, cut

MODEL_WEIGHT = 0.6
MODEL_ALONE, OURS_ALONE = float(np.sqrt(MODEL_WEIGHT)), float(np.sqrt(1.0 - MODEL_WEIGHT))
SURE_REGION = 0.5
"""A region less sure than this is not cut out: the model then sees the whole photo."""
MARGIN = 0.08


def led(model: NDArray[np.float32], ours: NDArray[np.float32]) -> NDArray[np.float32]:
    """(m + n,) unit length of two unit vectors (m,) and (n,)."""
    whole = np.concatenate([model * np.float32(MODEL_ALONE), ours * np.float32(OURS_ALONE)])
    return np.asarray(whole / np.linalg.norm(whole), dtype=np.float32)


def without_lead(model_dims: int, ours: NDArray[np.float32]) -> NDArray[np.float32]:
    """(model_dims + n,) unit length: ours alone where the model's part would stand too."""
    return np.concatenate([np.zeros(model_dims, np.float32), ours])


def lead_alone(model: NDArray[np.float32], our_dims: int) -> NDArray[np.float32]:
    """(m + our_dims,) unit length: the model's part alone, as words have no picture for our eyes."""
    return np.concatenate([model, np.zeros(our_dims, np.float32)])


def part_for_model(region: Box, confidence: float, crop: Box | None) -> Box | None:
    """The part of the photo a model is shown: the object with a little around it; None is the whole photo.

    crop: what the caller chose; it counts, whatever the eyes found."""
    return padded(region) if crop is not None or confidence > SURE_REGION else None


def padded(region: Box, margin: float = MARGIN) -> Box:
    """The box a little larger on all sides, inside the photo."""
    left, top = max(0.0, region[0] - margin * region[2]), max(0.0, region[1] - margin * region[3])
    right, bottom = (
        min(1.0, region[0] + region[2] * (1 + margin)),
        min(1.0, region[1] + region[3] * (1 + margin)),
    )
    return left, top, right - left, bottom - top


def shown(pixels: NDArray[np.uint8], part: Box | None) -> NDArray[np.uint8]:
    """That part of the pixels."""
    return pixels if part is None else cut(np.ascontiguousarray(pixels), part)
