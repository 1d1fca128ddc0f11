"""Solid shapes from which every product is put together: lathes, tubes, slabs, rounded boxes and pillows.

All lengths are free units (a finished product is scaled into the unit box by ``demo_shop.model.fit``), the z axis
points up, the floor is z = 0 and a product's front looks along -y. Each solid here is watertight.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import manifold3d
import numpy as np
import numpy.typing as npt
import trimesh

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Point = Sequence[float]
SECTIONS = 48  # around a lathe: facets stay invisible at 384 px under smooth normals


def spline(points: Sequence[Point], count: int = 24, *, closed: bool = False) -> Array:
    """A centripetal-free Catmull-Rom curve through ``points`` (2-D or 3-D), ``count`` samples per span at most 24."""
    knots = np.asarray(points, dtype=float)
    padded = (
        np.vstack([knots[-1], knots, knots[0], knots[1]])
        if closed
        else np.vstack([2 * knots[0] - knots[1], knots, 2 * knots[-1] - knots[-2]])
    )
    spans = len(padded) - 3
    per_span = max(2, count // spans)
    t = np.linspace(0, 1, per_span, endpoint=False)[:, None]
    curve = [_catmull_rom(padded[i : i + 4], t) for i in range(spans)]
    if not closed:
        curve.append(knots[-1:])
    return np.vstack(curve)


def _catmull_rom(p: Array, t: Array) -> Array:
    a, b, c, d = p
    result: Array = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - 3 * c + d - a) * t**3)
    return result


def solid(vertices: Array, faces: npt.NDArray[np.int64]) -> trimesh.Trimesh:
    """A mesh with doubled points merged, empty faces dropped and normals looking outward."""
    mesh = trimesh.Trimesh(vertices=vertices, faces=faces, process=True)
    mesh.merge_vertices(digits_vertex=7)
    mesh.update_faces(mesh.nondegenerate_faces(height=1e-9))
    if mesh.volume < 0:
        mesh.invert()
    return mesh


def lathe(profile: Array | Sequence[Point], sections: int = SECTIONS, *, ring: bool = False) -> trimesh.Trimesh:
    """Turns a profile of (radius, height) around z. A ``ring`` is closed; any other starts and ends on the axis."""
    line = np.asarray(profile, dtype=float).copy()
    if not ring:
        line[0, 0] = line[-1, 0] = 0.0
    line[:, 0] = np.maximum(line[:, 0], 0.0)
    angle = np.linspace(0, 2 * np.pi, sections, endpoint=False)
    rows = len(line)
    x = line[None, :, 0] * np.cos(angle)[:, None]
    y = line[None, :, 0] * np.sin(angle)[:, None]
    z = np.broadcast_to(line[None, :, 1], x.shape)
    vertices = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    return solid(vertices, _grid_faces(sections, rows, wrap_rows=ring))


def _grid_faces(columns: int, rows: int, *, wrap_rows: bool) -> npt.NDArray[np.int64]:
    """Two triangles for each cell of a grid whose columns always wrap around."""
    steps = rows if wrap_rows else rows - 1
    i, j = np.meshgrid(np.arange(columns), np.arange(steps), indexing="ij")
    a = i * rows + j
    b = ((i + 1) % columns) * rows + j
    c = ((i + 1) % columns) * rows + (j + 1) % rows
    d = i * rows + (j + 1) % rows
    return np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)]).reshape(-1, 3)


def vessel(outer: Array | Sequence[Point], wall: float, *, floor: float | None = None) -> trimesh.Trimesh:
    """A hollow lathe: ``outer`` runs (radius, height) from the foot to the rim; the inside follows it at ``wall``."""
    line = np.asarray(outer, dtype=float)
    bottom = line[0, 1] + (wall if floor is None else floor)
    inside = line[::-1].copy()
    inside[:, 0] = np.maximum(inside[:, 0] - wall, 1e-3)
    inside = inside[inside[:, 1] > bottom]
    lip_radius, lip_height = line[-1]
    lip = [
        (lip_radius - wall * 0.15, lip_height + wall * 0.35),
        (lip_radius - wall * 0.85, lip_height + wall * 0.35),
    ]
    floor_radius = max(inside[-1, 0] - wall * 0.4, 1e-3) if len(inside) else lip_radius - wall
    closed = [
        (0.0, line[0, 1]),
        *line.tolist(),
        *lip,
        *inside.tolist(),
        (floor_radius, bottom),
        (0.0, bottom),
    ]
    return lathe(closed)


def tube(
    path: Array | Sequence[Point],
    radius: float | Array | Sequence[float],
    sections: int = 14,
    *,
    closed: bool = False,
) -> trimesh.Trimesh:
    """Sweeps a disc along a 3-D path; ``radius`` may differ at every path point. Ends are capped unless ``closed``."""
    line = np.asarray(path, dtype=float)
    along = np.roll(line, -1, axis=0) - np.roll(line, 1, axis=0)
    tangent: Array = along if closed else np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-12
    normal = _carried_normals(tangent)
    side = np.cross(tangent, normal)
    angle = np.linspace(0, 2 * np.pi, sections, endpoint=False)
    size = np.broadcast_to(np.asarray(radius, dtype=float), (len(line),))
    rim = normal[None] * np.cos(angle)[:, None, None] + side[None] * np.sin(angle)[:, None, None]
    rings = line[None] + rim * size[None, :, None]
    if closed:
        return solid(rings.reshape(-1, 3), _grid_faces(sections, len(line), wrap_rows=True))
    ends = np.broadcast_to(line[[0, -1]][None], (sections, 2, 3))
    capped = np.concatenate([ends[:, :1], rings, ends[:, 1:]], axis=1)
    return solid(capped.reshape(-1, 3), _grid_faces(sections, len(line) + 2, wrap_rows=False))


def _carried_normals(tangent: Array) -> Array:
    """One normal per path point, carried along the path so that the tube does not twist."""
    first = np.eye(3)[np.argmin(np.abs(tangent[0]))]
    normal = np.empty_like(tangent)
    current = first
    for i, direction in enumerate(tangent):
        current = current - direction * float(current @ direction)
        current = current / (np.linalg.norm(current) + 1e-12)
        normal[i] = current
    return normal


def rod(
    start: Point, end: Point, radius: float, end_radius: float | None = None, sections: int = 16
) -> trimesh.Trimesh:
    """A straight round bar, tapered when ``end_radius`` is given."""
    return tube([start, end], [radius, radius if end_radius is None else end_radius], sections)


def hull(points: Array | Sequence[Point]) -> trimesh.Trimesh:
    """The convex hull of points: tapered blocks, wedges, stones."""
    return trimesh.convex.convex_hull(np.asarray(points, dtype=float))


def rounded_box(size: Point, radius: float, center: Point = (0, 0, 0), *, taper: float = 1.0) -> trimesh.Trimesh:
    """A box of full ``size`` with edges rounded by ``radius``; the bottom is ``taper`` times as wide as the top."""
    half = np.asarray(size, dtype=float) / 2
    radius = float(min(radius, half.min() * 0.98))
    ball = trimesh.creation.icosphere(subdivisions=2, radius=radius).vertices
    signs = np.array([(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], dtype=float)
    corners = signs * (half - radius)
    corners[signs[:, 2] < 0, :2] *= taper
    # A full ball at each corner: the hull drops the seven eighths that lie inside.
    cloud = (corners[:, None, :] + ball[None]).reshape(-1, 3)
    return move(hull(cloud), center)


def pillow(size: Point, *, softness: float = 2.6, pinch: float = 0.0, grid: int = 28) -> trimesh.Trimesh:
    """A stuffed cushion around z = 0; ``size`` is width, depth and thickness; ``pinch`` draws the edges in."""
    u, v = np.meshgrid(np.linspace(-1, 1, grid), np.linspace(-1, 1, grid), indexing="ij")
    u, v = np.sin(u * np.pi / 2), np.sin(v * np.pi / 2)
    puff = ((1 - np.abs(u) ** softness) * (1 - np.abs(v) ** softness)).clip(0) ** 0.45
    x = u * size[0] / 2 * (1 - pinch * (1 - v**2))
    y = v * size[1] / 2 * (1 - pinch * (1 - u**2))
    top = np.stack([x, y, puff * size[2] / 2], -1).reshape(-1, 3)
    bottom = top * (1, 1, -1)
    i, j = np.meshgrid(np.arange(grid - 1), np.arange(grid - 1), indexing="ij")
    a, b = (i * grid + j).ravel(), (i * grid + j).ravel() + grid
    # Diagonals point at the middle: one across a corner would lie flat on both sides and leave a doubled face.
    plain = ((i < (grid - 1) / 2) == (j < (grid - 1) / 2)).ravel()[:, None]
    one = np.where(plain, np.stack([a, b, b + 1], -1), np.stack([a, b, a + 1], -1))
    two = np.where(plain, np.stack([a, b + 1, a + 1], -1), np.stack([b, b + 1, a + 1], -1))
    faces = np.concatenate([one, two])
    both = np.concatenate([faces, faces[:, ::-1] + len(top)])
    return solid(np.concatenate([top, bottom]), both)


def slab(outline: Array | Sequence[Point], height: float, *, bottom: float = 0.0) -> trimesh.Trimesh:
    """Extrudes a closed 2-D outline (x, y) upward from ``bottom`` by ``height``."""
    section = manifold3d.CrossSection([np.asarray(outline, dtype=float)], manifold3d.FillRule.Positive)
    if section.area() <= 0:
        section = manifold3d.CrossSection([np.asarray(outline, dtype=float)[::-1]], manifold3d.FillRule.Positive)
    return move(_from_manifold(section.extrude(height)), (0, 0, bottom))


def cut(body: trimesh.Trimesh, *tools: trimesh.Trimesh) -> trimesh.Trimesh:
    """``body`` with each tool taken away (a boolean difference)."""
    result = _to_manifold(body)
    for tool in tools:
        result = result - _to_manifold(tool)
    return _from_manifold(result)


def _to_manifold(mesh: trimesh.Trimesh) -> manifold3d.Manifold:
    return manifold3d.Manifold(
        manifold3d.Mesh(
            vert_properties=np.asarray(mesh.vertices, dtype=np.float32),
            tri_verts=np.asarray(mesh.faces, dtype=np.uint32),
        )
    )


def _from_manifold(body: manifold3d.Manifold) -> trimesh.Trimesh:
    mesh = body.to_mesh()
    return trimesh.Trimesh(vertices=mesh.vert_properties[:, :3], faces=mesh.tri_verts, process=False)


def block(size: Point, center: Point = (0, 0, 0)) -> trimesh.Trimesh:
    """A sharp box of full ``size``: a tool for cutting, or a thin board."""
    return move(trimesh.creation.box(extents=np.asarray(size, dtype=float)), center)


def cylinder(
    radius: float, height: float, *, bevel: float = 0.0, bottom: float = 0.0, sections: int = SECTIONS
) -> trimesh.Trimesh:
    """An upright disc or drum standing on ``bottom`` with softened edges."""
    b = min(bevel, height / 2.01, radius / 2)
    low, high = bottom, bottom + height
    return lathe(
        [(0, low), (radius - b, low), (radius, low + b), (radius, high - b), (radius - b, high), (0, high)],
        sections,
    )


def superellipse(width: float, depth: float, power: float = 4.0, count: int = 64) -> Array:
    """A closed outline between an ellipse (2) and a rectangle (large ``power``)."""
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    c, s = np.cos(t), np.sin(t)
    x = np.sign(c) * np.abs(c) ** (2 / power) * width / 2
    y = np.sign(s) * np.abs(s) ** (2 / power) * depth / 2
    return np.stack([x, y], -1)


def star(points: int, outer: float, inner: float) -> Array:
    """A closed star outline; many shallow points make a scalloped or fluted edge."""
    t = np.arange(points * 2) * np.pi / points
    r = np.where(np.arange(points * 2) % 2 == 0, outer, inner)
    return np.stack([r * np.cos(t), r * np.sin(t)], -1)


def move(mesh: trimesh.Trimesh, offset: Point) -> trimesh.Trimesh:
    """A moved copy."""
    copy = mesh.copy()
    copy.apply_translation(np.asarray(offset, dtype=float))
    return copy


def turn(mesh: trimesh.Trimesh, degrees: float, axis: Point = (0, 0, 1), about: Point = (0, 0, 0)) -> trimesh.Trimesh:
    """A copy turned by ``degrees`` around ``axis`` through ``about``."""
    copy = mesh.copy()
    copy.apply_transform(trimesh.transformations.rotation_matrix(np.radians(degrees), axis, about))
    return copy


def stretch(mesh: trimesh.Trimesh, factors: Point) -> trimesh.Trimesh:
    """A copy scaled by (x, y, z) factors, all above zero."""
    copy = mesh.copy()
    copy.apply_scale(np.asarray(factors, dtype=float))
    return copy


def warp(mesh: trimesh.Trimesh, change: Callable[[Array], Array]) -> trimesh.Trimesh:
    """A copy with every vertex passed through ``change`` (n x 3 in, n x 3 out); ``change`` must not tear or fold."""
    copy = mesh.copy()
    copy.vertices = change(np.asarray(copy.vertices, dtype=float))
    return copy


def flute(mesh: trimesh.Trimesh, count: int, depth: float) -> trimesh.Trimesh:
    """Presses ``count`` upright flutes into a lathe; ``depth`` is a share of the radius, 0..0.2."""

    def change(v: Array) -> Array:
        wave = 1 + depth * np.cos(count * np.arctan2(v[:, 1], v[:, 0]))
        result: Array = v * np.stack([wave, wave, np.ones(len(v))], -1)
        return result

    return warp(mesh, change)


def twist(mesh: trimesh.Trimesh, degrees_per_unit: float) -> trimesh.Trimesh:
    """Turns each height by an angle proportional to it: spiral flutes and swirled glass."""

    def change(v: Array) -> Array:
        a = np.radians(degrees_per_unit) * v[:, 2]
        x = v[:, 0] * np.cos(a) - v[:, 1] * np.sin(a)
        y = v[:, 0] * np.sin(a) + v[:, 1] * np.cos(a)
        return np.stack([x, y, v[:, 2]], -1)

    return warp(mesh, change)
