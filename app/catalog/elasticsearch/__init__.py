"""The catalog in Elasticsearch: several hosts, many products, the same answers."""

from app.catalog.elasticsearch.engine import ElasticsearchCatalog, open_catalog
from app.catalog.elasticsearch.options import ElasticsearchOptions, VectorIndex
from app.catalog.elasticsearch.writer import ElasticsearchCatalogWriter, open_writer

__all__ = [
    "ElasticsearchCatalog",
    "ElasticsearchCatalogWriter",
    "ElasticsearchOptions",
    "VectorIndex",
    "open_catalog",
    "open_writer",
]
