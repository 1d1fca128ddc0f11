"""Two versions of a catalog, each with the embedder it was made with, on the same judged photos."""

from collections.abc import Callable
from pathlib import Path

from app import evaluation, wiring
from app.evaluation import Comparison
from app.finder import finder_of
from app.settings import Settings

HARDLY = 0.005
"""nDCG@10 that may be lost at the low end of the interval."""


async def tried(
    queries: Path, earlier: tuple[Settings, str], later: tuple[Settings, str], stage: Callable[[str], None]
) -> Comparison:
    """Evaluate both (settings, generation id) and compare them photo by photo. Raises InvalidQueries, and what opening
    them raises, before anything is changed."""
    photos = evaluation.read_judged_photos(queries)
    figures = []
    for settings, generation in (earlier, later):
        stage(f"Searching in {generation} with {settings.embedder}")
        async with finder_of(settings, generation) as found:
            report = await evaluation.evaluate(
                found.search,
                found.catalog,
                found.decoder.decode,
                photos,
                calibration=wiring.build_calibration(settings),
                source=queries.name,
            )
        figures.append({str(one.judged.photo): evaluation.figures_of(one) for one in report.outcomes})
    return evaluation.compared(*figures)


def is_better(comparison: Comparison) -> bool:
    """Whether the later version is surely not worse ordered, and better at least on these photos."""
    change = comparison.changes.get("ndcg@10")
    return change is not None and change.difference.value > 0.0 and change.difference.low >= -HARDLY


def in_words(comparison: Comparison) -> str:
    """The figures, one a line."""
    lines = [f"{comparison.photos} photos, before -> after (95 % of the difference):"]
    for name, change in comparison.changes.items():
        lines.append(
            f"  {name:<16} {change.earlier.value:.3f} -> {change.later.value:.3f} "
            f"({change.difference.low:+.3f} to {change.difference.high:+.3f})"
        )
    return "\n".join(lines)
