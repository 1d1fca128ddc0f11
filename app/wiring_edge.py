"""From settings to the parts that guard the server's edge.

Apart from wiring.py, so that a command that serves nothing does not load the web framework.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from limits.aio.storage import RedisStorage, Storage

from app.edge.rate_store import SqliteWindows
from app.edge.rates import Rates
from app.errors import MissingDependency
from app.photos import ImageFetcher
from app.settings import Settings

PHOTO_URL_S = 5.0
"""Longest wait for a photo that is named by its address."""
REDIS_S = 1.0
"""Longest wait for a Redis: a search is not kept waiting for its own counting."""
_REDIS_CONNECTIONS = 8


def build_rates(settings: Settings, *, patience_s: float = REDIS_S) -> Rates:
    """Who counts requests; nothing is opened before the first. Raises MissingDependency."""
    storage, close = _storage(settings, patience_s)
    return Rates(storage, close, per_key=settings.rate_per_key, per_address=settings.rate_per_address)


def build_photo_fetcher(settings: Settings) -> ImageFetcher | None:
    """Who fetches photos that callers name by their address; None where none are. AKIN_FETCH_PRIVATE is for the shop's
    own pictures: what a shopper names is never looked for inside."""
    if not settings.photo_urls:
        return None
    return ImageFetcher(max_redirects=0, max_bytes=settings.max_photo_bytes, timeout_s=PHOTO_URL_S)


def _storage(settings: Settings, patience_s: float) -> tuple[Storage, Callable[[], Awaitable[None]]]:
    if settings.rate_path is not None:
        embedded = SqliteWindows(settings.rate_path)
        return embedded, embedded.close
    try:
        from redis.asyncio import BlockingConnectionPool
    except ImportError as missing:
        raise MissingDependency(
            "AKIN_RATE_STORE names a Redis, and its client is not installed.", fix="pip install 'akin[redis]'"
        ) from missing
    # Blocking: a burst waits for a connection instead of opening one for each of its requests.
    pool = BlockingConnectionPool.from_url(
        settings.rate_store,
        max_connections=_REDIS_CONNECTIONS,
        timeout=patience_s,
        socket_timeout=patience_s,
        socket_connect_timeout=patience_s,
    )
    options: dict[str, Any] = {"connection_pool": pool}
    address = f"async+{settings.rate_store}"
    return RedisStorage(address, wrap_exceptions=True, implementation="redispy", **options), pool.disconnect
