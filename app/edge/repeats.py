"""Idempotency-Key: a write that is sent again is answered as it was answered, and not done again.

As Stripe does it: a key of up to 255 characters belongs to one request for a day. Nothing is kept of a request that was
refused before it began to do anything, so it may be mended and sent under its key again; once it has begun, whatever
came of it is its answer. Routes say where that is: `await repeat.begin()` stands before the first effect.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated, cast

from fastapi import Depends, Header
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.edge.problems import internal_problem, problem
from app.errors import AppError
from app.idempotency import (
    Answer,
    Fingerprint,
    IdempotencyMismatch,
    Kept,
    RepeatRunning,
    RepeatStore,
    WriteOutcomeUnknown,
)
from app.identity import Caller, ScopeMissing
from app.identity import Scope as KeyScope

Begin = Callable[[], Awaitable[None]]

HEADER = "idempotency-key"
REPLAYED = "idempotent-replayed"
LONGEST_KEY = 255
KEEP_EVERY_S = 5.0
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_KEY = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_KEY}}}")
_WORTH_REPEATING = frozenset({"content-type", "location", "etag"})


class Repeats:
    """Pure ASGI middleware, innermost: the body it sees is bounded, and the caller is known.

    Reads the store from the lifespan's state.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI call."""
        key = Headers(scope=scope).get(HEADER) if scope["type"] == "http" and scope["method"] in _WRITES else None
        caller: Caller | None = scope.get("state", {}).get("caller")
        # A key that is none is refused by the route; where no route takes the method, that is what has to be said.
        if key is None or caller is None or _KEY.fullmatch(key) is None or not _is_served(scope):
            await self.app(scope, receive, send)
            return
        repeat = Repeat(scope["state"]["repeats"], caller, key, scope, receive)
        try:
            known = await repeat.known()
            answer = None if known is None else repeat.answer_again(known)
        except AppError as refusal:
            answer = problem(refusal, str(scope["state"].get("request_id", "")))
        if answer is not None:
            await answer(scope, receive, send)
            return
        scope["state"]["repeat"] = repeat
        await repeat.serve(self.app, send)


def _is_served(scope: Scope) -> bool:
    return any(route.matches(scope)[0] is Match.FULL for route in scope["app"].routes)


class Repeat:
    """One write with a key, from its first byte to its answer."""

    def __init__(self, store: RepeatStore, caller: Caller, key: str, scope: Scope, receive: Receive) -> None:
        self._store = store
        self._caller = caller
        self._name = (caller.shop, key)
        self._scope = scope
        self._receive = receive
        self._fingerprint = _fingerprint(scope)
        self._body_ended = False
        self._keeping: asyncio.Task[None] | None = None
        self._said: list[Message] = []

    async def known(self) -> Kept | None:
        """What is known of the key; the body is then read to its end, to be compared."""
        known = await self._store.find(*self._name)
        if known is not None:
            await self._read_to_the_end()
        return known

    def answer_again(self, known: Kept) -> Response:
        """The answer that was given. Raises ScopeMissing, IdempotencyMismatch, RepeatRunning, WriteOutcomeUnknown."""
        if known.scope and not self._caller.may(KeyScope(known.scope)):
            raise ScopeMissing(f"This call needs the scope {known.scope}.", fix="Call with a key that has it.")
        self._refuse_other(known)
        if known.answer is None:
            raise WriteOutcomeUnknown(
                "The server ended while it did this: it may be done or not.",
                fix="Read the thing that was to be changed; if it is not done, send it again under a new key.",
            )
        headers = {**known.answer.headers, REPLAYED: "true"}
        return Response(known.answer.body, known.answer.status, headers)

    async def begin(self) -> None:
        """Claim the key, so that nobody else does the same. Raises RepeatRunning, IdempotencyMismatch and others."""
        if self._keeping is not None:
            return
        await self._read_to_the_end()
        scope = str(self._scope["state"].get("needed_scope") or "")
        known = await self._store.begin(*self._name, self._fingerprint.digest(), scope)
        if known is not None:
            self._refuse_other(known)
            raise RepeatRunning(
                "It has just been done under this key.", fix="Send it again in a second to be told its answer."
            )
        self._keeping = asyncio.create_task(self._keep())

    async def serve(self, app: ASGIApp, send: Send) -> None:
        """Let the app answer. An answer of work that was begun is kept before anybody is told."""

        async def sending(message: Message) -> None:
            if self._keeping is None:
                await send(message)
                return
            self._said.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                await self._finish()
                for one in self._said:
                    await send(one)

        try:
            await app(self._scope, self.receive, sending)
        except Exception:
            if self._keeping is not None:
                self._said = []
                await internal_problem(str(self._scope["state"].get("request_id", "")))(
                    self._scope, self.receive, self._hear
                )
                with suppress(AppError):  # what went wrong first is what is told
                    await self._finish()
            raise
        finally:
            if self._keeping is not None:
                self._keeping.cancel()

    async def receive(self) -> Message:
        """The request's next message, its bytes counted into the fingerprint."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._fingerprint.update(message.get("body", b""))
            self._body_ended = not message.get("more_body", False)
        return message

    async def _read_to_the_end(self) -> None:
        while not self._body_ended:
            if (await self.receive())["type"] == "http.disconnect":
                return

    def _refuse_other(self, known: Kept) -> None:
        if known.fingerprint != self._fingerprint.digest():
            raise IdempotencyMismatch(
                "This Idempotency-Key was used for another request.", fix="Make a new key for each different write."
            )
        if known.runs:
            raise RepeatRunning("The same write is being done in this moment.", fix="Send it again in a second.")

    async def _finish(self) -> None:
        start, *bodies = self._said
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
        kept = {name: value for name, value in headers.items() if name in _WORTH_REPEATING}
        body = b"".join(one.get("body", b"") for one in bodies)
        await self._store.finish(*self._name, Answer(start["status"], kept, body))

    async def _hear(self, message: Message) -> None:
        self._said.append(message)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY_S)
            with suppress(AppError):  # the next try may reach the file; without any the write is called unknown
                await self._store.keep(*self._name)


def _fingerprint(scope: Scope) -> Fingerprint:
    media_type, options = parse_options_header(Headers(scope=scope).get("content-type", ""))
    where = (scope["method"], scope["path"], scope["query_string"].decode("latin-1"), media_type.decode("latin-1"))
    return Fingerprint(*where, boundary=options.get(b"boundary", b""))


async def _once(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=LONGEST_KEY,
            pattern=r"^[\x21-\x7e]+$",
            description="A key of your own making for this write. Sent again under it within a day, it is not done"
            " again, and answered as before, with `Idempotent-Replayed: true`.",
            examples=["5f0c7d0c-6f5e-4a0f-9a3a-1b2c3d4e5f60"],
        ),
    ] = None,
) -> Begin:
    repeat = cast("Repeat | None", getattr(request.state, "repeat", None))
    return _begun_already if repeat is None or idempotency_key is None else repeat.begin


async def _begun_already() -> None:
    """Without a key there is nothing to claim."""


BeginDep = Annotated[Begin, Depends(_once)]
"""`await begin()` before the first effect of a write: from there on its answer is kept under its Idempotency-Key."""
