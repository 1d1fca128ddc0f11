"""Single outside calls: what the adapter costs, what an outage, a budget and a thousand copies lead to.

python -m bench.cloud_calls worker FOLDER ENDPOINT FIRST COUNT AT_ONCE BUDGET    # one asking process, for budgets
"""

import asyncio
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import grpc
from google.cloud import vision_v1 as vision

from app.analysis.asking import Asker
from app.analysis.providers.google_vision import GoogleVision
from app.analysis.source import Picture, SourceFailure
from app.metering import Answers, Budget, Ledger, MeterStore, shipped_prices
from bench.cloud_fakes import fakes

CALLS = 300
KILOBYTES = 200
RATE = 50.0
BUDGET_UNITS = 100
PHOTOS, PROCESSES, RESTARTS = 1000, 4, 5


def a_picture(seed: str, size: int = 2_000) -> Picture:
    """Bytes that are no picture: nobody here looks inside."""
    block = hashlib.sha256(seed.encode()).digest()
    return Picture((block * (size // 32 + 1))[:size], 400, 300, seed)


def overhead() -> Mapping[str, float]:
    """p50 of a call through the adapter and of the bare stub with the same bytes, in turns, in ms; "over": what
    the adapter takes more than 1.15 times the stub."""
    with fakes() as away:
        return asyncio.run(_overhead(away.endpoints["vision"]))


async def _overhead(endpoint: str) -> Mapping[str, float]:
    picture = a_picture("same", KILOBYTES * 1024)
    request = vision.BatchAnnotateImagesRequest(
        requests=[
            {
                "image": {"content": picture.jpeg},
                "features": [
                    {"type_": kind, "max_results": 20}
                    for kind in (vision.Feature.Type.LABEL_DETECTION, vision.Feature.Type.OBJECT_LOCALIZATION)
                ],
            }
        ]
    )
    data = vision.BatchAnnotateImagesRequest.serialize(request)
    source = GoogleVision(("labels", "objects"), endpoint=endpoint)
    adapter, bare = [], []
    async with grpc.aio.insecure_channel(endpoint.removeprefix("http://")) as channel:
        stub = channel.unary_unary("/google.cloud.vision.v1.ImageAnnotator/BatchAnnotateImages")
        for turn in range(CALLS + 30):
            began = time.perf_counter()
            await stub(data, timeout=10)
            middle = time.perf_counter()
            await source.look(picture, timeout_s=10)
            if turn >= 30:
                bare.append((middle - began) * 1000)
                adapter.append((time.perf_counter() - middle) * 1000)
    await source.close()
    return {"adapter": median(adapter), "bare": median(bare), "over": median(adapter) - 1.15 * median(bare)}


def outage() -> Mapping[str, float]:
    """A source that is wholly unavailable, asked 50 times a second for 15 s: "first": calls made in the first 5 s per
    photo offered, "after": calls a second after that."""
    with fakes() as away, tempfile.TemporaryDirectory() as folder:
        away.plan("vision", "unavailable")
        began = asyncio.run(_offer(Path(folder), away.endpoints["vision"], seconds=15.0))
        at = [when - began for when in away.seen("vision")["at"]]
    return {
        "first": sum(when < 5 for when in at) / (5 * RATE),
        "after": sum(when >= 5 for when in at) / 10,
    }


async def _offer(folder: Path, endpoint: str, seconds: float) -> float:
    store = MeterStore(folder / "cloud.db")
    asker = _asker(store, endpoint, Budget())
    began = time.monotonic()

    async def one(number: int) -> None:
        try:
            await asker.ask(a_picture(f"o{number}"), asyncio.get_running_loop().time() + 2.0)
        except SourceFailure:
            return

    async with asyncio.TaskGroup() as group:
        for number in range(int(seconds * RATE)):  # an open loop: who asks does not wait for earlier answers
            await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))
            group.create_task(one(number))
    await asker.close()
    await store.close()
    return began


def budget() -> Mapping[str, float]:
    """ "billed": units the fake served when 4 processes ask about 1,000 different photos with a budget of 100 units
    and all are killed and started again 5 times."""
    with fakes() as away, tempfile.TemporaryDirectory() as folder:
        away.plan("vision", 0.05)
        share = PHOTOS // PROCESSES
        for restart in range(RESTARTS + 1):
            workers = [
                _worker(folder, away.endpoints["vision"], number * share, share, 4, BUDGET_UNITS)
                for number in range(PROCESSES)
            ]
            if restart < RESTARTS:
                time.sleep(1.5 + 0.3 * restart)
                for worker in workers:
                    worker.kill()
            for worker in workers:
                worker.wait()
        return {"billed": float(away.seen("vision")["units"])}


def copies() -> Mapping[str, float]:
    """ "calls" the fake served when two processes ask about the same photo 500 times each, 25 at once each."""
    with fakes() as away, tempfile.TemporaryDirectory() as folder:
        away.plan("vision", 0.3)
        workers = [_worker(folder, away.endpoints["vision"], -1, 500, 25, 10_000) for _ in range(2)]
        if any(worker.wait() for worker in workers):
            raise RuntimeError("a worker failed")
        return {"calls": float(away.seen("vision")["calls"])}


def _worker(folder: str, endpoint: str, *numbers: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "bench.cloud_calls", "worker", folder, endpoint, *map(str, numbers)]
    return subprocess.Popen(command, cwd=Path(__file__).parent.parent, env=dict(os.environ), stderr=subprocess.DEVNULL)


async def _work(folder: Path, endpoint: str, first: int, count: int, at_once: int, units: int) -> None:
    """Ask about `count` photos from number `first` on; -1: about one and the same."""
    store = MeterStore(folder / "cloud.db")
    asker = _asker(store, endpoint, Budget(units_per_day=units))
    gate = asyncio.Semaphore(at_once)

    async def one(number: int) -> None:
        async with gate:
            name = "copy" if first < 0 else f"photo {first + number}"
            try:
                await asker.ask(a_picture(name), asyncio.get_running_loop().time() + 30.0)
            except SourceFailure:
                if first < 0:
                    raise

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(one(number))
    await asker.close()
    await store.close()


def _asker(store: MeterStore, endpoint: str, budget_: Budget) -> Asker:
    ledger = Ledger(store, shipped_prices(), budget_)
    return Asker(GoogleVision(("labels",), endpoint=endpoint), answers=Answers(store), ledger=ledger)


if __name__ == "__main__":
    asyncio.run(_work(Path(sys.argv[2]), sys.argv[3], *map(int, sys.argv[4:8])))
