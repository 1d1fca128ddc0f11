"""Searches of one index at one moment: a point in time where there still is one, else the index as it is now."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.catalog.elasticsearch.connection import Connection
from app.catalog.elasticsearch.errors import cause, refused
from app.catalog.elasticsearch.queries import Body

KEEP_ALIVE = "1m"

_LOST = frozenset(
    {
        "search_context_missing_exception",
        "no_shard_available_action_exception",
        "node_disconnected_exception",
        "node_not_connected_exception",
    }
)
_ATTEMPTS = 3
_FIRST_WAIT_S = 0.1


@dataclass(frozen=True, slots=True)
class Hit:
    """One product of an answer. score: 0.0 where nothing was scored. facts: "" where they were not asked for."""

    id: str
    score: float
    facts: str


@dataclass(frozen=True, slots=True)
class Found:
    """The products of one answer, in its order. total: how many there are, as far as they were counted."""

    hits: tuple[Hit, ...]
    total: int
    aggregations: Mapping[str, Any]


class Searcher:
    """Sends searches of one index, all of a call in one request."""

    def __init__(self, connection: Connection, index: str, pit: str | None = None) -> None:
        self._connection = connection
        self.index = index
        self._pit = pit

    async def search(self, *bodies: Body) -> list[Found]:
        """The answers, in the bodies' order. Raises CatalogUnavailable; a partial answer is none."""
        if self._pit is not None:
            answers = await self._send(bodies, {}, {"pit": {"id": self._pit, "keep_alive": KEEP_ALIVE}})
            if not any(_lost(answer) for answer in answers):
                return [_found(answer) for answer in answers]
            # It timed out, or the node that held it went away: what is there now is the next best.
        header = {"index": self.index, "allow_partial_search_results": False}
        for attempt in range(1, _ATTEMPTS):
            answers = await self._send(bodies, header, {})
            if not any(_lost(answer) for answer in answers):
                return [_found(answer) for answer in answers]
            # The cluster has not noticed yet that a node is gone; the index has a copy on another one.
            await asyncio.sleep(_FIRST_WAIT_S * 2**attempt)
        return [_found(answer) for answer in await self._send(bodies, header, {})]

    async def _send(self, bodies: Sequence[Body], header: Body, more: Body) -> list[dict[str, Any]]:
        lines = [line for body in bodies for line in (header, {**body, **more})]
        answer = await self._connection.call(lambda client: client.msearch(searches=lines))
        return list(answer["responses"])


def _lost(answer: Mapping[str, Any]) -> bool:
    if "error" in answer:
        return cause(answer)[0] in _LOST or answer.get("status") in {404, 502, 503}
    return bool(answer["_shards"]["failed"])


def _found(answer: Mapping[str, Any]) -> Found:
    if "error" in answer:
        raise refused(int(answer.get("status", 500)), answer)
    if answer["_shards"]["failed"]:
        raise refused(503, {"error": answer["_shards"]["failures"][0].get("reason", {})})
    hits = answer["hits"]
    return Found(
        tuple(
            Hit(fields["id"][0], hit["_score"] or 0.0, fields["facts"][0] if "facts" in fields else "")
            for hit in hits["hits"]
            for fields in (hit["fields"],)
        ),
        hits.get("total", {}).get("value", 0),
        answer.get("aggregations", {}),
    )
