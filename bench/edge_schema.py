"""schemathesis over every operation of a real server: right and wrong data, examples, sequences; no failure.

    python -m bench.edge_schema [--examples 1000] [--seed 1]

Every check it knows is on, except what EXCUSED names.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.edge_server import EdgeServer, edge_server

EXAMPLES = 1000
SEED = 1
EXCUSED = ("positive_data_acceptance",)
"""Which bytes are a photo, which text holds JSON, which cursor is ours and which product a search showed is more than a
schema can say; the promised answer to what it allows and we cannot use is a problem with a code, not a 2xx."""


def measure(examples: int = EXAMPLES, seed: int = SEED) -> Mapping[str, float]:
    """For `make prove`: "failures", and "operations" that were tested."""
    settings = {"search_queue": "1000", "rate_per_key": "0"}
    with tempfile.TemporaryDirectory() as folder, edge_server(keyed=True, **settings) as server:
        report = Path(folder) / "report.json"
        done = run(server, examples, seed, report)
        if done.returncode not in (0, 1) or not report.exists():
            raise RuntimeError(f"schemathesis ended with {done.returncode}: {done.stdout[-2000:]}")
        if done.returncode:
            print(done.stdout[-8000:], file=sys.stderr)
        return figures(json.loads(report.read_text(encoding="utf-8")))


def run(server: EdgeServer, examples: int, seed: int, report: Path) -> "subprocess.CompletedProcess[str]":
    """Run it as a program."""
    program = Path(sys.executable).parent / "schemathesis"
    options = {
        "--header": f"Authorization: Bearer {server.key}",
        "--max-examples": str(examples),
        "--seed": str(seed),
        "--checks": "all",
        "--exclude-checks": ",".join(EXCUSED),
        "--phases": "examples,coverage,fuzzing,stateful",
        "--mode": "all",
        "--max-response-time": "30",
        "--warnings": "off",
        "--suppress-health-check": "all",
        "--report": "json",
        "--report-json-path": str(report),
    }
    command = [str(program), "run", f"{server.address}/openapi.json", "--continue-on-failure", "--no-color"]
    for name, value in options.items():
        command += [name, value]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=report.parent)


def figures(report: Mapping[str, Any]) -> Mapping[str, float]:
    """The counts of a report."""
    failures = report["test_cases"]["unique_failures"] + len(report["errors"])
    return {"failures": float(failures), "operations": float(report["operations"]["tested"])}


def main() -> int:
    """Run from the command line; 1 when something failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=EXAMPLES)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    counts = measure(asked.examples, asked.seed)
    print(json.dumps(counts, indent=1))
    return int(counts["failures"] > 0)


if __name__ == "__main__":
    sys.exit(main())
