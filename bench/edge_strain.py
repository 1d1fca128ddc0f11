"""Memory, a worker that hangs, and forms meant to hurt (T4, T5, T10 of the reliability promises).

python -m bench.edge_strain
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

import psutil

from bench.edge_server import EdgeServer, cores, edge_server
from bench.open_loop import Answer, head, open_loop, open_loop_apart, photo_request, quantile, send
from bench.promise import NotMeasurable
from tests.builders import a_photo_file
from tests.unit.photos.pictures import card, encoded

PARALLEL = 200
_OTHERS_PER_S = 3.0
_LOOKS_APART_S = 0.02


def memory() -> Mapping[str, float]:
    """T4. over_mb: resident memory above slots x 300 + 400 MB (negative is below) while 200 photos of 48 megapixels
    come at once. wrong: answers that are no result and no refusal. dead: server processes that ended."""
    photo = encoded(card(8000, 6000), "JPEG", quality=85)
    with edge_server() as server:
        first = psutil.Process(server.server.process.pid)
        peak, answers = asyncio.run(_watched(server, photo))
        slots = cores()
        wrong = sum(one.status not in (200, 503) for one in answers)
        served = sum(one.status == 200 for one in answers)
        print(f"{len(photo)} bytes each, {served} served, peak {peak:.0f} MB", file=sys.stderr)
        alive = first.is_running()
    return {"over_mb": peak - (slots * 300 + 400), "wrong": float(wrong), "dead": float(not alive)}


async def _watched(server: EdgeServer, photo: bytes) -> tuple[float, list[Answer]]:
    request = photo_request(urlsplit(server.address).netloc, photo)
    sending = asyncio.gather(*(send(server.address, request) for _ in range(PARALLEL)))
    peak = 0.0
    while not sending.done():
        peak = max(peak, await asyncio.to_thread(server.resident_mb))
        await asyncio.sleep(0.05)
    return peak, list(await sending)


def hang() -> Mapping[str, float]:
    """T5. off_s: by how much a photo whose decoding stands still was answered earlier or later than after 3 s. back_s:
    until a photo is served again. wrong: an answer other than photo-decode-timeout. others: the slowest of those who
    search meanwhile, as a multiple of before."""
    with edge_server(decode_slots="2") as server:
        return asyncio.run(_hang(server))


async def _hang(server: EdgeServer) -> Mapping[str, float]:
    host = urlsplit(server.address).netloc
    small = photo_request(host, a_photo_file(side=800))
    for _ in range(6):
        await send(server.address, small)
    usual = await open_loop(server.address, small, per_s=_OTHERS_PER_S, seconds=10)
    sending, late = await _standing_still(server, photo_request(host, encoded(card(5000, 4900), "PNG")))
    others = await open_loop(server.address, small, per_s=_OTHERS_PER_S, seconds=2.4)
    stopped = await sending
    began = time.perf_counter()
    while time.perf_counter() - began < 30:
        if (await send(server.address, small)).status == 200:
            break
    return {
        "off_s": max(0.0, abs(stopped.took_s - 3.0) - late),
        "back_s": time.perf_counter() - began,
        "wrong": float((stopped.status != 422) + sum(one.status != 200 for one in others)),
        "others": max(one.took_s for one in others) / quantile([one.took_s for one in usual], 0.99),
    }


async def _standing_still(server: EdgeServer, large: bytes) -> tuple["asyncio.Task[Answer]", float]:
    """A photo on its way whose decoding process was stopped in the midst of it, and seconds until that was done."""
    sending = asyncio.create_task(send(server.address, large))
    began = time.perf_counter()
    while not (stopped := await _at_work(server)):
        if sending.done():
            raise NotMeasurable("the photo was decoded before its process was seen at work")
    for worker in stopped:
        os.kill(worker.pid, signal.SIGSTOP)
    return sending, time.perf_counter() - began


async def _at_work(server: EdgeServer) -> list[psutil.Process]:
    """Decoding processes that have been at work for a while: taking a photo from the others' hands is no decoding yet,
    and who is stopped there holds up all until he is killed."""
    looks = []
    for _ in range(3):
        looks.append({one for one in server.decoders() if one.status() == psutil.STATUS_RUNNING})
        await asyncio.sleep(_LOOKS_APART_S)
    return list(set.intersection(*looks))


def forms() -> Mapping[str, float]:
    """T10. late_s: by how much the slowest refusal came later than it may (1 s; 15 s for bodies byte by byte). wrong:
    forms that were not refused. grown_mb: the server process. live_p99_ms: of /live all the while."""
    with edge_server() as server:
        return asyncio.run(_forms(server))


async def _forms(server: EdgeServer) -> Mapping[str, float]:
    host = urlsplit(server.address).netloc
    process = psutil.Process(server.server.process.pid)
    await send(server.address, photo_request(host, a_photo_file()))
    before = process.memory_info().rss
    probing = await open_loop_apart(server.address, head("GET", "/live", host), per_s=20, seconds=25)
    attacks = [(_many_parts, 1.0), (_large_field, 1.0), (_many_headers, 1.0), (_endless, 15.0), (_dripping, 15.0)]
    answers = await asyncio.gather(*(_attack(server.address, host, make) for make, _ in attacks))
    late = max(took - allowed for (took, _), (_, allowed) in zip(answers, attacks, strict=True))
    grown = (process.memory_info().rss - before) / 2**20
    live = await probing
    print(
        [(make.__name__, round(took, 2), status) for (make, _), (took, status) in zip(attacks, answers, strict=True)],
        file=sys.stderr,
    )
    return {
        "late_s": late,
        "wrong": float(sum(status not in (400, 408, 413) for _, status in answers)),
        "grown_mb": grown,
        "live_p99_ms": quantile([one.answered_s for one in live], 0.99) * 1000,
        "live_failed": float(sum(one.status != 200 for one in live)),
    }


Body = Callable[[asyncio.StreamWriter], Awaitable[None]]
_PART = b'--b\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nx\r\n'
_PHOTO = b'--b\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'


async def _attack(address: str, host: str, body: Body) -> tuple[float, int]:
    """Send a chunked form made by `body` until the server answers; seconds until then, and the status."""
    url = urlsplit(address)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    form = {"content-type": "multipart/form-data; boundary=b", "transfer-encoding": "chunked"}
    began = time.perf_counter()
    writer.write(head("POST", "/search-by-photo", host, form))

    async def sending() -> None:
        await body(writer)

    attack = asyncio.create_task(sending())
    try:
        async with asyncio.timeout(40):
            line = await reader.readline()
        return time.perf_counter() - began, int(line.split()[1]) if line else 0
    except (TimeoutError, ConnectionError):
        return time.perf_counter() - began, 0
    finally:
        attack.cancel()
        await asyncio.gather(attack, return_exceptions=True)
        writer.close()


async def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%s\r\n" % (len(data), data))
    await writer.drain()


async def _many_parts(writer: asyncio.StreamWriter) -> None:
    for number in range(100_000):
        await _chunk(writer, _PART % number)


async def _large_field(writer: asyncio.StreamWriter) -> None:
    await _chunk(writer, b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n')
    for _ in range(16_384):
        await _chunk(writer, b"x" * 65_536)


async def _many_headers(writer: asyncio.StreamWriter) -> None:
    await _chunk(writer, b"--b\r\n")
    for number in range(10_000):
        await _chunk(writer, b"X-%d: %s\r\n" % (number, b"a" * 65_000))


async def _endless(writer: asyncio.StreamWriter) -> None:
    await _chunk(writer, _PHOTO)
    while True:
        await _chunk(writer, b"\xff" * 65_536)


async def _dripping(writer: asyncio.StreamWriter) -> None:
    await _chunk(writer, _PHOTO)
    while True:
        await _chunk(writer, b"\xff")
        await asyncio.sleep(1.0)


def main() -> int:
    """Run from the command line."""
    for name, measure in (("T4", memory), ("T5", hang), ("T10", forms)):
        print(name, json.dumps(measure(), indent=1), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
