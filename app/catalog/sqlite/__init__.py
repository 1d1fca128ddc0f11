"""The embedded engine: one SQLite file is the only durable store; memory, derived from it, answers."""

from app.catalog.sqlite.engine import SqliteCatalog, SqliteSnapshot, open_catalog
from app.catalog.sqlite.writer import SqliteCatalogWriter, open_writer

__all__ = ["SqliteCatalog", "SqliteCatalogWriter", "SqliteSnapshot", "open_catalog", "open_writer"]
