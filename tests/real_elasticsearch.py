"""The real Elasticsearch that tests run against: fetched and started once, shared by all test runs of this machine."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from elasticsearch import AsyncElasticsearch

from scripts import elasticsearch as local
from scripts.elasticsearch_server import Cannot

HOW = "Tests on the real Elasticsearch did not run. To run them: install Maven and Java 21, then make elasticsearch."
SECURED = {
    "xpack.security.enabled": True,
    # Whoever comes without a key may do everything: it listens on the loopback, and its data end with it.
    "xpack.security.authc.anonymous.username": "anybody",
    "xpack.security.authc.anonymous.roles": "superuser",
}
"""Settings with which API keys are real ones, and tests that are not about them need none."""
IN_CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}


@pytest.fixture(scope="session")
def real_elasticsearch() -> Iterator[str]:
    """Where the server answers. Without one the test is skipped with a line that says how to get it; in CI it fails."""
    if not IN_CI and not local.can_be_fetched():
        pytest.skip(HOW)
    try:
        local.fetch()
        with local.server("tests").shared(heap="768m", settings=SECURED) as url:
            yield url
    except Cannot as cannot:
        if IN_CI:
            pytest.fail(str(cannot), pytrace=False)
        pytest.skip(f"{HOW} ({cannot})")


@asynccontextmanager
async def cleared(url: str, prefix: str) -> AsyncIterator[AsyncElasticsearch]:
    """A client; the indices a test made under the prefix are gone afterwards, and nothing else."""
    async with AsyncElasticsearch(url) as client:
        try:
            yield client
        finally:
            quiet = client.options(ignore_status=404)
            made = await quiet.indices.get(index=f"{prefix}-*", expand_wildcards="all", features="aliases")
            if made.body:
                await quiet.indices.delete(index=list(made.body))
