"""The embedded catalog's loading side: one generation is filled, checked, and handed to Catalog.publish."""

import asyncio
import secrets
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from app.catalog.errors import GenerationConflict
from app.catalog.holder import refuse_while_alive
from app.catalog.model import Generation, GenerationState, ImageEvidence, Product
from app.catalog.sampling import evenly
from app.catalog.sqlite import generations, publishing, queries, store, verification
from app.catalog.sqlite.database import Database
from app.catalog.sqlite.engine import Clock, Threads, now
from app.catalog.sqlite.generations import GenerationRow

_ERASED_AT_ONCE = 2_000
_LOADING = (GenerationState.LOADING,)
_UNPUBLISHED = (GenerationState.LOADING, GenerationState.VERIFIED)


class SqliteCatalogWriter:
    """A CatalogWriter on one SQLite file. Each write is one transaction, on the disk when the call returns.

    clock: tells the time, UTC; leases are judged by it, so processes on one file share one clock.
    """

    def __init__(self, database: Database, *, clock: Clock = now) -> None:
        self._database = database
        self._threads = Threads(2)
        self._clock = clock
        self._lease = secrets.token_hex(8)

    async def begin(self, *, embedder: str, dims: int, source: str, holder: str) -> Generation:
        """See CatalogWriter.begin."""
        return await self._threads.run(self._begin, embedder, dims, source, holder)

    async def resume(self, *, source: str, embedder: str, holder: str) -> Generation | None:
        """See CatalogWriter.resume."""
        return await self._threads.run(self._resume, source, embedder, holder)

    async def add(self, generation_id: str, products: Iterable[Product]) -> None:
        """See CatalogWriter.add."""
        await self._threads.run(self._add, generation_id, products)

    async def content_hashes(self, generation_id: str) -> Mapping[str, str]:
        """See CatalogWriter.content_hashes."""
        return await self._threads.run(self._content_hashes, generation_id)

    async def carry_over(self, generation_id: str, product_ids: Sequence[str]) -> int:
        """See CatalogWriter.carry_over."""
        return await self._threads.run(self._carry_over, generation_id, product_ids)

    async def known_evidence(self, generation_id: str, sha256s: Sequence[str]) -> Mapping[str, ImageEvidence]:
        """See CatalogWriter.known_evidence."""
        return await self._threads.run(self._known_evidence, generation_id, sha256s)

    async def examples(self, generation_id: str, limit: int) -> list[tuple[Product, list[ImageEvidence]]]:
        """See CatalogWriter.examples."""
        return await self._threads.run(self._examples, generation_id, limit)

    async def attach(self, generation_id: str, name: str, data: bytes) -> None:
        """See CatalogWriter.attach."""
        await self._threads.run(self._attach, generation_id, name, data)

    async def verify(self, generation_id: str, *, expected_products: int) -> Generation:
        """See CatalogWriter.verify."""
        return await self._threads.run(self._verify, generation_id, expected_products)

    async def abandon(self, generation_id: str) -> None:
        """See CatalogWriter.abandon."""
        await self._threads.run(self._abandon, generation_id)

    async def prune(self, *, keep: int) -> list[str]:
        """See CatalogWriter.prune."""
        return await self._threads.run(self._prune, keep)

    async def last_change(self) -> datetime | None:
        """See CatalogWriter.last_change."""
        return await self._threads.run(self._last_change)

    async def close(self) -> None:
        """Release everything. Calling it twice is harmless."""
        await self._threads.close()
        await asyncio.get_running_loop().run_in_executor(None, self._database.close)

    def _begin(self, embedder: str, dims: int, source: str, holder: str) -> Generation:
        created = self._clock()
        with self._database.write() as connection:
            dead = self._dead_load(connection)
            if dead is not None:
                generations.move(connection, dead, GenerationState.ABANDONED)
            number = connection.execute(
                "INSERT INTO generations (id, state, created_at, embedder, dims, source, holder, lease, heartbeat, "
                "base_sequence) VALUES (?, 'loading', ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    secrets.token_hex(8),  # until the number is known
                    created.isoformat(),
                    embedder,
                    dims,
                    source,
                    holder,
                    self._lease,
                    created.timestamp(),
                    store.last_sequence(connection),
                ),
            ).lastrowid
            assert number is not None
            generation_id = f"{created:%Y%m%d-%H%M%S}-{number}"
            connection.execute("UPDATE generations SET id = ? WHERE number = ?", (generation_id, number))
            connection.execute(queries.create_words(number))
            begun = generations.named(connection, generation_id).told(0, 0)
        if dead is not None:
            self._erase(dead.number)
        return begun

    def _resume(self, source: str, embedder: str, holder: str) -> Generation | None:
        with self._database.write() as connection:
            dead = self._dead_load(connection)
            if dead is None or dead.source != source or dead.embedder != embedder:
                return None
            connection.execute(
                "UPDATE generations SET holder = ?, lease = ?, heartbeat = ? WHERE number = ?",
                (holder, self._lease, self._clock().timestamp(), dead.number),
            )
            return generations.named(connection, dead.id).told(*store.count(connection, dead.number))

    def _add(self, generation_id: str, products: Iterable[Product]) -> None:
        batch = list(products)  # before the lock: a slow source must not keep other writers waiting
        with self._database.write() as connection:
            generation = self._held(connection, generation_id, _LOADING)
            for product in batch:
                store.write_product(connection, generation, product)

    def _content_hashes(self, generation_id: str) -> Mapping[str, str]:
        self._beat(generation_id)
        with self._database.read() as connection:
            generation = generations.named(connection, generation_id)
            return dict(
                connection.execute("SELECT id, content_hash FROM products WHERE generation = ?", (generation.number,))
            )

    def _carry_over(self, generation_id: str, product_ids: Sequence[str]) -> int:
        with self._database.write() as connection:
            generation = self._held(connection, generation_id, _LOADING)
            published = generations.in_state(connection, GenerationState.PUBLISHED)
            if published is None or (published.embedder, published.dims) != (generation.embedder, generation.dims):
                return 0
            ids = dict.fromkeys(product_ids)
            return sum(store.copy_product(connection, published, generation, product_id) for product_id in ids)

    def _known_evidence(self, generation_id: str, sha256s: Sequence[str]) -> Mapping[str, ImageEvidence]:
        self._beat(generation_id)
        with self._database.read() as connection:
            return store.known_evidence(connection, generations.named(connection, generation_id), sha256s)

    def _examples(self, generation_id: str, limit: int) -> list[tuple[Product, list[ImageEvidence]]]:
        self._beat(generation_id)
        with self._database.read() as connection:
            generation = generations.named(connection, generation_id)
            ids = [
                row[0]
                for row in connection.execute(
                    "SELECT id FROM products p WHERE generation = ? "
                    "AND EXISTS (SELECT 1 FROM images i WHERE i.product = p.key) ORDER BY key",
                    (generation.number,),
                )
            ]
            spread = [ids[place] for place in evenly(len(ids), limit)]
            products = store.read_products(connection, generation.number, spread)
            images = [(product.id, position) for product in products for position in range(len(product.images))]
            evidence = dict(zip(images, store.read_evidence(connection, generation.number, images), strict=True))
        return [
            (product, [seen for place in range(len(product.images)) if (seen := evidence[product.id, place])])
            for product in products
        ]

    def _attach(self, generation_id: str, name: str, data: bytes) -> None:
        with self._database.write() as connection:
            generation = self._held(connection, generation_id, _UNPUBLISHED)
            connection.execute("INSERT OR REPLACE INTO artifacts VALUES (?, ?, ?)", (generation.number, name, data))

    def _verify(self, generation_id: str, expected_products: int) -> Generation:
        with self._database.write() as connection:
            self._held(connection, generation_id, _LOADING)
        with self._database.read() as connection:
            generation = generations.named(connection, generation_id)
            verification.verify(connection, generation, expected_products=expected_products)
        with self._database.write() as connection:
            generations.move(connection, self._held(connection, generation_id, _LOADING), GenerationState.VERIFIED)
            verified = generations.named(connection, generation_id)
            return verified.told(*store.count(connection, verified.number))

    def _abandon(self, generation_id: str) -> None:
        with self._database.write() as connection:
            generation = generations.named(connection, generation_id)
            if generation.state is not GenerationState.ABANDONED:
                generations.require(generation, *_UNPUBLISHED)
                generations.move(connection, generation, GenerationState.ABANDONED)
        self._erase(generation.number)

    def _prune(self, keep: int) -> list[str]:
        if keep < 0:
            raise ValueError(f"keep is 0 or more, not {keep}")
        with self._database.write() as connection:
            rows = generations.all_rows(connection)
            retired = [row for row in rows if row.state is GenerationState.RETIRED]
            retired.sort(key=lambda row: (row.published_at or row.created_at, row.number), reverse=True)
            doomed = [row for row in retired[keep:] if not _still_needed(connection, row)]
            for row in doomed:
                generations.move(connection, row, GenerationState.ABANDONED)
        gone = doomed + [row for row in rows if row.state is GenerationState.ABANDONED]
        for row in gone:
            self._erase(row.number)
            with self._database.write() as connection:
                connection.execute("DELETE FROM generations WHERE number = ?", (row.number,))
        return [row.id for row in gone]

    def _last_change(self) -> datetime | None:
        with self._database.read() as connection:
            row = connection.execute("SELECT changed_at FROM generations WHERE state = 'published'").fetchone()
        return None if row is None else datetime.fromisoformat(row[0])

    def _dead_load(self, connection: sqlite3.Connection) -> GenerationRow | None:
        """The generation a dead loader left; raises GenerationConflict when its loader is alive."""
        loading = generations.in_state(connection, GenerationState.LOADING)
        if loading is None:
            return None
        refuse_while_alive(loading.id, loading.holder, self._clock().timestamp() - loading.heartbeat)
        return loading

    def _held(
        self, connection: sqlite3.Connection, generation_id: str, states: tuple[GenerationState, ...]
    ) -> GenerationRow:
        """The generation, when it is in one of the states and this writer's; its load is alive from now."""
        generation = generations.named(connection, generation_id)
        generations.require(generation, *states)
        if generation.lease != self._lease:
            raise GenerationConflict(
                f"Generation '{generation.id}' is loaded by {generation.holder}, not by this writer.",
                fix="Begin a generation, or resume this one when its loader is dead.",
                holder=generation.holder,
            )
        self._beat_in(connection, generation)
        return generation

    def _beat(self, generation_id: str) -> None:
        with self._database.write() as connection:
            generation = generations.named(connection, generation_id)
            if generation.lease == self._lease:
                self._beat_in(connection, generation)

    def _beat_in(self, connection: sqlite3.Connection, generation: GenerationRow) -> None:
        connection.execute(
            "UPDATE generations SET heartbeat = ? WHERE number = ?", (self._clock().timestamp(), generation.number)
        )

    def _erase(self, generation: int) -> None:
        done = False
        while not done:
            with self._database.write() as connection:
                done = publishing.erase(connection, generation, most=_ERASED_AT_ONCE)
        done = False
        while not done:
            with self._database.write() as connection:
                done = publishing.erase_orphans(connection, most=_ERASED_AT_ONCE)


def open_writer(path: Path, *, max_bytes: int | None = None, clock: Clock = now) -> SqliteCatalogWriter:
    """Open the loading side of a catalog file, made when it is not there. Raises CatalogUnavailable.

    max_bytes: the file may not grow beyond it; a write that would is refused as on a full disk.
    """
    return SqliteCatalogWriter(Database(path, max_bytes=max_bytes), clock=clock)


def _still_needed(connection: sqlite3.Connection, retired: GenerationRow) -> bool:
    """Whether an unfinished load has to take over live changes that were made to this generation."""
    row = connection.execute(
        "SELECT 1 FROM changes c JOIN generations g ON g.state IN ('loading', 'verified') "
        "AND c.sequence > g.base_sequence WHERE c.generation = ? LIMIT 1",
        (retired.number,),
    ).fetchone()
    return row is not None
