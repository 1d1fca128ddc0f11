"""Step 3: the projections, and the file that is shipped.

Per channel a linear discriminant analysis over *things* (all views of one thing should fall together), with a share of
the spread within a *type* added to what should vanish (same-type things should be near each other too). Directions are
scaled by the square root of what share of their spread is signal.

    python -m training.fit_eyes --vocabulary /tmp/vocabulary.npz --views /tmp/views.npz /tmp/renders.npz
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from app.analysis.local.channels import CHANNELS
from app.analysis.local.weights import SHIPPED

TYPE_SHARE = {"color": 0.15, "shape": 0.15, "texture": 0.3, "pattern": 0.0}
RIDGE = {"color": 0.1, "shape": 0.3, "texture": 0.25, "pattern": 0.1}
BASIS = 600
BASIS_ROWS = 2200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vocabulary", type=Path, required=True)
    parser.add_argument("--views", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    options = parser.parse_args()
    archives = [np.load(path) for path in options.views]
    things = np.concatenate([archive["things"] for archive in archives])
    kinds = np.concatenate([archive["kinds"] for archive in archives])
    with np.load(options.vocabulary) as archive:
        arrays = {name: archive[name] for name in archive.files}
    for name, dims, _ in (channel for channel in CHANNELS if channel[0] in TYPE_SHARE):
        rows = np.concatenate([archive[name] for archive in archives]).astype(np.float32)
        mean, matrix = discriminant(rows, things, kinds, dims, TYPE_SHARE[name], RIDGE[name])
        arrays[f"{name}.to.mean"], arrays[f"{name}.to.matrix"] = mean, matrix / np.abs(matrix).max()
        print(f"{name}: {rows.shape[1]} -> {dims} from {len(rows)} views")
    np.savez_compressed(options.out, **{name: values.astype(np.float16) for name, values in arrays.items()})  # type: ignore[arg-type]
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB")


def discriminant(
    rows: NDArray[np.float32], things: NDArray[np.str_], kinds: NDArray[np.str_], dims: int, share: float, ridge: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean (d,) and matrix (d, dims). share: how much of the unwanted spread is that within a type."""
    mean = rows.mean(axis=0, dtype=np.float64)
    some = (rows[np.random.default_rng(0).permutation(len(rows))[:BASIS_ROWS]] - mean).astype(np.float32)
    squares, turns = np.linalg.eigh((some @ some.T).astype(np.float64))  # rows are fewer than values: the small side
    order = np.argsort(-squares)[:BASIS]
    order = order[squares[order] > squares[order[0]] * 1e-7]
    basis = some.T.astype(np.float64) @ (turns[:, order] / np.sqrt(squares[order]))
    kept = basis.shape[1]
    reduced = (rows - mean) @ basis
    unwanted = spread_within(reduced, things)
    typed = kinds != ""
    if share and typed.any():
        unwanted = (1 - share) * unwanted + share * spread_within(reduced[typed], kinds[typed])
    unwanted += ridge * np.trace(unwanted) / kept * np.eye(kept)
    values, vectors = eigh(reduced.T @ reduced / len(reduced), unwanted)
    order = np.argsort(-values)[:dims]
    signal = np.maximum(values[order] - 1.0, 1e-3)
    return mean, basis @ (vectors[:, order] * np.sqrt(signal / (signal + 1.0)))


def spread_within(rows: NDArray[np.float64], groups: NDArray[np.str_]) -> NDArray[np.float64]:
    """Covariance (d, d) around each group's own mean."""
    _, number = np.unique(groups, return_inverse=True)
    sums = np.zeros((int(number.max()) + 1, rows.shape[1]))
    np.add.at(sums, number, rows)
    away = rows - (sums / np.bincount(number)[:, None])[number]
    return np.asarray(away.T @ away / len(rows), dtype=np.float64)


if __name__ == "__main__":
    main()
