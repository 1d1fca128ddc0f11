"""SIGTERM: /ready first, requests are taken meanwhile, all are answered, and nothing is left running."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from app.benchmark import free_port, wait_until_ready
from tests.builders import a_photo_file
from tests.edge.test_server import settings_of
from tests.ops.balancer import Balancer

pytestmark = pytest.mark.anyio

ROOMY = {"AKIN_SEARCH_SLOTS": "200", "AKIN_DEADLINE_MS": "60000", "AKIN_DECODE_TIMEOUT_S": "30"}
"""A starved machine is slow, and nothing is refused for that."""


@contextmanager
def started(folder: Path, port: int, **settings: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`akin serve` on this port, perhaps not ready yet; ended by force at the end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AKIN_")}
    environment |= settings_of(folder) | {"AKIN_PORT": str(port)} | settings
    with (folder / f"{port}.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "app.cli", "serve"], env=environment, stdout=log, stderr=log)
        try:
            yield process
        finally:
            for child in [*psutil.Process(process.pid).children(recursive=True)] if process.poll() is None else []:
                child.kill()
            process.kill()
            process.wait()


@contextmanager
def served(folder: Path, port: int, **settings: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`started`, and ready."""
    with started(folder, port, **settings) as process:
        wait_until_ready(f"http://127.0.0.1:{port}", process)
        yield process


@pytest.fixture
def shop(shop_file: Path, tmp_path: Path) -> Path:
    """A folder with a loaded shop."""
    shutil.copy(shop_file, tmp_path / "akin.db")
    return tmp_path


async def test_no_request_fails_while_one_of_two_servers_is_stopped(shop: Path) -> None:
    photo = a_photo_file("ring", "teal", seed=7, side=200)

    def request(number: int) -> httpx.Request:
        if number % 20 == 0:
            return httpx.Request("POST", "http://x/search-by-photo", files={"photo": ("x.jpg", photo)})
        return httpx.Request("GET", "http://x/search", params={"text": f"teal ring {number}"})

    ports = (free_port(), free_port())
    addresses = [f"http://127.0.0.1:{port}" for port in ports]
    with (
        started(shop, ports[0], AKIN_DRAIN_DELAY_S="2", AKIN_WORKERS="2", **ROOMY) as stopped,
        started(shop, ports[1], **ROOMY) as other,
    ):
        for address, process in zip(addresses, (stopped, other), strict=True):
            await asyncio.to_thread(wait_until_ready, address, process)
        children = psutil.Process(stopped.pid).children(recursive=True)
        balancer = Balancer(addresses)
        async with balancer.running(5, request):
            await balancer.until_all_are_ready()
            await asyncio.sleep(2)
            stopped.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(stopped.wait, 60) in {0, -signal.SIGTERM}
            await asyncio.sleep(1)
        assert balancer.traffic.failures == []
        assert sum(balancer.traffic.answered.values()) == balancer.traffic.sent > 20
        assert 503 in balancer.seen[addresses[0]], "it said that it is not ready while it still answered"
        _, alive = psutil.wait_procs(children, timeout=10)
        assert alive == []


def test_a_server_that_is_killed_leaves_no_process(shop: Path) -> None:
    with served(shop, free_port(), AKIN_WORKERS="2") as process:
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) > 4, "two server processes, each with a decoding process and what starts those"
        process.kill()
        _, alive = psutil.wait_procs(children, timeout=40)
        assert alive == []


def test_a_stopping_server_says_so_and_takes_requests_on_connections_it_will_close(shop: Path) -> None:
    port = free_port()
    with (
        served(shop, port, AKIN_DRAIN_DELAY_S="60") as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        assert "connection" not in client.get("/live").headers
        for _ in range(3):
            process.send_signal(signal.SIGTERM)  # a service manager and a parent may both send one
        while (answer := client.get("/ready")).status_code == 200:
            time.sleep(0.05)
        assert answer.json()["parts"]["draining"]["fix"]
        assert answer.headers["connection"] == "close"
        assert client.get("/search", params={"text": "ring"}).status_code == 200
        assert client.get("/live").status_code == 200
        assert "akin_draining 1.0" in client.get("/metrics").text
        process.send_signal(signal.SIGINT)  # whoever sits at the keyboard need not wait
        process.wait(40)
