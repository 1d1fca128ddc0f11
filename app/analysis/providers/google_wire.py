"""How Google is spoken to over gRPC: credentials, channels, and what its errors mean to us."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import google.auth
import grpc
from google.api_core import exceptions as gone_wrong
from google.auth import exceptions as no_entry
from google.auth.transport import requests as token_transport

from app.analysis.providers.endpoints import plain_address
from app.analysis.source import Reason, SourceFailure

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
REASONS: tuple[tuple[type[Exception], Reason], ...] = (
    (no_entry.TransportError, Reason.UNAVAILABLE),
    (no_entry.GoogleAuthError, Reason.CREDENTIALS),
    (gone_wrong.DeadlineExceeded, Reason.DEADLINE),
    (gone_wrong.GatewayTimeout, Reason.DEADLINE),
    (gone_wrong.RetryError, Reason.DEADLINE),
    (gone_wrong.TooManyRequests, Reason.THROTTLED),
    (gone_wrong.Unauthorized, Reason.CREDENTIALS),
    (gone_wrong.Forbidden, Reason.CREDENTIALS),
    (gone_wrong.NotFound, Reason.MISSING_MODEL),
    (gone_wrong.Aborted, Reason.UNAVAILABLE),
    (gone_wrong.MethodNotImplemented, Reason.MISSING_MODEL),
    (gone_wrong.ServerError, Reason.UNAVAILABLE),
    (gone_wrong.ClientError, Reason.REFUSED),
    (gone_wrong.GoogleAPICallError, Reason.UNAVAILABLE),
    (gone_wrong.GoogleAPIError, Reason.UNAVAILABLE),
    (grpc.RpcError, Reason.UNAVAILABLE),
)
"""Vendor error -> reason, the most specific first."""

BY_CODE = {
    3: Reason.REFUSED, 4: Reason.DEADLINE, 5: Reason.MISSING_MODEL, 7: Reason.CREDENTIALS, 8: Reason.THROTTLED,
    9: Reason.REFUSED, 11: Reason.REFUSED, 13: Reason.UNAVAILABLE, 14: Reason.UNAVAILABLE, 16: Reason.CREDENTIALS,
}  # fmt: skip
"""google.rpc.Code of one picture's error -> reason."""

FIXES = {
    Reason.CREDENTIALS: "Check GOOGLE_APPLICATION_CREDENTIALS and the roles of docs/google.md.",
    Reason.MISSING_MODEL: "Check project, location and id of the model or product set; it must be deployed.",
    Reason.THROTTLED: "Raise the quota of the project, or set AKIN_BUDGET_* below it.",
}


def reason_of(error: Exception) -> Reason | None:
    """What a vendor error means; None when it is none of theirs."""
    return next((reason for kind, reason in REASONS if isinstance(error, kind)), None)


@contextmanager
def mapped_errors(name: str) -> Iterator[None]:
    """Turns what Google's libraries raise into SourceFailure, cause kept. Texts are cut: they may quote the request."""
    try:
        yield
    except (gone_wrong.GoogleAPIError, no_entry.GoogleAuthError, grpc.RpcError) as error:
        reason = reason_of(error) or Reason.UNAVAILABLE
        raise SourceFailure(reason, f"{name}: {str(error)[:200]}", fix=FIXES.get(reason)) from error


async def credentials() -> Any:
    """Application default credentials. Reading them may touch the disk or a metadata server: off the event loop."""
    found, _ = await asyncio.to_thread(google.auth.default, scopes=[SCOPE])
    return found


async def signed_in() -> None:
    """Fetch a token with the credentials: a key that was revoked is found before the first picture."""
    found = await credentials()
    await asyncio.to_thread(found.refresh, token_transport.Request())


async def client_of(client: Callable[..., Any], transport: Callable[..., Any], endpoint: str | None) -> Any:
    """A generated client on its own channel; to be called inside the running loop."""
    address = plain_address(endpoint)
    if address is not None:
        return client(transport=transport(channel=grpc.aio.insecure_channel(address)))
    options = {"api_endpoint": endpoint.removeprefix("https://")} if endpoint else {}
    return client(credentials=await credentials(), client_options=options)


def parsed(kind: Any, answer: Any, name: str) -> Any:
    """The protobuf message inside a generated client's answer. Raises SourceFailure where there is none: gRPC hands out
    nothing, without an error, when the bytes could not be parsed."""
    if not isinstance(answer, kind):
        raise SourceFailure(Reason.BAD_ANSWER, f"{name}: the answer cannot be read.")
    return kind.pb(answer)
