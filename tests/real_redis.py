"""A real redis-server of our own, on a free port of 127.0.0.1, for tests of what several machines share."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.benchmark import free_port


@pytest.fixture(scope="session")
def real_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address; the test is skipped where there is none, and fails in CI."""
    program = shutil.which("redis-server")
    if program is None:
        lacking = "redis-server is not installed: apt-get install redis-server"
        if os.environ.get("CI"):
            pytest.fail(lacking)
        pytest.skip(lacking)
    with redis_server(program, tmp_path_factory.mktemp("redis"), free_port()) as address:
        yield address


class redis_server:
    """A server for the length of a block."""

    def __init__(self, program: str, folder: Path, port: int) -> None:
        self._command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> str:
        """Start, and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
                return f"redis://127.0.0.1:{self._port}/0"
            except OSError:
                assert time.monotonic() < deadline, "redis-server does not answer"
                time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        """End it."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(20)
