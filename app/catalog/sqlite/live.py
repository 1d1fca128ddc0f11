"""The published generation in memory, kept in step with the file by whoever writes and by a quiet thread."""

import logging
import sqlite3
import threading
from dataclasses import dataclass

from app.catalog.errors import CatalogUnavailable, NothingPublished
from app.catalog.model import GenerationState
from app.catalog.sqlite import generations, store
from app.catalog.sqlite.database import Database
from app.catalog.sqlite.generations import GenerationRow
from app.catalog.sqlite.index import Index

POLL_S = 0.25
"""How often the file is asked whether another process wrote; the question is one read of shared memory."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """A generation and its index, swapped as one."""

    generation: GenerationRow
    index: Index


class LiveIndex:
    """Serves one generation from memory; the next one is read aside and swapped in, the old one serves meanwhile.

    Nothing is read before the first current(). Two locks: one lets a single thread apply changes, the other a single
    thread read a generation, so that live changes are applied also while a generation is being read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._served: Served | None = None
        self._apply_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._stopped = threading.Event()
        self._polling: threading.Thread | None = None
        self._reading: threading.Thread | None = None

    @property
    def served(self) -> Served | None:
        """What is served now, without waiting; None before the first current()."""
        return self._served

    def current(self) -> Served:
        """What is served now; reads the published generation the first time. Blocks. Raises NothingPublished."""
        return self._served or self.refresh()

    def refresh(self) -> Served:
        """Serve the published generation as it is in the file. Blocks for as long as reading it takes."""
        with self._read_lock:
            served = self._served
            if served is not None and self.catch_up() and not served.index.worn:
                return served
            served = self._read()
            with self._apply_lock:
                self._apply(served)
                self._served = served
            self._start_polling()
            return served

    def catch_up(self) -> bool:
        """Apply the live changes that are in the file; False when another generation is published there."""
        with self._apply_lock:
            return self._served is None or self._apply(self._served)

    def close(self) -> None:
        """Stop the threads. Calling it twice is harmless."""
        self._stopped.set()
        if self._polling is not None:
            self._polling.join()

    def _read(self) -> Served:
        with self._database.read() as connection:
            published = generations.in_state(connection, GenerationState.PUBLISHED)
            if published is None:
                raise NothingPublished(
                    "No catalog was published yet.", fix="Load a feed: catalog-loader load FEED.", retry_after_s=10.0
                )
            return Served(published, store.read_index(connection, published))

    def _apply(self, served: Served) -> bool:
        with self._database.read() as connection:
            published = generations.in_state(connection, GenerationState.PUBLISHED)
            if published is None or published.number != served.generation.number:
                return False
            changed, sequence = store.read_changes(connection, published.number, served.index.sequence)
        if changed:
            served.index.apply(changed, sequence=sequence)
        return True

    def _start_polling(self) -> None:
        if self._polling is None and not self._stopped.is_set():
            self._polling = threading.Thread(target=self._poll, name="catalog-follow", daemon=True)
            self._polling.start()

    def _poll(self) -> None:
        connection: sqlite3.Connection | None = None
        seen: int | None = None
        while not self._stopped.wait(POLL_S):
            try:
                connection = connection or self._database.private_reader()
                version = connection.execute("PRAGMA data_version").fetchone()[0]
                if version != seen:
                    seen = version if self._follow() else None
            except (sqlite3.Error, CatalogUnavailable) as error:
                # A disk in trouble heals without us; what is in memory serves meanwhile.
                logger.warning("the catalog file cannot be followed now: %s", error)
                seen = None
        if self._reading is not None:
            self._reading.join()
        if connection is not None:
            connection.close()

    def _follow(self) -> bool:
        """Apply what is new; True when all of it serves, False while a generation has to be read for that."""
        in_step = self.catch_up()
        if in_step and not (self._served is not None and self._served.index.worn):
            return True
        if self._reading is None or not self._reading.is_alive():
            self._reading = threading.Thread(target=self._refresh_aside, name="catalog-read", daemon=True)
            self._reading.start()
        return False

    def _refresh_aside(self) -> None:
        try:
            self.refresh()
        except CatalogUnavailable as error:
            logger.warning("the published generation cannot be read now: %s", error)
