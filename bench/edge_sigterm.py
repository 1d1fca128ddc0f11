"""Two servers behind a balancer, stopped in turns with SIGTERM under load: failed requests, time to stop, what is left.

What is measured is stopping, so nothing is refused for being late: the queue is long and the deadline a minute. Of 50
requests one is a photo (200 x 200 pixels), nine are searches by words and forty read a product: fifty photos a second
are more than two cores decode and look at.
python -m bench.edge_sigterm
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import psutil

from app.benchmark import free_port
from bench.drawn_shop import run_loader, write_shop
from bench.edge_server import files_in, quick_start, upper
from bench.promise import NotMeasurable
from bench.shops import clean_environment
from tests.builders import a_photo_file
from tests.ops.balancer import Balancer

STOPS = int(os.environ.get("SIGTERM_STOPS", "20"))
RATE = float(os.environ.get("SIGTERM_RATE", "50"))
PRODUCTS = 40
ROOMY = {
    "search_slots": "64", "search_queue": "2000", "deadline_ms": "60000", "decode_timeout_s": "30",
    "rate_per_key": "1000000", "rate_per_address": "1000000",
}  # fmt: skip
DELAY_S = 2.0
READY_WITHIN_S = 180.0


def measure() -> Mapping[str, float]:
    """ "failed": requests without an answer below 500. "slowest_exit": seconds from SIGTERM to the end. "orphans":
    processes left after their server. "sent": requests."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        loaded = run_loader(folder, "load", str(write_shop(folder, PRODUCTS)), "--type-from", "custom_label_0")
        if loaded.returncode != 0:
            raise NotMeasurable(f"the shop was not loaded: {loaded.stderr[-300:]}")
        return asyncio.run(_stopped_in_turns(folder))


async def _stopped_in_turns(folder: Path) -> Mapping[str, float]:
    ports = (free_port(), free_port())
    photos = [a_photo_file("ring", "teal", seed=seed, side=200) for seed in range(8)]

    def request(number: int) -> httpx.Request:
        if number % 50 == 0:
            return httpx.Request("POST", "http://x/search-by-photo", files={"photo": ("x.jpg", photos[number % 8])})
        if number % 5 == 0:
            return httpx.Request("GET", "http://x/search", params={"text": f"ring {number % 40}"})
        return httpx.Request("GET", f"http://x/products/p{number % PRODUCTS}")

    servers = {port: _start(folder, port) for port in ports}
    balancer = Balancer([f"http://127.0.0.1:{port}" for port in ports])
    slowest = orphans = 0.0
    try:
        async with balancer.running(RATE, request):
            for stop in range(STOPS):
                await _all_ready(balancer, folder, servers)
                port = ports[stop % 2]
                family = psutil.Process(servers[port].pid).children(recursive=True)
                began = time.monotonic()
                servers[port].send_signal(signal.SIGTERM)
                await asyncio.to_thread(servers[port].wait, 60)
                slowest = max(slowest, time.monotonic() - began)
                orphans += len((await asyncio.to_thread(psutil.wait_procs, family, 10))[1])
                servers[port] = _start(folder, port)
                failures = balancer.traffic.failures
                print(f"  stop {stop + 1}: {balancer.traffic.sent} sent, failed: {failures[-3:]}", file=sys.stderr)
    finally:
        for server in servers.values():
            server.terminate()
        for server in servers.values():
            server.wait(60)
    return {
        "failed": float(len(balancer.traffic.failures)),
        "slowest_exit": slowest,
        "orphans": orphans,
        "sent": float(balancer.traffic.sent),
    }


async def _all_ready(balancer: Balancer, folder: Path, servers: Mapping[int, "subprocess.Popen[bytes]"]) -> None:
    """Raises NotMeasurable with the last words of a server that is not."""
    try:
        await asyncio.wait_for(balancer.until_all_are_ready(), READY_WITHIN_S)
    except TimeoutError as late:
        told = [
            f"{port} ({servers[port].poll()}): {(folder / f'{port}.log').read_text(encoding='utf-8')[-500:]}"
            for port in servers
        ]
        raise NotMeasurable("a server is not ready: " + "\n".join(told)) from late


def _start(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    environment = clean_environment() | files_in(folder) | upper(ROOMY) | quick_start()
    environment |= {"AKIN_PORT": str(port), "AKIN_DRAIN_DELAY_S": str(DELAY_S)}
    with (folder / f"{port}.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "app.cli", "serve"], env=environment, stdout=log, stderr=log)


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
