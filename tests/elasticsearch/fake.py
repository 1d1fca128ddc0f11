"""A server on the loopback that answers as an Elasticsearch does, except where a test says otherwise."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Answer = tuple[int, Any]
Handler = Callable[[str, str, bytes], Answer | None]
"""Method, path, body -> status and JSON body; None drops the connection."""

PRODUCT = {"X-Elastic-Product": "Elasticsearch"}


@asynccontextmanager
async def fake_server(answer: Handler, *, headers: Mapping[str, str] = PRODUCT) -> AsyncIterator[str]:
    """Serve; yields the address."""

    async def handle(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        found = answer(request.method, request.path, body)
        if found is None:
            assert request.transport is not None
            request.transport.abort()
            await asyncio.sleep(0)
            raise web.HTTPServiceUnavailable
        status, content = found
        kind = "application/vnd.elasticsearch+json"
        return web.Response(status=status, body=json.dumps(content).encode(), headers=headers, content_type=kind)

    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
