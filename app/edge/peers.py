"""Who is at the other end: an address nobody can make up, and by what name limits and turns are counted."""

import ipaddress
from collections.abc import Collection, Iterable
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

NOBODY = "unknown"
"""The address of a peer that has none, such as a Unix socket's."""
_MOST_HOPS = 32
_LONGEST_HOP = 128


class Peers:
    """Pure ASGI middleware: finds the caller's address and leaves it for `address_of`.

    trusted: networks of the proxies in front of this server. X-Forwarded-For is read only where the peer is one of
    them, from its end on, and only as far as trusted proxies wrote it: what a caller wrote into it himself counts for
    nothing.
    """

    def __init__(self, app: ASGIApp, *, trusted: Iterable[Network] = ()) -> None:
        self.app = app
        self._trusted = tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI call."""
        if scope["type"] == "http":
            scope.setdefault("state", {})["address"] = address_behind(scope, self._trusted)
        await self.app(scope, receive, send)


def address_behind(scope: Scope, trusted: Collection[Network]) -> str:
    """The caller's address, told by the proxies that are trusted where the request comes from one; see Peers."""
    client = scope.get("client")
    seen = _number(str(client[0])) if client else None
    if seen is None:
        return NOBODY
    if not _is_in(seen, trusted):
        return str(seen)
    told = ",".join(Headers(scope=scope).getlist("x-forwarded-for"))
    for hop in reversed(told.split(",")[-_MOST_HOPS:]):
        number = _number(hop)
        if number is None:  # a proxy that writes no address tells nothing of what lies behind it
            break
        seen = number
        if not _is_in(seen, trusted):
            break
    return str(seen)


def _is_in(address: IPAddress, networks: Collection[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def address_of(scope: Scope) -> str:
    """The caller's address, "unknown" where no middleware looked."""
    return str(scope.get("state", {}).get("address", NOBODY))


def counted_as(scope: Scope) -> str:
    """What limits and turns are counted by: the key that was shown (its id, never the key), else the address.

    Of an IPv6 address the first 64 bits: whoever has one has 2**64 of them.
    """
    return named(key_of(scope), address_of(scope))


def named(key_id: str | None, address: str) -> str:
    """What `counted_as` names a caller with this key, if any, at this address."""
    return f"key:{key_id}" if key_id is not None else f"address:{network_of(address)}"


def key_of(scope: Scope) -> str | None:
    """The id of the key that was shown, None without one."""
    key: str | None = getattr(scope.get("state", {}).get("caller"), "key_id", None)
    return key


def network_of(address: str) -> str:
    """What an address is counted as: itself, or the /64 of an IPv6 address."""
    number = _number(address)
    if isinstance(number, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((number, 64), strict=False))
    return address


def is_loopback(address: str) -> bool:
    """Whether the address is this machine's own."""
    number = _number(address)
    return number is not None and number.is_loopback


def _number(text: str) -> IPAddress | None:
    """The address in a hop, which may have a port (192.0.2.1:80, [2001:db8::1]:80); None for other words."""
    return _parsed(text.strip()[:_LONGEST_HOP])


@lru_cache(maxsize=1024)
def _parsed(text: str) -> IPAddress | None:
    """Kept, as each request asks five times, and a refusal under load is to cost nearly nothing."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        number = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = number.ipv4_mapped if isinstance(number, ipaddress.IPv6Address) else None
    return mapped or number
