"""A real server of our own for the length of a measurement: `akin serve` on a free loopback port."""

import errno
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.errors import Unavailable

READY_WITHIN_S = 120.0
_PORTS = range(20_000, 32_000)
"""Below what Linux (32,768) and all others (49,152) give to outgoing connections."""


class ServerDidNotStart(Unavailable):
    """The measured server ended or did not become ready; the detail holds its last words."""

    code = "server-did-not-start"
    title = "The server to measure did not start"


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers /ready with 200. address: http://127.0.0.1:PORT. process: its first process."""

    address: str
    process: "subprocess.Popen[bytes]"

    def resident_mb(self) -> float:
        """Resident memory of the server process alone, in MiB, without its decode workers. Linux only."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        kilobytes = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
        return int(kilobytes.group(1)) / 1024 if kilobytes else float("nan")


@contextmanager
def running_server(settings: Mapping[str, str], log: Path) -> Iterator[RunningServer]:
    """Start `akin serve` with these AKIN_ settings, wait until it is ready, and end it afterwards.

    log: file that takes what the server prints. Raises ServerDidNotStart.
    """
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AKIN_")}
    environment |= {**settings, "AKIN_PORT": str(port), "AKIN_HOST": "127.0.0.1"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve"], env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until_ready(address, process, words=lambda: log.read_text(encoding="utf-8", errors="replace")[-600:])
            yield RunningServer(address, process)
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_ready(
    address: str, process: "subprocess.Popen[bytes]", *, words: Callable[[], str] = lambda: ""
) -> None:
    """Return once /ready answers 200. words: what the server printed last. Raises ServerDidNotStart."""
    deadline = time.monotonic() + READY_WITHIN_S
    answer = "nothing"
    while time.monotonic() < deadline and process.poll() is None:
        try:
            response = httpx.get(f"{address}/ready", timeout=10)
            if response.status_code == httpx.codes.OK:
                return
            answer = response.text
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.1)
    ended = f"ended with {process.returncode}" if process.poll() is not None else "is not ready yet"
    raise ServerDidNotStart(f"The server {ended}; /ready answered {answer}. {words()}".rstrip())


def free_port() -> int:
    """A loopback port that was free a moment ago, and that no outgoing connection is given.

    Whoever knocks at one of those until a server listens there may be given it himself: he is then connected with
    himself, and the server finds its port taken. Raises OSError when a hundred ports were taken.
    """
    for _ in range(100):
        port = secrets.choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError(errno.EADDRINUSE, "no free port was found")
