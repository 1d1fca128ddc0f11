"""Keys, shops and repeated writes on real servers (rows `edge.keys.*`, `edge.tenants.*`, `edge.idempotency.*`).

python -m bench.edge_identity [keys|tenants|idempotency]
"""

import argparse
import asyncio
import fcntl
import os
import signal
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx

from app.benchmark import RunningServer, running_server
from app.identity import DEFAULT_SHOP, KeyStore, Scope
from app.settings import load_settings
from bench.drawn_shop import run_loader, write_shop
from bench.edge_server import EdgeServer, edge_server, files_in, quick_start
from bench.promise import NotMeasurable
from tests.edge.conftest import load_shop
from tests.identity.operations import operations
from tests.identity.two_shops import leaks, two_shops

PROCESSES = 2
RATE = 20.0
KILLS = 20
AT_ONCE = 100
PROBE = "/products/p0"
REFUSALS = {"key-missing", "key-invalid", "scope-missing", "origin-not-allowed", "shop-not-served"}
NAMES = {"product_id": "p0"}


def keys() -> Mapping[str, float]:
    """wrong_scope: pairs of operation and scope that were answered otherwise than the document says. revoked_s: longest
    time that a revoked key still opened something. rotation_failures: of all requests of a caller who changes over."""
    with edge_server(keyed=True, workers=str(PROCESSES), rate_per_key="0") as served:
        return {
            "wrong_scope": asyncio.run(_wrong_scopes(served)),
            "revoked_s": asyncio.run(_revoked_s(served)),
            "rotation_failures": asyncio.run(_rotation_failures(served)),
        }


def tenants() -> Mapping[str, float]:
    """looked: answers of operations that were asked for another shop's things. leaks: those that told or changed it."""

    async def looked_at(folder: Path) -> tuple[int, list[str]]:
        await load_shop(load_settings(catalog=f"sqlite:///{folder / 'akin.db'}", decode_slots=1))
        async with two_shops(folder, folder / "akin.db") as shops:
            return await leaks(shops)

    with tempfile.TemporaryDirectory() as name:
        looked, found = asyncio.run(looked_at(Path(name)))
    return {"looked": looked, "leaks": len(found)}


def idempotency() -> Mapping[str, float]:
    """executions: of 100 writes at once under one key. kill_effects: most effects of one write whose process was killed
    between effect and record, and that was then sent again. unknown: of those, answered that nobody knows."""
    with edge_server(workers=str(PROCESSES)) as served:
        executions = asyncio.run(_executions(served))
    with tempfile.TemporaryDirectory() as name:
        effects = _killed_writes(Path(name))
    return {"executions": executions, "kill_effects": max(effects), "kills": len(effects)}


async def _wrong_scopes(served: EdgeServer) -> int:
    store = KeyStore(served.folder / "keys.db")
    wrong = 0
    async with httpx.AsyncClient(base_url=served.address, timeout=60) as client:
        for scope in (None, *(one for one in Scope if one is not Scope.ADMIN)):
            text = store.create(name="one", shop=DEFAULT_SHOP, scopes=[scope]).text if scope else None
            headers = {"authorization": f"Bearer {text}"} if text else {}
            for operation in operations():
                if scope is not None and operation.scope in {scope, None}:
                    continue  # what a key may do is not done here: it would change the shop
                answer = await client.send(operation.request(client, NAMES, headers))
                code = answer.json().get("code") if "problem" in answer.headers.get("content-type", "") else None
                expected = None if operation.scope is None else "key-missing" if scope is None else "scope-missing"
                wrong += (code if code in REFUSALS else None) != expected
    return wrong


async def _revoked_s(served: EdgeServer) -> float:
    """New connections all the time, which the kernel hands to any process; from the revocation to the last success."""
    store = KeyStore(served.folder / "keys.db")
    longest = 0.0
    for _ in range(3):
        issued = store.create(name="revoked", shop=DEFAULT_SHOP, scopes=[Scope.SEARCH])
        if not all([await _opens(served, issued.text) for _ in range(10)]):
            raise NotMeasurable("a new key did not open what it should")
        store.revoke(issued.key.id)
        began = last = time.monotonic()
        while time.monotonic() - began < 7:
            if await _opens(served, issued.text):
                last = time.monotonic()
        longest = max(longest, last - began)
    return longest


async def _rotation_failures(served: EdgeServer, seconds: float = 15.0) -> int:
    """20 requests a second. The key is rotated a third of the way; both are used in turn, and last the new alone."""
    store = KeyStore(served.folder / "keys.db")
    old = store.create(name="app", shop=DEFAULT_SHOP, scopes=[Scope.SEARCH])
    failures: list[bool] = []
    texts = [old.text]

    async def ask(text: str) -> None:
        failures.append(not await _opens(served, text))

    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in range(int(seconds * RATE)):
            await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))
            if number == int(seconds * RATE / 3):
                texts.append(store.rotate(old.key.id, overlap=timedelta(hours=1)).text)
            if number == int(seconds * RATE * 2 / 3):
                del texts[0]
            group.create_task(ask(texts[number % len(texts)]))
    return sum(failures)


async def _opens(served: EdgeServer, text: str) -> bool:
    async with httpx.AsyncClient(base_url=served.address, timeout=60) as client:
        return (await client.get(PROBE, headers={"authorization": f"Bearer {text}"})).status_code == 200


async def _executions(served: EdgeServer) -> int:
    """Most fresh answers (neither a repeat nor told to wait) of one key; tried with three kinds of write."""
    async with httpx.AsyncClient(base_url=served.address, timeout=120) as client:
        feed = {"feed": ("x.tsv", b"id\ttitle\n1\tone\n"), "dry_run": (None, b"true")}
        writes: list[Callable[[dict[str, str]], Awaitable[httpx.Response]]] = [
            lambda headers: client.patch("/products/p1", json={"title": "Once"}, headers=headers),
            lambda headers: client.delete("/products/p2", headers=headers),
            lambda headers: client.post("/loads", files=feed, headers=headers),
        ]
        most = 0
        for number, write in enumerate(writes):
            key = {"idempotency-key": f"once-{number}"}
            answers = await asyncio.gather(*(write(key) for _ in range(AT_ONCE)))
            fresh = [one for one in answers if one.is_success and "idempotent-replayed" not in one.headers]
            known = {"repeat-running", "load-running", "loads-unavailable"}
            strange = [one.text for one in answers if not one.is_success and one.json()["code"] not in known]
            if strange:
                raise NotMeasurable(f"unexpected answers, e.g. {strange[0][:200]}")
            most = max(most, len(fresh))
        loads = len((await client.get("/loads")).json()["loads"])
    return max(most, loads)


def _killed_writes(folder: Path) -> list[int]:
    """Effects of each write: the process is killed when the effect is there and its record is held up."""
    loaded = run_loader(folder, "load", str(write_shop(folder, KILLS)), "--type-from", "custom_label_0")
    if loaded.returncode != 0:
        raise NotMeasurable(f"the shop was not loaded: {loaded.stderr[-300:]}")
    settings = files_in(folder) | quick_start()
    for number in range(KILLS):
        with running_server(settings, folder / "server.log") as server:
            (_kill_a_load if number % 2 else _kill_a_patch)(folder, server, number)
    time.sleep(16)  # until no claim of a dead process is taken for a living one's
    with running_server(settings, folder / "server.log") as server:
        return [(_loads_after if number % 2 else _patches_after)(server, number) for number in range(KILLS)]


def _kill_a_patch(folder: Path, server: RunningServer, number: int) -> None:
    with _held(folder / "akin.db") as let_effect, _sent(lambda: _patch(server, number)):
        _until(lambda: _claims(folder, number) == 1)
        with _held(folder / "writes.db"):
            let_effect()
            _until(lambda: _title(server, number) == f"Patched {number}")
            _kill(server)


def _kill_a_load(folder: Path, server: RunningServer, number: int) -> None:
    (folder / "loads").mkdir(exist_ok=True)
    with (folder / "loads" / ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with _sent(lambda: _load(server, number)):
            _until(lambda: _claims(folder, number) == 1)
            with _held(folder / "writes.db"):
                fcntl.flock(lock, fcntl.LOCK_UN)
                _until(lambda: _named(server, number) == 1)
                _kill(server)


def _patches_after(server: RunningServer, number: int) -> int:
    """Somebody changes the product; whether the write, sent again, undoes that is whether it was done again."""
    httpx.patch(f"{server.address}/products/p{number}", json={"title": "Later"}, timeout=60).raise_for_status()
    _expect_unknown(_patch(server, number))
    return 1 + (_title(server, number) != "Later")


def _loads_after(server: RunningServer, number: int) -> int:
    _expect_unknown(_load(server, number))
    return _named(server, number)


def _expect_unknown(answer: httpx.Response) -> None:
    if answer.status_code != 409 or answer.json()["code"] != "write-outcome-unknown":
        raise NotMeasurable(f"no process was killed between effect and record: {answer.status_code} {answer.text}")


def _patch(server: RunningServer, number: int) -> httpx.Response:
    headers = {"idempotency-key": f"kill-{number}"}
    body = {"title": f"Patched {number}"}
    return httpx.patch(f"{server.address}/products/p{number}", json=body, headers=headers, timeout=60)


def _load(server: RunningServer, number: int) -> httpx.Response:
    feed, name = ("x.tsv", b"id\ttitle\n1\tone\n"), f"feed-{number}".encode()
    files = {"feed": feed, "dry_run": (None, b"true"), "name": (None, name)}
    return httpx.post(f"{server.address}/loads", files=files, headers={"idempotency-key": f"kill-{number}"}, timeout=60)


def _title(server: RunningServer, number: int) -> str:
    return str(httpx.get(f"{server.address}/products/p{number}", timeout=60).json()["title"])


def _named(server: RunningServer, number: int) -> int:
    listed = httpx.get(f"{server.address}/loads", timeout=60).json()["loads"]
    return sum(one["name"] == f"feed-{number}" for one in listed)


def _claims(folder: Path, number: int) -> int:
    connection = sqlite3.connect(folder / "writes.db", timeout=10)
    try:
        (count,) = connection.execute("SELECT count(*) FROM write WHERE key = ?", (f"kill-{number}",)).fetchone()
        return int(count)
    finally:
        connection.close()


@contextmanager
def _held(path: Path) -> Iterator[Callable[[], None]]:
    """Nobody else writes into the SQLite file until the block ends, or the function that is given is called."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    connection.execute("BEGIN IMMEDIATE")

    def let_go() -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")

    try:
        yield let_go
    finally:
        let_go()
        connection.close()


@contextmanager
def _sent(ask: Callable[[], object]) -> Iterator[None]:
    """Send a request that will get no answer, while the block runs."""
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(ask)
        yield
        if answer.exception(timeout=60) is None:
            raise NotMeasurable("the write was answered before its process was killed")


def _kill(server: RunningServer) -> None:
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(timeout=30)


def _until(true: Callable[[], bool], longest_s: float = 60.0) -> None:
    until = time.monotonic() + longest_s
    while not true():
        if time.monotonic() > until:
            raise NotMeasurable("what should have happened before the kill did not")
        time.sleep(0.02)


def main() -> None:
    """Run from the command line."""
    measures = {"keys": keys, "tenants": tenants, "idempotency": idempotency}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=sorted(measures))
    asked = parser.parse_args()
    for name, measure in measures.items():
        if asked.what in {None, name}:
            print(name, dict(measure()))


if __name__ == "__main__":
    main()
