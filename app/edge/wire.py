"""The HTTP protocol as we serve it: uvicorn's, with bounds on what it leaves open and with our problem shape.

Left to itself it takes request heads without end, waits for ever for one that comes byte by byte, for a caller who
never reads his answer and for the rest of a body nobody wants, and says in plain text what it could not parse.
"""

import asyncio
import logging
from typing import Any, cast

from starlette.responses import Response
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.edge.door import Door
from app.edge.errors import BadHttp, HeadTimeout, HeadTooLarge
from app.edge.headers import add_envelope
from app.edge.problems import problem
from app.edge.request_id import new_request_id
from app.errors import AppError

MAX_HEAD_BYTES = 32 * 1024
"""Request line and headers together."""
HEAD_TIMEOUT_S = 10.0
"""From the first byte of a request (or from connecting) to the end of its headers."""
WRITE_TIMEOUT_S = 30.0
"""How long a caller may leave his answer unread."""
LINGER_S = 2.0
"""How long the rest of a body is still taken after it was answered. Hanging up at once would make the kernel throw away
the answer together with the body."""
LINGER_BYTES = 16 * 1024 * 1024
"""And how much of it: throwing away what comes at full speed is work too."""

access = logging.getLogger("akin.access")


class BoundedHttp(HttpToolsProtocol):
    """One connection."""

    _head_bytes = 0
    _in_head = False
    _refused = False
    _lingered = 0
    _head_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None
    _linger_timer: asyncio.TimerHandle | None = None
    _turned_away: Response | None = None
    """The answer to the request that is being read, which the door did not let in; it is given when all that came was
    read."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """A caller connected; the first request has to come soon."""
        super().connection_made(transport)
        self.transport = cast("asyncio.Transport", _HangsUpGently(transport, self))
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any longer."""
        for timer in (self._head_timer, self._write_timer, self._linger_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some bytes came."""
        if self._linger_timer is not None:
            self._lingered += len(data)
            if self._lingered > LINGER_BYTES:
                self.transport.abort()
                return
        if self._refused:
            return  # taken, and thrown away
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self._head_timer is None and not self._is_in_body():
            self._await_head()
        super().data_received(data)
        if self._turned_away is not None:
            self._turn_away(whole=False)
        elif self._in_head and not self._refused:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(_too_large())

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """All headers are there."""
        self._in_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > MAX_HEAD_BYTES:
            self._refuse(_too_large())
            raise ConnectionAbortedError  # the parser stops, and reports an error that was answered already
        if not self._is_busy():
            door: Door | None = self.app_state.get("door")
            method, path = self.parser.get_method().decode("ascii"), self.url.partition(b"?")[0].decode("ascii")
            self._turned_away = door.refusal(cast("Scope", self.scope), method, path) if door is not None else None
        if self._turned_away is None:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body came."""
        if self._turned_away is None:
            super().on_body(body)

    def on_response_complete(self) -> None:
        """The answer is out."""
        if self.cycle.more_body and not self.pipeline and not self.transport.is_closing():
            self._linger()
        super().on_response_complete()

    def on_message_complete(self) -> None:
        """The body is there to its end, also one that nobody waited for."""
        if self._turned_away is not None:
            self._turn_away(whole=True)
            return
        if self._linger_timer is not None:
            self._linger_timer.cancel()
            self._linger_timer = None
        if self.cycle is not None and self.cycle.response_complete:
            self.cycle.more_body = False
            self._await_head()  # the timer of idle connections was stopped by the bytes of this body
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser did not understand."""
        self._refuse(BadHttp("This is not HTTP as this server reads it.", fix="Use an HTTP library."))

    def pause_writing(self) -> None:
        """The caller does not read."""
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(WRITE_TIMEOUT_S, self.transport.abort)

    def resume_writing(self) -> None:
        """The caller reads again."""
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        super().resume_writing()

    def _is_busy(self) -> bool:
        """Whether an answer is under way."""
        return self.cycle is not None and not self.cycle.response_complete

    def _is_in_body(self) -> bool:
        """Whether what comes belongs to a body that was answered before its end."""
        return self.cycle is not None and self.cycle.more_body

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._head_is_late)

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._in_head:
            self._refuse(
                HeadTimeout(f"The headers did not arrive within {HEAD_TIMEOUT_S:g} seconds.", fix="Send them at once.")
            )
        elif not self.transport.is_closing():
            self.transport.close()

    def hang_up(self, transport: asyncio.Transport) -> None:
        """Close, but let a caller who still sends come to the answer first."""
        sends_still = self._in_head or self._is_in_body()
        if not sends_still or not transport.can_write_eof() or transport.is_closing():
            transport.close()
            return
        self._refused = True
        self.flow.resume_reading()
        transport.write_eof()
        self._linger()

    def _linger(self) -> None:
        if self._linger_timer is None:
            self._lingered = 0
            self._linger_timer = self.loop.call_later(LINGER_S, self.transport.abort)

    def _turn_away(self, *, whole: bool) -> None:
        """Give the door's answer. whole: the request came to its end; another may come over this connection then."""
        answer, self._turned_away = self._turned_away, None
        if answer is None or self.transport.is_closing():
            return
        if whole and self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive():
            self.transport.write(_raw(answer))
            self._await_head()
        else:
            self._hang_up_with(answer, sends_still=not whole)

    def _hang_up_with(self, answer: Response, *, sends_still: bool) -> None:
        """sends_still: the caller may be sending, which nobody reads."""
        self._refused = True
        self._in_head = sends_still
        answer.headers["connection"] = "close"
        self.transport.write(_raw(answer))
        self.transport.close()

    def _refuse(self, error: AppError) -> None:
        """Answer and hang up. Where another answer is under way nothing may be written between its parts."""
        if self._refused:
            return
        self._refused = True
        if self.transport.is_closing():
            return
        if self._is_busy():
            self.transport.abort()
            return
        request_id = new_request_id()
        answer = problem(error, request_id)
        add_envelope(answer.headers, request_id)
        self._hang_up_with(answer, sends_still=True)
        access.info("- - %d 0ms %s %s", answer.status_code, request_id, error.code)


class _HangsUpGently:
    """A transport whose `close` is the protocol's `hang_up`."""

    def __init__(self, transport: asyncio.Transport, protocol: BoundedHttp) -> None:
        self._transport = transport
        self._protocol = protocol
        self._closed = False
        self.write = transport.write  # asked for with every answer, and found without looking

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self._closed or self._transport.is_closing()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._protocol.hang_up(self._transport)


def _raw(answer: Response) -> bytes:
    head = b"".join(b"%s: %s\r\n" % (name, value) for name, value in answer.raw_headers)
    return STATUS_LINE[answer.status_code] + head + b"\r\n" + cast("bytes", answer.body)


def _too_large() -> HeadTooLarge:
    return HeadTooLarge(
        f"Request line and headers are larger than {MAX_HEAD_BYTES} bytes.",
        fix="Send fewer or shorter headers, and long values in the body.",
        max_bytes=MAX_HEAD_BYTES,
    )
