"""The only module that speaks to the renderer (Mitsuba 3): a scene of finished parts in, a picture and a mask out."""

from __future__ import annotations

import glob
import importlib
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from demo_shop.denoise import Guides, denoised, enlarged
from demo_shop.geometry import Array, Mask
from demo_shop.materials import Surface
from demo_shop.shading import Corners
from demo_shop.textures import SIDE

MISSING = "the renderer is not installed; install it with: pip install 'akin[demo]'"
INDEX = {"type": "aov", "aovs": "ii:shape_index,dd:depth"}
GUIDES = {"type": "aov", "aovs": "al:albedo,nn:sh_normal,dd:depth"}
GUIDE_SAMPLES = 6  # to soften edges and textures; they carry no light, so no noise
SLOTS = 12  # shapes in a scene, or a multiple: few scenes need more
MAX_DEPTH = 4  # path segments; more brightens corners by less than the noise at our sample counts


@dataclass(frozen=True)
class Shape:
    """Corners in one surface. ``subject`` marks the product itself, for the mask."""

    corners: Corners
    surface: Surface
    subject: bool = False


@dataclass(frozen=True)
class Camera:
    """A pinhole camera: positions in scene units, ``fov`` across the longer side and ``roll`` in degrees."""

    origin: tuple[float, float, float]
    target: tuple[float, float, float]
    fov: float
    width: int
    height: int
    roll: float = 0.0


@dataclass(frozen=True)
class Scene:
    """Everything one picture needs. ``sky`` is a lat-long picture of the light (rows x columns x 3, linear)."""

    camera: Camera
    sky: Array
    shapes: list[Shape] = field(default_factory=list)


@dataclass(frozen=True)
class Rendered:
    """``light`` is linear RGB (rows x columns x 3); ``subject`` says which pixels show the product."""

    light: Array
    subject: Mask


def _speck(matte: bool, share: float) -> Shape:
    """A triangle too small and far below to be seen, whose numbers differ from any other's."""
    corner = np.array([[0.0, 0.0, -50.0], [0.01, 0.0, -50.0], [0.0, 0.01, -50.0]])
    surface = Surface(np.full((8, 8, 3), share), share, share / 2, share, share / 3, share / 4, matte=matte)
    return Shape(Corners(corner, np.array([[0.0, 0.0, 1.0]] * 3), np.zeros((3, 2))), surface)


_SPECKS = [_speck(matte, share) for matte in (False, True) for share in (0.3, 0.6)]


def choose_variant(wanted: str = "auto") -> str:
    """The Mitsuba variant to use. ``auto`` takes the LLVM one (far faster) when it survives a trial in a child process.

    A too old LLVM ends the whole process (seen with 15: "Cannot select: fminimum"), so it is never tried in this one.
    """
    if wanted != "auto":
        return wanted
    newest = _newest_llvm()
    if newest:
        os.environ.setdefault("DRJIT_LIBLLVM_PATH", newest)
    trial = (
        "import mitsuba as mi; mi.set_variant('llvm_ad_rgb'); import drjit as dr;"
        "s = mi.load_dict(mi.cornell_box()); dr.eval(mi.render(s, spp=1)); dr.sync_thread()"
    )
    done = subprocess.run([sys.executable, "-c", trial], capture_output=True, check=False)  # noqa: S603 - our own text
    return "llvm_ad_rgb" if done.returncode == 0 else "scalar_rgb"


def _newest_llvm() -> str:
    found = glob.glob("/usr/lib/*/libLLVM*.so*") + glob.glob("/usr/lib/llvm-*/lib/libLLVM*.so*")  # noqa: PTH207
    versions = {
        path: int("0" + "".join(c for c in path.rsplit("/", 1)[1].split(".so")[-1] or "0" if c.isdigit())[:2])
        for path in found
    }
    new = [path for path, version in versions.items() if version >= 16]
    return max(new, key=lambda path: versions[path], default="")


@lru_cache(maxsize=1)
def _mitsuba(variant: str) -> Any:
    try:
        mi = importlib.import_module("mitsuba")
    except ImportError as error:
        raise SystemExit(MISSING) from error
    mi.set_variant(variant)
    mi.set_log_level(mi.LogLevel.Error)
    # One thread a process: more would add film samples in a different order each time, and pictures would differ.
    importlib.import_module("drjit").set_thread_count(1)
    return mi


def visible_share(scene: Scene, *, variant: str) -> float:
    """How much of the product can be seen, 0..1: what neither other things nor the frame's edges hide."""
    mi = _mitsuba(variant)
    rough = replace(scene.camera, width=96, height=round(96 * scene.camera.height / scene.camera.width))
    wide = replace(rough, fov=min(120.0, rough.fov * 1.6))  # beyond the frame, to count what it cuts off
    tan = np.tan(np.radians(scene.camera.fov / 2)) / np.tan(np.radians(wide.fov / 2))

    def seen(camera: Camera, shapes: list[Shape]) -> int:
        loaded, ordered = _loaded(mi, replace(scene, shapes=shapes))
        index = np.array(mi.render(loaded, sensor=_sensor(mi, camera, 1), integrator=mi.load_dict(INDEX), seed=0))
        return int(_subject_mask(loaded, ordered, index).sum())

    alone = [shape for shape in scene.shapes if shape.subject]
    return float(seen(rough, scene.shapes) * tan**2 / max(1, seen(wide, alone)))


def _loaded(mi: Any, scene: Scene) -> tuple[Any, list[Shape]]:
    """The scene in the renderer, always in the same form.

    The LLVM variant compiles a kernel for every form of scene it meets: a second each, several times what the picture
    itself takes. So every scene opens with the same four far-away specks (both kinds of surface, twice, with
    unequal numbers), is filled up to a multiple of SLOTS shapes, and keeps its numbers out of the compiled code.
    """
    described: dict[str, Any] = {
        "type": "scene",
        "sky": {"type": "envmap", "bitmap": mi.Bitmap(scene.sky.astype(np.float32)), "to_world": _z_up(mi)},
    }
    ordered = [*_SPECKS, *sorted(scene.shapes, key=lambda shape: not shape.subject)]
    ordered += [_SPECKS[0]] * (-len(ordered) % SLOTS)
    for index, shape in enumerate(ordered):
        described[f"shape{index:03d}"] = _mesh(mi, f"shape{index:03d}", shape)
    loaded = mi.load_dict(described)
    if mi.variant().startswith("llvm"):
        _hide_numbers(mi, loaded)
    return loaded, ordered


def _hide_numbers(mi: Any, loaded: Any) -> None:
    opaque = importlib.import_module("drjit").opaque
    values = mi.traverse(loaded)
    for name in values.keys():  # noqa: SIM118 - the renderer's map cannot be iterated itself
        if name.endswith((".value", "bsdf.specular")):
            values[name] = opaque(mi.Float, float(np.ravel(values[name])[0]))
    values.update()


def render(scene: Scene, *, samples: int, seed: int, variant: str) -> Rendered:
    """Traces the scene with ``samples`` paths for each pixel of a picture half as wide and high, since light changes
    softly, and lays the smoothed light over surfaces drawn in full size."""
    mi = _mitsuba(variant)
    loaded, ordered = _loaded(mi, scene)
    half = replace(scene.camera, width=(scene.camera.width + 1) // 2, height=(scene.camera.height + 1) // 2)

    def film(camera: Camera, integrator: dict[str, Any], count: int) -> Array:
        sensor = _sensor(mi, camera, count)
        return np.array(mi.render(loaded, sensor=sensor, integrator=mi.load_dict(integrator), seed=seed))

    # Light and guides apart: together the compiled kernel took twice as long as the two one after the other.
    # The same seed and count sample the same points of each pixel, so light and color agree along edges.
    light = film(half, {"type": "path", "max_depth": MAX_DEPTH}, samples)
    coarse = _guides(film(half, GUIDES, samples))
    fine = _guides(film(scene.camera, GUIDES, GUIDE_SAMPLES))
    subject = _subject_mask(loaded, ordered, film(scene.camera, INDEX, 1))
    return Rendered(enlarged(denoised(light, coarse), coarse, fine), subject)


def _guides(film: Array) -> Guides:
    return Guides(albedo=film[..., :3], normal=film[..., 3:6], depth=film[..., 6])


def _subject_mask(loaded: Any, ordered: list[Shape], index: Array) -> Mask:
    wanted = {f"shape{i:03d}" for i, shape in enumerate(ordered) if shape.subject}
    # The renderer counts shapes from 1; 0 is the sky.
    numbers = [number for number, shape in enumerate(loaded.shapes(), start=1) if shape.id() in wanted]
    result: Mask = np.isin(np.rint(index[..., 0]).astype(int), numbers) & (index[..., 1] > 0)
    return result


def _z_up(mi: Any) -> Any:
    return mi.ScalarTransform4f().rotate([1, 0, 0], 90)


def _sensor(mi: Any, camera: Camera, samples: int) -> Any:
    look = mi.ScalarTransform4f().look_at(origin=camera.origin, target=camera.target, up=[0, 0, 1])
    look = look @ mi.ScalarTransform4f().rotate([0, 0, 1], camera.roll)
    return mi.load_dict(
        {
            "type": "perspective",
            "fov": camera.fov,
            "fov_axis": "larger",
            "to_world": look,
            "film": {
                "type": "hdrfilm",
                "width": camera.width,
                "height": camera.height,
                "pixel_format": "rgb",
                "rfilter": {"type": "box"},
            },
            "sampler": {"type": "independent", "sample_count": samples},
        }
    )


def _mesh(mi: Any, name: str, shape: Shape) -> Any:
    properties = mi.Properties()
    properties["bsdf"] = mi.load_dict(_principled(mi, shape.surface))
    count = len(shape.corners.positions)
    mesh = mi.Mesh(name, count, count // 3, props=properties, has_vertex_normals=True, has_vertex_texcoords=True)
    values = mi.traverse(mesh)
    values["vertex_positions"] = np.ravel(shape.corners.positions).astype(np.float32)
    values["vertex_normals"] = np.ravel(shape.corners.normals).astype(np.float32)
    values["vertex_texcoords"] = np.ravel(shape.corners.uv * np.asarray(shape.surface.repeat)).astype(np.float32)
    values["faces"] = np.arange(count, dtype=np.uint32)
    values.update()
    return mesh


def _principled(mi: Any, surface: Surface) -> dict[str, Any]:
    """Only two kinds of plugin, so that few LLVM kernels are compiled; matte ones render about twice as fast."""
    side = surface.picture.shape[0]
    tiles = SIDE // side if side < SIDE else 1  # one size for all: a texture's size is compiled in
    picture = np.tile(np.rint(surface.picture * 255).astype(np.uint8)[::-1], (tiles, tiles, 1))
    bitmap = mi.Bitmap(picture)
    bitmap.set_srgb_gamma(True)
    color = {"type": "bitmap", "bitmap": bitmap, "wrap_mode": "repeat"}
    if surface.matte:
        return {"type": "diffuse", "reflectance": color}
    return {
        "type": "principled",
        "base_color": color,
        "roughness": surface.roughness,
        "metallic": surface.metallic,
        "specular": surface.specular,
        "clearcoat": surface.clearcoat,
        "clearcoat_gloss": 0.9,
        "sheen": surface.sheen,
        "spec_tint": 0.0,
    }
