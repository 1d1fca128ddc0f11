"""`akin learn`: teach the eyes with the shop's own catalog, keep it where it helps."""

import asyncio
import json
from typing import Annotated

import typer

from app import wiring
from app.catalog import Generation, holder_name
from app.intake import EXAMPLES
from app.learning import Lesson, learned, renewed
from app.settings import Settings, load_settings
from app.wiring_embedder import LocalTeacher


def learn(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Learn and measure; change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    catalog: Annotated[str | None, typer.Option(help="Catalog to use; wins over AKIN_CATALOG.")] = None,
) -> None:
    """Learn from your own products what tells them apart: a projection with heads for types and attributes.

    Measured on products left out, and refused where it does not surely help. What helps is published as a new version
    of the catalog, with the same products; `akin generations rollback` undoes it. Over whatever embedder is set.
    """
    settings = load_settings(**({"catalog": catalog} if catalog else {}))
    lesson, published = asyncio.run(_learn(settings, dry_run=dry_run))
    if as_json:
        typer.echo(json.dumps(_facts(lesson, published), indent=2))
        return
    typer.echo(lesson.in_words())
    typer.echo(
        "It guesses types and attributes and takes part in the order of answers."
        if lesson.orders
        else "It guesses types and attributes; the order of answers stays without it, as it does not surely help there."
    )
    if published is not None:
        typer.echo(f"Published {published.id}: {published.products:,} products. `akin generations rollback` undoes it.")


async def _learn(settings: Settings, *, dry_run: bool) -> tuple[Lesson, Generation | None]:
    opened, writer = wiring.open_catalog(settings), wiring.open_catalog_writer(settings)
    analyzer = wiring.build_analyzer(settings)
    try:
        published = (await opened.snapshot()).generation
        wiring.refuse_other_embedder(published, analyzer)
        examples = await writer.examples(published.id, EXAMPLES)
        calibration = wiring.build_calibration(settings)
        lesson = await asyncio.to_thread(learned, examples, LocalTeacher(analyzer.embedder), calibration)
        if dry_run:
            return lesson, None
        return lesson, await renewed(opened, writer, lesson.artifact, holder=holder_name("akin learn"))
    finally:
        await analyzer.close()
        await writer.close()
        await opened.close()


def _facts(lesson: Lesson, published: Generation | None) -> dict[str, object]:
    return {
        "types_before": round(lesson.types_before, 4),
        "types_after": round(lesson.types_after, 4),
        "gain": round(lesson.types_gain.value, 4),
        "gain_low": round(lesson.types_gain.low, 4),
        "gain_high": round(lesson.types_gain.high, 4),
        "surer": round(lesson.surer.value, 4),
        "attributes_gain": round(lesson.attributes_gain, 4),
        "first_before": round(lesson.order.before, 4),
        "first_after": round(lesson.order.after, 4),
        "first_gain_low": round(lesson.order.gain.low, 4),
        "in_the_order": lesson.orders,
        "products": lesson.products,
        "pictures": lesson.pictures,
        "generation": published.id if published is not None else None,
    }
