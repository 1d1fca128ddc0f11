"""Requests on a schedule of the wall clock: what is due is sent, however late the answers before it are.

A closed loop (send, wait, send) hides overload, as it slows down together with the server. Requests are bytes made once
and sent over a fresh connection each, so that the generator takes little of the cores it shares with the server. Its
own lateness is told with each answer: what it sends late by it also reads late by, and neither is the server's.
"""

import asyncio
import multiprocessing
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

import uvloop

_BOUNDARY = b"open-loop"
_PATIENCE_S = 30.0
_FIRST = -10
"""The priority of a generator; usual is 0."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One request. due_s: when it had to be sent, from the begin. took_s: from then to the end of the answer. status: 0
    where there was none. headers: names in lower case. late_s: by how much later than due this generator sent it.
    """

    due_s: float
    took_s: float
    status: int
    headers: Mapping[bytes, bytes] = field(default_factory=dict)
    late_s: float = 0.0

    @property
    def answered_s(self) -> float:
        """From when it was sent to the end of the answer."""
        return self.took_s - self.late_s


def photo_request(host: str, photo: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """The bytes of a search by photo."""
    body = (
        b'--%s\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n' % _BOUNDARY
        + photo
        + b"\r\n--%s--\r\n" % _BOUNDARY
    )
    more = {"content-type": f"multipart/form-data; boundary={_BOUNDARY.decode()}", "content-length": str(len(body))}
    return head("POST", "/search-by-photo", host, {**more, **(headers or {})}) + body


def head(method: str, path: str, host: str, headers: Mapping[str, str] | None = None) -> bytes:
    """The bytes of a request without a body."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {host}", "connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def send(address: str, request: bytes, due_s: float = 0.0, since: float | None = None) -> Answer:
    """Send one request and read its answer to the end. since: `perf_counter` of the moment it was due."""
    sent = time.perf_counter()
    began = sent if since is None else since
    try:
        async with asyncio.timeout(_PATIENCE_S):
            raw = await _exchange(address, request)
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return Answer(due_s, time.perf_counter() - began, 0, late_s=sent - began)
    top = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    pairs = [line.partition(b":") for line in top[1:]]
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    status = int(top[0].split()[1]) if top[0].startswith(b"HTTP/") else 0
    return Answer(due_s, time.perf_counter() - began, status, headers, sent - began)


async def _exchange(address: str, request: bytes) -> bytes:
    url = urlsplit(address)
    loop = asyncio.get_running_loop()
    host, port = url.hostname or "", url.port or 80
    transport, exchange = await loop.create_connection(lambda: _Exchange(loop, request), host, port)
    try:
        return await exchange.answered
    finally:
        transport.close()


class _Exchange(asyncio.Protocol):
    """One request, and all that comes back until the server closes: half of what streams cost."""

    def __init__(self, loop: asyncio.AbstractEventLoop, request: bytes) -> None:
        self._request = request
        self._received = bytearray()
        self.answered: asyncio.Future[bytes] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send it."""
        cast("asyncio.WriteTransport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        """Keep it."""
        self._received += data

    def connection_lost(self, error: Exception | None) -> None:
        """Hand over what came."""
        if self.answered.done():
            return
        if error is None:
            self.answered.set_result(bytes(self._received))
        else:
            self.answered.set_exception(error)


async def open_loop(address: str, request: bytes, *, per_s: float, seconds: float) -> list[Answer]:
    """Send `per_s` requests a second for so long; the answers, in the order they were due."""
    begin = time.perf_counter()
    running: list[asyncio.Task[Answer]] = []
    for number in range(int(per_s * seconds)):
        due_s = number / per_s
        await asyncio.sleep(max(0.0, begin + due_s - time.perf_counter()))
        running.append(asyncio.create_task(send(address, request, due_s, begin + due_s)))
    return list(await asyncio.gather(*running))


async def open_loop_apart(
    address: str, request: bytes, *, per_s: float, seconds: float
) -> "asyncio.Future[list[Answer]]":
    """`open_loop` in a process of its own, which what this one does meanwhile does not delay, and which comes before
    others where the system lets it: callers do not wait for the server's cores. Returns once it begins; what is
    returned has the answers."""
    loop = asyncio.get_running_loop()
    apart = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    await loop.run_in_executor(apart, time.perf_counter)
    answers = loop.run_in_executor(apart, _looped, address, request, per_s, seconds)
    apart.shutdown(wait=False)
    return answers


def _looped(address: str, request: bytes, per_s: float, seconds: float) -> list[Answer]:
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, _FIRST)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(open_loop(address, request, per_s=per_s, seconds=seconds))


async def closed_loop(address: str, request: bytes, *, callers: int, seconds: float) -> list[Answer]:
    """So many callers, each sending again when it was answered: what the server can do at most."""
    answers: list[Answer] = []
    until = time.perf_counter() + seconds

    async def calling() -> None:
        while time.perf_counter() < until:
            answers.append(await send(address, request))

    await asyncio.gather(*(calling() for _ in range(callers)))
    return answers


@contextmanager
def refusing() -> Iterator[str]:
    """An address where whatever comes is answered 503 at once, with next to no work: what a generator costs is seen
    there."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:

        def refuse() -> None:
            with suppress(OSError):  # it was closed: nobody is expected any longer
                while True:
                    caller, _ = listening.accept()
                    with caller, suppress(ConnectionError):
                        caller.recv(65_536)
                        caller.sendall(b"HTTP/1.1 503 \r\nretry-after: 1\r\n\r\n")

        threading.Thread(target=refuse, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed; NaN of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")
