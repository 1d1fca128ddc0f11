"""A small shop in the real embedded catalog, and an analyzer that says what a test tells it to."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.analysis import Attribute, Box, Color, Embedding, ObjectType, PhotoAnalysis
from app.catalog import Catalog, ImageEvidence, Money, Product, ProductImage, SeenColor
from app.catalog.sqlite import SqliteCatalog, open_catalog, open_writer
from app.photos import CleanJpeg, Photo
from app.search import Calibration, Feature, Stage, Weights
from tests.builders import a_product, a_vector

EMBEDDER = "test/1"
DIMS = 16
TYPES = ("armchair", "vase", "lamp")
COLORS = {"teal": "#12777a", "red": "#cc1f25", "mustard": "#cd9c20"}
BRANDS = ("Nordhem", "Alba", "Kivi", "Ostra")

STEADY = Calibration(
    embedder=EMBEDDER,
    exact=0.9,
    close=0.5,
    loose=0.15,
    stages={
        Stage.WORDS: Weights(-3.0, {Feature.TEXT: 4.0, Feature.COLORS: 1.5}),
        Stage.COARSE: Weights(
            -6.0,
            {Feature.LOOK: 2.0, Feature.LOOK_HIGH: 3.0, Feature.TYPE: 3.0, Feature.COLORS: 2.0, Feature.TEXT: 3.0,
             Feature.FAMILIAR: 1.0},
        ),
        Stage.FINE: Weights(
            -6.0,
            {Feature.SHAPE: 2.0, Feature.PATTERN: 3.0, Feature.TYPE: 3.0, Feature.PALETTE: 2.0, Feature.TEXT: 3.0,
             Feature.FAMILIAR: 1.0},
        ),
    },
)  # fmt: skip
"""Numbers of these tests' own, so that a new fit of the shipped calibration changes no test of the service."""


def look_of(kind: str, color: str, number: int, noise: float = 0.35) -> NDArray[np.float32]:
    """A vector near those of the same type and color: (DIMS,) float32, unit length."""
    whole = a_vector(TYPES.index(kind)) + 0.5 * a_vector(100 + list(COLORS).index(color))
    whole = whole + noise * a_vector(1000 + number)
    return np.asarray(whole / np.linalg.norm(whole), dtype=np.float32)


def stock(count: int = 54) -> list[Product]:
    """Products of every type and color in turn, each with two pictures, in groups of three colors."""
    products = []
    for number in range(count):
        kind, color = TYPES[number % 3], list(COLORS)[number // 3 % 3]
        colors = (SeenColor(color, COLORS[color], 0.9),)
        images = tuple(
            ProductImage(
                f"i/{number}-{view}.jpg",
                "",
                ImageEvidence(EMBEDDER, look_of(kind, color, 10 * number + view), colors=colors),
            )
            for view in range(2)
        )
        products.append(
            a_product(
                f"p{number:03d}", title=f"{color} {kind} No. {number}", description="", type=kind, color=color,
                colors=colors, brand=BRANDS[number % 4], price=Money(Decimal(10 + number), "USD"), images=images,
                item_group_id=f"g{number // 9}-{kind}", labels=(), attributes=(), category=("Home", kind),
                content_hash=f"h{number}",
            )
        )  # fmt: skip
    return products


async def publish(catalog: Catalog, path: Path, products: Sequence[Product], source: str = "test") -> None:
    """Load the products as a new generation and publish it."""
    writer = open_writer(path)
    try:
        generation = await writer.begin(embedder=EMBEDDER, dims=DIMS, source=source, holder="test")
        await writer.add(generation.id, products)
        await writer.verify(generation.id, expected_products=len(products))
        await catalog.publish(generation.id)
    finally:
        await writer.close()


@asynccontextmanager
async def open_shop(path: Path, products: Sequence[Product]) -> AsyncIterator[SqliteCatalog]:
    """The catalog with these products published."""
    catalog = open_catalog(path)
    try:
        await publish(catalog, path, products)
        yield catalog
    finally:
        await catalog.close()


def seen(kind: str = "armchair", color: str = "teal", *, number: int = 1, novelty: float | None = 0.1) -> PhotoAnalysis:
    """What an analyzer would say of a photo of such a thing."""
    types = (ObjectType(kind, 0.9, "local"),)
    return PhotoAnalysis(
        region=Box(0.1, 0.1, 0.8, 0.8),
        type=types[0],
        type_alternatives=types,
        attributes=(Attribute("material", "velvet", 0.6, "local"),),
        colors=(Color(color, COLORS[color], 0.9),),
        embedding=Embedding(EMBEDDER, look_of(kind, color, 5000 + number, 0.2)),
        novelty=novelty,
    )


class ScriptedAnalyzer:
    """Answers what it was given, after the wait it was given; an exception is raised instead."""

    name = "scripted"

    def __init__(self, answer: PhotoAnalysis | Exception, wait_s: float = 0.0) -> None:
        self.answer = answer
        self.wait_s = wait_s
        self.crops: list[Box | None] = []

    async def analyze(self, photo: Photo, crop: Box | None = None) -> PhotoAnalysis:
        """See Analyzer."""
        self.crops.append(crop)
        await asyncio.sleep(self.wait_s)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def close(self) -> None:
        """See Analyzer."""


def a_photo(name: str = "photo") -> Photo:
    """A photo; what is in it is up to the analyzer."""
    return Photo(np.zeros((100, 100, 3), np.uint8), CleanJpeg(name.encode()), "jpeg", 100, 100)
