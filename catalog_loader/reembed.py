"""What `catalog-loader reembed` decides: whether there is anything to do, and what becomes of the new version.

Part of the composition root, as cli.py is: it opens the catalog and searches in both versions.
"""

from pathlib import Path

import typer

from app import trial, wiring
from app.settings import Settings
from catalog_loader.errors import ContradictoryOptions
from catalog_loader.report import Outcome, Summary


async def refuse_same_embedder(settings: Settings) -> None:
    """Raise ContradictoryOptions when the published version was made with the embedder that is set."""
    catalog = wiring.open_catalog(settings)
    analyzer = wiring.build_analyzer(settings)
    try:
        published = (await catalog.snapshot()).generation
        if (published.embedder, published.dims) == (analyzer.embedder, analyzer.dims):
            raise ContradictoryOptions(
                f"The published version was made with {published.embedder} already.",
                fix="Set AKIN_EMBEDDER to the new one; `catalog-loader load` loads with the same.",
            )
    finally:
        await analyzer.close()
        await catalog.close()


async def decided(settings: Settings, summary: Summary, judged: Path | None, before: str, *, publish: bool) -> str:
    """Compare, publish where asked for and better, and say what was done."""
    ready = f"Version {summary.generation} is ready beside the published one"
    by_hand = f"`akin generations publish {summary.generation}` publishes it, `akin generations abandon` gives it up."
    catalog = wiring.open_catalog(settings)
    try:
        if judged is not None:
            present = (await catalog.snapshot()).generation.id
            old = settings.model_copy(update={"embedder": before})
            earlier, later = (old, present), (settings, summary.generation)
            comparison = await trial.tried(judged, earlier, later, lambda line: typer.echo(line, err=True))
            typer.echo(trial.in_words(comparison))
            if not trial.is_better(comparison):
                return f"{ready}. It is not surely as good on the judged photos, so it was not published. {by_hand}"
        if not publish:
            return f"{ready}. {by_hand}"
        published = await catalog.publish(summary.generation)
        summary.outcome = Outcome.PUBLISHED
        return f"Published {published.id}. Start the servers with AKIN_EMBEDDER={settings.embedder} now."
    finally:
        await catalog.close()
