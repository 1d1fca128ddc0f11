"""Addresses that a page may show or follow, and who asks from where: decided once, for the API and the pages."""

import ipaddress
from urllib.parse import quote, urlsplit

from starlette.requests import Request

MEDIA_PATH = "/media"
"""Where AKIN_MEDIA is served."""


def web_address(link: str) -> str | None:
    """The link when a page may follow it; None for anything but http and https (`javascript:` and the like)."""
    return link if _scheme(link) in ("http", "https") else None


def image_address(url: str) -> str | None:
    """Where a page gets a product's picture: the feed's own web address, or a path under /media for a relative link.

    None for what cannot be shown: other schemes, absolute paths, paths that climb out of their folder.
    """
    if _scheme(url) != "":
        return web_address(url)
    steps = url.replace("\\", "/").split("/")  # an absolute path, and //host, begin with an empty step
    return None if any(step in ("", "..") for step in steps) else f"{MEDIA_PATH}/{quote('/'.join(steps))}"


def asks_from_this_machine(request: Request) -> bool:
    """Whether the caller sits on this machine: connected over the loopback, and not for somebody behind a proxy."""
    forwarded = any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip", "via"))
    return request.client is not None and _is_loopback(request.client.host) and not forwarded


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _scheme(url: str) -> str | None:
    """The scheme in lower case, "" for a relative address, None for what is no address at all."""
    try:
        return urlsplit(url).scheme
    except ValueError:
        return None
