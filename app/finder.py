"""What searching from a command line needs, opened and closed together."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from app import wiring
from app.catalog import Catalog
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
