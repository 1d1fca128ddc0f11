"""A feed from the web: fetched whole into a file first, so that it can be read twice and told by its digest."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import httpx

from app.photos import (
    ImageFetcher,
    ImageForbiddenAddress,
    ImageNotFetched,
    ImageNotFound,
    ImageRefused,
    ImageTimeout,
    ImageTooLarge,
    ImageUrlInvalid,
)
from catalog_loader.errors import FeedUnreachable
from catalog_loader.sources import MAX_FEED_BYTES

TIMEOUT_S = 30.0
"""For connecting, and between two pieces of the answer."""


def is_url(feed: str) -> bool:
    """Whether the feed is named by a web address rather than a path."""
    return feed.lower().startswith(("http://", "https://"))


@contextmanager
def downloaded(url: str) -> Iterator[Path]:
    """The feed in a temporary file, named as the address ends; gone afterwards. Raises FeedUnreachable."""
    name = PurePosixPath(urlsplit(url).path).name or "feed"
    with TemporaryDirectory(prefix="akin-feed-") as folder:
        path = Path(folder) / name
        try:
            with httpx.stream("GET", url, follow_redirects=True, timeout=TIMEOUT_S) as response:
                response.raise_for_status()
                _save(response, path)
        except httpx.HTTPStatusError as error:
            raise FeedUnreachable(
                f"The server answers {error.response.status_code} for the feed.",
                fix="Check that the address opens without signing in.",
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FeedUnreachable(
                f"The feed cannot be downloaded: {str(error) or type(error).__name__}.",
                fix="Check the address and try again.",
            ) from error
        yield path


@contextmanager
def fetched(url: str, fetcher: ImageFetcher) -> Iterator[Path]:
    """`downloaded` for an address that a stranger named: through the guard that product pictures go through.

    fetcher: closed afterwards. Raises FeedUnreachable.
    """
    with TemporaryDirectory(prefix="akin-feed-") as folder:
        path = Path(folder) / (PurePosixPath(urlsplit(url).path).name or "feed")
        asyncio.run(_fetch(url, path, fetcher))
        yield path


async def _fetch(url: str, path: Path, fetcher: ImageFetcher) -> None:
    try:
        with path.open("wb") as file:
            await fetcher.save(url, file)
    except ImageNotFetched as failure:
        detail, fix = _said_of_feeds(failure)
        raise FeedUnreachable(detail, fix=fix) from failure
    finally:
        await fetcher.close()


def _said_of_feeds(failure: ImageNotFetched) -> tuple[str, str]:
    """The fetcher's words are about pictures; the same about feeds."""
    match failure:
        case ImageForbiddenAddress():
            return "The feed's address lies in a network that is not public.", "Upload the feed itself instead."
        case ImageUrlInvalid():
            return "The feed's address is none that is followed.", "Give the whole https:// address of the feed."
        case ImageTooLarge():
            return "The feed has more bytes than may be fetched.", "Pack it with gzip, or load it in parts."
        case ImageTimeout():
            return "The feed did not arrive in time.", "Check that its address opens quickly, and try again."
        case ImageNotFound() | ImageRefused():
            status = failure.extra.get("status", "a redirect too many")
            return f"The server answers {status} for the feed.", "Check that the address opens without signing in."
        case _:
            return "The feed's server cannot be reached.", "Check the address and try again."


def _save(response: httpx.Response, path: Path) -> None:
    size = 0
    with path.open("wb") as file:
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > MAX_FEED_BYTES:
                raise FeedUnreachable(f"The feed has more than {MAX_FEED_BYTES >> 30} GiB.", fix="Split it.")
            file.write(chunk)
