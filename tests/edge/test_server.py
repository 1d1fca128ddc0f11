"""The real server: a real socket, two worker processes, an orderly end."""

import re
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from app.benchmark import RunningServer, running_server
from tests.builders import a_photo_file
from tests.edge.problems import assert_problem

SEEN_WITHIN_S = 2


@pytest.fixture(scope="module")
def server(shop_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Two server processes on one catalog."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(shop_file, folder / "akin.db")
    settings = {"AKIN_WORKERS": "2", "AKIN_MAX_PHOTO_BYTES": "400000", "AKIN_BODY_TIMEOUT_S": "1"}
    with running_server(settings_of(folder) | settings, folder / "server.log") as made:
        yield made


def settings_of(folder: Path) -> dict[str, str]:
    """AKIN_* of a server whose files all lie in the folder."""
    return {
        "AKIN_CATALOG": f"sqlite:///{folder / 'akin.db'}",
        "AKIN_KEYS": str(folder / "keys.db"),
        "AKIN_WRITES": str(folder / "writes.db"),
        "AKIN_PHOTO_STORE": str(folder / "photos.db"),
        "AKIN_EVENTS": str(folder / "events.db"),
        "AKIN_INSIGHTS": str(folder / "insights"),
        "AKIN_RATE_STORE": f"sqlite:///{folder / 'rates.db'}",
        "AKIN_DECODE_SLOTS": "1",
    }


def test_a_photo_goes_over_the_wire(server: RunningServer) -> None:
    photo = {"photo": ("chair.jpg", a_photo_file("ring", "teal", seed=7))}
    response = httpx.post(f"{server.address}/search-by-photo", files=photo, timeout=30)
    assert response.status_code == 200
    assert response.json()["items"][0]["product"]["id"] == "ring-teal"
    assert "server" not in response.headers


def test_a_photo_id_of_one_process_is_known_to_the_other(server: RunningServer) -> None:
    photo = {"photo": ("chair.jpg", a_photo_file("ring", "teal", seed=7))}
    photo_id = httpx.post(f"{server.address}/search-by-photo", files=photo, timeout=30).json()["photo_id"]
    for _ in range(10):  # new connections, which the kernel hands to either process
        again = httpx.post(f"{server.address}/search-by-photo", files={"photo_id": (None, photo_id)}, timeout=30)
        assert again.status_code == 200


def test_a_change_is_seen_by_both_processes_in_time(server: RunningServer) -> None:
    response = httpx.patch(f"{server.address}/products/ball-red", json={"title": "A quite new title"}, timeout=30)
    assert response.status_code == 200
    time.sleep(SEEN_WITHIN_S)
    for _ in range(30):
        assert httpx.get(f"{server.address}/products/ball-red").json()["title"] == "A quite new title"
        found = httpx.get(f"{server.address}/search", params={"text": "quite new"}).json()
        assert [item["product"]["id"] for item in found["items"]] == ["ball-red"]


def test_a_body_over_the_cap_is_refused_over_the_wire(server: RunningServer) -> None:
    def endless() -> Iterator[bytes]:
        yield b'--b\r\ncontent-disposition: form-data; name="photo"\r\n\r\n'
        for _ in range(700):
            yield b"x" * 1000

    headers = {"content-type": "multipart/form-data; boundary=b"}
    response = httpx.post(f"{server.address}/search-by-photo", content=endless(), headers=headers, timeout=30)
    assert_problem(response, "body-too-large")


def test_a_caller_who_sends_a_byte_now_and_then_is_cut_off(server: RunningServer) -> None:
    place = urlsplit(server.address)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=20) as caller:
        head = "POST /search-by-photo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        caller.sendall(f"{head}Content-Length: 1000\r\n\r\n-".encode())
        answer = b""
        while data := caller.recv(65_536):
            answer += data
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"urn:akin:problem:body-timeout" in answer


def test_a_refused_request_leaves_the_server_well(server: RunningServer) -> None:
    assert httpx.post(f"{server.address}/search-by-photo", content=b"\xff" * 1000).status_code == 415
    assert httpx.get(f"{server.address}/ready", timeout=10).json()["status"] == "ready"
    assert len(server_processes(server)) == 2


def test_eyes_that_are_killed_cost_no_search(server: RunningServer) -> None:
    """As the kernel kills them on a machine without memory. Whose they are is to be seen in a list of processes."""
    eyes = [one for one in psutil.Process(server.process.pid).children(recursive=True) if one.name() == "akin-look"]
    assert len(eyes) == 2, "one for each server process"
    for one in eyes:
        one.kill()
    photo = {"photo": ("chair.jpg", a_photo_file("ring", "teal", seed=7))}
    for _ in range(4):  # new connections, which the kernel hands to either process
        assert httpx.post(f"{server.address}/search-by-photo", files=photo, timeout=30).status_code == 200
    assert httpx.get(f"{server.address}/ready", timeout=10).json()["status"] == "ready"


def test_who_finds_no_place_is_told_whole_and_all_others_are_served(shop_file: Path, tmp_path: Path) -> None:
    """Sixteen at once for one slot: turned away at the connection, beside searches that are served."""
    shutil.copy(shop_file, tmp_path / "akin.db")
    settings = settings_of(tmp_path) | {"AKIN_SEARCH_SLOTS": "1", "AKIN_SEARCH_QUEUE": "0"}
    photo = a_photo_file("ring", "teal", seed=7)
    with running_server(settings, tmp_path / "server.log") as made, ThreadPoolExecutor(16) as callers:

        def search(_: int) -> httpx.Response:
            return httpx.post(f"{made.address}/search-by-photo", files={"photo": ("x.jpg", photo)}, timeout=30)

        answers = list(callers.map(search, range(64)))
        counted = httpx.get(f"{made.address}/metrics").text
    refused = [one for one in answers if one.status_code != 200]
    assert 0 < len(refused) < len(answers)
    for one in refused:
        assert_problem(one, "overloaded")
    line = re.search(
        r'^akin_http_requests_total\{.*route="/search-by-photo",status="503"\} (\d+)', counted, re.MULTILINE
    )
    assert line is not None, "none was turned away before it was routed"
    assert 0 < int(line[1]) <= len(refused)


def test_the_server_ends_in_order_and_leaves_no_process(shop_file: Path, tmp_path: Path) -> None:
    shutil.copy(shop_file, tmp_path / "akin.db")
    with running_server(settings_of(tmp_path), tmp_path / "server.log") as made:
        children = psutil.Process(made.process.pid).children(recursive=True)
        assert children, "decoding runs in processes of its own"
        made.process.send_signal(signal.SIGTERM)
        assert made.process.wait(30) in {
            0,
            -signal.SIGTERM,
        }  # uvicorn ends by the signal it was given, when all is closed
        assert "Application shutdown complete" in (tmp_path / "server.log").read_text(encoding="utf-8")
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []


def server_processes(server: RunningServer) -> list[psutil.Process]:
    """The worker processes, which is what listens on the port."""
    port = urlsplit(server.address).port
    found = []
    for child in psutil.Process(server.process.pid).children():
        if any(one.laddr.port == port for one in child.net_connections("tcp") if one.status == psutil.CONN_LISTEN):
            found.append(child)
    return found
