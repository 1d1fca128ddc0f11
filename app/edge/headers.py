"""Headers that every answer carries, whoever makes it."""

from starlette.datastructures import MutableHeaders

from app.edge.request_id import HEADER

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-site",
    "cache-control": "no-store",
}
"""Set where the route did not set its own."""


def add_envelope(headers: MutableHeaders, request_id: str) -> None:
    """The request's id, and those of SECURITY_HEADERS that are missing."""
    headers[HEADER] = request_id
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
