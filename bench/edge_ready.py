"""Eight faults planted in running servers: how soon /ready says no and names the part, while /live goes on.

python -m bench.edge_ready
"""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import psutil

from app.benchmark import running_server
from app.settings import load_settings
from app.wiring import open_catalog, open_catalog_writer
from bench.drawn_shop import run_loader, write_shop
from bench.edge_server import EdgeServer, files_in, upper
from bench.promise import NotMeasurable
from tests.builders import a_photo_file

WITHIN_S = 5.0
LOOK_EVERY_S = 0.1
Plant = Callable[[EdgeServer, ExitStack], str]
"""Plants a fault and returns the part that must say so; what heals it is left on the stack."""


def measure() -> Mapping[str, float]:
    """ "missed": faults that /ready did not tell within 5 s, or with another part than the sick one; "slowest": seconds
    until it did; "live_failures": answers of /live other than 200 meanwhile."""
    slowest, missed, live_failures = 0.0, 0, 0
    with _shop() as loaded:
        for plant in FAULTS:
            with _served(loaded) as server, ExitStack() as healing:
                part = plant(server, healing)
                took, failures = _until_told(server, part)
            print(f"  {plant.__name__}: {part} told after {took:.1f} s, /live failed {failures} times", file=sys.stderr)
            slowest, missed = max(slowest, took), missed + (took > WITHIN_S)
            live_failures += failures
    return {"missed": float(missed), "slowest": slowest, "live_failures": float(live_failures), "faults": len(FAULTS)}


@contextmanager
def _shop() -> Iterator[Path]:
    """A loaded catalog file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        loaded = run_loader(folder, "load", str(write_shop(folder, 20)), "--type-from", "custom_label_0")
        if loaded.returncode != 0:
            raise NotMeasurable(f"the shop was not loaded: {loaded.stderr[-300:]}")
        yield folder / "akin.db"


@contextmanager
def _served(loaded: Path) -> Iterator[EdgeServer]:
    """A server of a copy of it."""
    settings = upper({"decode_slots": "1", "search_slots": "64", "decode_timeout_s": "60", "drain_delay_s": "60"})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(loaded, folder / "akin.db")
        with running_server(files_in(folder) | settings, folder / "server.log") as server:
            yield EdgeServer(server, folder)
            server.process.kill()  # the sick end slowly


def _until_told(server: EdgeServer, part: str) -> tuple[float, int]:
    """Seconds until /ready is 503 because of the part (20 when it never is); how often /live failed meanwhile."""
    began, failures = time.monotonic(), 0
    with httpx.Client(base_url=server.address, timeout=10) as client:
        while (took := time.monotonic() - began) < 4 * WITHIN_S:
            failures += client.get("/live").status_code != 200
            answer = client.get("/ready")
            sick = {name for name, state in answer.json()["parts"].items() if not state["ok"]}
            if answer.status_code == 503 and part in sick:
                return time.monotonic() - began, failures
            time.sleep(LOOK_EVERY_S)
    return took, failures


def decoders_are_stopped(server: EdgeServer, healing: ExitStack) -> str:
    """The decoding processes stand still, as on a machine that swaps."""
    for one in server.decoders():
        one.suspend()
        healing.callback(_resumed, one)
    return "decoder"


def decoders_cannot_start(server: EdgeServer, _: ExitStack) -> str:
    """They died, and what starts them is stopped: no process can be made."""
    for fork_server in {one.parent() for one in server.decoders()}:
        if fork_server is not None:
            fork_server.suspend()
    for one in server.decoders():
        one.kill()
    return "decoder"


def decoders_die_at_once(server: EdgeServer, healing: ExitStack) -> str:
    """Something kills every new one, as the kernel does where there is no memory."""
    stop = threading.Event()
    pool = healing.enter_context(futures.ThreadPoolExecutor(1))
    healing.callback(stop.set)

    def kill() -> None:
        while not stop.is_set():
            with suppress(psutil.Error):
                for one in server.decoders():
                    one.kill()

    pool.submit(kill)
    return "decoder"


def queue_is_full(server: EdgeServer, healing: ExitStack) -> str:
    """More photos come than can be decoded."""
    decoders_are_stopped(server, healing)
    pool = healing.enter_context(futures.ThreadPoolExecutor(12))
    photo = a_photo_file("ring", "teal", seed=7)

    def send() -> None:
        with suppress(httpx.TransportError):  # the server is ended while they wait
            httpx.post(f"{server.address}/search-by-photo", files={"photo": ("x.jpg", photo)}, timeout=30)

    for _ in range(12):
        pool.submit(send)
    healing.callback(server.server.process.kill)
    return "queue"


def another_embedder(server: EdgeServer, _: ExitStack) -> str:
    """Somebody publishes a generation that was loaded with another embedder."""
    settings = load_settings(catalog=files_in(server.folder)["AKIN_CATALOG"])

    async def published() -> None:
        writer, catalog = open_catalog_writer(settings), open_catalog(settings)
        generation = await writer.begin(embedder="other/7", dims=16, source="s", holder="bench")
        await writer.verify(generation.id, expected_products=0)
        await catalog.publish(generation.id)
        await writer.close()
        await catalog.close()

    asyncio.run(published())
    return "embedder"


def catalog_is_damaged(server: EdgeServer, _: ExitStack) -> str:
    """The disk gives back other bytes than were written."""
    for end in ("", "-wal"):
        path = server.folder / f"akin.db{end}"
        if path.exists():
            with path.open("r+b") as file:
                file.write(os.urandom(path.stat().st_size))
    return "catalog"


def catalog_is_gone(server: EdgeServer, _: ExitStack) -> str:
    """Somebody empties the file."""
    for end in ("-wal", ""):
        path = server.folder / f"akin.db{end}"
        if path.exists():
            os.truncate(path, 0)
    return "catalog"


def told_to_stop(server: EdgeServer, _: ExitStack) -> str:
    """A deployment replaces it."""
    server.server.process.send_signal(signal.SIGTERM)
    return "draining"


def _resumed(process: psutil.Process) -> None:
    if process.is_running():
        process.resume()


FAULTS: tuple[Plant, ...] = (
    decoders_are_stopped,
    decoders_cannot_start,
    decoders_die_at_once,
    queue_is_full,
    another_embedder,
    catalog_is_damaged,
    catalog_is_gone,
    told_to_stop,
)

if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
