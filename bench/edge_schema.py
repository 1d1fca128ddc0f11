"""schemathesis over every operation of a real server: right and wrong data, examples, sequences; no failure.

    python -m bench.edge_schema [--examples 1000] [--seed 1] [--record FILE] [--only NAME ...]

Each operation gets a run of its own, so that each has its full number of examples, and then sequences of all get one.
Every check schemathesis knows is on, except what EXCUSED names. With --record what passed is written down, and passed
over when the same is asked for again: an interrupted run goes on.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.edge_server import EdgeServer, edge_server, quick_start

EXAMPLES = 1000
SEED = 1
LANES = 2
"""Each a server and a schemathesis: what one changes is no surprise to the other."""
EXCUSED = ("positive_data_acceptance",)
"""Which bytes are a photo, which text holds JSON, which cursor is ours and which product a search showed is more than a
schema can say; the promised answer to what it allows and we cannot use is a problem with a code, not a 2xx."""
SEQUENCES, EVERYTHING = "sequences", "everything"
_ALONE = "examples,coverage,fuzzing"
_CHOICE = {SEQUENCES: {"--phases": "stateful"}, EVERYTHING: {"--phases": f"{_ALONE},stateful"}}


@dataclass(frozen=True, slots=True)
class Tested:
    """One run. name: "METHOD /path", SEQUENCES or EVERYTHING. operations, cases: asked and checked. failures: different
    ones, and errors of schemathesis itself. words: what it printed, where something failed."""

    name: str
    operations: int
    cases: int
    failures: int
    seconds: float
    words: str = ""


def measure(
    examples: int = EXAMPLES, seed: int = SEED, record: Path | None = None, only: Sequence[str] = ()
) -> Mapping[str, float]:
    """For `make prove`: "failures"; "untested": operations of the document that were not asked anything; "cases"."""
    progress = Progress(record, examples, seed)
    with _served() as server:
        document = httpx.get(f"{server.address}/openapi.json", timeout=60)
    wanted = [SEQUENCES, *_operations(document.json())]  # on a server that nothing was done to yet
    progress.of(document.content)
    waiting = iter([name for name in wanted if name not in progress.passed and (not only or name in only)])
    with ThreadPoolExecutor(LANES) as lanes:
        for lane in [lanes.submit(_lane, waiting, progress) for _ in range(LANES)]:
            lane.result()
    tested = progress.tested
    return {
        "failures": float(sum(one.failures for one in tested.values())),
        "untested": float(sum(name not in tested or tested[name].cases == 0 for name in wanted)),
        "cases": float(sum(one.cases for one in tested.values())),
    }


def at_once(examples: int, seed: int = SEED) -> Tested:
    """All operations and sequences in one run, for which the examples must be few."""
    with _served() as server, tempfile.TemporaryDirectory() as folder:
        tested = run(server, EVERYTHING, examples, seed, Path(folder))
    print(tested.words, file=sys.stderr)
    return tested


class Progress:
    """What was tested. path: where what passed is written down, a line each; None keeps nothing."""

    def __init__(self, path: Path | None, examples: int, seed: int) -> None:
        self.examples, self.seed = examples, seed
        self._path = path
        self._asked = ""
        self._lock = threading.Lock()
        self.tested: dict[str, Tested] = {}

    @property
    def passed(self) -> set[str]:
        """Names that need no other run."""
        return set(self.tested)

    def of(self, document: bytes) -> None:
        """Which interface is tested: what passed of another is not taken over."""
        self._asked = f"{self.examples} {self.seed} {hashlib.sha256(document).hexdigest()}"
        if self._path is None or not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8").splitlines():
            kept = json.loads(line)
            if kept.pop("asked") == self._asked:
                self.tested[kept["name"]] = Tested(**kept)

    def add(self, one: Tested) -> None:
        """Take a run in, and tell of it."""
        with self._lock:
            self.tested[one.name] = one
            print(f"  {one.name}: {one.cases} cases, {one.failures} failures, {one.seconds:.0f} s", file=sys.stderr)
            if one.failures:
                print(one.words, file=sys.stderr, flush=True)
            elif self._path is not None:
                with self._path.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps({"asked": self._asked, **asdict(one)}) + "\n")


def _lane(waiting: Iterator[str], progress: Progress) -> None:
    """Test one after the other on a server of one's own, until none waits."""
    with _served() as server, tempfile.TemporaryDirectory() as folder:
        for name in waiting:
            progress.add(run(server, name, progress.examples, progress.seed, Path(folder)))


@contextmanager
def _served() -> Iterator[EdgeServer]:
    with edge_server(keyed=True, search_queue="1000", rate_per_key="0") as server:
        yield server


def _operations(document: Mapping[str, Any]) -> list[str]:
    return [f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods]


def run(server: EdgeServer, name: str, examples: int, seed: int, folder: Path) -> Tested:
    """Run it as a program, on one operation, on sequences of all, or on everything."""
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    options = {
        "--header": f"Authorization: Bearer {server.key}",
        "--max-examples": str(examples),
        "--seed": str(seed),
        "--checks": "all",
        "--exclude-checks": ",".join(EXCUSED),
        "--mode": "all",
        "--generation-database": "none",  # with one it makes good examples shorter for minutes, to keep them
        "--max-response-time": "30",
        "--warnings": "off",
        "--suppress-health-check": "all",
        "--report": "json",
        "--report-json-path": str(report),
        **_CHOICE.get(name, {"--phases": _ALONE, "--include-name": name}),
    }
    program = Path(sys.executable).parent / "schemathesis"
    command = [str(program), "run", f"{server.address}/openapi.json", "--continue-on-failure", "--no-color"]
    for option, value in options.items():
        command += [option, value]
    began = time.monotonic()
    environment = dict(os.environ) | quick_start()
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    if done.returncode not in (0, 1) or not report.exists():
        raise RuntimeError(f"schemathesis ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-500:]}")
    said = json.loads(report.read_text(encoding="utf-8"))
    failures = max(done.returncode, said["test_cases"]["unique_failures"] + len(said["errors"]))
    words = done.stdout[-8000:] if failures else ""
    cases, operations = said["test_cases"]["generated"], said["operations"]["tested"]
    return Tested(name, operations, cases, failures, time.monotonic() - began, words)


def main() -> int:
    """Run from the command line; 1 when something failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=EXAMPLES)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--record", type=Path, metavar="FILE", help="what passed; read and added to")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help=f"e.g. 'GET /search', or {SEQUENCES}")
    asked = parser.parse_args()
    counts = measure(asked.examples, asked.seed, asked.record, asked.only)
    print(json.dumps(counts, indent=1))
    return int(counts["failures"] > 0)


if __name__ == "__main__":
    sys.exit(main())
