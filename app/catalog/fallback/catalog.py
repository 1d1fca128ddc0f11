"""A catalog that is answered from an embedded copy while its own engine is slow or gone."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

from app.catalog.catalog import Catalog, Snapshot
from app.catalog.errors import CatalogUnavailable
from app.catalog.fallback.keeper import CopyKeeper, copied
from app.catalog.model import (
    Candidates,
    Counts,
    FacetCount,
    FacetField,
    Filter,
    Generation,
    ImageEvidence,
    Product,
    Query,
)
from app.errors import AppError

T = TypeVar("T")

UNAVAILABLE, SLOW = "unavailable", "deadline"
"""Why a copy answers, as `degraded` says it."""

_FIRST_REST_S = 0.5
_LONGEST_REST_S = 5.0
_WELL_FOR_S = 30.0

logger = logging.getLogger(__name__)


class Patience:
    """How long one search waits for the engine, in all its calls together. left_s: None waits as long as it takes."""

    def __init__(self, seconds: float | None) -> None:
        self.left_s = seconds

    @asynccontextmanager
    async def spent(self) -> AsyncIterator[None]:
        """Spend it on what is done inside. Raises TimeoutError when it runs out."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.left_s):
                yield
        finally:
            if self.left_s is not None:
                self.left_s = max(0.0, self.left_s - (time.monotonic() - began))


class FallbackSnapshot:
    """See Snapshot. Asks the engine until it fails once, from then on the copy."""

    def __init__(self, catalog: "FallbackCatalog", snapshot: Snapshot, patience: Patience) -> None:
        self._catalog = catalog
        self._snapshot = snapshot
        self._patience = patience
        self._has_answered = False

    @property
    def generation(self) -> Generation:
        """See Snapshot.generation."""
        return self._snapshot.generation

    @property
    def degraded(self) -> str:
        """See Snapshot.degraded."""
        return self._snapshot.degraded

    async def retrieve(self, query: Query) -> Candidates:
        """See Snapshot.retrieve."""
        return await self._ask(lambda snapshot: snapshot.retrieve(query))

    async def facets(
        self, product_ids: Sequence[str], fields: Sequence[FacetField], limit: int = 20
    ) -> Mapping[FacetField, tuple[FacetCount, ...]]:
        """See Snapshot.facets."""
        return await self._ask(lambda snapshot: snapshot.facets(product_ids, fields, limit))

    async def count(self, filters: Sequence[Filter] = (), fields: Sequence[FacetField] = (), limit: int = 20) -> Counts:
        """See Snapshot.count."""
        return await self._ask(lambda snapshot: snapshot.count(filters, fields, limit))

    async def products(self, ids: Sequence[str]) -> list[Product]:
        """See Snapshot.products."""
        return await self._ask(lambda snapshot: snapshot.products(ids))

    async def evidence(self, images: Sequence[tuple[str, int]]) -> list[ImageEvidence | None]:
        """See Snapshot.evidence."""
        return await self._ask(lambda snapshot: snapshot.evidence(images))

    async def artifact(self, name: str) -> bytes | None:
        """See Snapshot.artifact."""
        return await self._ask(lambda snapshot: snapshot.artifact(name))

    async def _ask(self, call: Callable[[Snapshot], Awaitable[T]]) -> T:
        asked = self._snapshot
        if isinstance(asked, CopySnapshot):
            return await call(asked)
        try:
            async with self._patience.spent():
                answer = await call(asked)
        except (CatalogUnavailable, TimeoutError) as error:
            if not isinstance(self._snapshot, CopySnapshot):  # of two calls at once, one has moved over already
                copy = await self._catalog.instead(error)
                if self._has_answered and copy.generation.id != asked.generation.id:
                    raise told(error) from error  # half of the answer from each of two generations would be no answer
                self._snapshot = copy
            return await call(self._snapshot)
        self._has_answered = True
        return answer


class CopySnapshot:
    """A snapshot of the copy, telling the generation it is a copy of."""

    def __init__(self, snapshot: Snapshot, degraded: str) -> None:
        self.degraded = degraded
        what = copied(snapshot.generation)
        assert what is not None
        self.generation = replace(
            snapshot.generation, id=what.generation_id, published_at=what.published_at, source="", holder=""
        )
        self.retrieve = snapshot.retrieve
        self.facets = snapshot.facets
        self.count = snapshot.count
        self.products = snapshot.products
        self.evidence = snapshot.evidence
        self.artifact = snapshot.artifact


class FallbackCatalog:
    """A Catalog whose searches go on from `copy` while `engine` does not answer, or not within `patience_s` a search.

    After the engine failed, searches go to the copy at once, and the engine is tried every few seconds beside them
    until it answers again. Changes are never made in the copy: they fail while the engine does, as without a copy.
    Where there is no copy yet, searches wait for the engine as without one. It owns all three and closes them.
    """

    def __init__(self, engine: Catalog, copy: Catalog, keeper: CopyKeeper, *, patience_s: float) -> None:
        self._engine, self._copy, self._keeper = engine, copy, keeper
        self._patience_s = patience_s
        self._trouble: Exception | None = None
        self._has_copy = False
        self._probing: asyncio.Task[None] | None = None
        self._rest_s = _FIRST_REST_S
        self._well_since = -_WELL_FOR_S

    async def snapshot(self) -> FallbackSnapshot:
        """See Catalog.snapshot."""
        patience = Patience(self._patience_s if await self._is_copied() else None)
        if self._trouble is not None and patience.left_s is not None:
            return FallbackSnapshot(self, await self.instead(self._trouble), patience)
        try:
            async with patience.spent():
                return FallbackSnapshot(self, await self._engine.snapshot(), patience)
        except (CatalogUnavailable, TimeoutError) as error:
            return FallbackSnapshot(self, await self.instead(error), patience)

    async def snapshot_of(self, generation_id: str) -> Snapshot:
        """See Catalog.snapshot_of: the engine's; the copy has only what is published."""
        return await self._engine.snapshot_of(generation_id)

    async def instead(self, error: Exception) -> CopySnapshot:
        """The copy, because the engine failed so. Raises that failure where there is no copy."""
        if not await self._is_copied():
            raise told(error) from error
        self._rest(error)
        try:
            snapshot = await self._copy.snapshot()
        except AppError as unusable:
            logger.warning("the copy of the catalog cannot answer: %s", unusable.detail)
            raise told(error) from error
        return CopySnapshot(snapshot, SLOW if isinstance(error, TimeoutError) else UNAVAILABLE)

    async def put(self, product: Product) -> bool:
        """See Catalog.put. The copy follows within seconds."""
        is_new = await self._engine.put(product)
        self._keeper.nudge()
        return is_new

    async def delete(self, product_id: str) -> None:
        """See Catalog.delete. The copy follows within seconds."""
        await self._engine.delete(product_id)
        self._keeper.nudge()

    async def generations(self) -> list[Generation]:
        """See Catalog.generations: the engine's."""
        return await self._engine.generations()

    async def publish(self, generation_id: str) -> Generation:
        """See Catalog.publish. The copy of it is made afterwards."""
        published = await self._engine.publish(generation_id)
        self._keeper.nudge()
        return published

    async def ping(self) -> None:
        """See Catalog.ping: the engine's, whether searches are answered from the copy or not."""
        await self._engine.ping()

    async def is_answered_by_copy(self) -> bool:
        """Whether a search that is made now is answered from the copy. Raises CatalogUnavailable when none can be."""
        snapshot = await self.snapshot()
        await snapshot.count()
        return bool(snapshot.degraded)

    async def copy_of(self) -> str:
        """The generation the copy is one of; "" where there is none yet."""
        what = copied((await self._copy.snapshot()).generation) if await self._is_copied() else None
        return "" if what is None else what.generation_id

    async def keep_up(self) -> None:
        """Keep the copy up to date and in memory, for ever: a search that needs it must not wait for it to be read."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keeper.keep_up())
            while True:
                with contextlib.suppress(AppError):
                    await self._is_copied()
                await asyncio.sleep(_FIRST_REST_S)

    async def close(self) -> None:
        """See Catalog.close."""
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.gather(self._probing, return_exceptions=True)
        await self._keeper.close()
        await self._copy.close()
        await self._engine.close()

    async def _is_copied(self) -> bool:
        if not self._has_copy:
            with contextlib.suppress(AppError):
                self._has_copy = copied((await self._copy.snapshot()).generation) is not None
        return self._has_copy

    def _rest(self, error: Exception) -> None:
        """From now on the copy is asked, until the engine answers again."""
        if self._trouble is not None:
            return
        logger.warning("searches are answered from the copy of the catalog: %s", told(error).detail)
        self._trouble = error
        well_for = time.monotonic() - self._well_since
        # An engine that answers the try and fails the next search is tried less and less often.
        self._rest_s = _FIRST_REST_S if well_for > _WELL_FOR_S else min(_LONGEST_REST_S, 2 * self._rest_s)
        self._probing = asyncio.create_task(self._probe())

    async def _probe(self) -> None:
        while self._trouble is not None:
            await asyncio.sleep(self._rest_s)
            try:
                async with asyncio.timeout(self._patience_s):
                    await (await self._engine.snapshot()).count()
            except (AppError, TimeoutError) as error:
                self._trouble = error
            else:
                self._trouble = None
                self._well_since = time.monotonic()
                logger.warning("searches are answered by the catalog's own engine again")


def told(error: Exception) -> CatalogUnavailable:
    """The failure as the port tells it."""
    if isinstance(error, CatalogUnavailable):
        return error
    return CatalogUnavailable(
        "The catalog did not answer in time.", fix="See its load and its log; try again in a moment.", retry_after_s=2.0
    )
