"""`akin bench` as the promises need it: whole requests at 100,000 products, beside their bare parts."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.promise import NotMeasurable
from bench.shops import ROOT, clean_environment

ROUNDS = 30


def at_100k() -> Mapping[str, float]:
    """ratio: whole request to bare parts, medians. whole_ms: the request. resident_mb: of the server process, MiB."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "bench.json"
        options = ["--sizes", "100000", "--rounds", str(ROUNDS), "--throughput", "0", "--json", str(report)]
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", "bench", *options],
            cwd=ROOT,
            env=clean_environment(),
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise NotMeasurable(f"akin bench ended with {done.returncode}: {(done.stderr or done.stdout)[-400:]}")
        (size,) = json.loads(report.read_text(encoding="utf-8"))["sizes"]
        return {
            "ratio": float(size["ratio"]),
            "whole_ms": float(size["whole"]["p50"]),
            "resident_mb": float(size["resident_mb"]),
        }
