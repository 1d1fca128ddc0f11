"""Things tests need, with readable defaults: drawn pictures, products, analyses."""

import io
from collections.abc import Callable
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.analysis import Box, Color, Embedding, Label, ObjectType, PhotoAnalysis
from app.catalog import ImageEvidence, Money, Product, ProductImage, SeenAttribute, SeenColor, SeenLabel

Drawing = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]

_SHAPES: dict[str, Drawing] = {
    "ball": lambda x, y: x**2 + y**2 < 0.5,
    "box": lambda x, y: (abs(x) < 0.6) & (abs(y) < 0.6),
    "plank": lambda x, y: (abs(x) < 0.8) & (abs(y) < 0.2),
    "ring": lambda x, y: (x**2 + y**2 < 0.6) & (x**2 + y**2 > 0.25),
    "cross": lambda x, y: (abs(x) < 0.2) | (abs(y) < 0.2),
}
SHAPES = tuple(_SHAPES)
INKS = {"red": (190, 30, 40), "teal": (29, 127, 134), "yellow": (230, 190, 40), "black": (25, 25, 28)}


def a_drawing(shape: str = "ball", ink: str = "red", *, side: int = 240, seed: int = 0) -> NDArray[np.uint8]:
    """A flat shape on light ground: (side, side, 3) uint8 sRGB. The seed adds the grain that makes each one its own."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    pixels = np.full((side, side, 3), 240.0)
    pixels[_SHAPES[shape](x, y)] = INKS[ink]
    rng = np.random.default_rng([seed, SHAPES.index(shape), list(INKS).index(ink)])
    grain = np.kron(rng.normal(0, 12, (side // 8, side // 8, 1)), np.ones((8, 8, 1)))
    return np.asarray(np.clip(pixels + grain, 0, 255), dtype=np.uint8)


def encoded(pixels: NDArray[np.uint8], image_format: str = "JPEG") -> bytes:
    """The picture as a file's bytes."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, image_format)
    return out.getvalue()


def a_photo_file(shape: str = "ball", ink: str = "red", *, side: int = 240, seed: int = 0) -> bytes:
    """A drawing as JPEG bytes: what a phone would post."""
    return encoded(a_drawing(shape, ink, side=side, seed=seed))


def a_vector(seed: int = 0, dims: int = 16) -> NDArray[np.float32]:
    """A unit vector that is the same for the same seed."""
    values = np.random.default_rng(seed).normal(size=dims)
    return np.asarray(values / np.linalg.norm(values), dtype=np.float32)


def evidence(seed: int = 0, dims: int = 16, embedder: str = "test/1") -> ImageEvidence:
    """What an analyzer would have stored for a picture."""
    return ImageEvidence(embedder=embedder, embedding=a_vector(seed, dims), colors=(SeenColor("teal", "#1d7f86", 0.6),))


def a_product(product_id: str = "p1", *, seed: int = 0, dims: int = 16, **changes: object) -> Product:
    """A sellable product with one picture; any field can be changed by name."""
    fields: dict[str, object] = {
        "id": product_id,
        "title": f"Velvet armchair {product_id}",
        "description": "A soft chair.",
        "link": f"https://shop.example/p/{product_id}",
        "brand": "Nordhem",
        "type": "armchair",
        "category": ("Furniture", "Chairs"),
        "price": Money(Decimal("129.00"), "USD"),
        "color": "teal",
        "material": "velvet",
        "images": (
            ProductImage(f"https://shop.example/i/{product_id}.jpg", "ab" * 32, evidence(seed=seed, dims=dims)),
        ),
        "attributes": (SeenAttribute("material", "velvet", 1.0, "feed"),),
        "labels": (SeenLabel("chair", 0.9, "local"),),
        "colors": (SeenColor("teal", "#1d7f86", 0.6),),
        "content_hash": f"hash-{product_id}",
    }
    return Product(**{**fields, **changes})  # type: ignore[arg-type]


def an_analysis(*, seed: int = 0, dims: int = 16, embedder: str = "test/1") -> PhotoAnalysis:
    """What an analyzer would say of a photo of a teal armchair."""
    return PhotoAnalysis(
        region=Box(0.1, 0.1, 0.8, 0.8),
        type=ObjectType("armchair", 0.9, "local"),
        type_alternatives=(ObjectType("armchair", 0.9, "local"),),
        labels=(Label("chair", 0.9, "local"),),
        colors=(Color("teal", "#1d7f86", 0.6),),
        embedding=Embedding(embedder, a_vector(seed, dims)),
    )
