"""A supervised projection beside the embedding: what tells this shop's things apart counts more.

Linear discriminant analysis over products: the spread between pictures of one product, and a share of the spread within
one type, is what should vanish. The projected vector stands beside the embedding, so that what the shop's few
pictures do not show is still there. Over whatever embedder made the vectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TYPE_SHARE = 0.6
RIDGE = 1.0
DIMS = 64
SHARE = 0.3
"""Part of the likeness that the projection has; the rest is the embedding's."""
LEAST_PRODUCTS = 40
"""Fewer cannot be split to see whether it helps."""


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """mean: (dims,), matrix: (dims, values), of numbers that float16 holds, as they are kept so.

    usual: see `app.analysis.Likeness`; 0 where the projection is for the heads only, as it did not surely help the
    order of answers.
    """

    mean: NDArray[np.float32]
    matrix: NDArray[np.float32]
    usual: float = 0.0

    def of(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, values) float32 unit rows: the projection of unit rows (n, dims)."""
        projected = (vectors - self.mean) @ self.matrix
        projected /= np.maximum(np.linalg.norm(projected, axis=1, keepdims=True), 1e-9)
        return np.asarray(projected, dtype=np.float32)

    def beside(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, dims + values) float32 unit rows: the unit rows (n, dims), and their projection beside them."""
        both = np.hstack([vectors * np.float32(np.sqrt(1.0 - SHARE)), self.of(vectors) * np.float32(np.sqrt(SHARE))])
        return np.asarray(both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-9), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class TaughtLikeness:
    """Cosine with one photo in the projected space; see `app.analysis.Likeness`. photo: (values,) of unit length."""

    projection: Projection
    photo: NDArray[np.float32]

    @property
    def usual(self) -> float:
        """See Likeness."""
        return self.projection.usual

    def of(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """See Likeness."""
        return np.asarray(self.projection.of(embeddings) @ self.photo, dtype=np.float32)


def fitted_projection(
    vectors: NDArray[np.float32], types: NDArray[np.int64], groups: NDArray[np.int64]
) -> Projection | None:
    """vectors: (n, dims) unit rows; types: number of each row's type, -1 unknown; groups: of each row's product.

    None where there is nothing to tell apart: one product, or no product with two pictures and no type with two
    products.
    """
    if len(np.unique(groups)) < 2 or len(vectors) < 4:
        return None
    mean = vectors.mean(axis=0, dtype=np.float64)
    rows = vectors.astype(np.float64) - mean
    unwanted = (1.0 - TYPE_SHARE) * spread_within(rows, groups)
    if (types >= 0).any():
        unwanted += TYPE_SHARE * spread_within(rows[types >= 0], types[types >= 0])
    level = float(np.trace(unwanted)) / len(unwanted)
    if level <= 1e-12:
        return None
    unwanted += RIDGE * level * np.eye(len(unwanted))
    lower = np.linalg.inv(np.linalg.cholesky(unwanted))
    values, directions = np.linalg.eigh(lower @ (rows.T @ rows / len(rows)) @ lower.T)
    order = np.argsort(-values)[:DIMS]
    signal = np.maximum(values[order] - 1.0, 1e-3)
    matrix = lower.T @ directions[:, order] * np.sqrt(signal / (signal + 1.0))
    # float16 holds it: only directions count, so it is scaled to where they are finest.
    matrix /= np.abs(matrix).max()
    return Projection(kept(mean), kept(matrix))


def kept(numbers: NDArray[np.float64]) -> NDArray[np.float32]:
    """As they are read back from where they are kept."""
    return numbers.astype(np.float16).astype(np.float32)


def spread_within(rows: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """Covariance (dims, dims) around each group's own mean."""
    _, number = np.unique(groups, return_inverse=True)
    sums = np.zeros((int(number.max()) + 1, rows.shape[1]))
    np.add.at(sums, number, rows)
    away = rows - (sums / np.bincount(number)[:, None])[number]
    return np.asarray(away.T @ away / len(rows), dtype=np.float64)
