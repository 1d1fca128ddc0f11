"""What the client raises, said in the catalog's words: the one place that knows the vendor's errors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aiohttp import ClientError
from elastic_transport import ApiError, ConnectionTimeout, SerializationError, TlsError, TransportError
from elastic_transport import ConnectionError as NoConnection
from elasticsearch import UnsupportedProductError
from elasticsearch.helpers import BulkIndexError, ScanError

from app.catalog.errors import CatalogUnavailable

RETRYABLE = frozenset({429, 502, 503, 504})
"""Statuses after which the same request may succeed."""

_NOT_ELASTICSEARCH = "media_type_header_exception"


@contextmanager
def translated() -> Iterator[None]:
    """Turn every error of the client into CatalogUnavailable with what to do; the cause is kept."""
    try:
        yield
    except (ApiError, TransportError, UnsupportedProductError, BulkIndexError, ScanError, ClientError) as error:
        raise translation(error) from error


def translation(error: Exception) -> CatalogUnavailable:
    """The catalog's error for one of the client's, most specific first."""
    match error:
        case UnsupportedProductError():
            return not_elasticsearch("it does not say that it is one")
        case ApiError():
            return refused(error.meta.status, error.body)
        case ConnectionTimeout():
            return CatalogUnavailable(
                "Elasticsearch did not answer in time.",
                fix="See its load and its log; AKIN_ELASTICSEARCH_TIMEOUT_S says how long is waited.",
                retry_after_s=2.0,
            )
        case TlsError():
            return CatalogUnavailable(
                "Elasticsearch's certificate is not trusted.",
                fix="Set AKIN_ELASTICSEARCH_CA to the PEM file of the authority that signed it.",
            )
        case NoConnection():
            return CatalogUnavailable(
                "Elasticsearch cannot be reached.",
                fix="See whether it runs, and whether AKIN_CATALOG names its address.",
                retry_after_s=2.0,
            )
        case ClientError():  # the only kind the client lets through: it cannot make anything of the host's name
            return CatalogUnavailable(
                f"AKIN_CATALOG names no address that can be called: {error}.", fix="Write https://HOST:9200."
            )
        case SerializationError():
            return not_elasticsearch("its answer is no JSON")
        case TransportError():
            return CatalogUnavailable(f"The connection to Elasticsearch failed ({type(error).__name__}).")
        case _:
            return CatalogUnavailable(f"Elasticsearch could not do a bulk step ({type(error).__name__}).")


def refused(status: int, body: Any) -> CatalogUnavailable:
    """The catalog's error for an answer with an error status."""
    kind, reason = cause(body)
    if kind == _NOT_ELASTICSEARCH or status == 406:
        return not_elasticsearch("it does not know the media type of version 9")
    if status == 401:
        return CatalogUnavailable(
            "Elasticsearch does not accept the credentials: the API key is wrong, expired or missing.",
            fix="Make a new API key and set AKIN_ELASTICSEARCH_API_KEY.",
        )
    if is_full(kind, reason):
        return CatalogUnavailable(
            "Elasticsearch takes no writes: a disk passed the flood-stage watermark.",
            fix="Free disk space on its nodes; it takes writes again by itself.",
            retry_after_s=30.0,
        )
    if status == 403:
        return CatalogUnavailable(
            f"The API key may not do this: {reason}.",
            fix="Give the key the privileges that docs/elasticsearch.md lists.",
        )
    if kind in {"no_shard_available_action_exception", "search_phase_execution_exception"} and status == 503:
        return CatalogUnavailable(
            "A part of the catalog's indices is on no running node.",
            fix="See GET _cluster/health and bring the missing nodes back.",
            retry_after_s=5.0,
        )
    if kind == "index_not_found_exception":
        detail = f"An index of the catalog is gone: {reason}."
        return CatalogUnavailable(detail, fix="Ask again; if it stays so, load the feed again.")
    return CatalogUnavailable(f"Elasticsearch answered {status}: {kind}: {reason}.", status=status)


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed later: no answer, or one of RETRYABLE but for a full disk."""
    if isinstance(error, ApiError):
        return error.meta.status in RETRYABLE and not is_full(*cause(error.body))
    return isinstance(error, NoConnection | ConnectionTimeout)


def is_full(kind: str, reason: str) -> bool:
    """Whether an error is the block that Elasticsearch puts on indices when a disk is nearly full."""
    return kind == "cluster_block_exception" and ("read-only-allow-delete" in reason or "flood" in reason)


def not_elasticsearch(why: str) -> CatalogUnavailable:
    """The error for a server that is something else, or too old."""
    return CatalogUnavailable(
        f"The server AKIN_CATALOG names is no Elasticsearch of version 9: {why}.",
        fix="Use Elasticsearch 9.2 or newer; older versions and OpenSearch are not supported.",
    )


def cause(body: Any) -> tuple[str, str]:
    """The kind and the reason of an error answer, the innermost there is."""
    error = body.get("error", body) if isinstance(body, Mapping) else body
    if not isinstance(error, Mapping):
        return "", str(error)[:300]
    for inner in (error.get("caused_by"), *error.get("failed_shards", ()), *error.get("root_cause", ())):
        found = inner.get("reason", inner) if isinstance(inner, Mapping) else None
        if isinstance(found, Mapping) and found.get("type"):
            return str(found["type"]), str(found.get("reason", ""))[:300]
    return str(error.get("type", "")), str(error.get("reason", ""))[:300]
