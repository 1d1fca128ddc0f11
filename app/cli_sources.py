"""`akin doctor`, `akin cost`, `akin vocabulary`: looking after outside sources."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.analysis.providers.local import LocalAnalyzer
from app.analysis.vocabulary import read_vocabulary
from app.errors import AppError
from app.metering import DayOfSource, UnplacedWord
from app.settings import Settings
from app.shops import load_shop_settings
from app.wiring_embedder import build_words, model_of
from app.wiring_sources import build_leading, build_prices, build_sources, opened_meter

IN_PART = 1
PATIENCE_S = 30.0
MODELS_HERE = ("onnx", "fastembed")

vocabulary = typer.Typer(no_args_is_help=True, help="From the words of outside sources to the shop's own.")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing `akin doctor` looked at."""

    part: str
    well: bool
    detail: str
    fix: str = ""


def doctor() -> None:
    """Check outside sources and the embedder: packages, credentials, endpoints, cards, models, vocabulary, prices,
    budget. Costs nothing.

    Leaves with 1 when something is wrong.
    """
    findings = asyncio.run(_examined(load_shop_settings()))
    table = Table("", "part", "what", box=None)
    for one in findings:
        advice = f"\n{one.fix}" if one.fix and not one.well else ""
        table.add_row("ok" if one.well else "WRONG", escape(one.part), escape(one.detail + advice))
    Console().print(table)
    if not all(one.well for one in findings):
        raise typer.Exit(IN_PART)


def cost(
    days: Annotated[int, typer.Option(help="How many days back.", min=1, max=3650)] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what outside sources cost: units and US dollars by day and source, and how many calls were saved."""
    report = asyncio.run(_spent(load_shop_settings(), days))
    if as_json:
        typer.echo(json.dumps([_as_json(one) for one in report], indent=2))
        return
    table = Table("day", "source", "units", "US dollars", "called", "from cache", "shared", "spared", box=None)
    for one in report:
        had = one.happened
        counts = [f"{had.get(what, 0):,}" for what in ("called", "cached", "shared", "spared")]
        table.add_row(one.day, escape(one.source), f"{sum(one.units.values()):,}", f"{one.usd:.4f}", *counts)
    Console().print(table)
    typer.echo(f"{sum(one.usd for one in report):.2f} US dollars at list prices; no free quota is taken off.")


@vocabulary.command("gaps", epilog="Examples:  akin vocabulary gaps   |   akin vocabulary gaps --toml > more.toml")
def gaps(
    limit: Annotated[int, typer.Option(help="How many words.", min=1, max=1000)] = 50,
    toml: Annotated[bool, typer.Option("--toml", help="Print suggestions as lines for the vocabulary file.")] = False,
) -> None:
    """Show words of outside sources that the vocabulary lacks, how often they were said, and where they may belong."""
    found = asyncio.run(_gaps(load_shop_settings(), limit))
    if toml:
        typer.echo(_as_toml(found), nl=False)
        return
    table = Table("word", "said", "by", "photos showed", "suggestion", box=None)
    for word, suggestion in found:
        showed = ", ".join(f"{kind} {times}" for kind, times in word.seen_as)
        table.add_row(escape(word.word), f"{word.times:,}", ", ".join(word.sources), escape(showed), suggestion or "")
    Console().print(table)


async def _examined(settings: Settings) -> list[Finding]:
    try:
        words = read_vocabulary(settings.vocabulary)
        sources, bad = build_sources(settings, words)
        leading = build_leading(settings, words)
        sources += [leading] if leading is not None else []
    except AppError as problem:
        return [Finding("settings", False, problem.detail, problem.fix or "")]
    findings = [Finding("vocabulary", True, f"{len(words.type_names)} types, {len(words.attributes)} attributes.")]
    findings += [Finding(name, False, problem.detail, problem.fix or "") for name, problem in bad]
    if settings.embedder.partition(":")[0] in MODELS_HERE:
        findings.append(await asyncio.to_thread(_model_here, settings))
    if not sources and not bad:
        return [*findings, Finding("sources", True, "None is named: no photo leaves this machine.")]
    for source in sources:
        try:
            async with asyncio.timeout(PATIENCE_S):
                findings.append(Finding(source.name, True, await source.check()))
        except TimeoutError:
            findings.append(Finding(source.name, False, f"No answer within {PATIENCE_S:.0f} s.", "Check the network."))
        except AppError as problem:
            findings.append(Finding(source.name, False, problem.detail, problem.fix or ""))
        finally:
            await source.close()
    try:
        prices = build_prices(settings)
        price = sum(prices.micros(source.units) for source in sources) / 1_000_000
        findings.append(
            Finding("prices", True, f"A photo costs {price:.5f} US dollars (list of {prices.as_of}; {prices.source}).")
        )
        async with opened_meter(settings) as (ledger, _):
            units, usd = await ledger.spent_today()
        limits = ", ".join(f"{name} {value}" for name, value in _limits(settings).items()) or "no limit is set"
        findings.append(Finding("budget", True, f"Today {units} units, {usd:.2f} US dollars; {limits}."))
    except AppError as problem:
        findings.append(Finding("metering", False, problem.detail, problem.fix or ""))
    return findings


def _model_here(settings: Settings) -> Finding:
    """Whether the embedding model on this machine can be opened; one that is named and not there is fetched."""
    try:
        with ThreadPoolExecutor(1) as executor:
            folders = model_of(settings, words=True)
            eyes = LocalAnalyzer(executor, settings.embedder if folders is None else f"fastembed:{folders.pictures}")
            words = build_words(folders, eyes, executor)
    except AppError as problem:
        return Finding("embedder", False, problem.detail, problem.fix or "")
    knows = "; words find pictures too" if words is not None else ""
    return Finding("embedder", True, f"{eyes.embedder}, {eyes.dims} numbers{knows}.")


def _limits(settings: Settings) -> dict[str, float]:
    named = {name: getattr(settings, name) for name in Settings.model_fields if name.startswith("budget_")}
    return {f"AKIN_{name.upper()}": value for name, value in named.items() if value is not None}


async def _spent(settings: Settings, days: int) -> list[DayOfSource]:
    async with opened_meter(settings) as (ledger, _):
        return await ledger.report(days)


def _as_json(one: DayOfSource) -> dict[str, object]:
    return {
        "day": one.day, "source": one.source, "units": dict(one.units), "usd": one.usd, "happened": dict(one.happened),
    }  # fmt: skip


async def _gaps(settings: Settings, limit: int) -> list[tuple[UnplacedWord, str | None]]:
    words = read_vocabulary(settings.vocabulary)
    async with opened_meter(settings) as (_, unplaced):
        found = await unplaced.most_frequent(limit)
        placed = [one.word for one in found if words.knows(one.word)]
        await unplaced.forget(placed)
    strange = [one for one in found if one.word not in placed]
    return [(one, words.suggestion(one.word, one.seen_as, one.times)) for one in strange]


def _as_toml(found: list[tuple[UnplacedWord, str | None]]) -> str:
    """Suggestions in the vocabulary's form, one table each; words without one as comments to be decided."""
    tables: dict[str, list[str]] = {}
    lines = []
    for word, suggestion in found:
        if suggestion is None:
            lines.append(f"# {json.dumps(word.word)}: said {word.times} times")
        else:
            tables.setdefault(suggestion, []).append(word.word)
    for suggestion, words in sorted(tables.items()):
        attribute, _, value = suggestion.partition("=")
        listed = json.dumps(words, ensure_ascii=False)
        name = json.dumps(value, ensure_ascii=False)
        of_type, of_value = f"[types.{name}]\nwords = {listed}", f"[attributes.{attribute}]\n{name} = {listed}"
        lines.append(of_type if attribute == "type" else of_value)
    return "".join(line + "\n" for line in lines)
