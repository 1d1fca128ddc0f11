"""A benchmark's report as a table for people and as JSON for programs."""

import json
from dataclasses import asdict
from typing import TypeAlias

from rich.console import Group, RenderableType
from rich.table import Table

from app.benchmark.model import Report, SizeReport
from app.benchmark.timing import Timing

FORMAT = "akin-bench/1"
Row: TypeAlias = tuple[str, Timing]


def to_json(report: Report) -> str:
    """The whole report; milliseconds, MiB and counts per second as the fields of app/benchmark/model.py say."""
    sizes = [{**asdict(size), "ratio": size.ratio} for size in report.sizes]
    return json.dumps({"format": FORMAT, **asdict(report), "sizes": sizes}, indent=2) + "\n"


def to_table(report: Report) -> RenderableType:
    """One table a size, and a line each for loading, memory and throughput."""
    lines = [
        f"{load.photos_per_s:.1f} photos a second with {load.workers} server process(es) and {load.callers} callers"
        for load in report.throughput
    ]
    return Group(f"Machine: {report.machine}", *(_size(size) for size in report.sizes), *lines)


def _size(size: SizeReport) -> RenderableType:
    table = Table("", "p50 ms", "p95 ms", "p99 ms", title=f"{size.products:,} products", title_justify="left", box=None)
    rows: list[Row] = [("whole request, 12 MP photo", size.whole)]
    rows += [(f"  {stage.name}", stage) for stage in size.stages]
    rows += [(f"{part.name}, alone", part) for part in size.bare]
    for name, timing in rows:
        table.add_row(name, f"{timing.p50:.1f}", f"{timing.p95:.1f}", f"{timing.p99:.1f}")
    return Group(
        table,
        f"whole request / bare parts: {size.ratio:.2f}; {size.matched} products matched; "
        f"server process {size.resident_mb:.0f} MiB",
        f"loading {size.load_per_s:,.0f} products/s, bare insert {size.insert_per_s:,.0f}/s, "
        f"ratio {size.load_per_s / size.insert_per_s:.2f}",
        "",
    )
