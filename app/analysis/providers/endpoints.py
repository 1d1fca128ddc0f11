"""Endpoints other than the vendor's own: encrypted anywhere, in the clear only on this machine (a fake, a proxy)."""

import asyncio
from urllib.parse import urlsplit
from urllib.request import getproxies

from app.analysis.source import Reason, SourceFailure
from app.errors import BadRequest

PATIENCE_S = 5.0


def plain_address(endpoint: str | None) -> str | None:
    """host:port of an http:// endpoint, None for any other.

    Raises BadRequest for one that is not on this machine: credentials and pictures cross no network in the clear.
    """
    if endpoint is None or endpoint.startswith("https://"):
        return None
    url = urlsplit(endpoint)
    if url.scheme != "http" or url.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise BadRequest(
            f"The endpoint {endpoint} is neither encrypted nor on this machine.", fix="Write https://HOST."
        )
    return url.netloc


async def somebody_listens(name: str, endpoint: str) -> None:
    """Connect to the endpoint (https://HOST or http:// on this machine) and hang up; behind a proxy nothing is tried.

    Raises SourceFailure where nobody takes the connection or shows no certificate for the name.
    """
    url = urlsplit(endpoint)
    encrypted = url.scheme == "https"
    if encrypted and "https" in getproxies():
        return
    try:
        async with asyncio.timeout(PATIENCE_S):
            port = url.port or (443 if encrypted else 80)
            _, writer = await asyncio.open_connection(url.hostname, port, ssl=True if encrypted else None)
    except (OSError, TimeoutError) as error:
        raise SourceFailure(
            Reason.UNAVAILABLE,
            f"{name}: nobody answers at {endpoint} ({str(error)[:120] or type(error).__name__}).",
            fix="Check the endpoint's setting, the name service and the firewall.",
        ) from error
    writer.close()
