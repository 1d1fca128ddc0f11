"""Another process on the catalog file, as the tests start it: python other_process.py WHAT FILE ARGUMENTS…

put FILE PREFIX COUNT: put products, one after the other.
watch FILE ID: wait until a search finds the product, say so, wait for a line, then wait until it is gone.
load FILE TOTAL SECONDS: resume or begin a load of TOTAL products in batches of 10, on a clock that is SECONDS ahead;
says "kept N" after batch N is acknowledged, "done" after verifying.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from app.catalog import ImageEvidence, Product, ProductImage, Query
from app.catalog.sqlite import SqliteCatalog, open_catalog, open_writer

BATCH = 10


def a_product(product_id: str, *, seed: int) -> Product:
    """A product with one picture. Not of tests.builders, whose imports cost more than all that is done here."""
    vector = np.random.default_rng(seed).standard_normal(16)
    picture = ImageEvidence("test/1", np.asarray(vector / np.linalg.norm(vector), dtype=np.float32))
    return Product(product_id, f"Chair {product_id}", images=(ProductImage("u", f"{seed:064x}", picture),))


def say(words: str) -> None:
    """Tell the test."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


async def put(path: Path, prefix: str, count: int) -> None:
    """Put products."""
    catalog = open_catalog(path)
    for number in range(count):
        await catalog.put(a_product(f"{prefix}{number}", seed=number))
    await catalog.close()
    say("done")


async def watch(path: Path, product_id: str) -> None:
    """Follow a product's coming and going."""
    catalog = open_catalog(path)
    say("watching")
    while product_id not in await _ids(catalog):  # noqa: ASYNC110 - nobody in this process could set an event
        await asyncio.sleep(0.01)
    say("there")
    await asyncio.to_thread(sys.stdin.readline)
    while product_id in await _ids(catalog):  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.01)
    say("gone")
    await catalog.close()


async def load(path: Path, total: int, ahead_s: float) -> None:
    """Load, going on where a killed process stopped."""
    writer = open_writer(path, clock=lambda: datetime.now(UTC) + timedelta(seconds=ahead_s))
    generation = await writer.resume(source="feed", embedder="test/1", holder=f"loader {ahead_s}")
    if generation is None:
        generation = await writer.begin(embedder="test/1", dims=16, source="feed", holder=f"loader {ahead_s}")
    there = await writer.content_hashes(generation.id)
    for start in range(0, total, BATCH):
        batch = [a_product(f"n{number:05d}", seed=number) for number in range(start, min(total, start + BATCH))]
        if not all(product.id in there for product in batch):
            await writer.add(generation.id, batch)
            say(f"kept {start // BATCH}")
    await writer.verify(generation.id, expected_products=total)
    say(f"done {generation.id}")


async def _ids(catalog: SqliteCatalog) -> set[str]:
    snapshot = await catalog.snapshot()
    return {item.product_id for item in (await snapshot.retrieve(Query())).items}


def main() -> None:
    """Do what the command line says."""
    what, path, *rest = sys.argv[1:]
    match what:
        case "put":
            asyncio.run(put(Path(path), rest[0], int(rest[1])))
        case "watch":
            asyncio.run(watch(Path(path), rest[0]))
        case "load":
            asyncio.run(load(Path(path), int(rest[0]), float(rest[1])))


if __name__ == "__main__":
    main()
