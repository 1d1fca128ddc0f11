"""Pictures to learn from: other views of the same thing, made by moving, lighting and setting photos anew.

Two views of one picture are one "same thing" pair for the metric learning in fit_eyes.py: the catalog's view (plain
ground, clean) and a shopper's (turned, another ground, other light, blur, noise, JPEG).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from app.analysis.local.canvas import resized
from app.analysis.local.region import find_region

Picture = NDArray[np.uint8]
SIDE = 320
WORDS = (
    "FRESH",
    "ORGANIC",
    "classic",
    "Original",
    "24 ct",
    "NEW",
    "Home",
    "pure",
    "500 g",
    "Soft",
    "MAX",
    "ultra",
    "Nature",
)


def shopper_view(picture: Picture, ground: Picture, rng: np.random.Generator) -> Picture:
    """picture: (H, W, 3); ground: any photo, used as background half the time where the object can be cut out."""
    mask = find_region(picture).mask if rng.random() < 0.6 else None
    side = SIDE
    scale = rng.uniform(0.55, 1.0) if mask is not None else rng.uniform(0.9, 1.25)
    matrix = moved(picture.shape[1], picture.shape[0], side, scale, rng)
    view = cv2.warpPerspective(picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    if mask is not None:
        full = cv2.resize(mask, (picture.shape[1], picture.shape[0]))
        alpha = cv2.warpPerspective(full, matrix, (side, side))
        alpha = np.clip((alpha - 0.25) / 0.5, 0.0, 1.0)[..., None]
        behind = cv2.resize(random_crop(ground, rng), (side, side)).astype(np.float32)
        view = (view * alpha + behind * (1.0 - alpha)).astype(np.uint8)
    return spoiled(np.asarray(view, dtype=np.uint8), rng)


def catalog_view(picture: Picture, rng: np.random.Generator) -> Picture:
    """The picture as it is, or its object on a plain ground."""
    out = resized(picture, SIDE).astype(np.float32)
    if rng.random() < 0.6:
        mask = cv2.resize(find_region(picture).mask, (out.shape[1], out.shape[0]))
        alpha = np.clip((mask - 0.25) / 0.5, 0.0, 1.0)[..., None]
        plain = (255.0, 255.0, 245.0, 0.0)[int(rng.integers(4))]
        out = out * alpha + plain * (1.0 - alpha)
    return np.clip(out, 0, 255).astype(np.uint8)


def moved(width: int, height: int, side: int, scale: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Perspective matrix: small turns mostly, quarter turns sometimes, a little tilt."""
    turn = rng.normal(0, 0.15) + (float(rng.integers(1, 4)) * np.pi / 2 if rng.random() < 0.12 else 0.0)
    size = scale * side / max(width, height)
    stretch = np.exp(rng.normal(0, 0.06, 2))
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64) * [width / 2, height / 2]
    turned = corners * size * stretch @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    turned += rng.normal(0, 0.03 * side * scale, (4, 2)) + side / 2 + rng.normal(0, 0.04 * side, 2)
    source = (corners + np.array([width / 2, height / 2])).astype(np.float32)
    return np.asarray(cv2.getPerspectiveTransform(source, turned.astype(np.float32)), dtype=np.float64)


def random_crop(ground: Picture, rng: np.random.Generator) -> Picture:
    height, width = ground.shape[:2]
    size = rng.uniform(0.3, 0.9)
    high, wide = max(8, int(height * size)), max(8, int(width * size))
    top, left = int(rng.integers(0, height - high + 1)), int(rng.integers(0, width - wide + 1))
    return ground[top : top + high, left : left + wide]


def spoiled(view: Picture, rng: np.random.Generator) -> Picture:
    """Other light (level, color, a ramp), contrast, blur, noise and JPEG."""
    out = (view.astype(np.float32) / 255.0) ** np.exp(rng.normal(0, 0.25))
    out *= np.exp(rng.normal(0, 0.18)) * np.exp(rng.normal(0, 0.07, 3))
    ramp = np.linspace(-1, 1, view.shape[1])[None, :] * rng.normal(0, 0.12)
    ramp = ramp + np.linspace(-1, 1, view.shape[0])[:, None] * rng.normal(0, 0.12)
    out = out * (1.0 + ramp[..., None])
    if rng.random() < 0.5:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.4, 1.6))))
    out = out + rng.normal(0, rng.uniform(0, 0.03), out.shape)
    clean = np.clip(out * 255.0, 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", clean, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))])
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), dtype=np.uint8)


def made_up_package(rng: np.random.Generator) -> Picture:
    """A printed box, tin or pouch that never was: shapes, stripes and words in a few colors, on a plain ground."""
    high, wide = int(rng.integers(150, 300)), int(rng.integers(110, 300))
    inks = rng.integers(0, 256, (5, 3))
    print_ = np.tile(inks[0].astype(np.uint8), (high, wide, 1))
    for _ in range(int(rng.integers(3, 14))):
        ink = [int(v) for v in inks[int(rng.integers(5))]]
        at, to = (
            (int(rng.integers(wide)), int(rng.integers(high))),
            (int(rng.integers(wide)), int(rng.integers(high))),
        )
        kind = rng.random()
        if kind < 0.3:
            cv2.rectangle(print_, at, to, ink, -1, cv2.LINE_AA)
        elif kind < 0.5:
            cv2.ellipse(
                print_,
                at,
                (int(rng.integers(8, 80)), int(rng.integers(8, 80))),
                float(rng.integers(180)),
                0,
                360,
                ink,
                -1,
                cv2.LINE_AA,
            )
        elif kind < 0.6:
            cv2.line(print_, at, to, ink, int(rng.integers(1, 12)), cv2.LINE_AA)
        else:
            word = WORDS[int(rng.integers(len(WORDS)))]
            size = float(rng.uniform(0.4, 2.2))
            cv2.putText(
                print_,
                word,
                (at[0] // 2, at[1]),
                int(rng.integers(0, 5)),
                size,
                ink,
                max(1, int(size * 1.5)),
                cv2.LINE_AA,
            )
    plain = (255, 250, 235, 10)[int(rng.integers(4))]
    out = np.full((340, 340, 3), plain, np.uint8)
    top, left = (340 - high) // 2, (340 - wide) // 2
    if rng.random() < 0.35:  # round things
        alpha = np.zeros((high, wide, 1), np.float32)
        cv2.ellipse(alpha, (wide // 2, high // 2), (wide // 2, high // 2), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
        print_ = (print_ * alpha + plain * (1 - alpha)).astype(np.uint8)
    out[top : top + high, left : left + wide] = print_
    return out
