"""Mutated pictures posted to a real server over loopback: how many are answered with a 5xx, what dies of them.

    python -m bench.mutated_uploads [--count 10000] [--seed 1]

A refusal is the right answer to most of them. A decoding process may die, that is its purpose; a server process may
not.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import httpx
import psutil

from app import wiring
from app.analysis import LOCAL_DIMS
from app.analysis.local import EMBEDDER_NAME
from app.benchmark import RunningServer, running_server
from app.settings import load_settings
from bench.mutations import mutants
from bench.open_loop import quantile

COUNT = 10_000
SEED = 1
WARM_UP = 1_000
CONNECTIONS = 4
WORKERS = 2


@dataclass(slots=True)
class Outcome:
    """What came of the uploads. offenders: names of mutants that were answered with a 5xx or not at all. took: seconds
    of each. grown_mb: the largest growth of a server process after the first WARM_UP uploads."""

    statuses: Counter[int] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0
    dead: int = 0
    offenders: list[str] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    grown_mb: float = 0.0

    @property
    def server_errors(self) -> int:
        """Answers with a 5xx."""
        return sum(count for status, count in self.statuses.items() if status >= 500)


def measure(count: int = COUNT, seed: int = SEED) -> Mapping[str, float]:
    """For `make prove`: "5xx" answers; "dead": server processes that ended, and uploads left unanswered; "grown_mb": of
    a server process; "p99_ms": of all answers."""
    outcome = run(count, seed)
    return {
        "5xx": float(outcome.server_errors),
        "dead": float(outcome.dead + outcome.unanswered),
        "grown_mb": outcome.grown_mb,
        "p99_ms": quantile(outcome.took, 0.99) * 1000,
    }


def run(count: int, seed: int) -> Outcome:
    """Start a server with an empty catalog, post `count` mutants, end it."""
    with tempfile.TemporaryDirectory() as folder:
        catalog = f"sqlite:///{folder}/akin.db"
        asyncio.run(publish_nothing(catalog))
        settings = {
            "AKIN_CATALOG": catalog,
            "AKIN_PHOTO_STORE": f"{folder}/photos.db",
            "AKIN_EVENTS": f"{folder}/events.db",
            "AKIN_INSIGHTS": f"{folder}/insights",
            "AKIN_WORKERS": str(WORKERS),
            "AKIN_SEARCH_SLOTS": str(CONNECTIONS),  # none is asked to come back: what is counted is what mutants do
            "AKIN_SEARCH_QUEUE": str(4 * CONNECTIONS),
            "AKIN_PHOTO_TTL_S": "60",
        }
        with running_server(settings, Path(folder) / "server.log") as server:
            before = server_processes(server)
            uploads = mutants(seed, count)
            outcome = Outcome()
            asyncio.run(post_all(server.address, islice(uploads, WARM_UP), outcome))
            small = resident_mb(before)
            asyncio.run(post_all(server.address, uploads, outcome))
            outcome.grown_mb = max(now - small[one] for one, now in resident_mb(before).items())
            outcome.dead = len(before - server_processes(server))
            return outcome


async def publish_nothing(catalog: str) -> None:
    """An empty published generation: uploads are decoded and analyzed as in a full shop."""
    settings = load_settings(catalog=catalog)
    writer, reader = wiring.open_catalog_writer(settings), wiring.open_catalog(settings)
    try:
        empty = await writer.begin(embedder=EMBEDDER_NAME, dims=LOCAL_DIMS, source="nothing", holder="bench")
        await writer.verify(empty.id, expected_products=0)
        await reader.publish(empty.id)
    finally:
        await writer.close()
        await reader.close()


async def post_all(address: str, uploads: Iterator[tuple[str, bytes]], outcome: Outcome) -> None:
    """Post every upload, a few at a time."""
    each_its_own = httpx.Limits(max_keepalive_connections=0)  # so that all server processes get some
    async with httpx.AsyncClient(base_url=address, timeout=60, trust_env=False, limits=each_its_own) as client:

        async def posting() -> None:
            for name, data in uploads:  # one iterator for all: each takes the next
                await post(client, name, data, outcome)

        await asyncio.gather(*(posting() for _ in range(CONNECTIONS)))


async def post(client: httpx.AsyncClient, name: str, data: bytes, outcome: Outcome) -> None:
    """Post one upload and count its answer."""
    began = time.perf_counter()
    try:
        response = await client.post("/search-by-photo", files={"photo": ("photo", data)})
    except httpx.TransportError:
        outcome.unanswered += 1
        outcome.offenders.append(name)
        return
    outcome.took.append(time.perf_counter() - began)
    outcome.statuses[response.status_code] += 1
    if response.status_code != httpx.codes.OK:
        outcome.codes[response.json()["code"]] += 1
    if response.status_code >= 500:
        outcome.offenders.append(name)


def server_processes(server: RunningServer) -> set[int]:
    """Ids of the processes that serve: the supervisor and its workers, not their decoding processes."""
    first = psutil.Process(server.process.pid)
    workers = [child for child in first.children() if "spawn_main" in " ".join(child.cmdline())]
    return {first.pid, *(worker.pid for worker in workers)} if first.is_running() else set()


def resident_mb(processes: Iterable[int]) -> dict[int, float]:
    """MiB of each process that is still there."""
    return {one: psutil.Process(one).memory_info().rss / 2**20 for one in processes if psutil.pid_exists(one)}


def main() -> int:
    """Run from the command line; 1 when anything was answered with a 5xx, left unanswered, or died."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    outcome = run(asked.count, asked.seed)
    print(json.dumps({"statuses": outcome.statuses, "codes": outcome.codes}, indent=1, sort_keys=True))
    print(f"p99 {quantile(outcome.took, 0.99) * 1000:.0f} ms, grown by {outcome.grown_mb:.1f} MB")
    print(f"5xx {outcome.server_errors}, unanswered {outcome.unanswered}, dead server processes {outcome.dead}")
    for name in outcome.offenders[:20]:
        print(f"  {name}")
    return int(bool(outcome.offenders or outcome.dead))


if __name__ == "__main__":
    sys.exit(main())
