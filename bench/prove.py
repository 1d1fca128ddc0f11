"""`make prove`: measure every promise and print `name  measured  bar  ok|FAIL`; exit 1 on a FAIL.

python -m bench.prove [--only PREFIX] [--json FILE] [--list]
"""

import argparse
import importlib
import json
import pkgutil
import sys
import time
from pathlib import Path

import bench.promises
from bench.promise import NotMeasurable, Promise


def promises() -> list[Promise]:
    """Every promise of every module in bench/promises, in the modules' order."""
    found: list[Promise] = []
    for module in sorted(info.name for info in pkgutil.iter_modules(bench.promises.__path__)):
        found += importlib.import_module(f"bench.promises.{module}").PROMISES
    return found


def line(promise: Promise) -> tuple[str, dict[str, object]]:
    """Measure one promise; the line to print and the record to keep."""
    began = time.monotonic()
    sign = ">=" if promise.sense == "at least" else "<="
    bar = f"{sign} {promise.bar:g} {promise.unit}".strip()
    try:
        measured = promise.measure()
    except NotMeasurable as cannot:
        text, verdict, value = f"not measured: {cannot}", "FAIL", None
    else:
        text = f"{measured:.4g} {promise.unit}".strip()
        verdict, value = ("ok" if promise.kept_by(measured) else "FAIL"), measured
    record: dict[str, object] = {
        "name": promise.name,
        "measured": value,
        "bar": promise.bar,
        "sense": promise.sense,
        "unit": promise.unit,
        "verdict": verdict,
        "seconds": round(time.monotonic() - began, 1),
    }
    return f"{promise.name:<34} {text:<18} {bar:<18} {verdict}", record


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="PREFIX", help="only promises whose name begins so")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the records here")
    parser.add_argument("--list", action="store_true", help="print names and bars, measure nothing")
    asked = parser.parse_args()
    chosen = [promise for promise in promises() if promise.name.startswith(asked.only)]
    if not chosen:
        print(f"No promise begins with {asked.only!r}; see --list.", file=sys.stderr)
        return 2
    if asked.list:
        for promise in chosen:
            print(f"{promise.name:<34} {promise.sense} {promise.bar:g} {promise.unit}".rstrip())
        return 0
    records = []
    for promise in chosen:
        text, record = line(promise)
        print(text, flush=True)
        records.append(record)
    if asked.json:
        asked.json.write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")
    return 1 if any(record["verdict"] == "FAIL" for record in records) else 0


if __name__ == "__main__":
    sys.exit(main())
