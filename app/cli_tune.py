"""`akin tune`: fit the score to a shop's own judgments or clicks, keep what is surely better, and go back."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from app import evaluation, wiring
from app.catalog import Snapshot
from app.errors import BadRequest
from app.finder import Finder, finder
from app.search import Calibration
from app.settings import Settings
from app.shops import load_shop_settings

PLACE = Path("data/calibration.json")
"""Where the calibration is put when neither --out nor AKIN_CALIBRATION names a file."""


class NoJudgments(BadRequest):
    """Neither judgments nor --undo were given."""

    code = "no-judgments"
    title = "There is nothing to tune to"


def tune(
    judgments: Annotated[
        Path | None, typer.Argument(help="Judged photos or recorded interactions (JSON Lines).", dir_okay=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the calibration here. Default: AKIN_CALIBRATION, else data/calibration.json."),
    ] = None,
    interactions: Annotated[
        bool, typer.Option("--interactions", help="Fit to what shoppers did, as the server's AKIN_EVENTS keeps it.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Put the version before back in place.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Fit and measure; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures and moves as JSON.")] = False,
    catalog: Annotated[str | None, typer.Option(help="Catalog to use; wins over AKIN_CATALOG.")] = None,
) -> None:
    """Fit the score to your own judged photos or recorded clicks, so that it means what your shoppers mean.

    Kept only where queries that were not fitted to are surely answered better; else refused, and nothing is written.
    """
    settings = load_shop_settings(**({"catalog": catalog} if catalog else {}))
    place = out or settings.calibration or PLACE
    if undo:
        restored, taken = evaluation.undo(place)
        typer.echo(
            f"{place} is version {restored.version} again (was {taken.version}). Servers take it at their start."
        )
        return
    if interactions == (judgments is not None) or (judgments is not None and not judgments.is_file()):
        named = f"There is no file {judgments}." if judgments is not None else "No judgments were given."
        named = "Give judgments or --interactions, not both." if interactions and judgments else named
        raise NoJudgments(named, fix="akin tune judged.jsonl, akin tune --interactions, or akin tune --undo.")
    tuning = asyncio.run(_tuned(settings, judgments))
    typer.echo(json.dumps(_facts(tuning), indent=2)) if as_json else _show(tuning)
    accepted = tuning.accepted()
    if dry_run:
        return
    earlier = evaluation.keep(place, accepted, wiring.build_calibration(settings))
    if not as_json:
        typer.echo(f"Wrote {place} (version {accepted.version}); the one before is {earlier}.")
        if settings.calibration != place:
            typer.echo(f"Set AKIN_CALIBRATION={place} to use it. `akin tune --undo` goes back.")


async def _tuned(settings: Settings, judgments: Path | None) -> evaluation.Tuning:
    start = wiring.build_calibration(settings)
    quiet = not sys.stderr.isatty()
    with Progress(console=Console(stderr=True), disable=quiet) as bar:
        lists, embedder = await _lists(settings, judgments, start, bar)
        task = bar.add_task("Fitting", total=None)
        return await asyncio.to_thread(
            evaluation.tuned,
            lists,
            start,
            data=f"{judgments.name if judgments is not None else 'recorded interactions'}; {len(lists)} queries",
            embedder=embedder,
            step=lambda done, whole: bar.update(task, completed=done, total=whole),
        )


async def _lists(
    settings: Settings, judgments: Path | None, start: Calibration, bar: Progress
) -> tuple[list[evaluation.JudgedList], str]:
    """The judged lists, and the embedder whose looks they are of."""
    if judgments is None or evaluation.holds_impressions(judgments):
        impressions = await _recorded(settings) if judgments is None else evaluation.read_impressions(judgments)
        return await asyncio.to_thread(evaluation.lists_of_clicks, impressions, start), start.embedder
    photos = evaluation.read_judged_photos(judgments)
    async with finder(settings) as found:
        snapshot = await found.catalog.snapshot()
        usable = await evaluation.usable(photos, snapshot)
        return await _searched(found, snapshot, usable, bar)


async def _recorded(settings: Settings) -> list[evaluation.Impression]:
    events = wiring.open_events(settings)
    try:
        return evaluation.recorded(await events.impressions(since_days=settings.events_days))
    finally:
        await events.close()


async def _searched(
    found: Finder, snapshot: Snapshot, photos: list[evaluation.JudgedPhoto], bar: Progress
) -> tuple[list[evaluation.JudgedList], str]:
    task = bar.add_task("Searching", total=len(photos))
    lists = await evaluation.gathered(
        found.search, found.decoder.decode, photos, progress=lambda done, _: bar.update(task, completed=done)
    )
    return lists, snapshot.generation.embedder


def _show(tuning: evaluation.Tuning) -> None:
    console = Console(highlight=False)
    console.print(tuning.verdict.in_words(), soft_wrap=True)
    if not tuning.calibration.moves:
        return
    table = Table("stage", "evidence", "before", "after", "in its parts", "why", box=None)
    for move in tuning.calibration.moves:
        spread = f"{move.low:.2f} – {move.high:.2f}"
        table.add_row(move.stage.value, move.feature.value, f"{move.before:.2f}", f"{move.after:.2f}", spread, move.why)
    console.print(table)


def _facts(tuning: evaluation.Tuning) -> dict[str, object]:
    whole = json.loads(tuning.calibration.to_json())
    return {
        "better": tuning.verdict.better,
        "verdict": tuning.verdict.in_words(),
        "measures": tuning.verdict.measures(),
        "moves": whole["moves"],
        "version": tuning.calibration.version,
    }
