"""From rendered light to picture files: a studio photographer's finish, and what a shopper's phone does to a photo."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from demo_shop.geometry import Array, Mask

ORIENTATION = 0x0112  # the EXIF tag that says how a viewer must turn the pixels
STORED_AS = {
    1: None,
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True)
class Phone:
    """How a photo was taken: stops of exposure, red and blue gains, blur and motion in pixels, noise 0..1, JPEG quality
    and EXIF orientation."""

    exposure: float
    red: float
    blue: float
    blur: float
    motion: float
    noise: float
    quality: int
    orientation: int


def _encode(light: Array) -> Array:
    """Linear light to sRGB with a soft shoulder, so that bright cloth does not burn out."""
    x = np.maximum(light, 0)
    x = np.where(x > 0.8, 0.8 + 0.2 * (1 - np.exp(-(x - 0.8) / 0.2)), x)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 1e-9) ** (1 / 2.4) - 0.055)


def _picture(srgb: Array) -> Image.Image:
    return Image.fromarray(np.rint(srgb.clip(0, 1) * 255).astype(np.uint8))


def studio_jpeg(light: Array, subject: Mask, quality: int = 80) -> bytes:
    """A catalog picture: the backdrop is brought to a near white whatever the product's own color."""
    backdrop = light[~subject]
    level = float(np.percentile(backdrop.mean(-1), 85)) if len(backdrop) else 1.0
    picture = _picture(_encode(light * (0.92 / max(level, 1e-3))))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


def phone_jpeg(light: Array, phone: Phone, rng: np.random.Generator) -> bytes:
    """A shopper's photo: auto exposure gone a little wrong, white balance, vignette, blur, sensor noise, JPEG, EXIF."""
    level = float(np.percentile(light.mean(-1), 60))
    exposed = light * (0.26 / max(level, 1e-3)) * 2.0**phone.exposure * np.array([phone.red, 1.0, phone.blue])
    rows, columns = exposed.shape[:2]
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    exposed = exposed * (1 - 0.10 * (x**2 + y**2))[..., None]
    shot = rng.normal(0, 1, exposed.shape) * np.sqrt(exposed.clip(0) * 0.9 + 0.02) * phone.noise
    speckle = shot + rng.normal(0, 1, (rows, columns, 1)) * phone.noise * 0.12
    picture = _picture(_encode(exposed))
    if phone.motion > 0.5:
        picture = _shaken(picture, phone.motion)
    if phone.blur > 0.05:
        picture = picture.filter(ImageFilter.GaussianBlur(phone.blur))
    picture = _picture(np.asarray(picture) / 255 + speckle * 0.55)
    return _stored(picture, phone)


def _shaken(picture: Image.Image, pixels: float) -> Image.Image:
    """A short sideways blur, as from a hand that moved."""
    values = np.asarray(picture).astype(float)
    steps = max(2, round(pixels))
    moved = [np.roll(np.roll(values, k, axis=1), k // 2, axis=0) for k in range(steps)]
    return Image.fromarray(np.mean(moved, axis=0).astype(np.uint8))


def _stored(picture: Image.Image, phone: Phone) -> bytes:
    """Pixels turned away from upright, with the EXIF tag that turns them back."""
    turn = STORED_AS[phone.orientation]
    exif = Image.Exif()
    if turn is not None:
        picture = picture.transpose(turn)
        exif[ORIENTATION] = phone.orientation
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=phone.quality, exif=exif)
    return out.getvalue()


def box(subject: Mask) -> dict[str, float] | None:
    """The smallest upright box around the product's visible pixels, as shares 0..1; None when it cannot be seen."""
    rows, columns = np.flatnonzero(subject.any(axis=1)), np.flatnonzero(subject.any(axis=0))
    if not len(rows):
        return None
    height, width = subject.shape
    return {
        "x": round(float(columns[0]) / width, 4),
        "y": round(float(rows[0]) / height, 4),
        "width": round(float(columns[-1] + 1 - columns[0]) / width, 4),
        "height": round(float(rows[-1] + 1 - rows[0]) / height, 4),
    }
