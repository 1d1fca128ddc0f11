"""What the composition roots share: from settings to built parts. Only main.py and the command lines import this.

The Elasticsearch engine is imported where a catalog of it is opened: its client takes longer to load than all the rest.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import SecretStr

from app.analysis import Analyzer, Box, PhotoAnalysis, WordsAsLooks, read_vocabulary
from app.analysis.local import Teaching, see_in_one_thread
from app.analysis.looking import LookingProcesses
from app.analysis.looks import Looks
from app.analysis.providers.local import LocalAnalyzer, glimpse
from app.catalog import Catalog, EmbeddingMismatch, Generation, NothingPublished, sqlite
from app.catalog.sqlite import SqliteCatalog, SqliteCatalogWriter
from app.errors import AppError, Conflict
from app.events import EventLog
from app.identity import KeyStore, is_loopback
from app.insights import InsightStore, PictureNotes
from app.intake import ARTIFACT, Fit
from app.photos import ImageFetcher, Photo, PhotoDecoder, PhotoLimits, PhotoStore, keep_freed_memory
from app.search import Calibration, Rulebook, VisualSearch, read_calibration, shipped_calibration
from app.settings import PREFIX, InvalidSettings, Settings
from app.wiring_embedder import build_words, model_of
from app.wiring_sources import Outside, build_looking

if TYPE_CHECKING:
    from app.catalog.elasticsearch import ElasticsearchCatalog, ElasticsearchCatalogWriter, ElasticsearchOptions

CATCH_UP_EVERY_S = 0.5
LOADER_BATCH = 16
"""Pictures a loader puts into one outside call."""
LOADER = (sys.executable, "-m", "catalog_loader")
"""The loader's command; app imports nothing of it."""

logger = logging.getLogger("akin.wiring")


def open_catalog(settings: Settings) -> SqliteCatalog | ElasticsearchCatalog:
    """The catalog AKIN_CATALOG names; the caller closes it. Raises InvalidSettings, CatalogUnavailable."""
    place = catalog_place(settings)
    if isinstance(place, Path):
        return sqlite.open_catalog(place)
    from app.catalog import elasticsearch

    return elasticsearch.open_catalog(place)


def open_catalog_writer(settings: Settings) -> SqliteCatalogWriter | ElasticsearchCatalogWriter:
    """The loading side of that catalog; the caller closes it. Raises InvalidSettings, CatalogUnavailable."""
    place = catalog_place(settings)
    if isinstance(place, Path):
        return sqlite.open_writer(place)
    from app.catalog import elasticsearch

    return elasticsearch.open_writer(place)


def catalog_place(settings: Settings) -> Path | ElasticsearchOptions:
    """The SQLite file or the cluster AKIN_CATALOG names. Raises InvalidSettings for anything else."""
    path, hosts = settings.sqlite_path, settings.elasticsearch_hosts
    if path is not None:
        return path
    if not hosts:
        shown = settings.catalog if "@" not in settings.catalog else "(an address with a password)"
        raise InvalidSettings(
            f"AKIN_CATALOG={shown} names no catalog this version knows.",
            fix="Write sqlite:///PATH for a relative or sqlite:////PATH for an absolute file, or https://HOST:9200 for "
            "an Elasticsearch; its credentials go into AKIN_ELASTICSEARCH_API_KEY.",
        )
    from app.catalog.elasticsearch import ElasticsearchOptions

    key = settings.elasticsearch_api_key
    return ElasticsearchOptions(
        hosts=hosts,
        api_key="" if key is None else key.get_secret_value(),
        ca_certs=settings.elasticsearch_ca,
        prefix=settings.elasticsearch_prefix,
        vector_index=settings.elasticsearch_vectors,
        language=settings.elasticsearch_language,
        templates=settings.elasticsearch_templates,
        timeout_s=settings.elasticsearch_timeout_s,
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment of a process that is to have these settings, wherever they came from."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
    return kept | {PREFIX + name.upper(): _as_written(getattr(settings, name)) for name in settings.model_fields_set}


def _as_written(value: object) -> str:
    """A setting as it stands in the environment; "" where there is none, which reads as the default."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def build_decoder(settings: Settings) -> PhotoDecoder:
    """The killable decoding processes; they start with the first photo. This process hands them megabytes."""
    keep_freed_memory()
    return PhotoDecoder(
        settings.decode_processes,
        limits=PhotoLimits(max_bytes=settings.max_photo_bytes),
        timeout_s=settings.decode_timeout_s,
        memory_mb=settings.decode_memory_mb,
    )


class OwnedAnalyzer:
    """An analyzer together with the threads or processes it looks in and the outside sources it asks: closing it
    closes them too."""

    def __init__(
        self, analyzer: LocalAnalyzer, executor: Executor, outside: Outside | None, words: WordsAsLooks | None
    ) -> None:
        self._analyzer = analyzer
        self.words = words
        self._whole: Analyzer = outside.ensemble if outside is not None else analyzer
        self._executor = executor
        self.outside = outside
        self.name = self._whole.name
        self.embedder = analyzer.embedder
        self.dims = analyzer.dims

    async def analyze(self, photo: Photo, crop: Box | None = None) -> PhotoAnalysis:
        """See Analyzer."""
        return await self._whole.analyze(photo, crop)

    async def warm_up(self) -> None:
        """Make outside sources ready, so that the first photo does not wait for their clients."""
        if self.outside is not None:
            await self.outside.ensemble.open()

    def learn(self, teaching: bytes | None) -> None:
        """Take over what a generation taught; None forgets. Raises TeachingMismatch."""
        self._analyzer.learn(teaching)

    async def close(self) -> None:
        """See Analyzer."""
        if self.outside is not None:
            await self.outside.close()
        await self._analyzer.close()
        await asyncio.to_thread(self._executor.shutdown, wait=True, cancel_futures=True)


def build_looking_processes(settings: Settings, shops: Iterable[Settings]) -> LookingProcesses | None:
    """Where the embedded eyes of all shops of a server look; None where they look in its threads, or none has any."""
    if not settings.looking_processes or not any(shop.looks_with_embedded_eyes for shop in shops):
        return None
    return LookingProcesses(settings.looking_processes, first=glimpse)


def build_analyzer(
    settings: Settings,
    *,
    processes: bool = False,
    looking: LookingProcesses | None = None,
    looks: Looks | None = None,
) -> OwnedAnalyzer:
    """The analyzers AKIN_ANALYZERS names.

    processes: look in one process per core (a loader, which has nothing else to do) instead of threads. looking: the
    caller's processes, in which the embedded eyes look then; a model on this machine looks in threads all the same, as
    it is large and computes without the interpreter. looks: where it is kept what was seen in photos.
    Raises UnknownAnalyzer, BadEmbedder, MissingDependency, InvalidSettings, MeterUnavailable, and what is wrong with
    the files that settings of outside sources name.
    """
    cores = os.cpu_count() or 1
    executor: Executor
    if processes:
        executor = LookingProcesses(cores)
    else:
        see_in_one_thread()
        executor = ThreadPoolExecutor(cores, thread_name_prefix="eyes")
    where = looking if looking is not None and settings.looks_with_embedded_eyes else executor
    try:
        folders = model_of(settings, words=not processes)
        eyes, outside = build_looking(settings, where, folders, looks, batch=LOADER_BATCH if processes else 1)
        words = build_words(folders, eyes, executor)
    except BaseException:
        executor.shutdown(wait=False)
        raise
    return OwnedAnalyzer(eyes, executor, outside, words)


def build_fit(analyzer: OwnedAnalyzer, *, learned: float | None = None) -> Fit:
    """What a loader teaches a generation with: the analyzer's own way of learning.

    learned: see `learned_before`; where it is not None a projection is learned anew, as `akin learn` does.
    """

    def fit(
        embeddings: NDArray[np.float32],
        types: Sequence[str | None],
        attributes: Sequence[Mapping[str, str]],
        groups: Sequence[str],
    ) -> bytes:
        taught = Teaching.fit(
            embeddings,
            types,
            attributes,
            groups,
            embedder=analyzer.embedder,
            project=learned is not None,
            usual=learned or 0.0,
        )
        return taught.to_bytes()

    return fit


async def learned_before(catalog: Catalog, analyzer: OwnedAnalyzer) -> float | None:
    """The usual likeness (app.analysis.Likeness) of what `akin learn` accepted for the published generation, 0 where
    the order of answers does not use it; None where nothing was learned. A new load then learns it anew."""
    try:
        artifact = await (await catalog.snapshot()).artifact(ARTIFACT)
        taught = Teaching.from_bytes(artifact, embedder=analyzer.embedder) if artifact is not None else None
    except (NothingPublished, Conflict):
        return None
    return taught.usual if taught is not None and taught.learned else None


def refuse_other_embedder(published: Generation, analyzer: OwnedAnalyzer) -> None:
    """Raise EmbeddingMismatch when the catalog was loaded with another embedder than the one that is set."""
    if (published.embedder, published.dims) != (analyzer.embedder, analyzer.dims):
        raise EmbeddingMismatch(
            f"The catalog was loaded with {published.embedder} ({published.dims} numbers); {analyzer.embedder} "
            f"({analyzer.dims}) is set.",
            fix="Set AKIN_EMBEDDER back, or load the catalog anew with it.",
        )


def build_teaching_check(analyzer: OwnedAnalyzer) -> Callable[[bytes], bool]:
    """Whether this analyzer can learn from what a generation stored; an older format or another embedder cannot be."""

    def is_taught(teaching: bytes) -> bool:
        try:
            Teaching.from_bytes(teaching, embedder=analyzer.embedder)
        except Conflict:
            return False
        return True

    return is_taught


def refuse_open_bind(settings: Settings) -> None:
    """Raise InvalidSettings when the server would listen for other machines, or serve shops by name, while nobody
    needs a key."""
    if KeyStore(settings.keys).kept():
        return
    if settings.shops is not None:
        raise InvalidSettings(
            "AKIN_SHOPS names shops, and there is no key yet: nobody could say which shop is meant.",
            fix=f"Make one first: akin keys create --shop ID --scope search (kept in {settings.keys}).",
        )
    if not is_loopback(settings.host):
        raise InvalidSettings(
            f"AKIN_HOST={settings.host} can be reached from other machines, and there is no key yet: anybody could"
            " change what the shop sells.",
            fix=f"Make one first: akin keys create --scope search (kept in {settings.keys}). Or listen on 127.0.0.1.",
        )


def open_photo_store(settings: Settings) -> PhotoStore:
    """Where searched photos wait to be refined. Raises PhotoStoreUnavailable."""
    return PhotoStore(settings.photo_store, ttl_s=settings.photo_ttl_s)


def open_events(settings: Settings) -> EventLog:
    """Where answers, and what shoppers did with them, are kept. Raises EventsUnavailable."""
    return EventLog(settings.events, keep_days=settings.events_days)


def open_insights(settings: Settings) -> InsightStore:
    """What was found out about the shop and decided by people. Raises InsightsUnavailable."""
    return InsightStore(settings.insights)


def build_album(insights: InsightStore) -> PictureNotes:
    """Where what is seen in product pictures is noted."""
    return PictureNotes(insights)


def build_fetcher(settings: Settings) -> ImageFetcher:
    """Who fetches product pictures from the web."""
    return ImageFetcher(
        allow_http=settings.fetch_private,
        allow_private=settings.fetch_private,
        max_redirects=3,
        max_bytes=settings.max_photo_bytes,
    )


def build_feed_fetcher(settings: Settings) -> ImageFetcher:
    """Who fetches feeds that somebody named over HTTP."""
    return ImageFetcher(
        allow_http=settings.fetch_private,
        allow_private=settings.fetch_private,
        max_redirects=3,
        max_bytes=settings.max_feed_bytes,
        timeout_s=settings.feed_timeout_s,
    )


def build_calibration(settings: Settings) -> Calibration:
    """How scores are made: AKIN_CALIBRATION, or what ships with this version. Raises InvalidSettings."""
    if settings.calibration is None:
        return shipped_calibration(led=settings.embedder != "local")
    try:
        return read_calibration(settings.calibration)
    except (OSError, ValueError, KeyError, TypeError) as unusable:
        raise InvalidSettings(
            f"AKIN_CALIBRATION={settings.calibration} cannot be used: {unusable}.",
            fix="Write it anew with `akin tune`.",
        ) from unusable


def build_search(
    settings: Settings, catalog: Catalog, analyzer: OwnedAnalyzer, asked: Analyzer | None = None
) -> VisualSearch:
    """The use case. asked: what stands before the analyzer, if anything does. Raises InvalidSettings."""
    deepen = analyzer.outside.ensemble.deepen if analyzer.outside is not None and settings.cascade < 1 else None
    return VisualSearch(
        catalog,
        asked or analyzer,
        build_calibration(settings),
        deepen=deepen,
        vocabulary=read_vocabulary(settings.vocabulary),
        rulebook=Rulebook(settings.rules),
        looks=analyzer.words,
    )


class Tutor:
    """Hands the analyzer what the published generation taught, again whenever another generation is published."""

    def __init__(self, catalog: Catalog, analyzer: OwnedAnalyzer) -> None:
        self._catalog = catalog
        self._analyzer = analyzer
        self._taught_by: str | None = None
        self._trouble = ""

    async def catch_up(self) -> None:
        """Teach now, if the published generation is another than the last time. Raises CatalogUnavailable."""
        try:
            snapshot = await self._catalog.snapshot()
        except NothingPublished:
            return
        if snapshot.generation.id == self._taught_by:
            return
        teaching = await snapshot.artifact(ARTIFACT)
        try:
            await asyncio.to_thread(self._analyzer.learn, teaching)
        except Conflict as mismatch:
            # Searching goes on without types; /ready says what is wrong with the embedder.
            logger.warning("generation %s teaches nothing: %s", snapshot.generation.id, mismatch.detail)
            self._analyzer.learn(None)
        self._taught_by = snapshot.generation.id

    async def begin(self) -> None:
        """Teach for the first time. A catalog that cannot be reached keeps no server from starting: /ready says so, and
        `keep_up` finds it when it is back."""
        try:
            await self.catch_up()
            self._trouble = ""
        except AppError as trouble:
            if trouble.code != self._trouble:
                logger.warning("cannot look for a new generation: %s", trouble.detail)
            self._trouble = trouble.code

    async def keep_up(self) -> None:
        """Teach for ever; trouble with the catalog is logged once and outlived."""
        while True:
            await asyncio.sleep(CATCH_UP_EVERY_S)
            await self.begin()
