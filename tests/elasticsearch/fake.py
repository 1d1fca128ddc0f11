"""A server on the loopback that answers as an Elasticsearch does, except where a test says otherwise."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from aiohttp import web

Answer = tuple[int, Any]
Handler = Callable[[str, str, bytes], Answer | None]
"""Method, path, body -> status and JSON body; None drops the connection."""

PRODUCT = {"X-Elastic-Product": "Elasticsearch"}


class Troubled:
    """A bulk endpoint: 30 % of the items are pushed back, 5 % are superseded, 1 % refused, 2 % of the calls dropped."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self.kept: dict[str, int] = {}
        self.calls = self.items = 0

    def __call__(self, method: str, path: str, body: bytes) -> Answer | None:
        self.calls += 1
        lines = body.decode().splitlines()
        results = [self._one(json.loads(line)["index"]["_id"]) for line in lines[::2]]
        return None if self._rng.random() < 0.02 else (200, {"errors": True, "items": results})

    def _one(self, name: str) -> dict[str, Any]:
        self.items += 1
        number = int(name)
        if number % 100 == 7:
            return {"index": {"status": 400, "error": {"type": "document_parsing_exception", "reason": "bad"}}}
        if self._rng.random() < 0.30:
            return {"index": {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "busy"}}}
        if number % 20 == 3:
            return {"index": {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "newer"}}}
        self.kept[name] = self.kept.get(name, 0) + 1
        return {"index": {"status": 201, "result": "created"}}


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
