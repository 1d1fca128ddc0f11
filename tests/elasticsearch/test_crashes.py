"""kill -9 of a loader at each step of a load into Elasticsearch: what serves, what is said, and that it is mended."""

import asyncio
import logging
import multiprocessing
import re
import secrets
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from elasticsearch import AsyncElasticsearch

from app.catalog import GenerationState
from app.catalog.elasticsearch import ElasticsearchOptions
from bench.drawn_shop import run_loader
from catalog_loader.report import Outcome
from catalog_loader.status import advice
from tests.elasticsearch.killer import Asked, Watched, watched
from tests.elasticsearch.loading import COMMAND, FEED, load_in, shop_in
from tests.loader.shop import Shop, ids
from tests.real_elasticsearch import cleared

pytestmark = pytest.mark.anyio

logger = logging.getLogger(__name__)  # pytest shows the failing step

PRODUCTS = ids(12)
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.elasticsearch.loading"])  # or each would import for seconds


@dataclass(frozen=True, slots=True)
class Step:
    """A request at which the loader is killed. afterwards: when it was answered, but the loader has not heard."""

    name: str
    method: str
    path: str
    body: str = ""
    afterwards: bool = False
    leaves: GenerationState = GenerationState.LOADING

    def is_it(self, asked: Asked) -> bool:
        """Whether the request is the step."""
        found = re.search(self.path, asked.path) and re.search(self.body, asked.body.decode())
        return asked.method == self.method and bool(found)


LEDGER = r"-ledger/_doc/ledger$"
STEPS = (
    Step("noted, before its index is made", "PUT", r"-products-\d[^/]*$"),
    Step("before the first write", "PUT", r"_bulk$", r"-details-"),
    Step("in the midst of a batch", "PUT", r"_bulk$", r"-products-\d"),
    Step("a batch is written, unheard", "PUT", r"_bulk$", r"-products-\d", afterwards=True),
    Step("before what was taught is kept", "PUT", r"-details-[^/]*/_doc/artifact-"),
    Step("before it is merged", "POST", r"_forcemerge$"),
    Step("verified, unheard", "PUT", LEDGER, r'"verified"', afterwards=True, leaves=GenerationState.VERIFIED),
    Step("announced, before the alias moves", "POST", r"_aliases$", leaves=GenerationState.VERIFIED),
    Step("the alias has moved, unheard", "POST", r"_aliases$", afterwards=True, leaves=GenerationState.PUBLISHED),
    Step("before old ones are deleted", "DELETE", r"-products-", leaves=GenerationState.PUBLISHED),
)


@pytest.fixture
async def proxy(real_elasticsearch: str, anyio_backend: str) -> AsyncIterator[Watched]:
    async with watched(real_elasticsearch) as made:
        yield made


async def test_killed_at_each_step(real_elasticsearch: str, proxy: Watched, tmp_path: Path) -> None:
    options = ElasticsearchOptions(hosts=(real_elasticsearch,), prefix=f"k{secrets.token_hex(6)}")
    async with cleared(real_elasticsearch, options.prefix) as client, shop_in(tmp_path, options) as shop:
        shop.sell(*PRODUCTS)
        await shop.load()
        for number, step in enumerate(STEPS):
            logger.info("%s", step)
            before, after = await titles(shop), {one: f"Edition {number} of {one}" for one in PRODUCTS}
            for product_id, title in after.items():
                shop.change(product_id, title=title, image_link=f"{product_id}.jpg")
            shop.write(FEED)
            await killed(tmp_path, proxy, step, options.prefix)
            kept = await shop.catalog.generations()
            assert kept[0].state is step.leaves
            published = step.leaves is GenerationState.PUBLISHED
            await eventually(shop, after if published else before)
            if not published:
                (said,) = [line for line in advice(kept) if kept[0].id in line]
                assert f"`{COMMAND}` again" in said
            if number == 0:
                told = run_loader(
                    tmp_path, "status", AKIN_CATALOG=real_elasticsearch, AKIN_ELASTICSEARCH_PREFIX=options.prefix
                )
                assert f"`{COMMAND}` again" in told.stdout, told.stderr
            again = await shop.load()
            assert again.outcome is (Outcome.UNCHANGED if published else Outcome.PUBLISHED)
            assert await titles(shop) == after
            assert await indices(client, options.prefix) == {one.id for one in await shop.catalog.generations()}


async def killed(folder: Path, proxy: Watched, step: Step, prefix: str) -> None:
    """Run a load in a process of its own that is killed at the step."""
    process = PROCESSES.Process(target=load_in, args=(folder, proxy.address, prefix))
    proxy.at, proxy.act, proxy.afterwards = step.is_it, process.kill, step.afterwards
    process.start()
    async with asyncio.timeout(300):
        await asyncio.to_thread(process.join)
    assert process.exitcode == -signal.SIGKILL, f"it never came to: {step.name}"


async def titles(shop: Shop) -> dict[str, str]:
    """What is on sale, by id."""
    return {product.id: product.title for product in (await shop.products()).values()}


async def eventually(shop: Shop, wanted: dict[str, str]) -> None:
    """Wait until another process's publishing is seen, which may take 2 s; what is seen is whole all the time."""
    async with asyncio.timeout(60):
        while (found := await titles(shop)) != wanted:
            assert len({title.split(" of ")[0].split(" p")[0] for title in found.values()}) == 1, found
            await asyncio.sleep(0.1)


async def indices(client: AsyncElasticsearch, prefix: str) -> set[str]:
    """The generations of which there is an index."""
    made = await client.indices.get(index=f"{prefix}-*-*", features="aliases")
    return {index.split("-", 2)[2] for index in made.body}
