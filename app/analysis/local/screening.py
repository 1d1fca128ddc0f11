"""Which of many pictures may show the same thing? A glance at their strongest key points, before `verify` is asked.

A glance counts points that clearly have one counterpart; whether the counterparts move together it does not ask. So it
costs a fifth of a verification and says only which pictures deserve one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.analysis.local.matching import DESCRIPTOR_DIMS, HEAD, HEADER, LEAST_ALIKE, MAGIC, PLACE, RATIO

STRONGEST = 48
"""Points a picture is glanced at by; packed features hold the strongest first (docs/decisions/0180)."""
DISTINCT = 0.25
"""A counterpart counts fully from this far ahead of the next best (1 - ratio of their distances)."""

BLOCK = 32
"""Pictures glanced at in one step: their likenesses stay in the cache."""


def glance(query_features: bytes, candidate_features: Sequence[bytes]) -> NDArray[np.float32]:
    """(n,) float32 >= 0: how many of the query's strongest points have a distinct counterpart of which they are the
    nearest, too.

    0 where either has no points or another version's. Deterministic; about 0.02 ms a candidate.
    """
    asked = strongest([query_features])[0]
    asked = asked[np.any(asked != 0.0, axis=1)]
    if not len(asked) or not len(candidate_features):
        return np.zeros(len(candidate_features), np.float32)
    blocks = [candidate_features[start : start + BLOCK] for start in range(0, len(candidate_features), BLOCK)]
    return np.concatenate([_counterparts(asked, strongest(block)) for block in blocks])


def _counterparts(asked: NDArray[np.float32], shown: NDArray[np.float32]) -> NDArray[np.float32]:
    """asked: (q, DESCRIPTOR_DIMS); shown: (n, STRONGEST, DESCRIPTOR_DIMS). (n,) as `glance` gives."""
    alike = (shown.reshape(-1, DESCRIPTOR_DIMS) @ asked.T).reshape(len(shown), STRONGEST, len(asked))
    nearest = alike.argmax(axis=1)
    back = np.take_along_axis(alike.argmax(axis=2), nearest, axis=1)
    best = np.take_along_axis(alike, nearest[:, None], axis=1)[:, 0]
    np.put_along_axis(alike, nearest[:, None], -1.0, axis=1)
    second = alike.max(axis=1)
    ratio = np.sqrt(np.maximum(2 - 2 * best, 1e-6) / np.maximum(2 - 2 * second, 1e-6))
    mutual = (back == np.arange(len(asked))) & (ratio < RATIO) & (best > LEAST_ALIKE)
    return np.asarray((np.minimum(1.0, (1.0 - ratio) / DISTINCT) * mutual).sum(axis=1), dtype=np.float32)


def strongest(features: Sequence[bytes]) -> NDArray[np.float32]:
    """(n, STRONGEST, DESCRIPTOR_DIMS) of unit length, strongest first; zeros where a picture has fewer points."""
    packed = np.zeros((len(features), STRONGEST, DESCRIPTOR_DIMS), np.int8)
    width = PLACE + DESCRIPTOR_DIMS
    for number, one in enumerate(features):
        if len(one) < HEADER or one[:4] != MAGIC:
            continue
        points = HEAD.unpack_from(one, len(MAGIC))[0]
        if len(one) == HEADER + points * width:
            taken = min(points, STRONGEST)
            rows = np.frombuffer(one, np.int8, taken * width, HEADER).reshape(taken, width)
            packed[number, :taken] = rows[:, PLACE:]
    descriptors = packed.astype(np.float32)
    length = np.sqrt(np.einsum("npd,npd->np", descriptors, descriptors))
    return np.asarray(descriptors / np.maximum(length, 1e-9)[..., None], dtype=np.float32)
