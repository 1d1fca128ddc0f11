"""The id of a request: the caller's own where it is safe to log and to send back."""

import hashlib
import itertools
import os
import re

from starlette.datastructures import Headers

HEADER = "x-request-id"
_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_KEY = os.urandom(32)
_numbers = itertools.count()


def request_id_from(headers: Headers) -> str:
    """The caller's id, or a new one."""
    given = headers.get(HEADER, "")
    return given if _SAFE.fullmatch(given) else new_request_id()


def new_request_id() -> str:
    """32 hexadecimal digits nobody can guess.

    A keyed hash of a counter: asking the system for chance each time lets another thread take over, and a server that
    refuses a hundred searches a second feels that.
    """
    return hashlib.blake2b(b"%d" % next(_numbers), key=_KEY, digest_size=16).hexdigest()
