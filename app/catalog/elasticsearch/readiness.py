"""What can be wrong with the cluster, looked at cheaply, each with what to do about it."""

import asyncio
from collections.abc import Mapping
from typing import Any

from elasticsearch import NotFoundError

from app.catalog.elasticsearch import templates
from app.catalog.elasticsearch.connection import Connection
from app.catalog.elasticsearch.errors import not_elasticsearch
from app.catalog.elasticsearch.ledger import LedgerStore
from app.catalog.errors import CatalogUnavailable

_LEAST = (9, 2)


async def inspect(connection: Connection, ledger: LedgerStore) -> None:
    """Raise CatalogUnavailable, saying which part is not well and what to do; see docs/elasticsearch.md."""
    await check_server(connection)
    found, lost, blocks, made_by = await asyncio.gather(
        templates.installed_versions(connection), _lost(connection), _blocks(connection), _versions(connection)
    )
    refuse_lost(lost)
    published = (await ledger.read()).published
    if not published:
        return  # an empty cluster is well: the first load puts the templates there
    check_templates(found)
    version = made_by.get(published, 0)
    if version != templates.VERSION:
        raise CatalogUnavailable(
            f"The published generation was made from templates of version {version}, this program knows "
            f"version {templates.VERSION}.",
            fix="Load the feed again with this version of Akin, or run the one that loaded it.",
        )
    if blocks:
        raise CatalogUnavailable(
            f"Elasticsearch takes no writes to {', '.join(blocks)}: a disk passed the flood-stage watermark.",
            fix="Free disk space on its nodes; it takes writes again by itself.",
            retry_after_s=30.0,
        )


async def check_fit_to_load(connection: Connection) -> None:
    """Raise CatalogUnavailable unless the server is one a generation can be loaded into; nothing is written."""
    await check_server(connection)
    refuse_lost(await _lost(connection))


def refuse_lost(lost: list[str]) -> None:
    """Raise CatalogUnavailable when indices of the shop are on no running node."""
    if lost:
        raise CatalogUnavailable(
            f"No running node holds all of {', '.join(lost)} (status red).",
            fix="Bring the missing nodes back (GET _cluster/health). If they are gone for good, delete these indices or"
            " restore them from a snapshot, and load the feed again.",
            retry_after_s=5.0,
        )


async def check_server(connection: Connection) -> None:
    """Raise CatalogUnavailable unless the server is an Elasticsearch that is new enough."""
    version = (await connection.call(lambda client: client.info()))["version"]
    number = str(version.get("number", ""))
    if version.get("distribution") == "opensearch":
        raise not_elasticsearch(f"it is OpenSearch {number}")
    parts = tuple(int(part) for part in number.split(".")[:2] if part.isdigit())
    if parts < _LEAST:
        raise not_elasticsearch(f"it is version {number}")


def check_templates(found: Mapping[str, int]) -> None:
    """Raise CatalogUnavailable unless the shop's templates are there, in this program's version."""
    if not found:
        raise CatalogUnavailable(
            "The cluster has no templates of this shop.",
            fix="Load the feed again (catalog-loader load FEED): a load puts them there.",
        )
    if any(version > templates.VERSION for version in found.values()):
        raise templates.newer_templates(found)
    old = {name: version for name, version in found.items() if version != templates.VERSION}
    if old:
        raise CatalogUnavailable(
            f"The cluster's templates are of version {min(old.values())}, this program needs version "
            f"{templates.VERSION}.",
            fix="Load the feed again (catalog-loader load FEED): a load brings them up to date.",
        )


async def _lost(connection: Connection) -> list[str]:
    """The shop's indices of which a part is on no running node."""
    pattern = f"{connection.options.prefix}-*"
    answer = await connection.call(
        lambda client: client.cluster.health(index=pattern, level="indices", expand_wildcards="all", timeout="1s")
    )
    return sorted(index for index, found in answer.get("indices", {}).items() if found["status"] == "red")


async def _blocks(connection: Connection) -> list[str]:
    """The shop's indices that flood stage has closed for writing."""
    pattern = f"{connection.options.prefix}-*"
    answer = await connection.call(
        lambda client: client.indices.get_settings(index=pattern, name="index.blocks.*", allow_no_indices=True)
    )
    return sorted(
        index
        for index, found in answer.items()
        if found["settings"].get("index", {}).get("blocks", {}).get("read_only_allow_delete") in {"true", True}
    )


async def _versions(connection: Connection) -> dict[str, int]:
    """generation id -> version of the templates its index was made from."""
    options = connection.options

    async def ask(client: Any) -> Any:
        try:
            return await client.indices.get_mapping(index=options.alias, filter_path="*.mappings._meta")
        except NotFoundError:
            return {}

    answer = await connection.call(ask)
    return {
        index.removeprefix(options.products_index("")): int(found["mappings"]["_meta"].get("version", 0))
        for index, found in answer.items()
    }
