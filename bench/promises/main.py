"""The main job: demo, relevance, calibration, speed, memory, loading, kills, hostile uploads (rows `main.*`)."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from app.benchmark import free_port
from bench import engine, live_changes, loader_kill, loader_rate, mutated_uploads
from bench.promise import NotMeasurable, Promise, shared
from bench.shops import ROOT, clean_environment, demo_shop, evaluate, shared_shop


def demo_times() -> Mapping[str, float]:
    """Seconds of `make demo` in a fresh clone, install included, until its first answer; and of a second start."""
    if not (ROOT / "demo_shop" / "feed.tsv").exists():
        raise NotMeasurable("demo_shop/feed.tsv is missing; make render makes it")
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "akin"
        subprocess.run([_program("git"), "clone", "--quiet", str(ROOT), str(clone)], check=True)
        return {"fresh": _demo_once(clone), "again": _demo_once(clone)}


def demo_quality() -> Mapping[str, float]:
    """Figures of the demo photos through loader, catalog and search."""
    with demo_shop() as shop:
        return _figures(evaluate(shop))


def measured_on(name: str) -> Mapping[str, float]:
    """Figures of one of the measuring sets, through loader, catalog and search."""
    with shared_shop(name) as shop:
        return _figures(evaluate(shop))


def _figures(report: Mapping[str, object]) -> dict[str, float]:
    measures = report["measures"]
    if not isinstance(measures, dict):
        raise NotMeasurable("the report of akin evaluate has no measures")
    return {name: float(measure["value"]) for name, measure in measures.items()}


def _demo_once(clone: Path) -> float:
    began = time.monotonic()
    done = subprocess.run(
        [_program("make"), "demo", "DEMO_OPTIONS=--once", f"PORT={free_port()}"],
        cwd=clone,
        env=clean_environment(),
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise NotMeasurable(f"make demo ended with {done.returncode}: {(done.stderr or done.stdout)[-400:]}")
    return time.monotonic() - began


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NotMeasurable(f"{name} is not installed")
    return found


demo_time = shared(demo_times)
demo = shared(demo_quality)
household = shared(lambda: measured_on("household"))
grocery = shared(lambda: measured_on("grocery"))
clothing = shared(lambda: measured_on("clothing"))
at_100k = shared(engine.at_100k)
rate = shared(loader_rate.measure)
changes = shared(live_changes.measure)
kills = shared(loader_kill.measure)
hostile = shared(mutated_uploads.measure)

PROMISES = [
    Promise("main.demo.fresh", "at most", 480, "s", demo_time("fresh")),
    Promise("main.demo.again", "at most", 15, "s", demo_time("again")),
    Promise("main.demo.hit@1", "at least", 0.75, "", demo("hit@1")),
    Promise("main.demo.hit@10", "at least", 0.95, "", demo("hit@10")),
    Promise("main.demo.type", "at least", 0.92, "", demo("type_accuracy")),
    Promise("main.demo.not_sold", "at least", 0.85, "", demo("no_match_recall")),
    Promise("main.demo.ece", "at most", 0.08, "", demo("ece")),
    Promise("main.household.hit@1", "at least", 0.70, "", household("hit@1")),
    Promise("main.household.hit@5", "at least", 0.85, "", household("hit@5")),
    Promise("main.grocery.hit@1", "at least", 0.28, "", grocery("hit@1")),
    Promise("main.grocery.hit@5", "at least", 0.58, "", grocery("hit@5")),
    Promise("main.clothing.type@1", "at least", 0.30, "", clothing("hit@1")),
    Promise("main.request.ratio", "at most", 1.4, "x", at_100k("ratio")),
    Promise("main.request.whole", "at most", 150, "ms", at_100k("whole_ms")),
    Promise("main.request.resident", "at most", 600, "MB", at_100k("resident_mb")),
    Promise("main.change.visible", "at most", 2.0, "s", changes("visible_s")),
    Promise("main.loader.rate", "at least", 25, "images/s", rate("images_per_s")),
    Promise("main.loader.analysis", "at least", 0.90, "", rate("analysis_share")),
    Promise("main.kill.lost", "at most", 0, "", kills("lost")),
    Promise("main.kill.doubled", "at most", 0, "", kills("doubled")),
    Promise("main.hostile.5xx", "at most", 0, "", hostile("5xx")),
    Promise("main.hostile.dead", "at most", 0, "", hostile("dead")),
]
