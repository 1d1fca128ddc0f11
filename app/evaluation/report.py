"""From outcomes to figures with intervals: one value that the table, the JSON and the sheet are all written from."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from app.evaluation.judgments import FIT
from app.evaluation.metrics import (
    Measure,
    calibration_error,
    group_measure,
    hit,
    mean_measure,
    ndcg,
    percentile,
    reciprocal_rank,
)
from app.evaluation.run import Outcome
from app.search import same_color

SCHEMA = 1
"""Version of the JSON report; a field that changes its meaning raises it."""
WHOLE = "all"


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of one evaluation.

    measures: name -> figure over all photos. by_type: type -> name -> figure. timings_ms: stage -> p50 and p95.
    complete: False when it was interrupted. about: what was evaluated (generation, embedder, calibration, file).
    """

    made_at: str
    about: Mapping[str, str]
    complete: bool
    photos: int
    errors: int
    measures: Mapping[str, Measure]
    by_type: Mapping[str, Mapping[str, Measure]]
    timings_ms: Mapping[str, Mapping[str, float]]
    outcomes: tuple[Outcome, ...]


def report_of(outcomes: Sequence[Outcome], about: Mapping[str, str], *, complete: bool = True) -> Report:
    """Every figure of the outcomes; the same outcomes give the same figures and intervals."""
    good = [one for one in outcomes if not one.error]
    types = sorted({one.judged.type for one in good if one.judged.sold and one.judged.type})
    return Report(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        about=about,
        complete=complete,
        photos=len(outcomes),
        errors=len(outcomes) - len(good),
        measures=measures_of(good),
        by_type={kind: found_measures([one for one in good if one.judged.type == kind]) for kind in types},
        timings_ms=timings_of(good),
        outcomes=tuple(outcomes),
    )


def measures_of(outcomes: Sequence[Outcome]) -> dict[str, Measure]:
    """hit@1/5/10, mrr, ndcg@10, type_accuracy, color_accuracy, no_match_precision, no_match_recall, ece.

    A photo answered without an exact or close item counts as answered "no match". Figures without photos are left out.
    """
    figures = found_measures(outcomes)
    figures["no_match_precision"] = mean_measure([float(not one.judged.sold) for one in outcomes if not one.matched])
    figures["no_match_recall"] = mean_measure([float(not one.matched) for one in outcomes if not one.judged.sold])
    held_out = [one for one in outcomes if one.judged.split != FIT] or list(outcomes)
    figures["ece"] = calibration_measure(held_out)
    return {name: figure for name, figure in figures.items() if figure.count}


def found_measures(outcomes: Sequence[Outcome]) -> dict[str, Measure]:
    """The figures that speak of photos of things the shop sells."""
    sold = [one for one in outcomes if one.judged.searchable]
    typed = [one for one in outcomes if one.judged.sold and one.judged.type]
    colored = [one for one in outcomes if one.judged.sold and one.judged.color]

    def mean(of: Callable[[Outcome], float], over: Sequence[Outcome]) -> Measure:
        return mean_measure([of(one) for one in over])

    figures = {f"hit@{depth}": mean_measure([hit(_right(one), depth) for one in sold]) for depth in (1, 5, 10)}
    figures["mrr"] = mean(lambda one: reciprocal_rank(_right(one)), sold)
    figures["ndcg@10"] = mean(lambda one: ndcg([item.grade for item in one.shown], one.ideal, 10), sold)
    figures["type_accuracy"] = mean(lambda one: float(one.seen_type == one.judged.type), typed)
    figures["color_accuracy"] = mean(lambda one: float(_color_is_right(one)), colored)
    return {name: figure for name, figure in figures.items() if figure.count}


def calibration_measure(outcomes: Sequence[Outcome]) -> Measure:
    """The calibration error over every item shown whose likeness is known, resampled by photo."""
    told = [(number, item) for number, one in enumerate(outcomes) for item in one.shown if item.similar is not None]
    photos = [number for number, _ in told]
    scores = np.array([item.score for _, item in told])
    similar = np.array([float(item.similar is True) for _, item in told])

    def error(chosen: NDArray[np.intp]) -> float:
        return calibration_error(scores[chosen], similar[chosen])

    return group_measure(photos, error)


def timings_of(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    """Milliseconds per stage, p50 and p95."""
    stages = dict.fromkeys(stage for one in outcomes for stage in one.timings_ms)
    table = {stage: [one.timings_ms[stage] for one in outcomes if stage in one.timings_ms] for stage in stages}
    return {
        stage: {"p50": round(percentile(values, 0.5), 2), "p95": round(percentile(values, 0.95), 2)}
        for stage, values in table.items()
    }


def failures_of(report: Report) -> list[tuple[str, Outcome]]:
    """What went wrong with which photo, worst kind first; a photo is named once."""
    kinds: list[tuple[str, Callable[[Outcome], bool]]] = [
        ("could not be searched", lambda one: bool(one.error)),
        ("not sold, yet called exact or close", lambda one: not one.judged.sold and one.matched),
        ("the product is not among the first 10", lambda one: one.judged.searchable and not hit(_right(one), 10)),
        ("the product is not first", lambda one: one.judged.searchable and not hit(_right(one), 1)),
        ("wrong type", lambda one: one.judged.sold and bool(one.judged.type) and one.seen_type != one.judged.type),
    ]
    named: dict[int, tuple[str, Outcome]] = {}
    for kind, holds in kinds:
        for number, one in enumerate(report.outcomes):
            if number not in named and holds(one):
                named[number] = (kind, one)
    return list(named.values())


def to_json(report: Report) -> str:
    """The report as JSON, its outcomes with every item shown."""
    whole = {
        "schema": SCHEMA,
        "made_at": report.made_at,
        "about": dict(report.about),
        "complete": report.complete,
        "photos": report.photos,
        "errors": report.errors,
        "measures": {name: asdict(figure) for name, figure in report.measures.items()},
        "by_type": {
            kind: {name: asdict(figure) for name, figure in figures.items()} for kind, figures in report.by_type.items()
        },
        "timings_ms": {stage: dict(values) for stage, values in report.timings_ms.items()},
        "outcomes": [_outcome_json(one) for one in report.outcomes],
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _outcome_json(outcome: Outcome) -> dict[str, object]:
    whole = asdict(outcome)
    judged = whole["judged"]
    judged["photo"] = outcome.judged.photo.name
    whole["timings_ms"] = {stage: round(value, 2) for stage, value in outcome.timings_ms.items()}
    return whole


def _right(outcome: Outcome) -> list[bool]:
    return [item.right for item in outcome.shown]


def _color_is_right(outcome: Outcome) -> bool:
    """One of the two largest colors seen is what people would call the true color's word."""
    return any(same_color(name, code, outcome.judged.color) for name, code in outcome.seen_colors[:2])
