"""Step 1: the vocabularies. PCA and Gaussian mixtures of dense descriptors, and the PCA of key point descriptors.

python -m training.fit_vocabulary --clothing ../shared/data/clothing_train --out /tmp/vocabulary.npz
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

from app.analysis.local.eyes import read_canvas
from app.analysis.local.keypoints import points_of
from app.analysis.local.matching import DESCRIPTOR_DIMS
from app.analysis.local.texture import read_dense
from training.pictures import clothing_pictures, read_picture
from training.views import made_up_package, shopper_view

PICTURES = 450
PER_PICTURE = 220
GAUSSIANS = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clothing", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    entries = clothing_pictures(options.clothing)
    lines, paint, points = [], [], []
    for turn, number in enumerate(rng.choice(len(entries), min(PICTURES, len(entries)), replace=False)):
        picture = read_picture(entries[number].path)
        if turn % 3 == 0:
            picture = shopper_view(made_up_package(rng), picture, rng)
        _, canvas, _ = read_canvas(picture)
        dense = read_dense(canvas)
        some = rng.choice(len(dense.lines), min(len(dense.lines), PER_PICTURE), replace=False)
        lines.append(dense.lines[some])
        paint.append(dense.paint[some])
        points.append(points_of(canvas.gray, canvas.mask).descriptors)
    found = np.concatenate(lines)
    texture = vocabulary(found[np.linalg.norm(found, axis=1) > 0.3], 32, rng)
    pattern = vocabulary(np.concatenate(paint), 24, rng)
    mean, matrix, _ = components(np.concatenate(points), DESCRIPTOR_DIMS)
    arrays = {"points.mean": mean, "points.matrix": matrix}
    arrays |= {f"texture.{name}": values for name, values in texture.items()}
    arrays |= {f"pattern.{name}": values for name, values in pattern.items()}
    np.savez(options.out, **{name: values.astype(np.float32) for name, values in arrays.items()})  # type: ignore[arg-type]


def components(
    rows: NDArray[np.float32], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean (d,), the `count` directions of most variance (d, count) and their variances."""
    mean = rows.mean(axis=0, dtype=np.float64)
    variances, directions = np.linalg.eigh(np.cov((rows - mean).T))
    order = np.argsort(-variances)[:count]
    print(f"{count} of {rows.shape[1]} directions keep {variances[order].sum() / variances.sum():.3f} of the variance")
    return mean, directions[:, order], variances[order]


def vocabulary(rows: NDArray[np.float32], kept: int, rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    mean, directions, variances = components(rows, kept)
    project = directions / np.sqrt(variances + 1e-3 * variances[0])
    reduced = ((rows - mean) @ project)[rng.permutation(len(rows))[:40000]]
    mixture = GaussianMixture(
        GAUSSIANS, covariance_type="diag", random_state=0, max_iter=30, init_params="k-means++", reg_covar=1e-3
    ).fit(reduced)
    return {
        "mean": mean,
        "project": project,
        "prior": mixture.weights_,
        "center": mixture.means_,
        "spread": np.sqrt(mixture.covariances_),
    }


if __name__ == "__main__":
    main()
