"""Three Elasticsearch nodes on the loopback, of which one is killed: under searches, and again and again during loads.

python -m bench.es_nodes [--rate 50] [--rounds 10] [--products 2000]
"""

import argparse
import asyncio
import random
import secrets
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from elasticsearch import AsyncElasticsearch

from app.catalog import Query, QueryVector
from app.catalog.elasticsearch import ElasticsearchOptions, open_catalog, open_writer
from app.errors import AppError
from bench.promise import NotMeasurable
from scripts import elasticsearch as local
from scripts.elasticsearch_server import Cannot, Server, free_port
from tests.builders import a_product, a_vector
from tests.contracts.conftest import DIMS, EMBEDDER

NODES = 3
RATE_PER_S, WARM_S, BEFORE_S, AFTER_S = 50, 90.0, 10.0, 40.0
PATIENCE_S = 10.0
_WINDOW_S = 5.0
ROUNDS, PRODUCTS, _BATCH = 10, 2_000, 50
BACK_TO = 2.0
"""Times the normal p99 that counts as normal again."""


class Cluster:
    """The nodes. options: of an empty shop in it."""

    def __init__(self) -> None:
        name = f"nodes-{secrets.token_hex(4)}"
        self._servers = [local.server(f"{name}-{number}") for number in range(NODES)]
        self._http, self._transport = ([free_port() for _ in range(NODES)] for _ in range(2))
        self._name = name
        hosts = tuple(f"http://127.0.0.1:{port}" for port in self._http)
        self.options = ElasticsearchOptions(hosts=hosts, prefix="nodes", timeout_s=PATIENCE_S)

    async def start(self, number: int) -> None:
        """Start a node, or start it again with what it has on its disk."""
        names = [f"node-{one}" for one in range(NODES)]
        settings = {
            "cluster.name": self._name,
            "node.name": names[number],
            "transport.port": self._transport[number],
            "discovery.seed_hosts": [f"127.0.0.1:{port}" for port in self._transport],
            "cluster.initial_master_nodes": names,
        }
        await asyncio.to_thread(self._servers[number].start, port=self._http[number], heap="512m", settings=settings)

    async def kill(self, number: int) -> None:
        """As a power cut would."""
        await asyncio.to_thread(self._servers[number].stop, kill=True)

    async def green(self) -> None:
        """Wait until every copy of everything is on some node."""
        async with AsyncElasticsearch(list(self.options.hosts), request_timeout=60, retry_on_timeout=True) as client:
            while (await client.cluster.health(wait_for_status="green", timeout="30s"))["status"] != "green":
                continue

    async def holder(self, index: str) -> int:
        """The node that holds the index's first copy."""
        async with AsyncElasticsearch(list(self.options.hosts)) as client:
            shards: Any = await client.cat.shards(index=index, format="json", h="node,prirep")
            return int(next(one["node"] for one in shards if one["prirep"] == "p").partition("-")[2])

    async def close(self) -> None:
        """End all, and leave nothing on the disk."""
        await asyncio.gather(*(self.kill(number) for number in range(NODES)))
        for server in self._servers:
            await asyncio.to_thread(_forget, server)


@asynccontextmanager
async def cluster() -> AsyncIterator[Cluster]:
    """A running cluster. Raises NotMeasurable."""
    try:
        local.fetch()
        made = Cluster()
        try:
            await asyncio.gather(*(made.start(number) for number in range(NODES)))
            yield made
        finally:
            await made.close()
    except Cannot as cannot:
        raise NotMeasurable(str(cannot)) from cannot


def searches(rate_per_s: int = RATE_PER_S) -> Mapping[str, float]:
    """failed: share of the searches of AFTER_S seconds from the kill on. back_s: until p99 is normal again."""
    return asyncio.run(_searches(rate_per_s))


def loads(rounds: int = ROUNDS, products: int = PRODUCTS) -> Mapping[str, float]:
    """lost, doubled: acknowledged products, over all rounds."""
    return asyncio.run(_loads(rounds, products))


async def _searches(rate_per_s: int) -> dict[str, float]:
    async with cluster() as nodes:
        catalog, writer = open_catalog(nodes.options), open_writer(nodes.options)
        begun = await writer.begin(embedder=EMBEDDER, dims=DIMS, source="bench", holder="bench")
        await writer.add(begun.id, [a_product(f"p{number}", seed=number) for number in range(500)])
        await writer.verify(begun.id, expected_products=500)
        await catalog.publish(begun.id)
        await nodes.green()
        said: Counter[str] = Counter()
        times: list[tuple[float, float, bool]] = []  # when it was asked, how long it took, whether it was answered

        async def ask(number: int) -> None:
            asked = time.perf_counter()
            well = True
            try:
                async with asyncio.timeout(PATIENCE_S):
                    snapshot = await catalog.snapshot()
                    look = QueryVector(EMBEDDER, a_vector(number % 500))
                    found = await snapshot.retrieve(Query(look, text="armchair", limit=50))
                    well = len(await snapshot.products([one.product_id for one in found.items[:24]])) == 24
            except Exception as error:  # noqa: BLE001 - any error is a failed search
                well = False
                said[repr(error)[:150]] += 1
            times.append((asked - began - WARM_S, time.perf_counter() - asked, well))

        victim = await nodes.holder(f"{nodes.options.prefix}-products")
        async with asyncio.TaskGroup() as group:
            began = time.perf_counter()
            for number in range(round(rate_per_s * (WARM_S + BEFORE_S + AFTER_S))):
                if number == round(rate_per_s * (WARM_S + BEFORE_S)):
                    group.create_task(nodes.kill(victim))
                group.create_task(ask(number))
                await asyncio.sleep(max(0.0, began + number / rate_per_s - time.perf_counter()))
        await writer.close()
        await catalog.close()
        for error, count in said.most_common():
            print(f"  {count} x {error}")
        return _told(times)


def _told(times: list[tuple[float, float, bool]]) -> dict[str, float]:
    before = [took for at, took, _ in times if 0 <= at < BEFORE_S]  # new servers compile what they run: not at first
    after = [(at - BEFORE_S, took, well) for at, took, well in times if at >= BEFORE_S]
    normal = float(np.quantile(before, 0.99))
    back = (second for second, p99 in _p99_from_each_second(after) if p99 <= BACK_TO * normal)
    return {
        "failed": sum(not well for _, _, well in after) / len(after),
        "back_s": float(next(back, AFTER_S)),
        "before_p99_ms": normal * 1e3,
        "after_p99_ms": float(np.quantile([took for at, took, _ in after if at > AFTER_S / 2], 0.99)) * 1e3,
    }


def _p99_from_each_second(after: list[tuple[float, float, bool]]) -> Iterator[tuple[int, float]]:
    """From each second on, over _WINDOW_S: of the fifty searches of one second the p99 would be the slowest one."""
    for second in range(int(AFTER_S - _WINDOW_S) + 1):
        took = [took if well else PATIENCE_S for at, took, well in after if second <= at < second + _WINDOW_S]
        if took:
            yield second, float(np.quantile(took, 0.99))


async def _loads(rounds: int, products: int) -> dict[str, float]:
    rng = random.Random(20261121)
    lost = doubled = resumed = 0
    async with cluster() as nodes:
        for number in range(rounds):
            victim, at = rng.randrange(NODES), rng.randrange(products // 5, products)
            round_lost, round_doubled, round_resumed = await _one_load(nodes, number, products, victim, at)
            lost, doubled, resumed = lost + round_lost, doubled + round_doubled, resumed + round_resumed
            print(f"  round {number + 1}: node {victim} killed at product {at}: lost {lost}, doubled {doubled} so far")
            await nodes.start(victim)
            await nodes.green()
    return {"lost": float(lost), "doubled": float(doubled), "resumed": float(resumed)}


async def _one_load(nodes: Cluster, number: int, products: int, victim: int, at: int) -> tuple[int, int, int]:
    """(lost, doubled, how often the load had to be resumed) of one load during which a node is killed."""
    catalog, resumed = open_catalog(nodes.options), 0
    acknowledged: set[str] = set()
    missing: set[str] = set()
    generation, source = "", f"round {number}"
    killing: asyncio.Task[None] | None = None
    while True:
        writer = open_writer(nodes.options)
        try:
            found = await writer.resume(source=source, embedder=EMBEDDER, holder="bench") if generation else None
            begun = found or await writer.begin(embedder=EMBEDDER, dims=DIMS, source=source, holder="bench")
            generation = begun.id
            there = set(await writer.content_hashes(generation))
            missing |= acknowledged - there
            for start in range(0, products, _BATCH):
                batch = [f"p{one}" for one in range(start, min(products, start + _BATCH))]
                if start <= at < start + _BATCH and killing is None:
                    killing = asyncio.create_task(nodes.kill(victim))
                if not there.issuperset(batch):
                    await writer.add(generation, [a_product(one, seed=int(one[1:])) for one in batch])
                    acknowledged.update(batch)
            await writer.verify(generation, expected_products=products)
            await catalog.publish(generation)
            break
        except AppError as failed:  # as a loader that ends, and is run again
            print(f"  the load ended: {failed.detail}")
            resumed += 1
            await asyncio.sleep(61)  # its lease
        finally:
            await writer.close()
    if killing is not None:
        await killing
    snapshot = await catalog.snapshot()
    kept = {product.id for product in await snapshot.products(sorted(acknowledged))}
    surplus = snapshot.generation.products - products + snapshot.generation.images - products
    await catalog.close()
    return len((acknowledged - kept) | missing), abs(surplus), resumed


def _forget(server: Server) -> None:
    shutil.rmtree(server.folder, ignore_errors=True)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--products", type=int, default=PRODUCTS)
    parser.add_argument("--rate", type=int, default=RATE_PER_S, help="searches a second")
    asked = parser.parse_args()
    for name, value in {**searches(asked.rate), **loads(asked.rounds, asked.products)}.items():
        print(f"{name:<20} {value:.4g}")


if __name__ == "__main__":
    main()
