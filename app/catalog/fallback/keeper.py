"""Keeps the copy: one process of a machine at a time brings it to what is published, and follows the live changes."""

import asyncio
import contextlib
import fcntl
import logging
import os
import re
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from app.catalog.catalog import Catalog, CatalogWriter
from app.catalog.errors import CatalogUnavailable, NothingPublished, ProductNotFound
from app.catalog.fallback.original import Original, Published
from app.catalog.holder import holder_name
from app.catalog.model import Generation, GenerationState, ImageEvidence, Product
from app.errors import AppError

FOLLOW_EVERY_S = 1.0
"""How often live changes are asked for; a change made in this process is followed at once."""

_AT_ONCE = 500
_OVERLAP_S = 60.0
"""A change gets its number before it is made: one that was overtaken may still come within this time."""
_SOURCE = re.compile(r"copy of (?P<id>\S+) published (?P<at>\S+) begun after (?P<begun_at>\d+)")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy's generation is a copy of."""

    generation_id: str
    published_at: datetime | None
    begun_at: int

    @property
    def source(self) -> str:
        """As it is kept in the copy."""
        at = "-" if self.published_at is None else self.published_at.isoformat()
        return f"copy of {self.generation_id} published {at} begun after {self.begun_at}"


def copied(generation: Generation) -> Copied | None:
    """What a generation of the copy's file is a copy of; None when it is no copy."""
    found = _SOURCE.fullmatch(generation.source)
    if found is None:
        return None
    at = None if found["at"] == "-" else datetime.fromisoformat(found["at"])
    return Copied(found["id"], at, int(found["begun_at"]))


class CopyKeeper:
    """Brings `copy`, which `writer` fills, to what `original` has published.

    lock: a file; of all processes that name it, one keeps the copy and the others wait for their turn. clock: monotonic
    seconds.
    """

    def __init__(
        self,
        original: Original,
        copy: Catalog,
        writer: CatalogWriter,
        *,
        lock: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._original, self._copy, self._writer, self._clock = original, copy, writer, clock
        self._lock_file = lock
        self._lock: int | None = None
        self._nudged = asyncio.Event()
        self._following = ""
        self._floor = 0
        self._seen: deque[tuple[float, int]] = deque()
        self._applied: dict[str, int] = {}
        self._trouble = ""

    async def catch_up(self) -> bool:
        """Bring the copy to what is published, with all live changes there are; False when another process keeps it.

        Raises CatalogUnavailable, NothingPublished, and whatever the copy cannot take.
        """
        if not self._is_mine():
            return False
        published = await self._original.published()
        known = await self._kept()
        if known is None or known.generation_id != published.generation.id:
            known = await self._copied_whole(published)
        if self._following != known.generation_id:
            self._following, self._floor = known.generation_id, known.begun_at
            self._seen.clear()
            self._applied.clear()
        await self._follow()
        return True

    async def caught_up(self, *, patience_s: float) -> bool:
        """Bring the copy there, or wait until the process that keeps it has; False when that takes longer."""
        until = self._clock() + patience_s
        while not await self.catch_up():
            published, known = await self._original.published(), await self._kept()
            if known is not None and known.generation_id == published.generation.id:
                break
            if self._clock() > until:
                return False
            await asyncio.sleep(FOLLOW_EVERY_S)
        return True

    async def keep_up(self) -> None:
        """Keep the copy up to date for ever; trouble is logged once and outlived."""
        while True:
            self._nudged.clear()
            try:
                await self.catch_up()
                self._trouble = ""
            except NothingPublished:
                pass
            except AppError as trouble:
                if trouble.detail != self._trouble:
                    logger.warning("the copy of the catalog cannot be brought up to date: %s", trouble.detail)
                self._trouble = trouble.detail
            try:
                async with asyncio.timeout(FOLLOW_EVERY_S):
                    await self._nudged.wait()
            except TimeoutError:
                continue

    def nudge(self) -> None:
        """Say that something changed: keep_up looks at once."""
        self._nudged.set()

    async def close(self) -> None:
        """Let another process keep the copy. Calling it twice is harmless."""
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)
        await self._writer.close()

    def _is_mine(self) -> bool:
        """Whether this process keeps the copy; the system takes the lock from one that dies."""
        if self._lock is not None:
            return True
        try:
            file = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as trouble:
            raise CatalogUnavailable(f"{self._lock_file} cannot be opened: {trouble.strerror}.") from trouble
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._lock = file
        return True

    async def _kept(self) -> Copied | None:
        """What the copy is a copy of. Raises CatalogUnavailable when its file is a catalog of its own."""
        kept = None
        for generation in await self._copy.generations():
            found = copied(generation)
            if found is None:
                raise CatalogUnavailable(
                    "The file AKIN_CATALOG_FALLBACK names is a catalog of its own, not a copy; it was left as it is.",
                    fix="Name a file that does not exist yet: the copy is made in it.",
                )
            if generation.state is GenerationState.PUBLISHED:
                kept = found
        return kept

    async def _copied_whole(self, published: Published) -> Copied:
        """Make and publish a new copy; the one there was serves meanwhile."""
        began, original = self._clock(), published.generation
        what = Copied(original.id, original.published_at, published.begun_at)
        begun = await self._writer.begin(
            embedder=original.embedder, dims=original.dims, source=what.source, holder=holder_name("akin copy")
        )
        try:
            total = await self._fill(begun.id, original.id)
            await self._writer.verify(begun.id, expected_products=total)
            await self._copy.publish(begun.id)
        except BaseException:
            with contextlib.suppress(AppError):
                await self._writer.abandon(begun.id)
            raise
        await self._writer.prune(keep=0)
        logger.info("copied generation %s: %d products, %.1f s", original.id, total, self._clock() - began)
        return what

    async def _fill(self, copy_id: str, original_id: str) -> int:
        """Write all products and artifacts of the original into a generation of the copy; how many products."""
        total = 0
        async for ids in self._original.ids(original_id):
            for start in range(0, len(ids), _AT_ONCE):
                products = await self._whole(original_id, ids[start : start + _AT_ONCE], copy_id)
                await self._writer.add(copy_id, products)
                total += len(products)
        for name, data in (await self._original.artifacts(original_id)).items():
            await self._writer.attach(copy_id, name, data)
        return total

    async def _follow(self) -> None:
        """Take over the live changes that were made since the last time."""
        now = self._clock()
        found = await self._original.changes(self._floor)
        changed = [product_id for product_id, number in found.items() if self._applied.get(product_id, -1) < number]
        for start in range(0, len(changed), _AT_ONCE):
            some = changed[start : start + _AT_ONCE]
            there = {product.id: product for product in await self._whole(self._following, some, None)}
            for product_id in some:
                await self._apply(product_id, there.get(product_id))
                self._applied[product_id] = found[product_id]
        self._seen.append((now, max(found.values(), default=self._floor)))
        while now - self._seen[0][0] > _OVERLAP_S:
            self._floor = max(self._floor, self._seen.popleft()[1])
            self._applied = {one: number for one, number in self._applied.items() if number > self._floor}

    async def _apply(self, product_id: str, product: Product | None) -> None:
        if product is not None:
            await self._copy.put(product)
            return
        try:
            await self._copy.delete(product_id)
        except ProductNotFound:
            return

    async def _whole(self, generation_id: str, ids: Sequence[str], copy_id: str | None) -> list[Product]:
        """Products with the evidence of their pictures. copy_id: a generation of the copy that knows some of it."""
        products = await self._original.products(generation_id, ids)
        pictures = {image.sha256 for product in products for image in product.images if image.sha256}
        known: Mapping[str, ImageEvidence] = {}
        if copy_id is not None:
            known = await self._writer.known_evidence(copy_id, sorted(pictures))
        wanted = [
            (product.id, place)
            for product in products
            for place, image in enumerate(product.images)
            if image.sha256 not in known
        ]
        seen = dict(zip(wanted, await self._original.evidence(generation_id, wanted), strict=True))
        return [
            replace(
                product,
                images=tuple(
                    replace(image, evidence=known.get(image.sha256) or seen.get((product.id, place)))
                    for place, image in enumerate(product.images)
                ),
            )
            for product in products
        ]
