"""A real server process on a free port of this machine."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
READY_WITHIN_S = 60


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it listens, and its process."""

    address: str
    process: "subprocess.Popen[bytes]"


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Server]:
    """`akin serve` on the catalog in the folder, ready; stopped at the end. settings: AKIN_* names in lower case."""
    port = free_port()
    environment = {
        **os.environ,
        "AKIN_CATALOG": f"sqlite:///{folder / 'akin.db'}",
        "AKIN_PHOTO_STORE": str(folder / "photos.db"),
        "AKIN_DECODE_SLOTS": "1",
        **{f"AKIN_{name.upper()}": value for name, value in settings.items()},
    }
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        server = Server(f"http://127.0.0.1:{port}", process)
        wait_until_ready(server, folder / "server.log")
        yield server
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(server: Server, log: Path) -> None:
    """Return when /ready says so; raise with the server's last words when it does not."""
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until and server.process.poll() is None:
        try:
            if httpx.get(f"{server.address}/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"the server did not become ready:\n{log.read_text(encoding='utf-8')[-2000:]}")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
