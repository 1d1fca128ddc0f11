"""The templates indices are made from: read from es_templates/, put into the cluster by a loader, compared by all."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from elasticsearch import NotFoundError

from app.catalog.elasticsearch.connection import Connection
from app.catalog.elasticsearch.options import ElasticsearchOptions
from app.catalog.errors import CatalogUnavailable

VERSION = 1
"""The version of the documents this code writes and reads; the templates' `_meta.version`."""

_PREFIX = "akin-"
_KINDS = {"component": "component_templates", "index": "index_templates"}


def template_bodies(options: ElasticsearchOptions) -> dict[str, dict[str, Any]]:
    """kind -> name -> body of every template, named for the shop, with its language and synonyms filled in.

    Raises CatalogUnavailable where the folder does not hold them.
    """
    folder: Traversable = options.templates or resources.files("es_templates")
    try:
        return _read(folder, options)
    except (OSError, ValueError, LookupError, TypeError) as unusable:
        raise CatalogUnavailable(
            f"The templates in {folder} cannot be used: {type(unusable).__name__}: {unusable}.",
            fix="Set AKIN_ELASTICSEARCH_TEMPLATES to a copy of es_templates/.",
        ) from unusable


def _read(folder: Traversable, options: ElasticsearchOptions) -> dict[str, dict[str, Any]]:
    bodies: dict[str, dict[str, Any]] = {}
    for kind in _KINDS:
        bodies[kind] = {}
        place = folder.joinpath(kind)
        for file in place.iterdir() if place.is_dir() else ():
            name, _, ending = file.name.rpartition(".")
            if ending == "json":
                text = file.read_text(encoding="utf-8").replace(f'"{_PREFIX}', f'"{options.prefix}-')
                bodies[kind][f"{options.prefix}-{name}"] = json.loads(text)
    if not all(bodies.values()):
        raise CatalogUnavailable(
            f"There are no templates in {folder}.", fix="Set AKIN_ELASTICSEARCH_TEMPLATES to a copy of es_templates/."
        )
    filters = bodies["component"][f"{options.prefix}-products-settings"]["template"]["settings"]["index"]["analysis"][
        "filter"
    ]
    filters["akin_stem"]["language"] = options.language
    if options.language != "english":
        filters["akin_possessive"] = {"type": "stop", "stopwords": []}
    synonyms = folder.joinpath("synonyms.txt").read_text(encoding="utf-8").splitlines()
    filters["akin_synonyms"]["synonyms"] = [line for line in map(str.strip, synonyms) if line and line[0] != "#"]
    return bodies


async def install(connection: Connection) -> None:
    """Put the templates into the cluster unless they are there. Raises CatalogUnavailable where newer ones are."""
    installed = await _installed(connection)
    found = _versions(installed)
    if any(version > VERSION for version in found.values()):
        raise newer_templates(found)
    bodies = template_bodies(connection.options)
    digest = hashlib.sha256(json.dumps(bodies, sort_keys=True).encode()).hexdigest()[:16]
    if set(bodies["index"]) <= {name for name, meta in installed.items() if meta.get("digest") == digest}:
        return
    for body in bodies["index"].values():
        body["_meta"]["digest"] = digest
    put = {"component": "put_component_template", "index": "put_index_template"}

    async def send(kind: str, name: str, body: Mapping[str, Any]) -> None:
        async def ask(client: Any) -> Any:
            api = client.cluster if kind == "component" else client.indices
            return await getattr(api, put[kind])(name=name, body=body)

        await connection.call(ask)

    for kind, named in bodies.items():
        await asyncio.gather(*(send(kind, name, body) for name, body in named.items()))


async def installed_versions(connection: Connection) -> dict[str, int]:
    """name -> version of the shop's index templates in the cluster; 0 where one has no version."""
    return _versions(await _installed(connection))


def _versions(installed: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    return {name: int(meta.get("version", 0)) for name, meta in installed.items()}


async def _installed(connection: Connection) -> dict[str, dict[str, Any]]:
    """name -> `_meta` of the shop's index templates."""

    async def ask(client: Any) -> Any:
        try:
            return await client.indices.get_index_template(name=f"{connection.options.prefix}-*")
        except NotFoundError:
            return {"index_templates": []}

    answer = await connection.call(ask)
    return {found["name"]: found["index_template"].get("_meta", {}) for found in answer["index_templates"]}


def newer_templates(found: Mapping[str, int]) -> CatalogUnavailable:
    """The error for a cluster that a newer Akin has been at."""
    return CatalogUnavailable(
        f"The cluster's templates are of version {max(found.values())}, this program knows version {VERSION}.",
        fix="Use the newer Akin for this cluster, or another AKIN_ELASTICSEARCH_PREFIX.",
    )
