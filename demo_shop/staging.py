"""Puts a finished design in front of a camera: the white studio of catalog pictures, and what rooms share with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from demo_shop import geometry as g
from demo_shop import materials
from demo_shop.geometry import Array
from demo_shop.materials import Finish, Surface
from demo_shop.model import Part, Stand
from demo_shop.render import Camera, Scene, Shape
from demo_shop.shading import Corners, corners, joined

FOV = 26.0  # degrees across the picture's longer side: a short tele lens, as product photographers use
SKY_ROWS, SKY_COLUMNS = 32, 64


@dataclass(frozen=True)
class Lamp:
    """A soft patch of light: degrees around from the camera's back (0 = from behind the camera, positive = from the
    right) and up, its half-width in degrees, and its linear RGB."""

    azimuth: float
    elevation: float
    size: float
    rgb: tuple[float, float, float]


def sky(ambient: Sequence[float], lamps: Sequence[Lamp], *, ground: float = 0.6) -> Array:
    """A lat-long picture of the light; ``ground`` dims the lower half."""
    theta = (np.arange(SKY_ROWS) + 0.5) / SKY_ROWS * np.pi
    phi = (np.arange(SKY_COLUMNS) + 0.5) / SKY_COLUMNS * 2 * np.pi
    t, p = np.meshgrid(theta, phi, indexing="ij")
    direction = np.stack([np.sin(p) * np.sin(t), np.cos(p) * np.sin(t), np.cos(t)], -1)
    level = np.where(direction[..., 2] > 0, 1.0, ground)[..., None]
    picture: Array = level * np.asarray(ambient)[None, None]
    for lamp in lamps:
        a, e = np.radians(lamp.azimuth), np.radians(lamp.elevation)
        toward = np.array([np.sin(a) * np.cos(e), -np.cos(a) * np.cos(e), np.sin(e)])
        angle = np.degrees(np.arccos(np.clip(direction @ toward, -1, 1)))
        picture = picture + np.clip((lamp.size - angle) / 6 + 0.5, 0, 1)[..., None] * np.asarray(lamp.rgb)
    return picture


def subject_shapes(parts: Sequence[Part], finishes: Mapping[str, Finish]) -> list[Shape]:
    """The fitted product as shapes, one for each slot, front along -y."""
    return [
        Shape(
            joined([corners(part) for part in parts if part.slot == slot]),
            materials.surface(finishes[slot]),
            subject=True,
        )
        for slot in sorted({part.slot for part in parts})
    ]


def turned(shape: Shape, degrees: float) -> Shape:
    """The shape turned about z. Texture coordinates stay as they were, so patterns do not swim with the view."""
    a = np.radians(degrees)
    matrix = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    held = shape.corners
    moved = replace(held, positions=held.positions @ matrix.T, normals=held.normals @ matrix.T)
    return replace(shape, corners=moved)


def plain(rgb: Sequence[float], roughness: float = 0.9) -> Surface:
    """A matte surface of one linear-looking sRGB color 0..1."""
    return Surface(np.full((4, 4, 3), 1.0) * np.asarray(rgb), roughness, matte=True)


def aim(points: Array, *, elevation: float, aspect: float, fill: float, width: int, fov: float = FOV) -> Camera:
    """A camera at -y, raised by ``elevation`` degrees, that frames ``points`` within ``fill`` (0..1) of the picture."""
    e = np.radians(elevation)
    back = np.array([0.0, -np.cos(e), np.sin(e)])
    right = np.array([1.0, 0.0, 0.0])
    up = np.cross(right, -back)
    tan_x = np.tan(np.radians(fov / 2)) * min(1.0, aspect)
    tan_y = np.tan(np.radians(fov / 2)) / max(1.0, aspect)
    target = (points.min(axis=0) + points.max(axis=0)) / 2
    distance = 3.0
    for _ in range(4):
        offset = points - target
        x, y, z = offset @ right, offset @ up, offset @ back
        distance = float(np.max(z + np.maximum(np.abs(x) / tan_x, np.abs(y) / tan_y) / fill))
        px, py = x / (distance - z), y / (distance - z)
        middle = ((px.max() + px.min()) / 2, (py.max() + py.min()) / 2)
        target = target + right * middle[0] * distance + up * middle[1] * distance
    origin = target + back * distance
    rows = round(width / aspect) if aspect >= 1 else width
    columns = width if aspect >= 1 else round(width * aspect)
    return Camera(_triple(origin), _triple(target), fov, columns, rows)


def _triple(point: Array) -> tuple[float, float, float]:
    return (float(point[0]), float(point[1]), float(point[2]))


STUDIO = sky(
    (0.75, 0.76, 0.78),
    [
        Lamp(-48, 48, 26, (7.0, 6.9, 6.7)),
        Lamp(62, 28, 18, (2.2, 2.3, 2.4)),
        Lamp(10, 82, 20, (2.0, 2.0, 2.0)),
    ],
    ground=0.8,
)
VIEWS: dict[Stand, tuple[tuple[float, float], ...]] = {
    # (azimuth, elevation) in degrees; the first is the product's main picture
    "floor": ((32, 17), (2, 9), (-48, 22)),
    "table": ((28, 20), (-4, 8), (-42, 28)),
    "wall": ((0, 0), (30, 8), (-25, 4)),
    "flat": ((24, 50), (0, 66), (-35, 38)),
}
STEEP = {"plate": 34, "bowl": 14, "pan": 14}  # degrees added where the inside is what sells the thing


def studio(subject: Sequence[Shape], stand: Stand, word: str, view: int, size: int, jitter: float) -> Scene:
    """The catalog picture number ``view`` (from 0) of a product; ``jitter`` -1..1 varies the camera a little."""
    azimuth, elevation = VIEWS[stand][view % len(VIEWS[stand])]
    azimuth, elevation = (
        azimuth + 7 * jitter,
        elevation + STEEP.get(word, 0) * (1.0 if view == 0 else 0.6) + 2 * jitter,
    )
    shapes = [turned(shape, azimuth) for shape in subject]
    points = np.concatenate([shape.corners.positions for shape in shapes])
    camera = aim(points, elevation=elevation, aspect=1.0, fill=0.86, width=size)
    if stand == "wall":
        back = max(float(shape.corners.positions[:, 1].max()) for shape in subject)
        wall = Shape(corners(Part(g.block((30, 0.1, 30), (0, back + 0.05, 0)))), plain((0.93, 0.93, 0.93)))
        shapes.append(turned(wall, azimuth))
    else:
        shapes.append(Shape(_backdrop(), plain((0.93, 0.93, 0.93))))
    return Scene(camera, STUDIO, shapes)


@lru_cache(maxsize=1)
def _backdrop() -> Corners:
    """A sheet that runs under the product and curves up behind it, so that no horizon shows."""
    a = np.linspace(0, np.pi / 2, 16)
    curve = np.column_stack([2.0 + 2 * np.sin(a), 2 - 2 * np.cos(a)])
    line = np.vstack([[-12, 0], curve, [4, 12], [4.2, 12], [4.2, -0.2], [-12, -0.2]])
    sheet = g.slab(line, 40, bottom=-20)
    return corners(Part(g.turn(g.turn(sheet, 90, (1, 0, 0)), 90, (0, 0, 1))))
