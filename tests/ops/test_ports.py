"""The port a server of our own is given."""

import re
import socket
from pathlib import Path

import pytest

from app.benchmark import free_port

GIVEN = Path("/proc/sys/net/ipv4/ip_local_port_range")


@pytest.mark.skipif(not GIVEN.exists(), reason="only Linux tells which ports outgoing connections are given")
def test_it_is_none_of_those_that_outgoing_connections_are_given() -> None:
    lowest, highest = map(int, re.findall(r"\d+", GIVEN.read_text(encoding="ascii")))
    assert all(not lowest <= free_port() <= highest for _ in range(50))


def test_one_that_is_taken_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port, free = taken.getsockname()[1], free_port()
        monkeypatch.setattr("app.benchmark.server._PORTS", [port] * 3 + [free])
        assert {free_port() for _ in range(20)} == {free}
        monkeypatch.setattr("app.benchmark.server._PORTS", [port])
        with pytest.raises(OSError, match="no free port"):
            free_port()
