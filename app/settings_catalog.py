"""The settings that say where the products are; a part of Settings, see app/settings.py."""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings


class CatalogSettings(BaseSettings):
    """Where the catalog is, and how it is reached."""

    catalog: str = Field(
        default="sqlite:///data/akin.db",
        description="Where the products are: `sqlite:///PATH` (relative) or `sqlite:////PATH` (absolute), or one or"
        " more nodes of an Elasticsearch, `https://HOST:9200`, separated by commas"
        " ([elasticsearch.md](elasticsearch.md)).",
    )
    catalog_fallback: str | None = Field(
        default=None,
        description="With a catalog in Elasticsearch: `sqlite:///PATH` of an embedded copy, kept up to date, that"
        " searches go on from while Elasticsearch is slow or gone ([elasticsearch.md](elasticsearch.md)).",
    )
    catalog_fallback_ms: int = Field(
        default=1000,
        ge=20,
        le=60_000,
        description="How long one search waits for Elasticsearch before that copy answers, in milliseconds; half of"
        " `AKIN_DEADLINE_MS` where that is less.",
    )
    elasticsearch_api_key: SecretStr | None = Field(
        default=None, description="API key for Elasticsearch, encoded as Elasticsearch gives it."
    )
    elasticsearch_ca: Path | None = Field(
        default=None,
        description="PEM file of the authority that signed Elasticsearch's certificate, where the system's do not do.",
    )
    elasticsearch_prefix: str = Field(
        default="akin",
        pattern="^[a-z][a-z0-9_]{0,40}$",
        description="The names of all that this shop owns in the cluster begin with it.",
    )
    elasticsearch_vectors: Literal["int8_hnsw", "bbq_hnsw", "hnsw"] = Field(
        default="int8_hnsw",
        description="How new generations keep vectors: `int8_hnsw`, `bbq_hnsw` (less memory) or `hnsw` (uncompressed).",
    )
    elasticsearch_language: str = Field(
        default="english", description="Language of the products' words, as Elasticsearch's stemmers name it."
    )
    elasticsearch_templates: Path | None = Field(
        default=None, description="A changed copy of `es_templates/`, instead of the one that ships."
    )
    elasticsearch_timeout_s: float = Field(
        default=10.0, gt=0, le=600, description="Longest time one request to Elasticsearch may take, in seconds."
    )

    @model_validator(mode="after")
    def _refuse_useless_fallback(self) -> Self:
        if self.catalog_fallback is None:
            return self
        if self.fallback_path is None:
            raise ValueError(f"AKIN_CATALOG_FALLBACK={self.catalog_fallback} names no file: write sqlite:///PATH")
        if not self.elasticsearch_hosts:
            raise ValueError("AKIN_CATALOG_FALLBACK is the copy of a catalog in Elasticsearch; AKIN_CATALOG names none")
        return self

    @property
    def sqlite_path(self) -> Path | None:
        """The file `catalog` names, or None when it names another engine."""
        return sqlite_path_of(self.catalog)

    @property
    def fallback_path(self) -> Path | None:
        """The file of the copy `catalog_fallback` names, or None."""
        return None if self.catalog_fallback is None else sqlite_path_of(self.catalog_fallback)

    @property
    def elasticsearch_hosts(self) -> tuple[str, ...]:
        """The nodes `catalog` names, () when it names another engine. A user or a password has no place in them."""
        urls = tuple(part.strip() for part in self.catalog.split(","))
        parsed = [urlsplit(url) for url in urls]
        are_nodes = all(url.scheme in {"http", "https"} and url.hostname and "@" not in url.netloc for url in parsed)
        return urls if are_nodes else ()


def sqlite_path_of(address: str) -> Path | None:
    """The file a `sqlite:///PATH` names, None for another address."""
    url = urlsplit(address)
    if url.scheme != "sqlite" or url.netloc or len(url.path) < 2:
        return None
    return Path(unquote(url.path[1:]))
