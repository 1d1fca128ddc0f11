"""Traces of a real server, sent over the real wire to a collector: from the API through the decoding process, the
engine and outside sources, joined to the caller's own trace, and without anything a caller said."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from app.benchmark import RunningServer, running_server
from tests.builders import a_photo_file
from tests.cloud.fakes import http
from tests.cloud.fakes.http import FakeVertex
from tests.edge.test_server import settings_of
from tests.telemetry.collector import Collector, collecting

pytestmark = pytest.mark.anyio

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CARD = """
name = "materials"
provider = "vertex"
kind = "classification"
model = "projects/p/locations/us-central1/endpoints/1"
version = "1"
attribute = "material"
"""


def attributes(span: Span) -> dict[str, object]:
    """The span's attributes as plain values."""
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


@pytest.fixture
async def traced(shop_file: Path, tmp_path: Path) -> AsyncIterator[tuple[RunningServer, Collector, FakeVertex]]:
    """A server that asks a fake Vertex and sends its traces."""
    shutil.copy(shop_file, tmp_path / "akin.db")
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "materials.toml").write_text(CARD, encoding="utf-8")
    vertex = FakeVertex()
    with collecting() as collector:
        async with http.serving(vertex) as address, AsyncExitStack() as stack:
            settings = {
                "AKIN_TRACE_ENDPOINT": f"http://127.0.0.1:{collector.server_port}/v1/traces",
                "AKIN_TRACE_SHARE": "1",
                "AKIN_ANALYZERS": "vertex,local",
                "AKIN_VERTEX_ENDPOINT": address,
                "AKIN_MODEL_CARDS": str(tmp_path / "cards"),
                "AKIN_CLOUD_STORE": str(tmp_path / "cloud.db"),
            }
            running = running_server(settings_of(tmp_path) | settings, tmp_path / "server.log")
            server = await asyncio.to_thread(running.__enter__)
            stack.push_async_callback(asyncio.to_thread, running.__exit__, None, None, None)
            yield server, collector, vertex


async def test_one_trace_from_the_caller_through_every_part(
    traced: tuple[RunningServer, Collector, FakeVertex],
) -> None:
    server, collector, vertex = traced
    photo = {"photo": ("private-name.jpg", a_photo_file("ring", "teal", seed=7))}
    words = {"text": "secretwords"}
    headers = {"traceparent": PARENT, "x-request-id": "r-42"}
    async with httpx.AsyncClient(base_url=server.address, timeout=60) as client:
        answer = await client.post("/search-by-photo", files=photo, data=words, headers=headers)
        await client.get("/search", params={"text": "jo@example.org"})
        await client.get("/products/4711-private")
        await client.get("/live")
    assert answer.status_code == 200
    spans = await asyncio.to_thread(collector.until, "POST /search-by-photo")
    ours = {span.name: span for span in spans if span.trace_id.hex() == PARENT.split("-")[1]}
    assert {"decode", "decode in worker", "analyze", "source", "catalog.retrieve", "catalog.products"} <= set(ours)
    whole = ours["POST /search-by-photo"]
    assert whole.parent_span_id.hex() == PARENT.split("-")[2]
    assert attributes(whole)["akin.request_id"] == "r-42"
    assert attributes(whole)["http.response.status_code"] == 200
    assert ours["decode in worker"].parent_span_id == ours["decode"].span_id
    assert ours["source"].parent_span_id == ours["analyze"].span_id
    for span in ours.values():
        assert whole.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
    ((_, _, sent),) = vertex.script.asked
    carried = {name.lower(): value for name, value in sent.items()}["traceparent"]
    assert carried.split("-")[1:3] == [PARENT.split("-")[1], ours["source"].span_id.hex()]
    await asyncio.to_thread(collector.until, "GET /products/{product_id:path}")
    for private in (b"secretwords", b"private", b"example.org", b"/live"):
        assert private not in collector.bodies


def test_without_an_endpoint_nothing_of_opentelemetrys_sdk_is_imported(tmp_path: Path) -> None:
    program = "import sys, app.main; print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    environment = {**os.environ, "AKIN_CATALOG": f"sqlite:///{tmp_path / 'akin.db'}"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
