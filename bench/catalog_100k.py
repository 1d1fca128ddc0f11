"""The embedded catalog alone, at 100,000 products of one picture: how it builds, opens, answers, and what it holds.

    python -m bench.catalog_100k [PRODUCTS]

Vectors are drawn around some thousand centers, so that queries have near and far neighbors as real pictures do.
"""

import asyncio
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from app.benchmark import publish_all
from app.catalog import (
    Channel,
    FacetField,
    Filter,
    ImageEvidence,
    Money,
    OneOf,
    PriceBetween,
    Product,
    ProductImage,
    Query,
    QueryVector,
    SeenAttribute,
    SeenColor,
    SeenLabel,
)
from app.catalog.sqlite import SqliteCatalog, open_catalog, open_writer
from app.catalog.sqlite.vectors import VectorQuery, quantize

DIMS = 512
EMBEDDER = "bench/1"
SEED = 20261121

_TYPES = ("armchair", "sofa", "table", "lamp", "mug", "vase", "bowl", "bottle", "clock", "cushion", "rug", "shelf")
_COLORS = ("red", "teal", "white", "black", "oak", "grey", "green", "brass")
_MATERIALS = ("velvet", "oak", "steel", "glass", "ceramic", "wool")
_NAMES = tuple(f"{a}{b}" for a in ("nord", "vel", "lum", "cor", "sol", "mir") for b in ("hem", "vet", "ina", "to", "a"))


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds of one thing done many times."""

    p50: float
    p95: float

    def __str__(self) -> str:
        return f"p50 {self.p50:.2f} ms, p95 {self.p95:.2f} ms"


class Vectors:
    """Clustered unit vectors that are the same for the same seed."""

    def __init__(self, *, dims: int = DIMS, centers: int = 2_000) -> None:
        self._rng = np.random.default_rng(SEED)
        # A decaying spectrum: as in real embeddings, few directions carry most of the difference.
        self._spectrum = (1.0 / np.sqrt(1.0 + np.arange(dims))).astype(np.float32)
        self._centers = self._rng.standard_normal((centers, dims), dtype=np.float32) * self._spectrum

    def draw(self, count: int) -> NDArray[np.float32]:
        """(count, dims) float32 of unit length."""
        center = self._centers[self._rng.integers(0, len(self._centers), count)]
        spread = self._rng.standard_normal(center.shape, dtype=np.float32) * self._spectrum
        values = center + 0.6 * spread
        unit: NDArray[np.float32] = values / np.linalg.norm(values, axis=1, keepdims=True)
        return unit


def products(count: int, *, dims: int = DIMS) -> Iterator[Product]:
    """Products with ready evidence and facets as a shop has them."""
    vectors, rng = Vectors(dims=dims), np.random.default_rng(SEED + 1)
    for start in range(0, count, 1_000):
        for offset, vector in enumerate(vectors.draw(min(1_000, count - start))):
            yield _product(start + offset, vector, rng)


async def build(path: Path, count: int, *, dims: int = DIMS) -> None:
    """Load and publish a catalog file through the loader's own door."""
    catalog, writer = open_catalog(path), open_writer(path)
    await publish_all(catalog, writer, products(count, dims=dims), source="bench")
    await writer.close()
    await catalog.close()


def scan_alone(count: int, *, dims: int = DIMS, rounds: int = 50) -> Timing:
    """The exact int8 scan of so many vectors, with nothing around it."""
    vectors = Vectors(dims=dims)
    coded = quantize(vectors.draw(count))
    query = VectorQuery(vectors.draw(1)[0])
    return _timed(lambda: query.scan(coded.codes, coded.scales), rounds)


async def time_retrieve(catalog: SqliteCatalog, query: Query, *, rounds: int = 50) -> Timing:
    """Snapshot.retrieve as a server calls it."""
    snapshot = await catalog.snapshot()
    return await _timed_async(lambda: snapshot.retrieve(query), rounds)


def resident_mb() -> float:
    """Resident memory of this process."""
    return float(psutil.Process().memory_info().rss) / 2**20


def queries() -> dict[str, Query]:
    """One query of each kind that a search asks."""
    look = QueryVector(EMBEDDER, Vectors().draw(3)[2])
    terms = {
        Channel.TYPE: {"armchair": 1.0},
        Channel.LABELS: {"label 3": 0.9, "label 40": 0.5, "armchair": 0.8},
        Channel.ATTRIBUTES: {"material=velvet": 0.7},
        Channel.COLORS: {"teal": 0.6, "white": 0.2},
    }
    broad: tuple[Filter, ...] = (OneOf(FacetField.AVAILABILITY, ("in_stock",)),)
    narrow: tuple[Filter, ...] = (OneOf(FacetField.TYPE, ("lamp",)), PriceBetween(Decimal(100), Decimal(150)))
    return {
        "look": Query(vector=look),
        "look + terms": Query(vector=look, terms=terms),
        "look + terms, all in stock": Query(vector=look, terms=terms, filters=broad),
        "look + terms, 1 % pass": Query(vector=look, terms=terms, filters=narrow),
        "look + terms + text": Query(vector=look, terms=terms, text="nordhem velvet armchair"),
        "text": Query(text="luma lamp"),
    }


def _product(number: int, vector: NDArray[np.float32], rng: np.random.Generator) -> Product:
    def pick(words: tuple[str, ...]) -> str:
        return words[int(len(words) * rng.random() ** 2)]

    kind, color, material = pick(_TYPES), pick(_COLORS), pick(_MATERIALS)
    praise = " ".join(f"word{int(5_000 * rng.random() ** 3)}" for _ in range(40))
    name = f"{pick(_NAMES)} {pick(_NAMES)}"
    return Product(
        id=f"P{number:07d}",
        title=f"{name.title()} {color} {material} {kind}",
        description=f"A {kind} of {material} in {color}. {praise}",
        link=f"https://shop.example/p/{number}",
        brand=f"Brand {int(300 * rng.random() ** 2)}",
        type=kind,
        category=("Home", f"{kind.title()}s", name.split()[0].title()),
        price=Money(Decimal(int(500 * rng.random() ** 2) + 5), "USD"),
        color=color,
        material=material,
        item_group_id=f"G{number // 3}",
        images=(
            ProductImage(
                url=f"https://shop.example/i/{number}.jpg",
                sha256=f"{number:064x}",
                evidence=ImageEvidence(EMBEDDER, vector, features=bytes(rng.integers(0, 256, 4_000, dtype=np.uint8))),
            ),
        ),
        attributes=(SeenAttribute("material", material, 1.0, "feed"), SeenAttribute("color", color, 1.0, "feed")),
        labels=(
            SeenLabel(kind, 0.9, "local"),
            *(SeenLabel(f"label {int(500 * rng.random() ** 3)}", float(rng.random()), "local") for _ in range(5)),
        ),
        colors=(SeenColor(color, "#808080", 0.7), SeenColor(pick(_COLORS), "#f0f0f0", 0.2)),
        content_hash=f"{number:016x}",
    )


def _timed(call: Callable[[], object], rounds: int) -> Timing:
    call()
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        taken.append(1e3 * (time.perf_counter() - began))
    return Timing(statistics.median(taken), sorted(taken)[int(0.95 * rounds)])


async def _timed_async(call: Callable[[], object], rounds: int) -> Timing:
    taken = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        await call()  # type: ignore[misc]  # a coroutine function
        taken.append(1e3 * (time.perf_counter() - began))
    return Timing(statistics.median(taken[1:]), sorted(taken[1:])[int(0.95 * rounds)])


async def _main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalog.db"
        began = time.perf_counter()
        if await asyncio.to_thread(_build_apart, path, count) != 0:
            raise SystemExit("the catalog could not be built")
        took = time.perf_counter() - began
        print(f"build {took:.1f} s, {count / took:,.0f} products/s, file {path.stat().st_size / 2**20:.0f} MB")
        before = resident_mb()
        began = time.perf_counter()
        catalog = open_catalog(path)
        await catalog.snapshot()
        print(f"open {time.perf_counter() - began:.2f} s, resident {before:.0f} -> {resident_mb():.0f} MB")
        for name, query in queries().items():
            print(f"retrieve, {name}: {await time_retrieve(catalog, query)}")
        print(f"resident after {resident_mb():.0f} MB")
        await catalog.close()
    print(f"scan alone: {scan_alone(count)}")


def _build_apart(path: Path, count: int) -> int:
    """Build in a process of its own, so that its memory is not counted."""
    process = multiprocessing.get_context("spawn").Process(target=_build_here, args=(path, count))
    process.start()
    process.join()
    return process.exitcode or 0


def _build_here(path: Path, count: int) -> None:
    asyncio.run(build(path, count))


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
