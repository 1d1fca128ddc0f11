"""How right the answers are (rows `relevance.*`): measuring photos, the demo shop, a bigger model, tuning, the eyes.

Everything goes through the loader and `akin evaluate`, like a retailer's data. The bigger model is the one beside the
measuring photos; nothing of it is copied but for the time of the measurement.
"""

import csv
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from bench.promise import NotMeasurable
from bench.shops import DEMO, ROOT, SHARED, Shop, demo_shop, evaluate, load, shared_shop

DISTRACTORS = ROOT / "bench" / ".distractors"
"""Rendered once and kept: half an hour of two cores."""
DISTRACTOR_COUNT = 2_000
DISTRACTOR_SEED = 20_261
MODEL = "mobilenet_v1_1.0_224_quant_embedding_extractor.onnx"
MODEL_RECIPE = '[input]\nsize = 224\nlayout = "NCHW"\nmean = 128\nscale = 0.0078125\n'
CORES_ONE = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"


def figures(report: Mapping[str, object]) -> dict[str, float]:
    """The measures of a report of `akin evaluate`."""
    measures = report["measures"]
    assert isinstance(measures, dict)
    return {name: float(measure["value"]) for name, measure in measures.items()}


def measured_on(name: str) -> Mapping[str, float]:
    """One of the measuring sets with the embedded eyes."""
    with shared_shop(name) as shop:
        return figures(evaluate(shop))


def with_model(name: str) -> Mapping[str, float]:
    """The same with AKIN_EMBEDDER=onnx: the model beside the photos, everything else ours."""
    if find_spec("onnxruntime") is None:
        raise NotMeasurable("onnxruntime is not installed; pip install 'akin[onnx]'")
    model = SHARED / "models" / MODEL
    if not model.is_file():
        raise NotMeasurable(f"../shared/data/models/{MODEL} is not beside the checkout")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "model.onnx"
        copy.symlink_to(model)
        copy.with_suffix(".toml").write_text(MODEL_RECIPE, encoding="utf-8")
        with shared_shop(name, AKIN_EMBEDDER=f"onnx:{copy}") as shop:
            return figures(evaluate(shop))


def among_distractors() -> Mapping[str, float]:
    """Household's phone photos when the shop also sells 2,000 rendered things."""
    pictures = distractors()
    with crowded(pictures) as shop:
        return figures(evaluate(shop))


def distractors() -> list[Path]:
    """2,000 pictures of rendered products; rendered now where they are not yet there."""
    found = sorted((DISTRACTORS / "pictures").glob("*.jpg"))[:DISTRACTOR_COUNT]
    if len(found) < DISTRACTOR_COUNT:
        if find_spec("mitsuba") is None:
            raise NotMeasurable("2,000 pictures must be rendered first; pip install 'akin[demo]'")
        command = [sys.executable, "-m", "demo_shop", "build", "--out", str(DISTRACTORS), "--jobs", "2"]
        options = ["--seed", str(DISTRACTOR_SEED), "--designs", "420", "--size", "256", "--samples", "6"]
        options += ["--shopper", "0", "--strangers", "0"]
        done = subprocess.run([*command, *options], cwd=ROOT, check=False, capture_output=True, text=True)
        found = sorted((DISTRACTORS / "pictures").glob("*.jpg"))[:DISTRACTOR_COUNT]
        if len(found) < DISTRACTOR_COUNT:
            raise NotMeasurable(f"only {len(found)} were rendered: {(done.stderr or done.stdout)[-300:]}")
    return found


@contextmanager
def crowded(pictures: list[Path]) -> Iterator[Shop]:
    """Household's shop with one more product a picture."""
    with shared_shop("household", unloaded=True) as shop:
        feed = shop.queries.parent / "feed.jsonl"
        with feed.open("a", encoding="utf-8") as file:
            for number, picture in enumerate(pictures):
                row = {
                    "id": f"distractor-{number:04d}", "title": picture.stem.replace("-", " "),
                    "image_link": picture.as_uri(), "product_type": "Rendered > Things", "availability": "in_stock",
                }  # fmt: skip
                file.write(json.dumps(row) + "\n")
        load(shop, feed)
        yield shop


def demo() -> Mapping[str, float]:
    """The demo shop's photos: hits, types, not sold, calibration, and how often `exact` is similar (by the proxy)."""
    with demo_shop() as shop:
        report = evaluate(shop)
    outcomes = report["outcomes"]
    assert isinstance(outcomes, list)
    sure = [
        bool(item["similar"])
        for outcome in outcomes
        for item in outcome["shown"]
        if item["match"] == "exact" and item["similar"] is not None
    ]
    if not sure:
        raise NotMeasurable("no item was called exact")
    return figures(report) | {"exact": sum(sure) / len(sure)}


def tuning() -> Mapping[str, float]:
    """`akin tune` on the demo photos of the split "fit" (198): seconds, and nDCG@10 gained on held-out queries."""
    with demo_shop() as shop:
        began = time.monotonic()
        command = [sys.executable, "-m", "app.cli", "tune", str(shop.queries), "--dry-run", "--json"]
        done = subprocess.run(command, cwd=ROOT, env=shop.environment(), check=False, capture_output=True, text=True)
        seconds = time.monotonic() - began
    found = re.search(r"\{.*\}", done.stdout, re.DOTALL)
    if done.returncode not in {0, 3} or found is None:
        raise NotMeasurable(f"akin tune ended with {done.returncode}: {(done.stderr or done.stdout)[-400:]}")
    measures = json.loads(found[0])["measures"]
    return {"seconds": seconds, "gain": measures["gain"], "gain, high": measures["gain, high"]}


def learned(name: str) -> Mapping[str, float]:
    """A shop's measures after `akin learn`, and what it changed: names that end with " gained"."""
    with demo_shop() if name == "demo" else shared_shop(name) as shop:
        before = figures(evaluate(shop))
        command = [sys.executable, "-m", "app.cli", "learn", "--json"]
        done = subprocess.run(command, cwd=ROOT, env=shop.environment(), check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise NotMeasurable(f"akin learn ended with {done.returncode}: {(done.stderr or done.stdout)[-400:]}")
        after = figures(evaluate(shop))
    return after | {f"{measure} gained": after[measure] - before[measure] for measure in after if measure in before}


def eyes() -> Mapping[str, float]:
    """One look at a decoded photo on one core (ms of processor time, p50 of 30: what else the machine does is not
    counted), and the size of the shipped files (MB)."""
    photos = sorted((SHARED / "household" / "query").glob("*.jpg"))
    if not photos:
        raise NotMeasurable("../shared/data is not beside the checkout")
    program = CORES_ONE + (
        "import sys, time, statistics, cv2, numpy as np\n"
        "from app.analysis.local import LocalEyes, see_in_one_thread\n"
        "see_in_one_thread(); cv2.setNumThreads(1); eyes = LocalEyes(); spent = []\n"
        "for path in sys.argv[1:]:\n"
        "    stored = cv2.imread(path); side = 1024 / max(stored.shape[:2])\n"
        "    small = cv2.resize(stored, None, fx=side, fy=side, interpolation=cv2.INTER_AREA)\n"
        "    pixels = np.ascontiguousarray(small[:, :, ::-1]); began = time.process_time(); eyes.see(pixels)\n"
        "    spent.append(time.process_time() - began)\n"
        "print(1000 * statistics.median(spent[2:]))\n"
    )
    chosen = [str(path) for path in photos[8:40]]
    done = subprocess.run(
        [sys.executable, "-c", program, *chosen], cwd=ROOT, check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise NotMeasurable(done.stderr[-400:])
    shipped = ROOT / "app" / "analysis" / "local" / "weights"
    size = sum(path.stat().st_size for path in shipped.rglob("*") if path.is_file() and path.suffix != ".py")
    return {"ms": float(done.stdout), "mb": size / 1e6}


def judged_photos() -> float:
    """Judged demo photos that ship, in the documented format, each with its picture."""
    rows = [json.loads(line) for line in (DEMO / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    with (DEMO / "feed.tsv").open(encoding="utf-8", newline="") as file:
        sold = {row["id"] for row in csv.DictReader(file, delimiter="\t")}
    good = [row for row in rows if (DEMO / row["photo"]).is_file() and (row["product"] in sold or not row["sold"])]
    return float(len(good))
