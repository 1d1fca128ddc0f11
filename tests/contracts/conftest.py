"""The engines that the contract is tested on. A new engine joins by one line in ENGINES.

Tests ask for `engine`, and speak to nothing but the ports; they never ask which engine it is.
"""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.catalog import Catalog, CatalogWriter, Generation, Product, Query, elasticsearch, sqlite
from tests.builders import a_product
from tests.real_elasticsearch import cleared

EMBEDDER = "test/1"
DIMS = 16


@dataclass
class Clock:
    """A clock that tests move."""

    time: datetime = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)


@dataclass
class Engine:
    """A fresh store of one engine, and what its tests may do to it.

    catalog, writer: opened on the store. new_writer: another loader's writer, as of another process.
    sparse_tolerance: relative error a sparse signal may have (some engines keep weights in few bits).
    """

    catalog: Catalog
    writer: CatalogWriter
    new_writer: Callable[[], CatalogWriter]
    clock: Clock = field(default_factory=Clock)
    sparse_tolerance: float = 1e-5

    async def begin(self, *, embedder: str = EMBEDDER, dims: int = DIMS, source: str = "feed") -> Generation:
        """Begin a generation with this engine's writer."""
        return await self.writer.begin(embedder=embedder, dims=dims, source=source, holder="tester")

    async def load(self, *products: Product, embedder: str = EMBEDDER, dims: int = DIMS) -> Generation:
        """Begin, add and verify."""
        begun = await self.begin(embedder=embedder, dims=dims)
        await self.writer.add(begun.id, products)
        return await self.writer.verify(begun.id, expected_products=len({product.id for product in products}))

    async def publish(self, *products: Product, embedder: str = EMBEDDER, dims: int = DIMS) -> Generation:
        """Begin, add, verify and publish."""
        loaded = await self.load(*products, embedder=embedder, dims=dims)
        self.clock.advance(1)
        return await self.catalog.publish(loaded.id)

    async def ids(self) -> list[str]:
        """The ids that are on sale, as a search without a wish finds them."""
        return await found(self.catalog)


async def found(catalog: Catalog) -> list[str]:
    """All product ids a catalog finds."""
    return [item.product_id for item in (await (await catalog.snapshot()).retrieve(Query())).items]


FixtureValue = Callable[[str], Any]

_PREFIX = f"t{secrets.token_hex(6)}"  # one per run: two runs share the server, and templates are put there once


@asynccontextmanager
async def _sqlite(value: FixtureValue) -> AsyncIterator[Engine]:
    clock = Clock()
    path = value("tmp_path") / "catalog.db"
    writers = [sqlite.open_writer(path, clock=clock)]

    def new_writer() -> CatalogWriter:
        writers.append(sqlite.open_writer(path, clock=clock))
        return writers[-1]

    catalog = sqlite.open_catalog(path, clock=clock)
    yield Engine(catalog, writers[0], new_writer, clock)
    for writer in writers:
        await writer.close()
    await catalog.close()


@asynccontextmanager
async def _elasticsearch(value: FixtureValue) -> AsyncIterator[Engine]:
    clock = Clock()
    url, prefix = value("real_elasticsearch"), _PREFIX
    options = elasticsearch.ElasticsearchOptions(hosts=(url,), prefix=prefix)
    writers = [elasticsearch.open_writer(options, clock=clock)]

    def new_writer() -> CatalogWriter:
        writers.append(elasticsearch.open_writer(options, clock=clock))
        return writers[-1]

    catalog = elasticsearch.open_catalog(options, clock=clock)
    async with cleared(url, prefix):
        yield Engine(catalog, writers[0], new_writer, clock)
        for writer in writers:
            await writer.close()
        await catalog.close()


ENGINES: dict[str, Callable[[FixtureValue], AbstractAsyncContextManager[Engine]]] = {
    "sqlite": _sqlite,
    "elasticsearch": _elasticsearch,
}


@pytest.fixture(params=list(ENGINES))
async def engine(request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Engine]:
    """A fresh store of each engine."""
    async with ENGINES[request.param](request.getfixturevalue) as opened:
        yield opened


@pytest.fixture
async def shop(engine: Engine) -> Engine:
    """A store with three products published: p1, p2, p3."""
    await engine.publish(*(a_product(f"p{number}", seed=number) for number in (1, 2, 3)))
    return engine
