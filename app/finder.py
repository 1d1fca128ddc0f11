"""What searching from a command line, or in a version that is not published, needs: opened and closed together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from app import wiring
from app.catalog import Catalog, PinnedCatalog
from app.photos import PhotoDecoder
from app.search import VisualSearch
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Finder:
    """A search as a server would answer it, with the catalog and the decoder it uses."""

    catalog: Catalog
    decoder: PhotoDecoder
    search: VisualSearch


@asynccontextmanager
async def finder(settings: Settings) -> AsyncIterator[Finder]:
    """Catalog, decoder and a taught analyzer. Raises what building them raises."""
    async with AsyncExitStack() as stack:
        catalog = wiring.open_catalog(settings)
        stack.push_async_callback(catalog.close)
        decoder = wiring.build_decoder(settings)
        stack.push_async_callback(decoder.close)
        analyzer = wiring.build_analyzer(settings)
        stack.push_async_callback(analyzer.close)
        await wiring.Tutor(catalog, analyzer).catch_up()
        yield Finder(catalog, decoder, wiring.build_search(settings, catalog, analyzer))


@asynccontextmanager
async def finder_of(settings: Settings, generation_id: str) -> AsyncIterator[Finder]:
    """As `finder`, in one kept version of the catalog, published or not. Raises what `searching_in` raises."""
    async with AsyncExitStack() as stack:
        catalog = wiring.open_catalog(settings)
        stack.push_async_callback(catalog.close)
        decoder = wiring.build_decoder(settings)
        stack.push_async_callback(decoder.close)
        search, pinned = await stack.enter_async_context(searching_in(settings, catalog, generation_id))
        yield Finder(pinned, decoder, search)


@asynccontextmanager
async def searching_in(
    settings: Settings, catalog: Catalog, generation_id: str
) -> AsyncIterator[tuple[VisualSearch, Catalog]]:
    """A search in one kept version of an open catalog, published or not, with eyes of its own that know what that
    version taught; whoever is served by the catalog notices nothing.

    Raises GenerationNotFound, GenerationConflict, EmbeddingMismatch, CatalogUnavailable, and what building raises.
    """
    pinned = PinnedCatalog(catalog, await catalog.snapshot_of(generation_id))
    analyzer = await asyncio.to_thread(wiring.build_analyzer, settings)  # a model is read from the disk
    try:
        wiring.refuse_other_embedder((await pinned.snapshot()).generation, analyzer)
        await wiring.Tutor(pinned, analyzer).catch_up()
        yield wiring.build_search(settings, pinned, analyzer), pinned
    finally:
        await analyzer.close()
