"""A TCP proxy on the loopback that hangs, resets, refuses or answers 503 when a test says so."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal
from urllib.parse import urlsplit

import trustme

Mode = Literal["pass", "hang", "reset", "refuse", "answer 503"]

_SICK = b"""HTTP/1.1 503 Service Unavailable\r
X-Elastic-Product: Elasticsearch\r
Content-Type: application/vnd.elasticsearch+json;compatible-with=9\r
Content-Length: 54\r
\r
{"error":{"type":"x","reason":"sick"},"status":503}   """


class Proxy:
    """Between a client and a server. connections: how many were made. authority: its clients speak TLS to it."""

    def __init__(self, target: str, authority: trustme.CA | None = None) -> None:
        place = urlsplit(target)
        self._host, self._port = place.hostname or "", place.port or 0
        self._tls: ssl.SSLContext | None = None
        if authority is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1").configure_cert(self._tls)
        self._mode: Mode = "pass"
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self.address = ""
        self.connections = 0

    async def turn(self, mode: Mode) -> None:
        """From now on do this, to connections that are open too."""
        self._mode = mode
        if mode == "hang":
            self._flows.clear()
        else:
            self._flows.set()
        if mode in {"reset", "refuse", "answer 503"}:
            self._cut()
        if mode == "refuse" and self._server is not None:
            self._server.close()
            self._server = None
        elif mode != "refuse" and self._server is None:
            await self.open(urlsplit(self.address).port or 0)

    async def open(self, port: int = 0) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=self._tls)
        self.address = f"{'https' if self._tls else 'http'}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        """End everything."""
        self._flows.set()
        self._cut()
        if self._server is not None:
            self._server.close()

    def _cut(self) -> None:
        for writer in list(self._writers):
            found = writer.get_extra_info("socket")
            if found is not None:
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # an RST, not a FIN
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            if self._mode == "reset":
                self._cut()
            elif self._mode == "answer 503":
                while await reader.readuntil(b"\r\n\r\n"):
                    writer.write(_SICK)
                    await writer.drain()
                    writer.close()
                    return
            else:
                await self._join(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flows.wait()
        there, back = await asyncio.open_connection(self._host, self._port)
        self._writers.add(back)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, back))
                group.create_task(self._pump(there, writer))
        finally:
            self._writers.discard(back)
            back.close()

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                await self._flows.wait()
                target.write(data)
                await target.drain()
        target.close()


@asynccontextmanager
async def proxy_to(target: str, authority: trustme.CA | None = None) -> AsyncIterator[Proxy]:
    """A proxy that passes everything on. authority: it speaks TLS to its clients, with a certificate of this one."""
    proxy = Proxy(target, authority)
    await proxy.open()
    try:
        yield proxy
    finally:
        proxy.close()
        await asyncio.sleep(0)
