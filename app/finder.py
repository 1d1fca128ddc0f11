"""What searching from a command line needs, opened and closed together."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from app import wiring
from app.catalog import Catalog, PinnedCatalog
from app.catalog.sqlite import SqliteCatalog
from app.photos import PhotoDecoder
from app.search import VisualSearch
from app.settings import InvalidSettings, Settings


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
    """As `finder`, in one kept generation of an embedded catalog, published or not. Raises InvalidSettings."""
    async with AsyncExitStack() as stack:
        catalog = wiring.open_catalog(settings)
        stack.push_async_callback(catalog.close)
        if not isinstance(catalog, SqliteCatalog):
            raise InvalidSettings(
                "A version that is not published can be searched in an embedded catalog only.",
                fix="Publish it and measure it then; `akin generations rollback` goes back.",
            )
        pinned = PinnedCatalog(catalog, await catalog.snapshot_of(generation_id))
        decoder = wiring.build_decoder(settings)
        stack.push_async_callback(decoder.close)
        analyzer = wiring.build_analyzer(settings)
        stack.push_async_callback(analyzer.close)
        await wiring.Tutor(pinned, analyzer).catch_up()
        yield Finder(pinned, decoder, wiring.build_search(settings, pinned, analyzer))
