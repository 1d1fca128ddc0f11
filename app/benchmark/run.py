"""Measure a real server over loopback, and the bare parts it is made of, turn by turn in the same minutes."""

import os
import platform
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
from numpy.typing import NDArray

from app.benchmark.drawing import phone_photo
from app.benchmark.model import Parts, Report, SizeReport, ThroughputReport
from app.benchmark.server import RunningServer, running_server
from app.benchmark.synthetic import fill, seen_objects
from app.benchmark.timing import Timing, time_calls
from app.photos import decode_now, draft_decode

Say = Callable[[str], None]
Look = Callable[[NDArray[np.uint8]], object]

PHOTO_SEED = 5
"""The drawn object that is photographed; the catalogs hold products that look like it."""


async def benchmark(
    parts: Parts, sizes: Sequence[int], *, rounds: int, throughput_s: float, say: Say = lambda _: None
) -> Report:
    """Measure every size, then throughput with 1 and 2 server processes on the smallest.

    rounds: counted requests a size. throughput_s: seconds of load for each number of processes; 0 leaves it out.
    """
    photo = phone_photo(PHOTO_SEED)
    reports, throughput = [], []
    with tempfile.TemporaryDirectory(prefix="akin-bench-") as folder:
        for size in sizes:
            say(f"{size:,} products: loading")
            file = Path(folder) / f"{size}.db"
            load_per_s = await build(parts, file, size)
            say(f"{size:,} products: measuring")
            look = await parts.look(file)
            reports.append(measure_size(parts, look, file, size, photo, rounds, load_per_s))
        file = Path(folder) / f"{sizes[0]}.db"
        for workers in (1, 2) if throughput_s > 0 else ():
            say(f"throughput with {workers} server process(es)")
            throughput.append(measure_throughput(parts, file, photo, workers, throughput_s))
    return Report(machine(), tuple(reports), tuple(throughput))


async def build(parts: Parts, file: Path, size: int) -> float:
    """Fill a catalog file with synthetic products; returns products a second, verification included."""
    objects = await seen_objects(parts.analyzer)
    async with parts.open(file) as (catalog, writer):
        began = time.perf_counter()
        await fill(catalog, writer, size, objects, parts.fit)
        return size / (time.perf_counter() - began)


def measure_size(
    parts: Parts, look: Look, file: Path, size: int, photo: bytes, rounds: int, load_per_s: float
) -> SizeReport:
    """Time whole requests and bare parts in turns, so that a slow minute of the machine slows both."""
    pixels = decode_now(photo).pixels
    whole: list[float] = []
    stages: dict[str, list[float]] = {}
    bare: dict[str, list[float]] = {"draft decode": [], "local analysis": [], "exact scan": []}
    alone = {
        "draft decode": lambda: draft_decode(photo),
        "local analysis": lambda: look(pixels),
        "exact scan": parts.scan(size, parts.dims),
    }
    with running_server(parts.settings(file), file.with_suffix(".log")) as server, httpx.Client() as client:
        request = _request(client, server, photo)
        for _ in range(2):
            _sent(client, request)
        matched = _sent(client, request).json()["total"]
        answers: list[httpx.Response] = []
        for _ in range(rounds):
            whole += time_calls(lambda: answers.append(_sent(client, request)), rounds=1, warmup=0)
            for name, call in alone.items():
                bare[name] += time_calls(call, rounds=1, warmup=0)
        resident = server.resident_mb()
    for answer in answers:
        _note(answer.json(), stages)
    return SizeReport(
        products=size,
        whole=Timing.of("whole request", whole),
        stages=tuple(Timing.of(name, taken) for name, taken in stages.items()),
        bare=tuple(Timing.of(name, taken) for name, taken in bare.items()),
        resident_mb=resident,
        load_per_s=load_per_s,
        insert_per_s=size / parts.insert(file.with_suffix(".bare.db"), size),
        matched=matched if isinstance(matched, int) else 0,
    )


def measure_throughput(parts: Parts, file: Path, photo: bytes, workers: int, seconds: float) -> ThroughputReport:
    """Keep `2 x workers` callers busy for so long; answers a second, refusals not counted."""
    callers = 2 * workers
    settings = {**parts.settings(file), "AKIN_WORKERS": str(workers)}
    answered = 0
    counting = threading.Lock()
    with running_server(settings, file.with_suffix(".load.log")) as server:
        until = time.monotonic() + seconds

        def call_on() -> None:
            nonlocal answered
            with httpx.Client() as client:
                request = _request(client, server, photo)
                while time.monotonic() < until:
                    response = client.send(request)
                    if response.status_code == httpx.codes.OK:
                        with counting:
                            answered += 1

        with ThreadPoolExecutor(callers) as pool:
            for caller in [pool.submit(call_on) for _ in range(callers)]:
                caller.result()
    return ThroughputReport(workers, callers, answered / seconds)


def machine() -> str:
    """Cores, processor and Python, in a line."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text(encoding="utf-8").splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    return f"{os.cpu_count()} cores, {model}, Python {platform.python_version()}"


def _note(answer: dict[str, object], stages: dict[str, list[float]]) -> None:
    timings = answer["timings_ms"]
    if isinstance(timings, dict):
        for name, taken in timings.items():
            stages.setdefault(name, []).append(float(taken))


def _request(client: httpx.Client, server: RunningServer, photo: bytes) -> httpx.Request:
    """A search by photo with its form in one piece of memory, to be sent as often as wanted."""
    form = {"photo": ("photo.jpg", photo, "image/jpeg")}
    drawn_up = client.build_request("POST", f"{server.address}/search-by-photo", files=form)
    headers = {"content-type": drawn_up.headers["content-type"]}
    return client.build_request("POST", drawn_up.url, content=drawn_up.read(), headers=headers, timeout=60)


def _sent(client: httpx.Client, request: httpx.Request) -> httpx.Response:
    """The whole answer. Raises httpx.HTTPStatusError when it is a refusal."""
    return client.send(request).raise_for_status()
