"""How the embedding is laid out: five channels, each of unit length, side by side, weighed so that the whole is too.

With weights w (their sum is 1) the whole vector's cosine is the sum of w times each channel's cosine. So one number
ranks, and the parts explain it. `look_score` is the one formula the ranking and the measurements share.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

CHANNELS: tuple[tuple[str, int, float], ...] = (
    ("color", 96, 0.15),
    ("shape", 128, 0.19),
    ("texture", 160, 0.2),
    ("pattern", 160, 0.21),
    ("learned", 128, 0.25),
)
"""name, values, weight. texture: lines and surface; pattern: which colors lie beside which; learned: what the look
network says, which was taught by pictures of the same product."""

DIMS = sum(dims for _, dims, _ in CHANNELS)


def joined(parts: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """(DIMS,) unit length from one vector per channel (of any length; a zero vector counts as nothing seen)."""
    blocks = []
    for name, dims, weight in CHANNELS:
        part = np.nan_to_num(np.asarray(parts[name], dtype=np.float32))
        length = float(np.linalg.norm(part))
        blocks.append(part * np.float32(np.sqrt(weight) / length) if length > 1e-9 else np.zeros(dims, np.float32))
    whole = np.concatenate(blocks)
    length = float(np.linalg.norm(whole))
    if length < 1e-9:
        whole[:] = 1.0
        length = float(np.sqrt(DIMS))
    return np.asarray(whole / length, dtype=np.float32)


def channel_similarities(
    query_embedding: NDArray[np.float32], other_embeddings: NDArray[np.float32] | NDArray[np.float16]
) -> dict[str, NDArray[np.float32]]:
    """Cosine (n,) of every channel between one embedding (DIMS,) and n others (n, DIMS).

    The sum over channels of weight times cosine is the dot product of the whole vectors.
    """
    others = np.asarray(other_embeddings, dtype=np.float32).reshape(-1, DIMS)
    answers = {}
    start = 0
    for name, dims, weight in CHANNELS:
        part = slice(start, start + dims)
        answers[name] = np.asarray(others[:, part] @ query_embedding[part] / np.float32(weight), dtype=np.float32)
        start += dims
    return answers


LOOK_VERIFIED = 0.6
LOOK_COLOR = 0.05


def look_score(
    channels: Mapping[str, NDArray[np.float32]], verified: NDArray[np.float32], color: NDArray[np.float32]
) -> NDArray[np.float32]:
    """How alike n candidates look, for ordering (n,): about -0.3..1.85; the same formula for every kind of product.

    channels: as channel_similarities gives (or {"whole": cosines} for another embedder's vectors); verified: 0..1 as
    verify gives; color: 0..1 as color_similarity gives.
    """
    if "whole" in channels:
        look = np.asarray(channels["whole"], dtype=np.float32)
    else:
        look = np.asarray(sum(weight * np.asarray(channels[name]) for name, _, weight in CHANNELS), dtype=np.float32)
    return np.asarray(look + LOOK_VERIFIED * verified + LOOK_COLOR * color, dtype=np.float32)
