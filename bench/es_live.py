"""The Elasticsearch catalog while things happen: congruence, live changes, publishing under load, a troubled bulk."""

import asyncio
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from app.catalog import Catalog, CatalogWriter, Product, Query, QueryVector, sqlite
from app.catalog.elasticsearch import ElasticsearchOptions, open_catalog, open_writer
from app.catalog.elasticsearch.bulk import Bulk, Write
from app.catalog.elasticsearch.connection import Connection
from bench.es_server import shop_on_real_server
from tests.builders import a_product, a_vector
from tests.contracts.conftest import DIMS, EMBEDDER
from tests.contracts.congruence import a_question, a_shop, disagreements
from tests.elasticsearch.fake import Troubled, fake_server

SHOPS, QUESTIONS = 20, 25
PUBLISHES, RATE_PER_S = 20, 50
_PUTS = 10
PATIENCE_S = 10.0
"""An answer later than this is an error: a request that hangs must not hang the measurement."""


def congruence() -> Mapping[str, float]:
    """Share of random queries over random catalogs that both engines answer alike; half of them through the graph."""
    return {"share": asyncio.run(_congruence())}


def live() -> Mapping[str, float]:
    """put_s: the longest a change took to be found by another process's catalog. errors, empty, mixed: of requests that
    were made while generations were published.
    """
    return asyncio.run(_live())


def troubled_bulk() -> Mapping[str, float]:
    """missing, doubled: good documents, after a bulk endpoint pushed back, refused and hung up."""
    return asyncio.run(_troubled_bulk())


async def _congruence() -> float:
    same = 0
    async with shop_on_real_server():  # one server for all of them
        for number in range(SHOPS):
            async with shop_on_real_server(exact_pictures=4_000 * (number % 2)) as options:
                with tempfile.TemporaryDirectory() as folder:
                    same += await _alike(options, Path(folder) / "akin.db", np.random.default_rng([11, number]))
    return same / (SHOPS * QUESTIONS)


async def _alike(options: ElasticsearchOptions, file: Path, rng: np.random.Generator) -> int:
    catalogs: tuple[Catalog, Catalog] = (sqlite.open_catalog(file), open_catalog(options))
    embedded, remote = sqlite.open_writer(file), open_writer(options)
    writers: tuple[CatalogWriter, CatalogWriter] = (embedded, remote)
    products = a_shop(rng)
    for catalog, writer in zip(catalogs, writers, strict=True):
        await _publish(catalog, writer, products)
    one, other = [await catalog.snapshot() for catalog in catalogs]
    same = 0
    for _ in range(QUESTIONS):
        query = a_question(rng, products)
        found = await disagreements(query, one, other)
        same += not found
        if found:
            print(f"  {query}: {found[:3]}")
    await embedded.close()
    await remote.close()
    for catalog in catalogs:
        await catalog.close()
    return same


async def _live() -> dict[str, float]:
    async with shop_on_real_server() as options:
        ours, theirs, writer = open_catalog(options), open_catalog(options), open_writer(options)
        ids = [
            await _publish(ours, writer, [a_product(f"p{n}", seed=n, brand=f"Brand {brand}") for n in range(200)])
            for brand in ("A", "B")
        ]
        await theirs.snapshot()
        put_s = max([await _time_to_be_found(ours, theirs, number) for number in range(_PUTS)])
        stop = asyncio.Event()
        requests = asyncio.create_task(_requests(theirs, stop))
        for number in range(PUBLISHES):
            await ours.publish(ids[number % 2])
            await asyncio.sleep(0.5)
        stop.set()
        counted = await requests
        for closing in (writer, ours, theirs):
            await closing.close()
        return {"put_s": put_s, **counted}


async def _time_to_be_found(ours: Catalog, theirs: Catalog, number: int) -> float:
    product = a_product(f"new{number}", seed=1_000 + number, brand="Brand B")
    query = Query(vector=QueryVector(EMBEDDER, a_vector(1_000 + number)), limit=1)
    began = time.perf_counter()
    await ours.put(product)
    while (await (await theirs.snapshot()).retrieve(query)).items[0].product_id != product.id:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return time.perf_counter() - began


async def _requests(catalog: Catalog, stop: asyncio.Event) -> dict[str, float]:
    """Requests at a fixed rate, whether or not those before are answered: searches whose page must be of one brand."""
    counts = {"requests": 0.0, "errors": 0.0, "empty": 0.0, "mixed": 0.0}

    async def ask(seed: int) -> None:
        counts["requests"] += 1
        try:
            async with asyncio.timeout(PATIENCE_S):
                snapshot = await catalog.snapshot()
                look = QueryVector(EMBEDDER, a_vector(seed))
                answer = await snapshot.retrieve(Query(vector=look, limit=50))
                page = await snapshot.products([item.product_id for item in answer.items[:24]])
            brands = {product.brand for product in page}
        except Exception as error:  # noqa: BLE001 - any error is a failed request
            counts["errors"] += 1
            print(f"  {error!r}")
            return
        counts["empty"] += not page
        counts["mixed"] += len(brands) > 1

    async with asyncio.TaskGroup() as group:
        began, number = time.perf_counter(), 0
        while not stop.is_set():
            group.create_task(ask(number % 200))
            number += 1
            await asyncio.sleep(max(0.0, began + number / RATE_PER_S - time.perf_counter()))
    return counts


async def _troubled_bulk(count: int = 10_000) -> dict[str, float]:
    server = Troubled(3)
    async with fake_server(server) as url:
        connection = Connection(ElasticsearchOptions(hosts=(url,)))
        written = await Bulk(connection).send([Write("i", str(number), {"n": number}) for number in range(count)])
        await connection.close()
    bad = set(written.rejected) | written.superseded
    good = {str(number) for number in range(count) if number % 100 != 7 and number % 20 != 3}
    return {
        "missing": float(len(good - set(server.kept)) + len(good & bad)),
        "doubled": float(len(set(server.kept) - good)),
        "calls_per_document": server.items / count,
    }


async def _publish(catalog: Catalog, writer: CatalogWriter, products: list[Product]) -> str:
    begun = await writer.begin(embedder=EMBEDDER, dims=DIMS, source="bench", holder="bench")
    await writer.add(begun.id, products)
    await writer.verify(begun.id, expected_products=len(products))
    await catalog.publish(begun.id)
    return begun.id
