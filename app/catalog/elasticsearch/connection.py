"""The way to the cluster: one pooled client, retries within a budget, every error translated."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

from elastic_transport import ConnectionError as NoConnection
from elastic_transport import OrjsonSerializer
from elastic_transport.client_utils import DEFAULT
from elasticsearch import ApiError, AsyncElasticsearch

from app.catalog.elasticsearch.errors import RETRYABLE, translated
from app.catalog.elasticsearch.options import ElasticsearchOptions
from app.catalog.errors import CatalogUnavailable

_ATTEMPTS = 3
_FIRST_WAIT_S = 0.05


class RetryBudget:
    """How many retries may be made: a share of the requests, and a few a second, so that retries never amplify a fault.

    share: retries per request. floor_per_s: retries allowed without any requests.
    """

    def __init__(self, *, share: float = 0.2, floor_per_s: float = 10.0, clock: Callable[[], float] = time.monotonic):
        self._share, self._floor, self._clock = share, floor_per_s, clock
        self._tokens, self._at = floor_per_s, clock()

    def earn(self) -> None:
        """Note a request."""
        self._refill()
        self._tokens += self._share

    def spend(self) -> bool:
        """Whether one more retry may be made now."""
        self._refill()
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _refill(self) -> None:
        now = self._clock()
        most = 10 * self._floor
        self._tokens = min(most, self._tokens + (now - self._at) * self._floor)
        self._at = now


class Connection:
    """The client of one cluster; made when first used, because it belongs to the event loop that uses it."""

    def __init__(self, options: ElasticsearchOptions) -> None:
        self.options = options
        self._budget = RetryBudget()
        self._client: AsyncElasticsearch | None = None
        self._is_closed = False

    @property
    def client(self) -> AsyncElasticsearch:
        """The bare client, for calls that do their own retries. Raises CatalogUnavailable when closed."""
        if self._is_closed:
            raise CatalogUnavailable("The catalog was closed.", fix="Open it again.")
        if self._client is None:
            options = self.options
            self._client = AsyncElasticsearch(
                list(options.hosts),
                api_key=options.api_key or None,
                ca_certs=DEFAULT if options.ca_certs is None else str(options.ca_certs),
                http_compress=not options.is_near,
                connections_per_node=options.connections,
                request_timeout=options.timeout_s,
                max_retries=0,
                retry_on_timeout=False,
                serializers={"application/json": OrjsonSerializer()},
            )
        return self._client

    async def call(self, ask: Callable[[Any], Awaitable[Any]], *, again: bool = True) -> Any:
        """Send one request; the answer's body. Raises CatalogUnavailable.

        again: whether it may be sent again, to another node where there is one, when it could not be served.
        """
        self._budget.earn()
        with translated():
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    # Asked for anew each time: a client that was closed meanwhile would open sockets nobody closes.
                    return getattr(answer := await ask(self.client), "body", answer)
                except (ApiError, NoConnection) as error:
                    may_help = isinstance(error, NoConnection) or error.meta.status in RETRYABLE
                    if not (again and may_help and attempt < _ATTEMPTS and self._budget.spend()):
                        raise
                await asyncio.sleep(_FIRST_WAIT_S * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Close the pool. Calling it twice is harmless."""
        self._is_closed = True
        client, self._client = self._client, None
        if client is not None:
            await client.close()
