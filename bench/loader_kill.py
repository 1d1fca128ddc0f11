"""kill -9 of the loader at random points, then the same command again: what is lost, what is doubled.

python -m bench.loader_kill [--points 50] [--seed 20261121]
"""

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.catalog import Generation, GenerationState
from app.catalog.sqlite import open_catalog, open_writer
from bench.drawn_shop import run_loader, start_loader, write_shop

PRODUCTS = 300


@dataclass(slots=True)
class Kills:
    """lost: products that were durable, or said, and are not there. doubled: products or pictures there twice.

    found: products in the unfinished generation at each kill. finished: loads that were published.
    """

    lost: int = 0
    doubled: int = 0
    finished: int = 0
    found: list[int] = field(default_factory=list)


def measure(points: int = 50, seed: int = 20261121, products: int = PRODUCTS) -> Mapping[str, float]:
    """Kill `points` times; figures "lost" and "doubled"."""
    with tempfile.TemporaryDirectory() as folder:
        kills = killed_loads(Path(folder), points, random.Random(seed), products)
    return {"lost": kills.lost, "doubled": kills.doubled, "finished": kills.finished, "kills": len(kills.found)}


def killed_loads(
    folder: Path,
    points: int,
    rng: random.Random,
    products: int = PRODUCTS,
    say: Callable[[Kills], None] = lambda _: None,
) -> Kills:
    """Load again and again, each time a feed with other words; kill each load until it gets through.

    A kill comes at any moment of the time a whole load took: starting, looking, teaching, verifying, publishing.
    say: hears the count after each kill.
    """
    kills = Kills()
    write_shop(folder, products)
    began = time.monotonic()
    run_loader(folder, "load", "feed.tsv")
    longest_s = time.monotonic() - began
    version = 0
    while len(kills.found) < points:
        version += 1
        write_shop(folder, products, title=f"Edition {version}:", first_seed=version * products)
        durable: set[str] = set()
        before = asyncio.run(_published_id(folder))
        while len(kills.found) < points and not _killed(folder, rng.uniform(0.05, 1.05) * longest_s):
            if asyncio.run(_published_id(folder)) != before:
                break  # killed while it tidied up after publishing
            kept, generation = asyncio.run(_unfinished(folder))
            # What a begun generation held, the next run of the same feed must still hold.
            kills.lost += len(durable - kept)
            kills.doubled += _surplus(generation, kept)
            kills.found.append(len(kept))
            say(kills)
            durable = kept
        run_loader(folder, "load", "feed.tsv", "--yes")
        lost, doubled = asyncio.run(_published(folder, products, f"Edition {version}:"))
        kills.lost += lost
        kills.doubled += doubled
        kills.finished += 1
    return kills


def _killed(folder: Path, after_s: float) -> bool:
    """Start the load and kill it; True when it had ended before."""
    with start_loader(folder, "load", "feed.tsv", "--yes") as process:
        try:
            process.communicate(timeout=after_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return False
    return True


def _surplus(generation: Generation | None, kept: set[str]) -> int:
    return 0 if generation is None else generation.products - len(kept) + max(0, generation.images - len(kept))


async def _unfinished(folder: Path) -> tuple[set[str], Generation | None]:
    """The ids in the generation that is being loaded, or waits to be published."""
    catalog, writer = open_catalog(folder / "akin.db"), open_writer(folder / "akin.db")
    try:
        for generation in await catalog.generations():
            if generation.state in {GenerationState.LOADING, GenerationState.VERIFIED}:
                return set(await writer.content_hashes(generation.id)), generation
            if generation.state is GenerationState.PUBLISHED:
                break
        return set(), None
    finally:
        await writer.close()
        await catalog.close()


async def _published_id(folder: Path) -> str:
    catalog = open_catalog(folder / "akin.db")
    try:
        states = {found.state: found.id for found in await catalog.generations()}
        return states.get(GenerationState.PUBLISHED, "")
    finally:
        await catalog.close()


async def _published(folder: Path, products: int, title: str) -> tuple[int, int]:
    """(lost, doubled) of what is published, against the feed: each with its title and evidence."""
    catalog = open_catalog(folder / "akin.db")
    try:
        snapshot = await catalog.snapshot()
        ids = [f"p{number}" for number in range(products)]
        found = await snapshot.products(ids)
        right = [product for product in found if product.title.startswith(title) and len(product.images) == 1]
        seen = await snapshot.evidence([(product.id, 0) for product in right])
        lost = products - sum(evidence is not None for evidence in seen)
        total = snapshot.generation
        return lost, abs(total.products - len(set(ids))) + abs(total.images - len(ids))
    finally:
        await catalog.close()


def tell(kills: Kills) -> None:
    """A line for whoever waits: a run that is cut short has still said what it found."""
    count = f"{len(kills.found)} kills, {kills.finished} loads published, lost {kills.lost}, doubled {kills.doubled}"
    print(count, file=sys.stderr, flush=True)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20261121)
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        kills = killed_loads(Path(folder), asked.points, random.Random(asked.seed), say=tell)
    print(f"seed {asked.seed}: {len(kills.found)} kills, {kills.finished} loads published,", end=" ")
    print(f"lost {kills.lost}, doubled {kills.doubled}, {time.monotonic() - began:.0f} s")
    print("products kept at each kill:", *kills.found)


if __name__ == "__main__":
    main()
