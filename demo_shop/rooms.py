"""The rooms that shoppers photograph in: walls, floors, table tops, light of the hour, and other things lying about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import trimesh

from demo_shop import colors, textures
from demo_shop import geometry as g
from demo_shop.geometry import Array
from demo_shop.materials import Finish, Surface, surface
from demo_shop.model import Part, Stand
from demo_shop.render import Camera, Scene, Shape
from demo_shop.shading import corners
from demo_shop.staging import Lamp, aim, sky, turned

LIGHTS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float], float]] = {
    # ambient RGB, window or bulb RGB, and how large the source looks in degrees
    "daylight": ((0.42, 0.45, 0.50), (5.5, 5.7, 6.0), 24),
    "window": ((0.22, 0.24, 0.28), (8.0, 8.3, 8.8), 20),
    "warm": ((0.30, 0.24, 0.17), (8.5, 6.3, 3.9), 15),
    "cool": ((0.32, 0.37, 0.45), (4.6, 5.4, 6.6), 22),
    "dim": ((0.16, 0.14, 0.12), (3.2, 2.7, 2.1), 16),
    "overcast": ((0.80, 0.82, 0.85), (1.6, 1.7, 1.8), 30),
}
WALLS = ("paint", "plaster", "brick", "panels", "wallpaper", "tiles")
FLOORS = ("planks", "tiles", "carpet", "concrete", "patterned carpet")
TOPS = ("wood", "marble", "cloth", "white laminate", "dark wood")


@dataclass(frozen=True)
class Snap:
    """What was asked of one shopper photo: degrees, the light's name, the room's surfaces and the framing 0..1."""

    azimuth: float
    elevation: float
    roll: float
    light: str
    wall: str
    ground: str
    fill: float
    aspect: float
    shift: tuple[float, float]
    clutter: int


def draw_snap(rng: np.random.Generator, stand: Stand) -> Snap:
    """Rolls the dice of a photo: an angle that the catalog does not show, a light, a room and a framing."""
    azimuth = float(rng.choice([-1, 1])) * rng.uniform(8, 62)
    low, high = {"floor": (8, 34), "table": (10, 44), "wall": (-8, 14), "flat": (28, 62)}[stand]
    if stand == "wall":
        azimuth *= 0.65
    if stand == "flat":
        azimuth *= 2.5
    return Snap(
        azimuth=round(float(azimuth), 1),
        elevation=round(float(rng.uniform(low, high)), 1),
        roll=round(float(rng.normal(0, 3.0)), 1),
        light=str(rng.choice(list(LIGHTS))),
        wall=str(rng.choice(WALLS)),
        ground=str(rng.choice(FLOORS if stand in ("floor", "flat") else TOPS)),
        fill=round(float(rng.uniform(0.48, 0.80)), 2),
        aspect=float(rng.choice([0.75, 0.75, 1.0, 4 / 3])),
        shift=(round(float(rng.uniform(-0.5, 0.5)), 2), round(float(rng.uniform(-0.4, 0.4)), 2)),
        clutter=int(rng.integers(0, 5)),
    )


def room(subject: Sequence[Shape], stand: Stand, snap: Snap, size: int, rng: np.random.Generator) -> Scene:
    """The scene of one shopper photo."""
    shapes = [turned(shape, snap.azimuth) for shape in subject] if stand != "wall" else list(subject)
    points = np.concatenate([shape.corners.positions for shape in shapes])
    if stand == "wall":
        shapes, points = _on_wall(shapes, points, snap, rng)
    else:
        shapes += _standing_room(points, stand, snap, rng)
        for _ in range(snap.clutter):
            shapes += _clutter(points, rng, in_front=rng.random() < 0.3)
    camera = aim(points, elevation=snap.elevation, aspect=snap.aspect, fill=snap.fill, width=size, fov=42.0)
    return Scene(_handheld(camera, snap), _light(snap, rng), shapes)


def _handheld(camera: Camera, snap: Snap) -> Camera:
    """Rolls the camera and looks past the product's middle, as far as the free margin of the frame lets it."""
    free = (1 - snap.fill) * float(np.linalg.norm(np.subtract(camera.origin, camera.target))) * 0.36
    x, z = snap.shift[0] * free * min(1.0, snap.aspect), snap.shift[1] * free / max(1.0, snap.aspect)
    target = (camera.target[0] + x, camera.target[1], camera.target[2] + z)
    origin = (camera.origin[0] + x, camera.origin[1], camera.origin[2] + z)
    return replace(camera, origin=origin, target=target, roll=snap.roll)


def _light(snap: Snap, rng: np.random.Generator) -> Array:
    ambient, source, size = LIGHTS[snap.light]
    side = float(rng.choice([-1, 1]))
    lamps = [Lamp(side * rng.uniform(25, 85), rng.uniform(18, 62), size * rng.uniform(0.8, 1.2), source)]
    if snap.light in ("warm", "dim") and rng.random() < 0.5:
        lamps.append(Lamp(-side * rng.uniform(30, 80), rng.uniform(30, 60), 9, (5.0, 3.8, 2.4)))
    return sky(ambient, lamps, ground=0.5)


def _standing_room(points: Array, stand: Stand, snap: Snap, rng: np.random.Generator) -> list[Shape]:
    back = float(points[:, 1].max()) + rng.uniform(0.15, 1.1)
    wall = Shape(corners(Part(g.block((16, 0.1, 9), (0, back + 0.05, 2.0)), uv="front")), wall_surface(snap.wall, rng))
    ground = ground_surface(snap.ground, rng)
    if stand in ("floor", "flat"):
        floor = Shape(corners(Part(g.block((16, 16, 0.1), (0, back - 8, -0.05)), uv="top")), ground)
        skirting = Shape(corners(Part(g.block((16, 0.04, 0.13), (0, back, 0.065)))), paint("white"))
        return [wall, floor, skirting]
    edge = float(points[:, 1].min()) - rng.uniform(0.5, 1.6)
    rear = min(back - 0.02, float(points[:, 1].max()) + 0.9)
    top = g.rounded_box((6, rear - edge, 0.12), 0.03, (0, (rear + edge) / 2, -0.06))
    floor = Shape(corners(Part(g.block((16, 16, 0.1), (0, back - 8, -2.2)), uv="top")), ground_surface("planks", rng))
    return [wall, Shape(corners(Part(top, uv="top")), ground), floor]


def _on_wall(shapes: list[Shape], points: Array, snap: Snap, rng: np.random.Generator) -> tuple[list[Shape], Array]:
    """Hangs the product: product and wall turn together, and a sideboard's top may show below."""
    back = float(points[:, 1].max())
    wall = g.block((16, 0.1, 12), (0, back + 0.05, 0.5))
    extra = [Shape(corners(Part(wall, uv="front")), wall_surface(snap.wall, rng))]
    if snap.clutter >= 2:
        z = -rng.uniform(0.06, 0.3)
        shelf = g.block((5, 0.7, 0.1), (0, back - 0.35, z - 0.05))
        extra.append(Shape(corners(Part(shelf, uv="top")), ground_surface("wood", rng)))
        for _ in range(snap.clutter - 1):
            side = float(rng.choice([-1, 1]))
            height = rng.uniform(0.15, 0.45)
            thing = g.move(_thing(rng, height), (side * rng.uniform(0.15, 0.9), back - 0.3, z))
            extra.append(Shape(corners(Part(thing)), any_surface(rng)))
    hung = [turned(shape, snap.azimuth) for shape in [*shapes, *extra]]
    return hung, np.concatenate([shape.corners.positions for shape in hung if shape.subject])


def _clutter(points: Array, rng: np.random.Generator, *, in_front: bool) -> list[Shape]:
    """One other thing beside or behind the product, or in front of its edge."""
    low, high = points.min(axis=0), points.max(axis=0)
    height = float(rng.uniform(0.14, 0.5))
    side = float(rng.choice([-1, 1]))
    half = (high[0] - low[0]) / 2
    if in_front:
        height *= 0.55
        x = side * half * rng.uniform(0.55, 1.0)
        y = low[1] - rng.uniform(0.18, 0.4)
    else:
        x = side * (half + rng.uniform(0.18, 0.7))
        y = rng.uniform(low[1], high[1] + 0.25)
    thing = g.turn(_thing(rng, height), rng.uniform(0, 90))
    return [Shape(corners(Part(g.move(thing, (x, y, 0)))), any_surface(rng))]


def _thing(rng: np.random.Generator, height: float) -> trimesh.Trimesh:
    """A simple object of the given height: a block, a ball, a can, a cone, a pile of boards or a pebble."""
    kind = int(rng.integers(6))
    w = height * rng.uniform(0.4, 1.1)
    if kind == 0:
        return g.rounded_box((w, w * rng.uniform(0.5, 1.2), height), 0.02, (0, 0, height / 2))
    if kind == 1:
        return g.move(trimesh.creation.icosphere(3, height / 2), (0, 0, height / 2))
    if kind == 2:
        return g.cylinder(w * 0.45, height, bevel=0.01)
    if kind == 3:
        return g.lathe([(0, 0), (w * 0.6, 0), (0.02, height), (0, height)])
    if kind == 4:
        flat = height * 0.35
        return g.rounded_box((height * 1.3, height * 0.9, flat), 0.015, (0, 0, flat / 2))
    pebble = g.stretch(trimesh.creation.icosphere(3, 1), (w * 0.7, w * 0.5, height * 0.35))
    return g.move(pebble, (0, 0, height * 0.33))


def any_surface(rng: np.random.Generator) -> Surface:
    """Some everyday surface for a thing nobody asked about."""
    kind = str(rng.choice(["plastic", "wood", "ceramic", "paper", "fabric", "painted metal", "leather"]))
    color = str(rng.choice(colors.KIND_COLORS[kind]))
    return surface(Finish(kind, color, "plain", "white", str(rng.integers(1_000_000))))


def paint(color: str) -> Surface:
    """Matte wall paint."""
    return Surface(np.full((4, 4, 3), 1.0) * colors.rgb(color), 0.9, matte=True)


def wall_surface(kind: str, rng: np.random.Generator) -> Surface:
    """A wall 16 units wide."""
    base = colors.rgb(
        str(rng.choice(["ivory", "white", "beige", "gray", "sky", "sage", "pink", "mint", "navy", "teal"]))
    )
    if kind == "brick":
        return _tiled(_bricks(colors.rgb(str(rng.choice(["terracotta", "cherry", "white"]))), rng), 8, 4.5)
    if kind == "panels":
        wood = textures.surface(
            "wood", "plain", colors.rgb(str(rng.choice(["oak", "walnut", "birch", "white"]))), base, rng
        )
        return _tiled(_seams(wood, 8, 0), 7, 1)
    if kind == "wallpaper":
        pattern = str(rng.choice(["striped", "floral", "diamond", "leafy"]))
        return _tiled(textures.surface("plain", pattern, base, 0.82 * base + 0.16, rng), 9, 5)
    if kind == "tiles":
        return _tiled(_seams(textures.surface("plain", "plain", base * 0.4 + 0.55, base, rng), 4, 4), 9, 5)
    rough = 0.045 if kind == "plaster" else 0.012
    return _tiled((base * (1 + rough * textures.noise(rng, 9, 9, 4))[..., None]).clip(0, 1), 5, 3)


def ground_surface(kind: str, rng: np.random.Generator) -> Surface:
    """A floor or table top."""
    wood = str(rng.choice(["oak", "birch", "cherry", "natural"]))
    if kind in ("planks", "wood", "dark wood"):
        tone = colors.rgb("walnut" if kind == "dark wood" else wood)
        picture = textures.surface("wood", "plain", tone, tone, rng)
        return (
            _tiled(_seams(picture, 5, 1, 0.72), 8, 3)
            if kind == "planks"
            else replace(_tiled(picture, 2, 1), matte=False, roughness=0.45)
        )
    if kind == "marble":
        return replace(
            _tiled(textures.surface("marble", "plain", colors.rgb("white"), colors.rgb("white"), rng), 1, 1),
            matte=False,
            roughness=0.25,
        )
    if kind == "white laminate":
        return replace(_tiled(np.full((4, 4, 3), 0.9), 1, 1), matte=False, roughness=0.4)
    if kind == "cloth":
        first, second = (
            colors.rgb("white"),
            colors.rgb(str(rng.choice(["red", "blue", "sage", "gray", "navy"]))),
        )
        return _tiled(
            textures.surface("linen", str(rng.choice(["checked", "plain", "plaid", "striped"])), first, second, rng),
            3,
            1,
        )
    if kind == "tiles":
        tone = colors.rgb(str(rng.choice(["white", "gray", "terracotta", "charcoal"])))
        return _tiled(_seams(textures.surface("concrete", "plain", tone, tone, rng), 2, 2, 0.7), 10, 10)
    if kind == "concrete":
        return _tiled(textures.surface("concrete", "plain", colors.rgb("gray"), colors.rgb("gray"), rng), 4, 4)
    tone = colors.rgb(str(rng.choice(["beige", "gray", "charcoal", "olive", "burgundy", "navy"])))
    pattern = str(rng.choice(["diamond", "plaid", "floral"])) if kind == "patterned carpet" else "plain"
    return _tiled(textures.surface("wool", pattern, tone, colors.rgb("ivory"), rng), 9, 9)


def _tiled(picture: Array, across: float, up: float) -> Surface:
    return Surface(picture.clip(0, 1), 0.9, repeat=(across, up), matte=True)


def _seams(picture: Array, across: int, up: int, shade: float = 0.8) -> Array:
    """Dark joints: ``across`` upright and ``up`` level ones to a tile; every board gets its own tone."""
    side = picture.shape[0]
    columns, rows = np.arange(side) * max(across, 1) // side, np.arange(side) * max(up, 1) // side
    tone = 1 + 0.07 * np.sin(columns[None, :] * 2.4 + rows[:, None] * 4.1)
    joint = np.ones((side, side))
    if across:
        joint[:, np.arange(side) % (side // across) < 3] = shade
    if up:
        joint[np.arange(side) % (side // up) < 3, :] = shade
    result: Array = picture * (tone * joint)[..., None]
    return result


def _bricks(color: Array, rng: np.random.Generator) -> Array:
    side, rows, columns = textures.SIDE, 8, 4
    y, x = np.mgrid[0:side, 0:side]
    row = y * rows // side
    shifted = (x + (row % 2) * side // (2 * columns)) % side
    column = shifted * columns // side
    tone = 1 + 0.10 * rng.standard_normal((rows, columns))[row, column]
    mortar = ((y % (side // rows)) < 4) | ((shifted % (side // columns)) < 4)
    brick = color * (tone * (1 + 0.05 * textures.noise(rng, 30, 30, 2)))[..., None]
    return np.where(mortar[..., None], np.array([0.78, 0.76, 0.72]), brick).clip(0, 1)
