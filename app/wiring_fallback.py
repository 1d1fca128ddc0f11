"""From settings to the embedded copy of a catalog in Elasticsearch. Only composition roots import this."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from app.catalog import Catalog, fallback, sqlite
from app.errors import AppError
from app.settings import Settings
from app.wiring import open_catalog

if TYPE_CHECKING:
    from app.catalog.elasticsearch import ElasticsearchCatalog

PATIENCE_S = 1_800.0
"""How long a loader waits for the server that keeps the copy."""


def open_serving_catalog(settings: Settings) -> Catalog:
    """The catalog a server searches: AKIN_CATALOG's, with the copy AKIN_CATALOG_FALLBACK names behind it.

    The caller closes it, and lets `keep_up` of a FallbackCatalog run. Raises InvalidSettings, CatalogUnavailable.
    """
    catalog = open_catalog(settings)
    path = settings.fallback_path
    if path is None or isinstance(catalog, sqlite.SqliteCatalog):
        return catalog
    copy = sqlite.open_catalog(path)
    patience_s = min(settings.catalog_fallback_ms, settings.deadline_ms / 2) / 1_000
    return fallback.FallbackCatalog(catalog, copy, _keeper(catalog, copy, path), patience_s=patience_s)


async def bring_copy_up_to_date(settings: Settings, *, begun: Callable[[], None] = lambda: None) -> str:
    """Bring the copy, where there is to be one, to what is published now; "" or why that could not be.

    What was published stays published: servers bring the copy up to date too, as soon as they can. begun: told before
    the first copy is looked at.
    """
    path = settings.fallback_path
    if path is None:
        return ""
    begun()
    closing: list[Callable[[], Awaitable[None]]] = []
    try:
        catalog = open_catalog(settings)
        closing.append(catalog.close)
        if isinstance(catalog, sqlite.SqliteCatalog):
            return ""
        copy = sqlite.open_catalog(path)
        closing.append(copy.close)
        keeper = _keeper(catalog, copy, path)
        closing.append(keeper.close)
        if not await keeper.caught_up(patience_s=PATIENCE_S):
            return f"The copy in {path} is still being made by a server."
    except AppError as trouble:
        return f"The copy in {path} could not be brought up to date: {trouble.detail}"
    finally:
        for close in reversed(closing):
            await close()
    return ""


def _keeper(catalog: ElasticsearchCatalog, copy: Catalog, path: Path) -> fallback.CopyKeeper:
    lock = path.with_name(path.name + ".lock")
    return fallback.CopyKeeper(catalog.original(), copy, sqlite.open_writer(path), lock=lock)
