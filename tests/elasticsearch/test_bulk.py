"""Bulk writes against a server that pushes back, refuses and hangs up: nothing good is lost, nothing bad is hidden."""

import json
from typing import Any

import numpy as np
import pytest

from app.catalog import CatalogUnavailable
from app.catalog.elasticsearch.bulk import Bulk, Write
from app.catalog.elasticsearch.connection import Connection, RetryBudget
from app.catalog.elasticsearch.options import ElasticsearchOptions
from tests.elasticsearch.fake import Answer, fake_server

pytestmark = pytest.mark.anyio


class Troubled:
    """A bulk endpoint: 30 % of the items are pushed back, 5 % are superseded, 1 % refused, 2 % of the calls dropped."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self.kept: dict[str, int] = {}
        self.calls = self.items = 0

    def __call__(self, method: str, path: str, body: bytes) -> Answer | None:
        self.calls += 1
        lines = body.decode().splitlines()
        results = [self._one(json.loads(line)["index"]["_id"]) for line in lines[::2]]
        return None if self._rng.random() < 0.02 else (200, {"errors": True, "items": results})

    def _one(self, name: str) -> dict[str, Any]:
        self.items += 1
        number = int(name)
        if number % 100 == 7:
            return {"index": {"status": 400, "error": {"type": "document_parsing_exception", "reason": "bad"}}}
        if self._rng.random() < 0.30:
            return {"index": {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "busy"}}}
        if number % 20 == 3:
            return {"index": {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "newer"}}}
        self.kept[name] = self.kept.get(name, 0) + 1
        return {"index": {"status": 201, "result": "created"}}


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
