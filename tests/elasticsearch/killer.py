"""An HTTP proxy in front of Elasticsearch that sees every request, and can kill a process at one of them."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

_NOT_PASSED_ON = {"host", "content-length", "transfer-encoding", "content-encoding", "connection"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. body: as it was meant, unpacked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Watched:
    """What was asked. at: the request at which `act` is called once; afterwards: when it was answered, not before."""

    address: str = ""
    asked: list[Asked] = field(default_factory=list)
    at: Callable[[Asked], bool] | None = None
    act: Callable[[], None] = lambda: None
    afterwards: bool = False


@asynccontextmanager
async def watched(target: str) -> AsyncIterator[Watched]:
    """Serve."""
    watched = Watched()

    async def handle(request: web.Request) -> web.StreamResponse:
        asked = Asked(request.method, request.path, request.headers, await request.read())
        watched.asked.append(asked)
        is_it = watched.at is not None and watched.at(asked)
        if is_it:
            watched.at = None
            if not watched.afterwards:
                watched.act()
                raise web.HTTPServiceUnavailable
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _NOT_PASSED_ON}
        async with session.request(
            request.method, target + request.path_qs, data=asked.body or None, headers=headers
        ) as answer:
            content = await answer.read()
            if is_it:
                watched.act()
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _NOT_PASSED_ON}
            return web.Response(status=answer.status, body=content, headers=kept)

    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    async with aiohttp.ClientSession() as session:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        watched.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield watched
        finally:
            await runner.cleanup()
