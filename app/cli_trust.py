"""`akin trust`: how far each outside source is to be believed, fitted to the shop's own judged photos."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app import evaluation, wiring
from app.analysis.asking import Asker
from app.analysis.merge import attributes_said, kinds_said
from app.analysis.sighting import Sighting
from app.analysis.source import SourceFailure
from app.analysis.trust import FEWEST, Curve, fitted, read_trust
from app.analysis.vocabulary import Vocabulary, read_vocabulary
from app.catalog import NothingPublished, Product
from app.evaluation import JudgedPhoto
from app.metering import Answers, Ledger, MeterStore
from app.settings import InvalidSettings, Settings
from app.shops import load_shop_settings
from app.wiring_sources import build_budget, build_outgoing, build_prices, build_sources, price_per_picture

PATIENCE_S = 30.0

Statement = tuple[float, bool]
"""How sure a source said it was, 0..1, and whether it was right."""


def trust(
    queries: Annotated[Path, typer.Argument(help="Judged photos (JSON Lines).", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(help="Write the curves here; AKIN_TRUST names the file.", dir_okay=False)],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree to what the sources cost.")] = False,
) -> None:
    """Ask the sources about your own judged photos and fit how far each is to be believed.

    A statement is right when it names the judged type, or a color, material or pattern that the judged product has in
    the feed. What was asked before comes from the cache.
    """
    settings = load_shop_settings()
    photos = [photo for photo in evaluation.read_judged_photos(queries) if photo.type or photo.product]
    _refuse_dear(settings, len(photos), yes)
    told = asyncio.run(_statements(settings, photos))
    believed = read_trust(settings.trust)
    lines, table = [], Table("source", "statements", "right", "said sure", "believed now", "fitted", box=None)
    for name, pairs in told.items():
        if len(pairs) < FEWEST:
            lines.append(f"# {name}: only {len(pairs)} statements that can be checked; {FEWEST} are the least")
            table.add_row(escape(name), str(len(pairs)), "", "", "", "too few")
            continue
        curve = fitted(pairs)
        right = sum(was_right for _, was_right in pairs) / len(pairs)
        said = sum(sure for sure, _ in pairs) / len(pairs)
        shown = (right, said, _mean(believed.of(name), pairs), _mean(curve, pairs))
        table.add_row(escape(name), str(len(pairs)), *(f"{share:.0%}" for share in shown))
        lines.append(f'["{name}"]  # {len(pairs)} statements, {right:.0%} right')
        lines.append(f"slope = {curve.slope:.4f}\noffset = {curve.offset:.4f}")
    out.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    Console().print(table)
    typer.echo(f"Wrote {out}. AKIN_TRUST={out} makes it count.")


def _mean(curve: Curve, pairs: Sequence[Statement]) -> float:
    return sum(curve.calibrated(sure) for sure, _ in pairs) / len(pairs)


def _refuse_dear(settings: Settings, photos: int, agreed: bool) -> None:
    """Say the price; raise InvalidSettings where it is more than may be spent unasked and nobody agrees."""
    price = photos * price_per_picture(settings.model_copy(update={"cascade": 1.0, "embedder": "local"}))
    typer.echo(f"Outside sources are asked about up to {photos:,} photos: {price:,.4f} US dollars at list prices.")
    if price <= settings.loader_ask_above_usd or agreed or (sys.stdin.isatty() and typer.confirm("Go on?")):
        return
    raise InvalidSettings(
        f"The photos would cost up to {price:,.2f} US dollars; {settings.loader_ask_above_usd:,.2f} may be spent"
        " unasked.",
        fix="Agree with --yes, judge fewer photos, or raise AKIN_LOADER_ASK_ABOVE_USD.",
    )


async def _statements(settings: Settings, photos: Sequence[JudgedPhoto]) -> dict[str, list[Statement]]:
    """What each source said of the photos that can be checked."""
    words = read_vocabulary(settings.vocabulary)
    sources, _ = build_sources(settings, words)
    outgoing = build_outgoing(settings)
    products = await _products(settings, [photo.product for photo in photos if photo.product])
    async with AsyncExitStack() as stack:
        store = MeterStore(settings.cloud_store)
        stack.push_async_callback(store.close)
        answers = Answers(store, ttl_s=settings.cloud_cache_days * 86_400)
        ledger = Ledger(store, build_prices(settings), build_budget(settings))
        stack.push_async_callback(ledger.flush)
        askers = [Asker(source, answers=answers, ledger=ledger) for source in sources]
        for asker in askers:
            stack.push_async_callback(asker.close)
        decoder = wiring.build_decoder(settings)
        stack.push_async_callback(decoder.close)
        told: dict[str, list[Statement]] = {asker.name: [] for asker in askers}
        for photo in photos:
            picture = await outgoing(await decoder.decode(await asyncio.to_thread(photo.photo.read_bytes)))
            until = asyncio.get_running_loop().time() + PATIENCE_S
            for asker in askers:
                try:
                    sighting = await asker.ask(picture, until)
                except SourceFailure:  # logged by the asker; the others still say something
                    continue
                told[asker.name] += checked(sighting, photo, products.get(photo.product or ""), words)
    return told


def checked(sighting: Sighting, photo: JudgedPhoto, product: Product | None, words: Vocabulary) -> list[Statement]:
    """What of a sighting can be held against the judgment: types, and attributes that the product states too."""
    found = []
    if photo.type:
        said = kinds_said(sighting, words)
        found += [(sure, photo.type in words.family(kind)) for kind, sure in said.items()]
    stated: dict[str, set[str]] = {}
    for one in product.attributes if product is not None else ():
        if one.source == "feed":
            stated.setdefault(one.name, set()).add(one.value.casefold())
    for (name, value), sure in attributes_said(sighting, words).items():
        if name in stated:
            found.append((sure, value.casefold() in stated[name]))
    return found


async def _products(settings: Settings, ids: Sequence[str]) -> Mapping[str, Product]:
    """The judged products that are in the shop; none where nothing is published."""
    catalog = wiring.open_catalog(settings)
    try:
        return {one.id: one for one in await (await catalog.snapshot()).products(list(dict.fromkeys(ids)))}
    except NothingPublished:
        return {}
    finally:
        await catalog.close()
