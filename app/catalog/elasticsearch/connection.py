"""The way to the cluster: one pooled client, retries within a budget, every error translated."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from elastic_transport import ConnectionError as NoConnection
from elastic_transport import ConnectionTimeout, OrjsonSerializer
from elastic_transport.client_utils import DEFAULT
from elasticsearch import ApiError, AsyncElasticsearch

from app.catalog.elasticsearch.errors import is_transient, translated
from app.catalog.elasticsearch.options import ElasticsearchOptions
from app.catalog.errors import CatalogUnavailable

_ATTEMPTS = 3
_FIRST_WAIT_S = 0.05
_LONGEST_WAIT_S = 2.0


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
    """The client of one cluster; made when first used, because it belongs to the event loop that uses it.

    patience_s: for how long a request that could not be served is sent again. 0 for searches, whose callers have no
    time; a load sets it, to outlive the loss of a node and the choice of a new master.
    """

    def __init__(self, options: ElasticsearchOptions) -> None:
        self.options = options
        self.patience_s = 0.0
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
        until = time.monotonic() + self.patience_s
        with translated():
            for attempt in count(1):
                try:
                    # Asked for anew each time: a client that was closed meanwhile would open sockets nobody closes.
                    return getattr(answer := await ask(self.client), "body", answer)
                except (ApiError, NoConnection, ConnectionTimeout) as error:
                    left = attempt < _ATTEMPTS or time.monotonic() < until
                    if not (again and left and self._may_help(error) and self._budget.spend()):
                        raise
                wait = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**attempt)
                await asyncio.sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
        raise AssertionError("unreachable")

    def _may_help(self, error: Exception) -> bool:
        """Whether the same request may be served when it is sent again."""
        if isinstance(error, ConnectionTimeout):
            return self.patience_s > 0  # whoever searches has lost its time already
        return not isinstance(error, ApiError) or is_transient(error)

    async def close(self) -> None:
        """Close the pool. Calling it twice is harmless."""
        self._is_closed = True
        client, self._client = self._client, None
        if client is not None:
            await client.close()
