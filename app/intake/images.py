"""Where product pictures come from: the web, and from the command line also files beside the feed."""

import asyncio
import os
import stat
from collections import defaultdict
from pathlib import Path
from typing import ClassVar, Protocol
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import url2pathname

from app.errors import AppError
from app.intake.fields import scheme_of, shown


class ImageUnavailable(AppError):
    """A product picture cannot be had."""

    code: ClassVar[str] = "image-unavailable"
    title: ClassVar[str] = "A product picture cannot be had"


class LocalImageRefused(ImageUnavailable):
    """A feed that did not come from this machine names a file on it."""

    code = "image-local-refused"


class ImageOutsideFeed(ImageUnavailable):
    """A relative path leads out of the feed's folder."""

    code = "image-outside-feed"


class ImageMissing(ImageUnavailable):
    """There is no such file, or it cannot be read."""

    code = "image-missing"


class ImageTooLarge(ImageUnavailable):
    """The file has more bytes than a photo may have."""

    code = "photo-too-large"


class WebFetcher(Protocol):
    """Gets a picture from the web, with its own limits of time, size and addresses, and its own retries."""

    async def fetch(self, url: str) -> bytes:
        """The picture's bytes. Raises an AppError."""
        ...


class ImageSource(Protocol):
    """Gets the bytes of product pictures."""

    async def fetch(self, url: str) -> bytes:
        """url: as the feed names it. Raises an AppError with cause and fix."""
        ...


class FeedImages:
    """Pictures of one feed (or of one product sent over HTTP).

    web: who fetches http and https. folder: the feed's folder, where relative paths begin; None for a feed that is no
    local file, whose `file:` URLs and paths are then refused. base_url: where a feed from the web came from; its
    relative links are resolved against it. per_host: fetches at one host at once, so that no shop's server is flooded.
    """

    def __init__(
        self,
        web: WebFetcher,
        *,
        folder: Path | None = None,
        base_url: str | None = None,
        per_host: int = 8,
        max_bytes: int = 15 * 1024 * 1024,
    ) -> None:
        self._web = web
        self._folder = folder.resolve() if folder else None
        self._base_url = base_url
        self._max_bytes = max_bytes
        self._hosts: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(per_host))

    async def fetch(self, url: str) -> bytes:
        """The picture's bytes. Raises ImageUnavailable, or what the web fetcher raises."""
        scheme = scheme_of(url)
        if not scheme and self._base_url:
            url = urljoin(self._base_url, url)
            scheme = scheme_of(url)
        if scheme in {"http", "https"}:
            return await self._from_web(url)
        if self._folder is None:
            raise LocalImageRefused(
                f'"{shown(url)}" names a file; a feed that is no local file may only name web addresses.',
                fix="Use https://… addresses.",
            )
        return await asyncio.to_thread(self._from_disk, url, self._folder)

    async def _from_web(self, url: str) -> bytes:
        async with self._hosts[urlsplit(url).netloc]:
            return await self._web.fetch(url)

    def _from_disk(self, url: str, folder: Path) -> bytes:
        path = self._path(url, folder)
        try:
            # A pipe or device under the name of a picture would never open, or never end.
            with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123 a descriptor
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise ImageMissing(f'"{shown(url)}" is no plain file.', fix="Name a picture file.")
                data = file.read(self._max_bytes + 1)
        except (OSError, ValueError) as unreadable:
            reason = getattr(unreadable, "strerror", None) or "not a file name"
            raise ImageMissing(
                f'"{shown(url)}" cannot be read: {reason}.', fix="Put the picture there, or correct the path."
            ) from unreadable
        if len(data) > self._max_bytes:
            raise ImageTooLarge(f'"{shown(url)}" has more than {self._max_bytes:,} bytes.', fix="Save it smaller.")
        return data

    def _path(self, url: str, folder: Path) -> Path:
        if scheme_of(url) == "file":
            return Path(url2pathname(urlsplit(url).path))
        try:
            path = (folder / url).resolve()
            if "%" in url and not path.exists():
                path = (folder / unquote(url)).resolve()
        except (OSError, ValueError, RuntimeError) as odd:  # a NUL, or a circle of links
            raise ImageMissing(f'"{shown(url)}" is no file name.', fix="Correct the path.") from odd
        if not path.is_relative_to(folder):
            raise ImageOutsideFeed(
                f'"{shown(url)}" leads out of the feed\'s folder.',
                fix="Move the picture into the folder of the feed, or name it with file:///….",
            )
        return path
