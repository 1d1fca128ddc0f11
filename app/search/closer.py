"""The closer look: the best candidates' pictures compared with the photo by local features and embedding channels."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from app.analysis import (
    LOCAL_DIMS,
    Color,
    Embedding,
    Likeness,
    LocalColor,
    PhotoAnalysis,
    channel_similarities,
    color_similarity,
    verify,
)
from app.catalog import ImageEvidence, SeenColor
from app.search.calibration import NEUTRAL
from app.search.rank import Closeness

CHANNELS = {"shape": "shape", "texture": "texture", "pattern": "pattern", "hue": "color", "learned": "learned"}
"""Field of Closeness -> channel of the local embedding."""

MODEL_FROM = 0.4
"""Cosine of a bigger model from which two pictures are more alike than any two are: `model` is 0 up to there."""
COPIED = 0.97
"""Likeness of two pictures from which they may be copies of one."""
COPIED_POINTS = 0.75
"""Share of verified local features from which they are."""


def look_closer(analysis: PhotoAnalysis, pictures: Sequence[ImageEvidence]) -> list[Closeness]:
    """One Closeness a picture, in their order; about 0.4 ms a picture, so call it off the event loop.

    Where an embedding does not end in the local one's values, its whole likeness stands for every channel. Where a
    bigger model's values stand before them, its likeness counts in `learned`, and alone as `model`; where the
    photo lacks them, our whole look stands in. Where the shop taught a likeness, it is `taught`.
    """
    verified = verify(analysis.features, [picture.features for picture in pictures])
    likeness = _likeness(analysis, pictures)
    colors = _colors(analysis.colors)
    return [
        Closeness(
            verified=_unit(float(verified[row])),
            palette=_unit(color_similarity(colors, _colors(picture.colors))),
            **{field: _unit(float(values[row])) for field, values in likeness.items()},
        )
        for row, picture in enumerate(pictures)
    ]


def _likeness(analysis: PhotoAnalysis, pictures: Sequence[ImageEvidence]) -> dict[str, NDArray[np.float32]]:
    if analysis.embedding is None or not pictures:
        return {}
    shown = np.stack([picture.embedding for picture in pictures])
    found = _by_channel(analysis.embedding, shown)
    if analysis.likeness is not None:
        found["taught"] = _taught(analysis.likeness, shown)
    return found


def _by_channel(embedding: Embedding, shown: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    asked = embedding.values
    if asked.shape[-1] < LOCAL_DIMS:
        return dict.fromkeys(CHANNELS, np.asarray(shown @ asked, dtype=np.float32))
    own, theirs = _local(asked[None])[0], _local(shown)
    channels = channel_similarities(own, theirs)
    found = {field: channels[channel] for field, channel in CHANNELS.items()}
    if embedding.lacks:
        found["model"] = np.asarray(theirs @ own, dtype=np.float32)  # about as high for the same thing, and for others
    elif asked.shape[-1] > LOCAL_DIMS:
        # A bigger model in front knows what things are, as the learned channel does: the two share its weight. What it
        # is worth beyond that is for a calibration that was fitted with a model.
        model = _model(shown) @ _model(asked[None])[0]
        found["learned"] = np.asarray(0.5 * (found["learned"] + model), dtype=np.float32)
        found["model"] = np.asarray((model - MODEL_FROM) / (1.0 - MODEL_FROM), dtype=np.float32)
    return found


def _taught(likeness: Likeness, shown: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) NEUTRAL at the usual likeness, half a step of the cosine up and down from there; pictures that are turned
    away from the photo say no more than those that have nothing of it."""
    return NEUTRAL + 0.5 * (np.maximum(likeness.of(shown), np.float32(0.0)) - np.float32(likeness.usual))


def _model(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The part of a model in front of ours, (n, dims - LOCAL_DIMS) of unit length."""
    part = vectors[:, :-LOCAL_DIMS]
    return np.asarray(part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def _local(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The local embedding, (n, LOCAL_DIMS) of unit length: all of ours, the last part where a model is in front."""
    part = vectors[:, -LOCAL_DIMS:]
    return np.asarray(part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def _colors(colors: Iterable[Color | SeenColor]) -> tuple[LocalColor, ...]:
    return tuple(LocalColor(one.name, one.hex, one.share) for one in colors)


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))


def twins(pictures: Sequence[tuple[str, ImageEvidence]]) -> list[tuple[str, str]]:
    """Pairs of products whose pictures are of the same thing: near-duplicates in the shop.

    pictures: (product id, its picture), of different products. Both the embedded eyes' likeness and the verified local
    features must be what only copies reach. Measured on the demo shop: copies (0.7 of the size, JPEG quality 60) have a
    likeness of 0.954 to 1, nine of ten above 0.97, and different products that are no variants at most 0.951.
    """
    if len(pictures) < 2:
        return []
    vectors = np.stack([picture.embedding for _, picture in pictures])
    if vectors.shape[1] < LOCAL_DIMS:
        return []
    local = _local(vectors)
    alike = np.triu(local @ local.T, k=1)
    found = []
    for one, other in np.argwhere(alike >= COPIED).tolist():
        (one_id, first), (other_id, second) = pictures[one], pictures[other]
        if first.features and float(verify(first.features, [second.features])[0]) >= COPIED_POINTS:
            found.append((one_id, other_id))
    return found
