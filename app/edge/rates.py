"""Rates: how much one caller may ask for in a minute, counted in units, by all server processes together.

A request costs what it costs us: a photo ten units, a search by words two, reading one thing one. Two limits hold at
once: per key, and per address (so that one shopper's phone cannot use up the key its app shares with all others).
"""

import logging
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.edge.errors import RateLimited
from app.edge.peers import address_of, is_loopback, key_of, network_of
from app.edge.problems import problem

WINDOW_S = 60
_STORE_RESTS_S = 5.0
_FREE = ("/live", "/ready", "/metrics")
_PHOTO, _SEARCH, _WRITE, _LOAD = 10, 2, 5, 20

logger = logging.getLogger("akin.edge")


def cost_of(method: str, path: str) -> int:
    """Units a request costs; 0 for what must always be answered."""
    if path in _FREE:
        return 0
    match method:
        case "POST" if path == "/search-by-photo":
            return _PHOTO
        case "POST" if path == "/loads":
            return _LOAD
        case "PUT" | "PATCH":
            return _WRITE
        case "GET" if path in ("/search", "/products") or path.endswith("/similar"):
            return _SEARCH
        case _:
            return 1


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands with one limit. policy: its name. units: allowed a minute. left: of them. full_in_s: seconds
    until some come back. allowed: whether the request that was just asked for fits.
    """

    policy: str
    units: int
    left: int
    full_in_s: int
    allowed: bool


class Rates:
    """storage: where all processes count; close gives it up. per_key, per_address: units a minute, 0 for no limit.

    A storage that fails keeps nobody from searching: each process then counts by itself, and tries the storage again
    after some seconds.
    """

    def __init__(
        self,
        storage: Storage,
        close: Callable[[], Awaitable[None]],
        *,
        per_key: int,
        per_address: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shared = MovingWindowRateLimiter(storage)
        self._close = close
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._per_key = RateLimitItemPerMinute(per_key, namespace="key") if per_key else None
        self._per_address = RateLimitItemPerMinute(per_address, namespace="address") if per_address else None
        self._clock = clock
        self._rests_until = 0.0

    async def take_for_address(self, address: str, cost: int) -> Standing | None:
        """Book the cost with an address; None where no limit holds.

        This machine's own address is never limited: it is a program of whoever runs the server, or a proxy that
        AKIN_TRUSTED_PROXIES does not name, behind which everybody would have the same address.
        """
        if self._per_address is None or is_loopback(address):
            return None
        return await self._take("address", self._per_address, network_of(address), cost)

    async def take_for_key(self, key: str | None, cost: int) -> Standing | None:
        """Book the cost with a key (its id); None where no limit holds."""
        if self._per_key is None or key is None:
            return None
        return await self._take("key", self._per_key, key, cost)

    async def close(self) -> None:
        """Close the storage."""
        await self._close()

    async def _take(self, policy: str, item: RateLimitItem, name: str, cost: int) -> Standing:
        if self._clock() >= self._rests_until:
            try:
                return await self._ask(self._shared, policy, item, name, cost)
            except StorageError as failure:
                self._rests_until = self._clock() + _STORE_RESTS_S
                logger.warning("each process counts requests by itself: %s", type(failure.storage_error).__name__)
        return await self._ask(self._own, policy, item, name, cost)

    async def _ask(
        self, limiter: MovingWindowRateLimiter, policy: str, item: RateLimitItem, name: str, cost: int
    ) -> Standing:
        allowed = await limiter.hit(item, name, cost=cost)
        window = await limiter.get_window_stats(item, name)
        full_in_s = min(WINDOW_S, max(1, math.ceil(window.reset_time - time.time())))
        return Standing(policy, item.amount, max(0, window.remaining), full_in_s, allowed)


class RateLimit:
    """Pure ASGI middleware: refuses what is over a limit, and says on every answer how the caller stands.

    by: what is counted. Of the address, outside of what finds out who calls, so that guessing keys is limited too; of
    the key, inside. Takes the Rates from the lifespan's state. The headers are those of
    draft-ietf-httpapi-ratelimit-headers-10.
    """

    def __init__(self, app: ASGIApp, *, by: Literal["address", "key"]) -> None:
        self.app = app
        self._by = by

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI call."""
        cost = cost_of(scope["method"], scope["path"]) if scope["type"] == "http" else 0
        standing = await self._standing(scope, cost) if cost else None
        if standing is None:
            await self.app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                _add(headers, "ratelimit-policy", f'"{standing.policy}";q={standing.units};w={WINDOW_S}')
                _add(headers, "ratelimit", f'"{standing.policy}";r={standing.left};t={standing.full_in_s}')
            await send(message)

        if standing.allowed:
            await self.app(scope, receive, sending)
        else:
            request_id = str(scope["state"].get("request_id", ""))
            await problem(_too_often(standing, cost), request_id)(scope, receive, sending)

    async def _standing(self, scope: Scope, cost: int) -> Standing | None:
        rates: Rates = scope["state"]["rates"]
        if self._by == "key":
            return await rates.take_for_key(key_of(scope), cost)
        return await rates.take_for_address(address_of(scope), cost)


def _add(headers: MutableHeaders, name: str, part: str) -> None:
    """Lists of the draft: what the other limit says stands after a comma."""
    before = headers.get(name)
    headers[name] = part if before is None else f"{before}, {part}"


def _too_often(over: Standing, cost: int) -> RateLimited:
    return RateLimited(
        f"This request costs {cost} units; {over.left} of {over.units} a minute are left for this {over.policy}.",
        fix="Try again after Retry-After seconds.",
        retry_after_s=over.full_in_s,
        policy=over.policy,
        units=over.units,
        left=over.left,
        cost=cost,
    )
