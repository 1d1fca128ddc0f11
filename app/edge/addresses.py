"""Addresses that a page may show or follow: decided once, for the API and the pages."""

from urllib.parse import quote, urlsplit

MEDIA_PATH = "/media"
"""Where AKIN_MEDIA is served."""


def web_address(link: str) -> str | None:
    """The link when a page may follow it; None for anything but http and https (`javascript:` and the like)."""
    return link if urlsplit(link).scheme in ("http", "https") else None


def image_address(url: str) -> str | None:
    """Where a page gets a product's picture: the feed's own web address, or a path under /media for a relative link.

    None for what cannot be shown: other schemes, absolute paths, paths that climb out of their folder.
    """
    parts = urlsplit(url)
    if parts.scheme:
        return web_address(url)
    steps = url.replace("\\", "/").split("/")
    if parts.netloc or any(step in ("", "..") for step in steps):
        return None
    return f"{MEDIA_PATH}/{quote('/'.join(steps))}"
