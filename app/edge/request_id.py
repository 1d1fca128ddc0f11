"""The id of a request: the caller's own where it is safe to log and to send back."""

import re
import uuid

from starlette.datastructures import Headers

HEADER = "x-request-id"
_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id_from(headers: Headers) -> str:
    """The caller's id, or a new one."""
    given = headers.get(HEADER, "")
    return given if _SAFE.fullmatch(given) else new_request_id()


def new_request_id() -> str:
    """32 hexadecimal digits nobody can guess."""
    return uuid.uuid4().hex
