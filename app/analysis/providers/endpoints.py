"""Endpoints other than the vendor's own: encrypted anywhere, in the clear only on this machine (a fake, a proxy)."""

from urllib.parse import urlsplit

from app.errors import BadRequest


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
