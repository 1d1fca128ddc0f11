"""Many writes at once: as fast as the cluster takes them, none lost to back-pressure, every refusal named."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from elastic_transport import ConnectionError as NoConnection
from elastic_transport import ConnectionTimeout
from elasticsearch import ApiError

from app.catalog.elasticsearch.connection import Connection
from app.catalog.elasticsearch.errors import RETRYABLE, cause, is_full, refused, translation

_MOST_ITEMS = 500
_MOST_BYTES = 4 * 1024 * 1024
_MOST_AT_ONCE = 4
_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Write:
    """One write of one document. version: of a live change, which only wins over older ones; None for a feed's."""

    index: str
    id: str
    document: dict[str, Any] | None  # None deletes
    version: int | None = None

    def lines(self) -> bytes:
        """The lines of the bulk request."""
        action: dict[str, Any] = {"_index": self.index, "_id": self.id}
        if self.version is not None:
            action |= {"version": self.version, "version_type": "external_gte"}
        kind: Literal["delete", "index"] = "delete" if self.document is None else "index"
        line = orjson.dumps({kind: action})
        return line if self.document is None else line + b"\n" + orjson.dumps(self.document)


@dataclass(slots=True)
class Written:
    """What became of the writes. created: ids of documents that were not there before. updated: that were.

    rejected: id -> why, for writes that can never succeed. superseded: ids for which a newer change was there.
    """

    created: set[str] = field(default_factory=set)
    updated: set[str] = field(default_factory=set)
    rejected: dict[str, str] = field(default_factory=dict)
    superseded: set[str] = field(default_factory=set)


class Bulk:
    """Sends writes in chunks, several at once: fewer and smaller ones while the cluster is busy, more when it is not.

    patience_s: how long a write that is pushed back, or whose connection breaks, is tried again.
    """

    def __init__(self, connection: Connection, *, patience_s: float = 300.0) -> None:
        self._connection = connection
        self._patience_s = patience_s
        self._at_once = 2.0
        self._items = float(_MOST_ITEMS)
        self._under_way = 0
        self._freed = asyncio.Condition()

    async def send(self, writes: Sequence[Write]) -> Written:
        """Write all; when it returns, what was not rejected survives a crash. Raises CatalogUnavailable.

        Of two writes of one document in a call, which one wins is not said.
        """
        written = Written()
        chunks = await asyncio.to_thread(self._chunks, list(writes))
        try:
            async with asyncio.TaskGroup() as group:
                for chunk in chunks:
                    await self._enter()
                    group.create_task(self._deliver(chunk, written))
        except ExceptionGroup as several:
            raise several.exceptions[0] from several
        return written

    async def _enter(self) -> None:
        async with self._freed:
            await self._freed.wait_for(lambda: self._under_way < max(1, int(self._at_once)))
            self._under_way += 1

    async def _deliver(self, chunk: list[tuple[Write, bytes]], written: Written) -> None:
        try:
            await self._until_taken(chunk, written)
        finally:
            async with self._freed:
                self._under_way -= 1
                self._freed.notify_all()

    async def _until_taken(self, chunk: list[tuple[Write, bytes]], written: Written) -> None:
        deadline = time.monotonic() + self._patience_s
        wait = _FIRST_WAIT_S
        while chunk:
            left, trouble = await self._once(chunk, written)
            if left and time.monotonic() + wait > deadline:
                raise trouble
            if left:
                self._slower()
                await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                # What came through shows that the cluster works; only standing still makes the pauses longer.
                wait = _FIRST_WAIT_S if len(left) < len(chunk) else min(_LONGEST_WAIT_S, 2 * wait)
            else:
                self._faster()
            chunk = left

    async def _once(
        self, chunk: list[tuple[Write, bytes]], written: Written
    ) -> tuple[list[tuple[Write, bytes]], Exception]:
        """Send a chunk; the writes to be sent again, and why."""
        client = self._connection.client
        try:
            lines: Any = [line for _, line in chunk]
            answer = await client.bulk(operations=lines, filter_path="items.*.status,items.*.result,items.*.error")
        except (ApiError, NoConnection, ConnectionTimeout) as error:
            trouble = translation(error)
            if isinstance(error, ApiError) and (error.meta.status not in RETRYABLE or is_full(*cause(error.body))):
                raise trouble from error
            return chunk, trouble
        left: list[tuple[Write, bytes]] = []
        trouble = refused(429, {"error": {"type": "es_rejected_execution_exception", "reason": "busy"}})
        for entry, item in zip(chunk, answer["items"], strict=True):
            (result,) = item.values()
            if self._is_pushed_back(entry[0], result, written):
                left.append(entry)
                trouble = refused(result["status"], result)
        return left, trouble

    @staticmethod
    def _is_pushed_back(write: Write, result: dict[str, Any], written: Written) -> bool:
        status = result["status"]
        if status in RETRYABLE:
            if is_full(*cause(result)):
                raise refused(status, result)
            return True
        if status == 409:
            written.superseded.add(write.id)
        elif status >= 400 and "error" in result:
            kind, reason = cause(result)
            written.rejected[write.id] = f"{kind}: {reason}"
        elif result.get("result") == "created":
            written.created.add(write.id)
        elif result.get("result") != "not_found":
            written.updated.add(write.id)
        return False

    def _chunks(self, writes: list[Write]) -> list[list[tuple[Write, bytes]]]:
        # At least two chunks where there is something to share: one request keeps one core of the cluster busy.
        most = max(1, min(int(self._items), -(-len(writes) // 2) if len(writes) > 100 else len(writes)))
        chunks: list[list[tuple[Write, bytes]]] = []
        size = _MOST_BYTES + 1
        for write in writes:
            lines = write.lines()
            if size + len(lines) > _MOST_BYTES or len(chunks[-1]) >= most:
                chunks.append([])
                size = 0
            chunks[-1].append((write, lines))
            size += len(lines)
        return chunks

    def _slower(self) -> None:
        self._at_once = max(1.0, self._at_once / 2)
        self._items = max(50.0, self._items / 2)

    def _faster(self) -> None:
        self._at_once = min(float(_MOST_AT_ONCE), self._at_once + 0.1)
        self._items = min(float(_MOST_ITEMS), self._items * 1.1)
