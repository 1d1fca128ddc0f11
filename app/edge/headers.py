"""Headers that every answer carries, whoever makes it."""

from starlette.datastructures import MutableHeaders
from starlette.responses import Response

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-site",
    "cache-control": "no-store",
}
"""Set where the route did not set its own."""


def add_security_headers(headers: MutableHeaders) -> None:
    """Add what is missing."""
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)


def with_security_headers(answer: Response) -> Response:
    """The answer, with what was missing."""
    add_security_headers(answer.headers)
    return answer
