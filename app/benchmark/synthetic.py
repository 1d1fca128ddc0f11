"""A catalog of any size that resembles a shop: products that look like a few drawn objects, some closely.

Every product takes one drawn object's evidence and turns its vector by noise, so a photo of a drawn object finds many
products that are worth a closer look, as in a real shop with many chairs.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice

import numpy as np

from app.analysis import Analyzer
from app.benchmark.drawing import draw
from app.catalog import (
    Availability,
    Catalog,
    CatalogWriter,
    ImageEvidence,
    Money,
    Product,
    ProductImage,
)
from app.intake import Fit, SeenImage, seen_image, teach, with_seen
from app.photos import Photo, decode_now, encode_jpeg

OBJECTS = 48
BATCH = 2_000
NOISE = 0.9
"""Length of the random turn relative to the vector: cosines to the drawn object lie about 0.74."""

BRANDS = tuple(f"Brand {letter}" for letter in "ABCDEFGHIJKLMNOPQRST")
MATERIALS = ("oak", "steel", "linen", "glass", "velvet", "rattan", "ceramic", "walnut")


async def seen_objects(analyzer: Analyzer, count: int = OBJECTS) -> list[SeenImage]:
    """What the analyzer sees in `count` drawn objects."""
    found = []
    for seed in range(count):
        seen = seen_image(await analyzer.analyze(small_photo(seed)))
        if seen is not None:
            found.append(seen)
    return found


def small_photo(seed: int) -> Photo:
    """A drawn object as a decoded catalog picture of 384 pixels."""
    return decode_now(encode_jpeg(draw(seed, 384, 384), quality=90))


def products(count: int, objects: Sequence[SeenImage], seed: int = 1) -> Iterator[Product]:
    """`count` products of one picture each."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        kind = number % len(objects)
        seen = objects[kind]
        look = seen.evidence.embedding
        turn = rng.normal(size=look.size).astype(np.float32)
        turned = look + turn * np.float32(NOISE / np.linalg.norm(turn))
        evidence = replace(seen.evidence, embedding=turned / np.linalg.norm(turned))
        material = MATERIALS[int(rng.integers(len(MATERIALS)))]
        product = Product(
            id=f"P{number:07d}",
            title=f"{material} thing of kind {kind}, number {number}",
            brand=BRANDS[int(rng.integers(len(BRANDS)))],
            type=f"kind {kind}",
            category=("Household", f"Room {kind % 6}", f"Kind {kind}"),
            price=Money(Decimal(int(rng.integers(500, 90_000))) / 100, "USD"),
            availability=Availability.IN_STOCK if rng.random() < 0.9 else Availability.OUT_OF_STOCK,
            color=seen.evidence.colors[0].name if seen.evidence.colors else "",
            material=material,
            item_group_id=f"G{number // 3:07d}",
            images=(image_of(evidence, number),),
            content_hash=f"{seed}-{number}",
        )
        yield with_seen(product, [replace(seen, evidence=evidence)])


def image_of(evidence: ImageEvidence, number: int) -> ProductImage:
    """The product's one picture; the digest is made up, since no such file exists."""
    return ProductImage(f"https://example.com/{number}.jpg", f"{number:064x}", evidence)


async def fill(
    catalog: Catalog,
    writer: CatalogWriter,
    count: int,
    objects: Sequence[SeenImage],
    fit: Fit,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Load and publish `count` synthetic products through the catalog's own ports."""
    await publish_all(catalog, writer, products(count, objects), fit, source=f"synthetic {count}", progress=progress)


async def publish_all(
    catalog: Catalog,
    writer: CatalogWriter,
    stream: Iterator[Product],
    fit: Fit | None = None,
    *,
    source: str,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Load and publish products that have evidence, of one embedder. fit: what they teach; None teaches nothing."""
    done = 0
    generation = None
    while batch := list(islice(stream, BATCH)):
        if generation is None:
            first = next(image.evidence for image in batch[0].images if image.evidence)
            generation = await writer.begin(
                embedder=first.embedder, dims=first.embedding.size, source=source, holder="akin bench"
            )
        await writer.add(generation.id, batch)
        done += len(batch)
        progress(done)
    if generation is None:
        raise ValueError("there are no products to publish")
    if fit is not None:
        await teach(writer, generation.id, fit)
    await writer.verify(generation.id, expected_products=done)
    await catalog.publish(generation.id)
