"""A real server with outside sources: what a request costs, what faults do to it, what leaves it."""

import asyncio
import io
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx
from PIL import Image, PngImagePlugin

from app.benchmark import RunningServer, running_server
from app.photos import decode_now
from bench.cloud_fakes import NAMES, Fakes, fakes
from bench.drawn_shop import run_loader, write_shop
from bench.promise import NotMeasurable
from bench.shops import ROOT, Shop, demo_shop
from tests.builders import INKS, SHAPES, a_drawing, a_photo_file

FAULTS: tuple[str | float, ...] = ("hang", 2.0, "reset", "garbage")
REQUESTS = int(os.environ.get("CLOUD_REQUESTS", "500"))
DEADLINE_MS = 1500
LATE_S = 1.6
AT_ONCE = 2
PLANTED = ("PLANTEDSERIAL", "PLANTEDAUTHOR", "PLANTEDPLACE")
FILES = 40
CARD = """
name = "materials"
provider = "vertex"
kind = "classification"
model = "projects/p/locations/us-central1/endpoints/1"
version = "1"
attribute = "material"
"""


def request() -> Mapping[str, float]:
    """p50 of a search with demo photos in ms: "local", and "both" with Vision and Vertex answering in 300 ms, in turns;
    "over": what the latter takes more than 300 ms + 1.2 x the former. Vision finds the thing where it is: one that
    always points beside it would make the search look for something else."""
    with demo_shop() as shop, fakes() as away:
        for name in NAMES:
            away.plan(name, 0.3)
        rows = [json.loads(line) for line in shop.queries.read_text(encoding="utf-8").splitlines()]
        rows = [row for row in rows if row["sold"]][:60]
        photos = [Path(row["photo"]).read_bytes() for row in rows]
        boxes = [[row["box"][side] for side in ("x", "y", "width", "height")] for row in rows]
        away.know(
            {
                decode_now(photo).sha256: (row["type"].title(), box)
                for photo, row, box in zip(photos, rows, boxes, strict=True)
            }
        )
        folder = shop.queries.parent
        with (
            _server(shop, folder / "alone", None) as alone,
            _server(shop, folder / "both", away, "google_vision", "vertex") as both,
        ):
            took = asyncio.run(_in_turns(photos, alone, both))
    local, outside = (median(times) * 1000 for times in took)
    return {"local": local, "both": outside, "over": outside - 300.0 - 1.2 * local}


async def _in_turns(photos: list[bytes], *servers: RunningServer) -> list[list[float]]:
    took: list[list[float]] = [[] for _ in servers]
    async with httpx.AsyncClient(timeout=30) as client:
        for number, photo in enumerate(photos):
            for times, server in zip(took, servers, strict=True):
                began = time.perf_counter()
                answer = await client.post(f"{server.address}/search-by-photo", files={"photo": photo})
                answer.raise_for_status()
                if number >= 5:
                    times.append(time.perf_counter() - began)
    return took


def deadline() -> Mapping[str, float]:
    """500 requests for each source in turn hung, slow, resetting and sending garbage, with a deadline of 1,500 ms:
    "late": answers after more than 1,600 ms, "5xx", "named": smallest share of answers that name the sick source."""
    counts: Counter[str] = Counter()
    named = 1.0
    with fakes() as away, _drawn_shop() as shop:
        for name, fault in itertools.product(NAMES, FAULTS):
            for other in NAMES:
                away.plan(other, fault if other == name else 0.02)
            folder = shop.queries.parent / f"{name}-{fault}"
            more = {"AKIN_DEADLINE_MS": str(DEADLINE_MS)}
            with _server(shop, folder, away, "google_vision", "vertex", "rekognition", **more) as server:
                found = asyncio.run(_pelted(server, name))
            print(f"  {name} {fault}: {dict(found)} of {REQUESTS}", file=sys.stderr, flush=True)
            counts.update(found)
            named = min(named, found["named"] / REQUESTS)
    return {"late": float(counts["late"]), "5xx": float(counts["5xx"]), "named": named}


async def _pelted(server: RunningServer, name: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    numbers = iter(range(REQUESTS))
    part = {"vision": "google_vision", "vertex": "vertex/materials", "rekognition": "rekognition"}[name]

    async def ask(client: httpx.AsyncClient) -> None:
        for number in numbers:
            shape, ink = SHAPES[number % len(SHAPES)], list(INKS)[number % len(INKS)]
            photo = a_photo_file(shape, ink, side=160, seed=50_000 + number)
            began = time.perf_counter()
            answer = await client.post(f"{server.address}/search-by-photo", files={"photo": photo})
            counts["late"] += time.perf_counter() - began > LATE_S
            counts["5xx"] += answer.status_code >= 500
            counts["named"] += answer.status_code == 200 and part in {gap["part"] for gap in answer.json()["degraded"]}

    async with httpx.AsyncClient(timeout=30) as client, asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(ask(client))
    return counts


def privacy() -> Mapping[str, float]:
    """ "hits": files with a planted marker among what the fakes received, the server's log and its stores, after 40
    photos with GPS, serial number and author in EXIF, XMP, comments and PNG texts. "received": pictures they got."""
    with fakes() as away, _drawn_shop() as shop:
        for name in NAMES:
            away.plan(name, None)
        folder = shop.queries.parent
        with _server(shop, folder / "private", away, "google_vision", "vertex", "rekognition") as server:
            for number in range(FILES):
                kind, photo = planted(number)
                files = {"photo": (f"{PLANTED[1]}.{kind}", photo)}
                httpx.post(f"{server.address}/search-by-photo", files=files, timeout=30).raise_for_status()
        received = sum(away.keep(name, folder) for name in NAMES)
        ours = [path for path in folder.rglob("*") if path.is_file() and "feed" not in path.name]
        hits = sum(any(word.encode() in path.read_bytes() for word in PLANTED) for path in ours)
        exif = sum(b"Exif" in path.read_bytes() for path in folder.glob("*-*.jpg"))
        if not any("private" in str(path) for path in ours) or received == 0:
            raise NotMeasurable("there was nothing to look through")
    return {"hits": float(hits + exif), "received": float(received)}


def planted(number: int) -> tuple[str, bytes]:
    """A photo whose every kind of metadata names an author, a serial number and a place: (ending, bytes)."""
    picture = Image.fromarray(a_drawing(SHAPES[number % 5], list(INKS)[number % 4], side=200, seed=90_000 + number))
    exif = Image.Exif()
    exif[0x013B], exif[0xA431], exif[0x010E] = PLANTED[1], PLANTED[0], PLANTED[2]
    exif.get_ifd(0x8825).update({1: "N", 2: (59.0, 19.0, 58.0), 3: "E", 4: (18.0, 4.0, 6.0), 29: PLANTED[2]})
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{' '.join(PLANTED)}</x:xmpmeta>".encode()
    out = io.BytesIO()
    if number % 3 == 0:
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Author", PLANTED[1])
        texts.add_itxt("XML:com.adobe.xmp", xmp.decode())
        picture.save(out, "PNG", pnginfo=texts, exif=exif)
        return "png", out.getvalue()
    if number % 3 == 1:
        picture.save(out, "WEBP", exif=exif.tobytes(), xmp=xmp)
        return "webp", out.getvalue()
    picture.save(out, "JPEG", exif=exif, xmp=xmp, comment=" ".join(PLANTED).encode())
    return "jpg", out.getvalue()


_WITHOUT_EXTRAS = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {'google', 'grpc', 'boto3', 'botocore', 'proto'}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
import time
began = time.process_time()
import app.main
print(time.process_time() - began)
"""


def importing() -> Mapping[str, float]:
    """Processor seconds of `import app.main` where no cloud package can be imported: the best of five, as others work
    on this machine too. "wall": the same by the clock, interpreter and all. The modules are compiled before, as an
    installation leaves them."""
    took, wall = [], []
    with tempfile.TemporaryDirectory() as compiled:
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        for _ in range(6):
            began = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", _WITHOUT_EXTRAS],
                cwd=ROOT,
                env={**kept, "PYTHONPYCACHEPREFIX": compiled},
                capture_output=True,
                text=True,
                check=False,
            )
            wall.append(time.perf_counter() - began)
            if done.returncode != 0:
                raise NotMeasurable(done.stderr[-300:])
            took.append(float(done.stdout))
    return {"cpu": min(took), "wall": min(wall)}


def tests_alone() -> Mapping[str, float]:
    """ "failed": 0 when all tests of outside sources pass in a network namespace that has nothing but the loopback."""
    inside = f"ip link set lo up && exec {sys.executable} -m pytest -q -x tests/cloud"
    done = subprocess.run(
        ["/usr/bin/unshare", "-rn", "sh", "-c", inside], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if "unshare:" in done.stderr:
        raise NotMeasurable("this machine gives no network namespaces to users")
    return {"failed": float(done.returncode != 0)}


@contextmanager
def _drawn_shop() -> Iterator[Shop]:
    """Twenty drawn products in a catalog file."""
    with tempfile.TemporaryDirectory() as folder:
        write_shop(Path(folder), 20)
        done = run_loader(Path(folder), "load", "feed.tsv", "--type-from", "custom_label_0")
        if done.returncode not in {0, 1}:
            raise NotMeasurable(f"the loader ended with {done.returncode}: {done.stderr[-300:]}")
        yield Shop(f"sqlite:///{folder}/akin.db", Path(folder) / "queries.jsonl")


@contextmanager
def _server(shop: Shop, folder: Path, away: Fakes | None, *sources: str, **more: str) -> Iterator[RunningServer]:
    (folder / "cards").mkdir(parents=True)
    (folder / "cards" / "materials.toml").write_text(CARD)
    settings = {
        "AKIN_CATALOG": shop.catalog,
        "AKIN_PHOTO_STORE": str(folder / "photos.db"),
        "AKIN_EVENTS": str(folder / "events.db"),
        "AKIN_INSIGHTS": str(folder / "insights"),
        "AKIN_CLOUD_STORE": str(folder / "cloud.db"),
        "AKIN_MODEL_CARDS": str(folder / "cards"),
        "AKIN_ANALYZERS": ",".join((*sources, "local")),
    }
    if away is not None:
        settings |= {
            "AKIN_GOOGLE_ENDPOINT": away.endpoints["vision"],
            "AKIN_VERTEX_ENDPOINT": away.endpoints["vertex"],
            "AKIN_AWS_ENDPOINT": away.endpoints["rekognition"],
        }
    with running_server({**settings, **more}, folder / "server.log") as server:
        yield server
