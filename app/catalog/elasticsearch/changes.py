"""Live changes: their order, and the log a generation that is being loaded takes them over from."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from elasticsearch import NotFoundError

from app.catalog.elasticsearch.bulk import Bulk, Write
from app.catalog.elasticsearch.connection import Connection

_SEQUENCE = "sequence"
_FIRST = 1 << 32
"""The first sequence number. It is the document's version, and must be above any a feed's writes can come to."""
_PAGE = 5_000
_NEXT = "ctx._source.sequence += 1; ctx._source.generation = params.generation; ctx._source.at = params.at"


@dataclass(frozen=True, slots=True)
class Change:
    """The last live change of one product in one generation."""

    product_id: str
    generation: str
    sequence: int
    deleted: bool


class ChangeLog:
    """The order and the log of the live changes of one shop."""

    def __init__(self, connection: Connection, bulk: Bulk) -> None:
        self._connection = connection
        self._bulk = bulk
        self._index = connection.options.ledger

    async def next(self, generation_id: str, at: datetime) -> int:
        """The number of a new change: greater than that of every change before it."""
        first = {"sequence": _FIRST, "generation": generation_id, "at": at.isoformat()}
        script = {"source": _NEXT, "params": {"generation": generation_id, "at": at.isoformat()}}
        answer = await self._connection.call(
            lambda client: client.update(
                index=self._index, id=_SEQUENCE, script=script, upsert=first, retry_on_conflict=20, source=True
            )
        )
        return int(answer["get"]["_source"]["sequence"])

    async def last(self) -> tuple[int, str, datetime | None]:
        """The number, the generation and the time of the last change there was; 0 where there was none."""

        async def ask(client: Any) -> Any:
            try:
                return await client.get(index=self._index, id=_SEQUENCE)
            except NotFoundError:
                return None

        answer = await self._connection.call(ask)
        if answer is None:
            return 0, "", None
        source = answer["_source"]
        return int(source["sequence"]), source["generation"], datetime.fromisoformat(source["at"])

    async def note(self, change: Change) -> None:
        """Log a change; an older one of the same product and generation never replaces a newer one."""
        document = {
            "sequence": change.sequence,
            "generation": change.generation,
            "product": change.product_id,
            "deleted": change.deleted,
        }
        digest = hashlib.blake2b(f"{change.generation}\n{change.product_id}".encode(), digest_size=20).hexdigest()
        await self._bulk.send([Write(self._index, f"change-{digest}", document, change.sequence)])

    async def since(self, sequence: int, *, but: str = "") -> list[Change]:
        """The last change of each product after a number, in generations other than `but`; in order."""
        latest: dict[str, Change] = {}
        query = {
            "bool": {
                "filter": [{"exists": {"field": "product"}}, {"range": {"sequence": {"gt": sequence}}}],
                "must_not": [{"term": {"generation": but}}],
            }
        }
        await self._refresh()
        after: list[Any] | None = None
        while True:
            hits = await self._page(query, after)
            for hit in hits:
                source = hit["_source"]
                latest[source["product"]] = Change(
                    source["product"], source["generation"], source["sequence"], source["deleted"]
                )
            if len(hits) < _PAGE:
                return sorted(latest.values(), key=lambda change: change.sequence)
            after = hits[-1]["sort"]

    async def are_needed(self, generation_id: str, base_sequences: Iterable[int]) -> bool:
        """Whether changes made to a generation come after one of these numbers."""
        bases = list(base_sequences)
        if not bases:
            return False
        await self._refresh()
        filters = [{"term": {"generation": generation_id}}, {"range": {"sequence": {"gt": min(bases)}}}]
        query = {"bool": {"filter": [*filters, {"exists": {"field": "product"}}]}}
        answer = await self._connection.call(
            lambda client: client.search(index=self._index, query=query, size=0, terminate_after=1)
        )
        return bool(answer["hits"]["total"]["value"])

    async def forget(self, generation_id: str) -> None:
        """Erase the log of a generation."""
        await self._refresh()
        query = {"bool": {"filter": [{"term": {"generation": generation_id}}, {"exists": {"field": "product"}}]}}
        await self._connection.call(
            lambda client: client.delete_by_query(index=self._index, query=query, conflicts="proceed")
        )

    async def _page(self, query: dict[str, Any], after: list[Any] | None) -> list[dict[str, Any]]:
        answer = await self._connection.call(
            lambda client: client.search(
                index=self._index,
                query=query,
                size=_PAGE,
                sort=[{"sequence": "asc"}],
                search_after=after,
                track_total_hits=False,
            )
        )
        return list(answer["hits"]["hits"])

    async def _refresh(self) -> None:
        await self._connection.call(lambda client: client.indices.refresh(index=self._index))
