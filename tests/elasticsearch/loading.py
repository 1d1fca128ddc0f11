"""A shop whose feed is loaded into Elasticsearch by the loader's own code, in a process of its own, to be killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.catalog import holder_name
from app.catalog.elasticsearch import ElasticsearchOptions, open_catalog, open_writer
from tests.loader.shop import Shop

FEED = "feed.csv"
COMMAND = f"catalog-loader load {FEED}"


@asynccontextmanager
async def shop_in(folder: Path, options: ElasticsearchOptions) -> AsyncIterator[Shop]:
    """The shop; its catalog is closed in the end."""
    catalog = open_catalog(options)
    try:
        yield Shop(folder, catalog, lambda clock: open_writer(options, clock=clock))
    finally:
        await catalog.close()


def load_in(folder: Path, url: str, prefix: str) -> None:
    """Load the feed that lies in the folder; what a process of its own does."""

    async def loaded() -> None:
        async with shop_in(folder, ElasticsearchOptions(hosts=(url,), prefix=prefix)) as shop:
            await shop.load(folder / FEED, holder=holder_name(COMMAND))

    asyncio.run(loaded())
