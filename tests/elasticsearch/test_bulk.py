"""Bulk writes against a server that pushes back, refuses and hangs up: nothing good is lost, nothing bad is hidden."""

import pytest

from app.catalog import CatalogUnavailable
from app.catalog.elasticsearch.bulk import Bulk, Write
from app.catalog.elasticsearch.connection import Connection, RetryBudget
from app.catalog.elasticsearch.options import ElasticsearchOptions
from tests.elasticsearch.fake import Troubled, fake_server

pytestmark = pytest.mark.anyio


async def test_all_good_writes_arrive_and_the_bad_ones_are_named() -> None:
    server = Troubled(1)
    async with fake_server(server) as url:
        connection = Connection(ElasticsearchOptions(hosts=(url,)))
        written = await Bulk(connection).send([Write("i", str(number), {"n": number}) for number in range(1_000)])
        await connection.close()
    refused = {str(number) for number in range(7, 1_000, 100)}
    superseded = {str(number) for number in range(3, 1_000, 20)} - refused
    assert set(written.rejected) == refused
    assert written.superseded == superseded
    assert set(server.kept) == {str(number) for number in range(1_000)} - refused - superseded
    assert written.created | written.updated == set(server.kept)
    assert server.items <= 1.6 * 1_000


async def test_a_full_disk_is_not_waited_for() -> None:
    reason = "index [i] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark]"
    item = {"index": {"status": 429, "error": {"type": "cluster_block_exception", "reason": reason}}}
    async with fake_server(lambda *_: (200, {"errors": True, "items": [item]})) as url:
        connection = Connection(ElasticsearchOptions(hosts=(url,)))
        with pytest.raises(CatalogUnavailable, match="flood-stage"):
            await Bulk(connection).send([Write("i", "1", {})])
        await connection.close()


async def test_patience_ends() -> None:
    async with fake_server(lambda *_: (503, {"error": {"type": "x", "reason": "down"}})) as url:
        connection = Connection(ElasticsearchOptions(hosts=(url,)))
        with pytest.raises(CatalogUnavailable):
            await Bulk(connection, patience_s=0.2).send([Write("i", "1", {})])
        await connection.close()


def test_retries_stay_within_their_budget() -> None:
    time = 0.0
    budget = RetryBudget(share=0.2, floor_per_s=10.0, clock=lambda: time)
    assert sum(budget.spend() for _ in range(100)) == 10
    for _ in range(50):
        budget.earn()
    assert sum(budget.spend() for _ in range(100)) in {9, 10}  # fifths do not add up exactly
    time = 0.5
    assert sum(budget.spend() for _ in range(100)) in {5, 6}
