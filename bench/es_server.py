"""A real Elasticsearch for measuring, and a shop of its own in it."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.catalog.elasticsearch import ElasticsearchOptions
from bench.promise import NotMeasurable
from scripts import elasticsearch as local
from scripts.elasticsearch_server import Cannot
from tests.real_elasticsearch import cleared


@asynccontextmanager
async def shop_on_real_server(*, exact_pictures: int = 4_000) -> AsyncIterator[ElasticsearchOptions]:
    """Options of an empty shop. Raises NotMeasurable where no server can be had."""
    try:
        local.fetch()
        with local.server("bench").shared(heap="2g") as url:
            prefix = f"b{secrets.token_hex(5)}"
            async with cleared(url, prefix):
                yield ElasticsearchOptions(hosts=(url,), prefix=prefix, exact_pictures=exact_pictures, timeout_s=120.0)
    except Cannot as cannot:
        raise NotMeasurable(str(cannot)) from cannot
