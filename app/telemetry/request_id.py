"""Which request this is: known to everything that happens for it, so that its log lines can be found together."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """The id of the request that is being answered; "" outside of one."""
    return _REQUEST_ID.get()


@contextmanager
def working_for(request_id: str) -> Iterator[None]:
    """Everything inside, tasks started there included, is done for this request."""
    token = _REQUEST_ID.set(request_id)
    try:
        yield
    finally:
        _REQUEST_ID.reset(token)
