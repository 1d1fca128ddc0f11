"""Keys and callers as values: what a key is, and what is known of whoever calls with it."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from app.identity.errors import KeyRefused

DEFAULT_SHOP = "default"
"""The one shop of a server without AKIN_SHOPS."""

_HOST = re.compile(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]")


class Scope(StrEnum):
    """What a key may be used for."""

    SEARCH = "search"  # find and read products; tell what shoppers did with what was found
    CATALOG_WRITE = "catalog:write"  # change products, load feeds, publish versions
    INSIGHTS_READ = "insights:read"  # read what shoppers looked for and did
    ADMIN = "admin"  # everything


class KeyState(StrEnum):
    """Whether a key opens anything."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key, without its text. Times are UTC.

    shop: whose data it opens. origins: web pages it may be used from; empty for a key that is no browser's.
    replaces: id of the key it was rotated from.
    """

    id: str
    name: str
    shop: str
    scopes: frozenset[Scope]
    origins: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    replaces: str | None = None

    def state(self, at: datetime) -> KeyState:
        """Whether it opens anything at that moment."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        return KeyState.EXPIRED if self.expires_at is not None and self.expires_at <= at else KeyState.ACTIVE


@dataclass(frozen=True, slots=True)
class Issued:
    """A new key and its text, which is shown once and kept nowhere."""

    key: Key
    text: str

    def __repr__(self) -> str:
        return f"Issued({self.key.id})"  # a text that is printed or logged by mistake is a key that leaked


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. key_id: None while the server is open and nobody needs a key."""

    key_id: str | None
    name: str
    shop: str
    scopes: frozenset[Scope]
    origins: tuple[str, ...] = ()

    def may(self, scope: Scope) -> bool:
        """Whether this caller has the scope."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def may_come_from(self, origin: str | None, fetch_site: str | None) -> bool:
        """Whether a call may come from that web page. origin, fetch_site: the headers Origin and Sec-Fetch-Site.

        A key with origins is a browser's, so one of them must be named; a browser names none where a page asks its own
        server. Whoever is no browser can name any: origins keep other shops' pages off, not thieves.
        """
        if not self.origins:
            return True
        return origin in self.origins if origin is not None else fetch_site == "same-origin"


ANYBODY = Caller(None, "anybody on this machine", DEFAULT_SHOP, frozenset(Scope))
"""Who calls while no key was ever made."""


def web_origin(text: str) -> str:
    """The origin as browsers write it: scheme, host in lower case, port unless it is the usual one.

    Raises KeyRefused for what is none; a star and `null`, which any page can have, are none.
    """
    wrong = KeyRefused(f"'{text}' is no origin.", fix="Write e.g. https://shop.example, without a path.")
    try:
        url = urlsplit(text.strip().lower())
        port = url.port
    except ValueError:
        raise wrong from None
    host = url.netloc.rpartition(":")[0] if port is not None else url.netloc
    if url.scheme not in {"http", "https"} or not _HOST.fullmatch(host) or url.path not in {"", "/"}:
        raise wrong
    if url.query or url.fragment:
        raise wrong
    usual = port is None or port == {"http": 80, "https": 443}[url.scheme]
    return f"{url.scheme}://{host}" if usual else f"{url.scheme}://{host}:{port}"
