"""A shop whose feed is loaded into the real embedded catalog; stand-ins at the ports see and count the pictures."""

import asyncio
import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np

from app.analysis import Box, Embedding, PhotoAnalysis
from app.catalog import Catalog, CatalogWriter, Product, ProductsRejected, Query
from app.catalog.sqlite import open_catalog, open_writer
from app.errors import Unavailable
from app.intake import FeedImages, Intake
from app.photos import CleanJpeg, ImageUnreachable, Photo, PhotoTruncated
from catalog_loader.load import Parts, Wanted, load
from catalog_loader.rejects import rejects_path
from catalog_loader.report import Progress, Silent, Summary
from catalog_loader.sources import open_feed

COLUMNS = (
    *("id", "title", "image_link", "additional_image_link", "price", "availability", "product_type"),
    *("delete", "expiration_date"),
)
DIMS = 24


class NoWeb:
    async def fetch(self, url: str) -> bytes:
        raise AssertionError(f"no test fetches {url}")


class Down:
    """Where the pictures are, while it cannot be reached."""

    async def fetch(self, url: str) -> bytes:
        raise ImageUnreachable("The picture's server cannot be reached.", fix="Try again.")


class Decoder:
    """Takes any bytes for a photo but those that begin with "broken"."""

    async def decode(self, data: bytes) -> Photo:
        if data.startswith(b"broken"):
            raise PhotoTruncated("It ends too early.", fix="Save it again.")
        return Photo(np.zeros((9, 9, 3), np.uint8), CleanJpeg(data), "jpeg", 9, 9)


@dataclass
class Eyes:
    """A vector out of the bytes; counts how often each picture was looked at.

    stop_after: sets `stop` at that look. fail_after: is unavailable from that look on.
    """

    name: str = "eyes"
    embedder: str = "eyes/1"
    looks: Counter[bytes] = field(default_factory=Counter)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    stop_after: int = 0
    fail_after: int = 0

    async def analyze(self, photo: Photo, crop: Box | None = None) -> PhotoAnalysis:
        await asyncio.sleep(0)
        if self.fail_after and self.looks.total() >= self.fail_after:
            raise Unavailable("The eyes are closed.", retry_after_s=0.0)
        self.looks[photo.jpeg] += 1
        if self.looks.total() == self.stop_after:
            self.stop.set()
        seed = int.from_bytes(hashlib.sha256(photo.jpeg).digest()[:4])
        vector = np.random.default_rng(seed).normal(size=DIMS).astype(np.float32)
        return PhotoAnalysis(Box(0, 0, 1, 1), embedding=Embedding(self.embedder, vector / np.linalg.norm(vector)))

    async def close(self) -> None:
        """Nothing to release."""


class _Mortal:
    """A part of which one step is never taken, because the process is killed there."""

    def __init__(self, part: Any, step: str, kill: type[Exception] | None) -> None:
        self._part, self._step, self._kill = part, step, kill

    def __getattr__(self, name: str) -> Any:
        if self._kill is not None and name == self._step:
            raise self._kill
        return getattr(self._part, name)


class _Picky:
    """A writer whose engine does not take some products. silent: and does not say which."""

    def __init__(self, writer: CatalogWriter, not_taken: dict[str, str], *, silent: bool) -> None:
        self._writer, self._not_taken, self._silent = writer, not_taken, silent

    async def add(self, generation_id: str, products: Iterable[Product]) -> None:
        """As the port says: all or none."""
        batch = list(products)
        refused = {one.id: self._not_taken[one.id] for one in batch if one.id in self._not_taken}
        if refused:
            raise ProductsRejected("Some are not taken.", fix="Mend them.", rejected={} if self._silent else refused)
        await self._writer.add(generation_id, batch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)


class Shop:
    """A feed with pictures in a folder, and a catalog to load it into: the embedded one, unless another is given."""

    def __init__(
        self,
        folder: Path,
        catalog: Catalog | None = None,
        new_writer: Callable[[Callable[[], datetime]], CatalogWriter] | None = None,
    ) -> None:
        self.folder = folder
        self.catalog: Catalog = catalog or open_catalog(folder / "akin.db")
        self._new_writer = new_writer or (lambda clock: open_writer(folder / "akin.db", clock=clock))
        self.rows: list[dict[str, str]] = []
        self.eyes = Eyes()
        self.down = False  # whether the server of the pictures is
        self.taught = b"taught"  # what the eyes teach, and alone can read
        self.kill_at = ""
        self.not_taken: dict[str, str] = {}  # products the catalog does not take, and why
        self.silent = False  # whether it does not even say which
        self._later = timedelta()

    def sell(self, *ids: str, **changes: str) -> None:
        """Add rows, each with one picture of its own."""
        for product_id in ids:
            picture = f"{product_id}.jpg"
            (self.folder / picture).write_bytes(f"picture of {product_id}".encode())
            row = {"id": product_id, "title": f"Thing {product_id}", "image_link": picture, "price": "5.00 USD",
                   "availability": "in stock", "product_type": "Home > Vases"}  # fmt: skip
            self.rows.append({**row, **changes})

    def change(self, product_id: str, **changes: str) -> None:
        """Change one row."""
        self.rows = [{**row, **changes} if row["id"] == product_id else row for row in self.rows]

    def say_gone(self, *ids: str) -> None:
        """Add rows that say a product goes."""
        self.rows += [{"id": product_id, "delete": "yes"} for product_id in ids]

    def interrupt_after(self, looks: int) -> None:
        """Let the next load be stopped after so many looks at pictures, counted from the beginning of all."""
        self.eyes.stop, self.eyes.stop_after = asyncio.Event(), self.eyes.looks.total() + looks

    def go_on(self) -> None:
        """Let the next load run to its end."""
        self.eyes.stop, self.eyes.stop_after = asyncio.Event(), 0

    def write(self, name: str = "feed.csv") -> Path:
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(self.rows)
        (self.folder / name).write_text(out.getvalue(), encoding="utf-8", newline="")
        return self.folder / name

    async def load(
        self,
        path: Path | None = None,
        *,
        progress: Progress | None = None,
        kill: type[Exception] | None = None,
        **wishes: object,
    ) -> Summary:
        """Load the feed as it is now, with a writer of its own, as each run of the program has one.

        Two minutes after the load before, so that one that was interrupted counts as dead. kill: what the step named by
        `kill_at`, of the writer or the catalog, raises instead of being taken.
        """
        feed = open_feed(path or self.write())
        self._later += timedelta(minutes=2)
        writer = self._new_writer(lambda: datetime.now(UTC) + self._later)
        images = Down() if self.down else FeedImages(NoWeb(), folder=feed.folder)
        intake = Intake(Decoder(), self.eyes, images)
        taught = self.taught
        parts = Parts(
            cast("Catalog", _Mortal(self.catalog, self.kill_at, kill)),
            cast("CatalogWriter", _Mortal(_Picky(writer, self.not_taken, silent=self.silent), self.kill_at, kill)),
            intake,
            lambda *rows: taught,
            self.eyes.embedder,
            DIMS,
            lambda data: data == taught,
        )
        wanted = replace(Wanted(holder="test", rejects=rejects_path(feed)), **wishes)  # type: ignore[arg-type]
        try:
            return await load(feed, wanted, parts, progress or Silent(), self.eyes.stop)
        finally:
            await writer.close()

    async def published(self) -> list[str]:
        """The ids of all that is published."""
        return [item.product_id for item in (await (await self.catalog.snapshot()).retrieve(Query())).items]

    async def products(self) -> dict[str, Product]:
        """What is published."""
        snapshot = await self.catalog.snapshot()
        found = await snapshot.products([row["id"] for row in self.rows] + ["a", "b", "c", "d"])
        return {product.id: product for product in found}


def ids(count: int) -> list[str]:
    return [f"p{number}" for number in range(count)]
