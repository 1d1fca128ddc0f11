"""Many uploads, and many looks: what a server process has grown by for each (T11, T12 of the reliability promises).

    python -m bench.edge_leaks [--uploads 20000]

The first half warms up: allocator arenas, caches and SQLite's pages fill to their bounds. The slope is that of a line
through the second half.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psutil

from app.analysis.local import OnnxEmbedder
from bench.edge_server import EdgeServer, edge_server
from bench.open_loop import photo_request, send
from tests.builders import a_photo_file
from tests.loader.tiny_onnx import write_tiny_model
from tests.unit.photos.pictures import card

UPLOADS = 20_000
CALLERS = 3
LOOKS, _FIRST_LOOKS = 5_000, 200
_SAMPLES = 80
_SETTLES_S = 0.3


def uploads(count: int = UPLOADS) -> Mapping[str, float]:
    """T11. slope_kb: resident memory of the server process and of those that look for it, a request. files: by how many
    the server's open files differ. wrong: uploads that were not served."""
    with edge_server() as server:
        return asyncio.run(_uploaded(server, count))


async def _uploaded(server: EdgeServer, count: int) -> Mapping[str, float]:
    process = psutil.Process(server.server.process.pid)
    host = urlsplit(server.address).netloc
    requests = [photo_request(host, a_photo_file(side=side, seed=side)) for side in range(96, 416, 8)]
    each = max(1, count // _SAMPLES)
    resident, files, wrong = [], [], 0
    for sample in range(_SAMPLES):
        numbers = iter(range(sample * each, (sample + 1) * each))

        async def calling(mine: Iterator[int] = numbers) -> int:
            return sum([(await send(server.address, requests[one % len(requests)])).status != 200 for one in mine])

        wrong += sum(await asyncio.gather(*(calling() for _ in range(CALLERS))))
        await asyncio.sleep(_SETTLES_S)  # until the last connections are closed
        resident.append(sum(one.memory_info().rss for one in (process, *server.eyes())) / 1024)
        files.append(process.num_fds())
        print(f"  {(sample + 1) * each} uploads: {resident[-1] / 1024:.1f} MB, {files[-1]} files", file=sys.stderr)
    second = slice(_SAMPLES // 2, None)
    at = np.arange(1, _SAMPLES + 1) * each
    slope = float(np.polyfit(at[second], resident[second], 1)[0])
    return {
        "slope_kb": slope,
        "files": float(max(files[second]) - min(files[second])),
        "wrong": float(wrong),
        "resident_mb": resident[-1] / 1024,
    }


def looks(count: int = LOOKS) -> Mapping[str, float]:
    """T12. mb_a_look: what this process grows by for each look at a picture, through both of the shipped networks and
    an ONNX model in onnxruntime, after the first looks."""
    process = psutil.Process()
    pictures = [card(side, side * 3 // 4) for side in (160, 200, 320)]
    with tempfile.TemporaryDirectory() as folder:
        eyes = OnnxEmbedder(write_tiny_model(Path(folder)))
        at, resident = [], []
        for number in range(count):
            eyes.see(np.asarray(pictures[number % len(pictures)]))
            if number >= _FIRST_LOOKS and number % 50 == 0:
                at.append(number)
                resident.append(process.memory_info().rss / 2**20)
    return {"mb_a_look": float(np.polyfit(at, resident, 1)[0])}


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uploads", type=int, default=UPLOADS)
    asked = parser.parse_args()
    print("T12", json.dumps(looks(), indent=1), flush=True)
    print("T11", json.dumps(uploads(asked.uploads), indent=1), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
