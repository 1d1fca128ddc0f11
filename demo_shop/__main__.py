"""``python -m demo_shop build``: renders the shipped demo shop, or another one from another seed."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from demo_shop import shop
from demo_shop.build import Plan, products, run
from demo_shop.render import choose_variant

app = typer.Typer(add_completion=False, help=__doc__)


@app.callback()
def main() -> None:
    """Makes the demo shop: its feed, its catalog pictures and the shopper photos with their ground truth."""


@app.command()
def build(
    out: Annotated[Path, typer.Option(help="The folder to write; an interrupted build goes on there.")],
    seed: Annotated[
        int, typer.Option(help="Another seed gives another shop; 1 is the shipped one.")
    ] = shop.SHIPPED_SEED,
    designs: Annotated[int | None, typer.Option(help="Item groups in all, spread over the types.")] = None,
    designs_only_type: Annotated[list[str] | None, typer.Option(help="Only this type word; may be repeated.")] = None,
    variants: Annotated[int, typer.Option(min=2, max=4, help="Most finishes of one design.")] = 4,
    views: Annotated[int, typer.Option(min=1, max=3, help="Catalog pictures of each product.")] = 2,
    shopper: Annotated[float | None, typer.Option(help="Shopper photos for each product, on average.")] = None,
    strangers: Annotated[int, typer.Option(min=0, help="Photos of things the shop does not sell.")] = 48,
    size: Annotated[int, typer.Option(min=16, help="Catalog picture side in pixels.")] = 384,
    photo_size: Annotated[int | None, typer.Option(min=16, help="Longer side of a shopper photo in pixels.")] = None,
    samples: Annotated[int, typer.Option(min=1, help="Light paths for each pixel.")] = 8,
    quality: Annotated[int, typer.Option(min=30, max=95, help="JPEG quality of catalog pictures.")] = 78,
    only: Annotated[int | None, typer.Option(min=1, help="Stop after this many pictures.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes; each uses one core.")] = 1,
    variant: Annotated[str, typer.Option(help="Mitsuba variant: auto, llvm_ad_rgb or scalar_rgb.")] = "auto",
) -> None:
    """Renders a shop.

    The shipped one: python -m demo_shop build --out demo_shop

    A small other one to learn from: python -m demo_shop build --out train --seed 7 --designs 200 --size 160 --samples 6
    --shopper 2
    """
    plan = Plan(
        out=out,
        seed=seed,
        designs=designs,
        words=tuple(designs_only_type or ()),
        most_variants=variants,
        views=views,
        photos=0,
        strangers=strangers,
        size=size,
        photo_size=photo_size or max(16, round(size * 1.15 / 8) * 8),
        samples=samples,
        quality=quality,
        variant=choose_variant(variant),
    )
    count = len(products(plan))
    photos = 324 if shopper is None else round(shopper * count)
    plan = Plan(**{**vars(plan), "photos": photos})
    _follow(plan, jobs, only)


def _follow(plan: Plan, jobs: int, only: int | None) -> None:
    """Shows a bar on a terminal and a plain line now and then elsewhere."""
    console = Console(stderr=True)
    started = time.monotonic()
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task("pictures")
            for done, total in run(plan, processes=jobs, only=only):
                bar.update(task, completed=done, total=total)
        return
    first = None
    for done, total in run(plan, processes=jobs, only=only):
        first = done if first is None else first
        spent = time.monotonic() - started
        if done == total or (done - first) % 25 == 0:
            rate = spent / max(1, done - first)
            sys.stderr.write(
                f"{done} of {total} pictures, {rate:.2f} s each, {rate * (total - done) / 60:.0f} min left\n"
            )


if __name__ == "__main__":
    app()
