"""ImageFetcher: URL -> bytes, without ever dialing an address that strangers must not reach through us."""

import asyncio
import io
import ipaddress
import random
import socket
from collections.abc import Iterable
from types import TracebackType
from typing import BinaryIO, Self

import httpcore
import httpx

from app.photos.addresses import is_public
from app.photos.fetch_errors import (
    ImageForbiddenAddress,
    ImageNotFetched,
    ImageNotFound,
    ImageRefused,
    ImageTimeout,
    ImageTooLarge,
    ImageUnreachable,
    ImageUrlInvalid,
)

PORTS = (80, 443, 8000, 8080, 8443)
_MAX_URL = 2048
_ATTEMPTS = 3
_FIRST_WAIT_S = 0.3
_LONGEST_WAIT_S = 5.0
_RETRIED = {429, 500, 502, 503, 504}
_REDIRECTS = {301, 302, 303, 307, 308}


class ImageFetcher:
    """Fetches pictures over HTTP(S).

    Every host name is resolved once, all its addresses are judged, and one of the judged addresses itself is dialed
    (TLS and Host still speak the name), so that no second answer of a name server can lead elsewhere. Proxies of the
    environment are not used.

    allow_http: also plain http. allow_private: also private addresses and any port, for tests and shops whose pictures
    lie in their own network. max_redirects: followed redirects, each judged like the first URL; 0 for URLs of shoppers,
    3 for feeds. max_bytes, connect_timeout_s, timeout_s (the whole call, retries included): limits of one picture.
    connections: open at once.
    """

    def __init__(
        self,
        *,
        allow_http: bool = False,
        allow_private: bool = False,
        max_redirects: int = 0,
        max_bytes: int = 15 * 1024 * 1024,
        connect_timeout_s: float = 5.0,
        timeout_s: float = 15.0,
        connections: int = 16,
    ) -> None:
        self._schemes = ("https", "http") if allow_http else ("https",)
        self._allow_private = allow_private
        self._max_redirects = max_redirects
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._timeouts = {"connect": connect_timeout_s, "read": timeout_s, "write": timeout_s, "pool": timeout_s}
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=connections,
            network_backend=_JudgedAddresses(allow_private),
        )

    async def fetch(self, url: str) -> bytes:
        """The bytes behind the URL, whatever their type says.

        429, 5xx, timeouts and broken connections are tried up to three times, with growing, jittered waits or as
        Retry-After says. Raises an ImageNotFetched.
        """
        body = io.BytesIO()
        await self.save(url, body)
        return body.getvalue()

    async def save(self, url: str, file: BinaryIO) -> None:
        """`fetch` for what is too large for memory: the bytes go into the file, which begins and ends with them."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._persist(url, file)
        except TimeoutError as error:
            raise self._late(url) from error

    async def close(self) -> None:
        """Close all connections. Calling it twice is harmless."""
        await self._pool.aclose()

    async def __aenter__(self) -> Self:
        """Nothing is opened before the first fetch."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    async def _persist(self, url: str, file: BinaryIO) -> None:
        """Try, and try again where that may help."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._follow(url, file)
                return
            except _WorthRepeating as failure:
                if attempt == _ATTEMPTS:
                    raise failure.final from failure
                jittered = random.uniform(0.5, 1.5) * _FIRST_WAIT_S * 2 ** (attempt - 1)  # noqa: S311 - no secret
                await asyncio.sleep(max(jittered, failure.wait_s))
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _follow(self, url: str, file: BinaryIO) -> None:
        """One try: the URL and its redirects."""
        step = url
        for _ in range(self._max_redirects + 1):
            redirect = await self._get(self._judged(step), url, file)
            if redirect is None:
                return
            step = redirect.location
        raise ImageRefused(
            f"The server redirects; {self._max_redirects} redirects are followed.",
            fix="Give the URL where the picture itself is.",
            url=url,
        )

    def _judged(self, url: str) -> httpx.URL:
        """The URL taken apart. Raises ImageUrlInvalid unless it is one we follow."""
        try:
            parts = httpx.URL(url)
        except (httpx.InvalidURL, ValueError, TypeError) as error:
            raise _invalid(url, "is malformed") from error
        if len(url) > _MAX_URL:
            raise _invalid(url[:100] + "…", f"is longer than {_MAX_URL} characters")
        if parts.scheme not in self._schemes or not parts.host:
            raise _invalid(url, f"does not start with {' or '.join(f'{scheme}://' for scheme in self._schemes)}")
        if parts.userinfo:
            raise _invalid(str(parts.copy_with(userinfo=b"")), "holds a user name or password")
        if parts.port is not None and parts.port not in PORTS and not self._allow_private:
            raise _invalid(url, f"names port {parts.port}, which serves no pictures")
        return parts

    async def _get(self, url: httpx.URL, original: str, file: BinaryIO) -> "_Redirect | None":
        headers: list[tuple[bytes | str, bytes | str]] = [
            ("Host", url.netloc),
            ("User-Agent", "akin/1"),
            ("Accept", "image/*"),
            ("Accept-Encoding", "identity"),
        ]
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        try:
            async with self._pool.stream(
                "GET", target, headers=headers, extensions={"timeout": self._timeouts}
            ) as response:
                if response.status == httpx.codes.OK:
                    await self._body(response, original, file)
                    return None
                if response.status in _REDIRECTS:
                    return _Redirect(str(url.join(_header(response, b"location"))))
                raise _refused(response, original)
        except httpcore.TimeoutException as error:
            raise _WorthRepeating(self._late(original)) from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise _WorthRepeating(_unreachable(original)) from error
        except socket.gaierror as error:
            raise _unreachable(original) from error
        except _PrivateAddress as error:
            raise ImageForbiddenAddress(
                f"{url.host} lies in a network that is not public.",
                fix="Put the picture on a server anybody can reach.",
                url=original,
            ) from error
        except (httpx.InvalidURL, httpcore.UnsupportedProtocol, UnicodeError) as error:
            raise _invalid(original, "leads to a URL that cannot be followed") from error

    async def _body(self, response: httpcore.Response, url: str, file: BinaryIO) -> None:
        too_large = ImageTooLarge(
            f"The picture has more than {self._max_bytes:,} bytes.",
            fix="Offer a smaller version; a longest side of 2,000 pixels is plenty.",
            url=url,
            max_bytes=self._max_bytes,
        )
        said = _header(response, b"content-length")
        if said.isdigit() and int(said) > self._max_bytes:
            raise too_large
        file.seek(0)
        file.truncate()  # what a broken attempt left
        size = 0
        async for chunk in response.aiter_stream():
            size += len(chunk)
            if size > self._max_bytes:
                raise too_large
            file.write(chunk)

    def _late(self, url: str) -> ImageTimeout:
        return ImageTimeout(
            f"The picture did not arrive within {self._timeout_s:g} s.",
            fix="Check that the URL opens quickly in a browser, then try again.",
            url=url,
        )


class _Redirect:
    def __init__(self, location: str) -> None:
        self.location = location


class _WorthRepeating(Exception):
    """A failure that another try may mend. final: what to raise when it does not. wait_s: what the server asked for."""

    def __init__(self, final: ImageNotFetched, wait_s: float = 0.0) -> None:
        super().__init__(final.detail)
        self.final = final
        self.wait_s = wait_s


class _PrivateAddress(Exception):
    """All addresses of a host lie in networks that are not public."""


class _JudgedAddresses(httpcore.AsyncNetworkBackend):
    """Resolves, judges, and dials exactly what was judged."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first judged address that answers."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._addresses(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"{host} is not resolved") from error
        failure: Exception = socket.gaierror(f"{host} has no address")
        for address in addresses:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: no picture lies behind a socket file."""
        raise _PrivateAddress

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[str]:
        """Numeric addresses of the host that may be dialed. Raises _PrivateAddress when there are none but private."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        numbers = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        allowed = [number for number in numbers if self._allow_private or is_public(ipaddress.ip_address(number))]
        if numbers and not allowed:
            raise _PrivateAddress(host)
        return allowed


def _header(response: httpcore.Response, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), "")


def _refused(response: httpcore.Response, url: str) -> Exception:
    status = response.status
    if status in {404, 410}:
        return ImageNotFound(
            f"The server answers {status}: there is no such picture.", fix="Correct the URL.", url=url, status=status
        )
    if status in _RETRIED:
        asked = _header(response, b"retry-after")
        wait_s = min(float(asked), _LONGEST_WAIT_S) if asked.isdigit() else 0.0
        return _WorthRepeating(_unreachable(url, status), wait_s)
    return ImageRefused(
        f"The server answers {status}.",
        fix="Check that the URL opens in a browser where you are not signed in.",
        url=url,
        status=status,
    )


def _unreachable(url: str, status: int | None = None) -> ImageUnreachable:
    found = {} if status is None else {"status": status}
    said = "cannot be reached" if status is None else f"answers {status}, also when asked again"
    return ImageUnreachable(f"The picture's server {said}.", fix="Check the URL and try again.", url=url, **found)


def _invalid(url: str, why: str) -> ImageUrlInvalid:
    return ImageUrlInvalid(f"The URL of the picture {why}.", fix="Give the complete URL of the picture.", url=url)
