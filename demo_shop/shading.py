"""Makes a solid ready for a renderer: one vertex per face corner, smooth normals across shallow edges, and texture
coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse
import trimesh

from demo_shop.geometry import Array
from demo_shop.model import Part

CREASE = np.cos(np.radians(38))  # edges sharper than this stay sharp
TILES = 2.0  # texture tiles across the unit box in "box" mode


@dataclass(frozen=True)
class Corners:
    """Face corners in order, three to a face: positions and normals (n x 3), texture coordinates (n x 2)."""

    positions: Array
    normals: Array
    uv: Array


def corners(part: Part) -> Corners:
    """Unwelds a part whose mesh already stands in its final size."""
    mesh = part.mesh
    positions = np.asarray(mesh.vertices)[mesh.faces].reshape(-1, 3)
    return Corners(positions, _normals(mesh), _uv(part, positions))


def joined(several: list[Corners]) -> Corners:
    """Many corner lists as one, so that all parts of one finish are one shape."""
    return Corners(
        np.concatenate([one.positions for one in several]),
        np.concatenate([one.normals for one in several]),
        np.concatenate([one.uv for one in several]),
    )


def _normals(mesh: trimesh.Trimesh) -> Array:
    """Area-weighted mean, at each corner, of the faces around it that lie within the crease angle."""
    triangles = np.asarray(mesh.vertices)[mesh.faces]
    weighted = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    size = np.linalg.norm(weighted, axis=1, keepdims=True) + 1e-18
    unit = np.repeat(weighted / size, 3, axis=0)
    heavy = np.repeat(weighted, 3, axis=0)
    count = len(unit)
    at = scipy.sparse.csr_matrix((np.ones(count), (np.arange(count), mesh.faces.ravel())))
    pairs = (at @ at.T).tocoo()
    near = (unit[pairs.row] * unit[pairs.col]).sum(1) >= CREASE
    rows, columns = pairs.row[near], pairs.col[near]
    total = np.stack([np.bincount(rows, heavy[columns, axis], count) for axis in range(3)], -1)
    result: Array = total / (np.linalg.norm(total, axis=1, keepdims=True) + 1e-18)
    return result


def _uv(part: Part, positions: Array) -> Array:
    low, high = part.mesh.bounds
    span = np.maximum(high - low, 1e-9)
    share: Array = (positions - low) / span
    if part.uv == "front":
        return share[:, [0, 2]]
    if part.uv == "top":
        return share[:, [0, 1]]
    if part.uv == "cylinder":
        return _around(positions - (low + high) / 2, share[:, 2])
    return _box_uv(positions, np.argmax(span)) * TILES


def _around(centered: Array, height: Array) -> Array:
    """Three texture tiles around the z axis; corners of one face never straddle the seam."""
    turn = (np.arctan2(centered[:, 1], centered[:, 0]) / (2 * np.pi)).reshape(-1, 3)
    turn = np.where((np.ptp(turn, axis=1) > 0.5)[:, None] & (turn < 0), turn + 1, turn)
    return np.stack([turn.ravel() * 3, height], -1)


def _box_uv(positions: Array, longest: np.intp) -> Array:
    """Looks at each face along its main axis; v follows the part's longest side, so wood grain runs with the beam."""
    triangles = positions.reshape(-1, 3, 3)
    normal = np.abs(np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]))
    axis = np.repeat(np.argmax(normal, axis=1), 3)
    others = np.array([[1, 2], [0, 2], [0, 1]])[axis]
    swap = others[:, 0] == longest
    others[swap] = others[swap][:, ::-1]
    rows = np.arange(len(positions))
    return np.stack([positions[rows, others[:, 0]], positions[rows, others[:, 1]]], -1)
