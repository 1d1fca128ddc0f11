"""`akin rules`: merchandising rules checked, and seen before and after on a real search."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.errors import BadRequest
from app.finder import Finder, finder
from app.search import Reason, ReasonCode, Rules, SearchResult, Wishes, read_rules
from app.settings import Settings, load_settings

rules = typer.Typer(no_args_is_help=True, help="Merchandising rules (AKIN_RULES): check a file, preview what it does.")

FileOption = Annotated[
    Path | None, typer.Option("--rules", help="The rules' file; wins over AKIN_RULES.", exists=True, dir_okay=False)
]


class NoRules(BadRequest):
    """No file of rules is named, or there is nothing to search for."""

    code = "no-rules"
    title = "There are no rules to look at"


@rules.command(epilog="Example:  akin rules check --rules rules.toml")
def check(file: FileOption = None) -> None:
    """Read the rules and list them, with those that are on today."""
    settings = _settings(file, None)
    found = _read(settings)
    table = Table("rule", "does", "with", "on searches for", "from", "until", box=None)
    for rule in found.all:
        where = ", ".join(f"{name} {'/'.join(values)}" for name, values in rule.where.items())
        when = ", ".join(f"{name} {'/'.join(values)}" for name, values in (rule.when or {}).items()) or "anything"
        table.add_row(
            escape(rule.name), rule.action.value, escape(where), escape(when), _day(rule.since), _day(rule.until)
        )
    Console().print(table)


@rules.command(
    epilog="Examples:  akin rules preview chair.jpg   |   akin rules preview --text 'oak chair' --rules autumn.toml"
)
def preview(
    photo: Annotated[Path | None, typer.Argument(help="A photo to search with.", exists=True, dir_okay=False)] = None,
    text: Annotated[str, typer.Option(help="Words, beside the photo or alone.")] = "",
    file: FileOption = None,
    limit: Annotated[int, typer.Option(help="How many items to show.", min=1, max=100)] = 12,
    catalog: Annotated[str | None, typer.Option(help="Catalog to use; wins over AKIN_CATALOG.")] = None,
) -> None:
    """Search twice, without and with the rules, and show where each item moved and which rule moved it."""
    if photo is None and not text.strip():
        raise NoRules("There is nothing to search for.", fix="Give a photo, --text, or both.")
    settings = _settings(file, catalog)
    _read(settings)
    before, after = asyncio.run(_both(settings, photo, Wishes(text=text, limit=limit, fold=True)))
    Console().print(_moves(before, after))


async def _both(settings: Settings, photo: Path | None, wishes: Wishes) -> tuple[SearchResult, SearchResult]:
    async with finder(settings) as found:
        plain = Wishes(text=wishes.text, limit=100, fold=True, ruled=False)
        return await _searched(found, photo, plain), await _searched(found, photo, wishes)


async def _searched(found: Finder, photo: Path | None, wishes: Wishes) -> SearchResult:
    if photo is None:
        return await found.search.by_text(wishes)
    return await found.search.by_photo(await found.decoder.decode(await asyncio.to_thread(photo.read_bytes)), wishes)


def _moves(before: SearchResult, after: SearchResult) -> Table:
    was = {item.product.id: place for place, item in enumerate(before.items, start=1)}
    table = Table("now", "was", "score", "product", "moved by", box=None, title=f"{after.total} similar products")
    for place, item in enumerate(after.items, start=1):
        came = was.get(item.product.id)
        named = ", ".join(one.value for one in _by_rules(item.reasons))
        title = escape(f"{item.product.title} ({item.product.id})")
        table.add_row(str(place), str(came or "> 100"), f"{item.score:.2f}", title, escape(named))
    return table


def _by_rules(reasons: tuple[Reason, ...]) -> list[Reason]:
    return [reason for reason in reasons if reason.code is ReasonCode.RULE]


def _read(settings: Settings) -> Rules:
    if settings.rules is None:
        raise NoRules("No file of rules is named.", fix="Set AKIN_RULES, or give --rules FILE.")
    return read_rules(settings.rules)


def _settings(file: Path | None, catalog: str | None) -> Settings:
    given = {"rules": file, "catalog": catalog}
    return load_settings(**{name: value for name, value in given.items() if value is not None})


def _day(day: object) -> str:
    return "" if day is None else str(day)
