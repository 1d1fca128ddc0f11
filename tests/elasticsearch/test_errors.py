"""Every error of the client becomes one of the catalog's, with what to do about it."""

import asyncio
import inspect
from types import ModuleType
from typing import Any

import elastic_transport
import elasticsearch
import elasticsearch.exceptions
import elasticsearch.helpers
import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import AsyncElasticsearch

from app.catalog import CatalogUnavailable
from app.catalog.elasticsearch import ElasticsearchOptions
from app.catalog.elasticsearch.connection import Connection
from app.catalog.elasticsearch.errors import cause, refused, translated

FULL = "index [akin-products-1] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark]"


def _meta(status: int) -> ApiResponseMeta:
    node = NodeConfig("http", "127.0.0.1", 9200)
    return ApiResponseMeta(status=status, http_version="1.1", headers=HttpHeaders(), duration=0.0, node=node)


def _vendor_errors() -> list[type[Exception]]:
    modules: tuple[ModuleType, ...] = (
        elastic_transport, elasticsearch, elasticsearch.exceptions, elasticsearch.helpers,
    )  # fmt: skip
    found = {
        one
        for module in modules
        for one in vars(module).values()
        if inspect.isclass(one) and issubclass(one, Exception) and not issubclass(one, Warning)
    }
    return sorted(found, key=lambda one: one.__name__)


def _made(kind: type[Exception]) -> Exception:
    """An instance; the constructors differ."""
    attempts: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        (("message", _meta(418), {"error": {"type": "x", "reason": "y"}}), {}),
        (("scroll", "message"), {}),
        (("message", [{"index": {"error": "x"}}]), {}),
        (("message",), {}),
    ]
    for arguments, named in attempts:
        try:
            return kind(*arguments, **named)
        except TypeError:
            continue
    raise AssertionError(f"{kind} cannot be made")


def test_the_list_of_vendor_errors_is_not_empty() -> None:
    assert len(_vendor_errors()) >= 15


@pytest.mark.parametrize("kind", _vendor_errors(), ids=lambda kind: kind.__name__)
def test_no_error_of_the_client_is_unmapped(kind: type[Exception]) -> None:
    error = _made(kind)
    with pytest.raises(CatalogUnavailable) as told, translated():
        raise error
    assert told.value.__cause__ is error
    assert told.value.detail.endswith(".")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"error": {"type": "security_exception", "reason": "API key is expired"}}, "API key"),
        (403, {"error": {"type": "security_exception", "reason": "action [x] is unauthorized"}}, "may not"),
        (429, {"error": {"type": "cluster_block_exception", "reason": FULL}}, "flood-stage"),
        (406, {"error": {"type": "media_type_header_exception", "reason": "compatible-with=9"}}, "version 9"),
        (503, {"error": {"type": "no_shard_available_action_exception", "reason": "x"}}, "no running node"),
        (404, {"error": {"type": "index_not_found_exception", "reason": "no such index [a]"}}, "gone"),
        (500, "<html>", "500"),
    ],
)
def test_answers_say_what_is_wrong(status: int, body: object, expected: str) -> None:
    assert expected in refused(status, body).detail


def test_the_innermost_cause_is_told() -> None:
    shard = {"shard": 0, "reason": {"type": "illegal_argument_exception", "reason": "the real one"}}
    body = {
        "error": {"type": "search_phase_execution_exception", "reason": "all shards failed", "failed_shards": [shard]}
    }
    assert cause(body) == ("illegal_argument_exception", "the real one")


@pytest.mark.anyio
async def test_a_call_that_waits_to_be_sent_again_opens_nothing_once_the_catalog_is_closed() -> None:
    connection = Connection(ElasticsearchOptions(hosts=("http://127.0.0.1:9",)))
    asked: list[object] = []
    begun = asyncio.Event()

    async def ask(client: AsyncElasticsearch) -> object:
        asked.append(client)
        begun.set()
        return await client.info()

    call = asyncio.create_task(connection.call(ask))
    await begun.wait()
    await connection.close()
    with pytest.raises(CatalogUnavailable):
        await call
    assert len(asked) == 1
