"""Judged lists: one query with the candidates that could be shown for it, as the ranking model sees them.

Everything `akin tune` fits and measures is made of these, whether people graded the products or shoppers clicked them.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.catalog import Channel, Product
from app.evaluation.fit import Pairs, Table
from app.evaluation.judgments import SIMILAR, JudgedPhoto, grade, similarity
from app.evaluation.metrics import ndcg_of_gains
from app.evaluation.pairs import COARSE_DEPTH, known
from app.evaluation.run import Decode, Progress
from app.search import (
    FEATURES,
    Calibration,
    Feature,
    Findings,
    Scored,
    Stage,
    VisualSearch,
    Wishes,
    features_of,
    probability,
)

DEPTH = 10
"""Items whose order is measured."""
AT_ONCE = 2 + (os.cpu_count() or 1)
"""Photos searched at the same time."""
STAGES = tuple(Stage)
_TEXT = FEATURES.index(Feature.TEXT)


@dataclass(frozen=True, slots=True, eq=False)
class JudgedList:
    """One query's candidates, by product id, so that ties stand as they do in a search.

    name: what to call the query. group: lists of one group never stand on both sides of a cross-validation.
    features: (n, len(FEATURES)) as rank.py multiplies them: TEXT less 1 where words only narrow a photo's answer.
    stage: (n,) which of STAGES scores each. coarse: (n,) bool, whether it also teaches the coarse stage.
    gain: (n,) >= 0, what it is worth to show it. first: (n,) >= 0, how much it should stand first.
    similar: (n,) chance that it would be called similar; told: (n,) 1 where that is known.
    ideal: the gains of the best list the shop could show, best first.
    """

    name: str
    group: str
    features: Table
    stage: NDArray[np.intp]
    coarse: NDArray[np.bool_]
    gain: Table
    first: Table
    similar: Table
    told: Table
    ideal: tuple[float, ...]

    def scores(self, calibration: Calibration) -> Table:
        """(n,) the score of each candidate with this calibration."""
        weights = np.array(
            [[calibration.stages[stage].weights.get(feature, 0.0) for feature in FEATURES] for stage in STAGES]
        )
        bias = np.array([calibration.stages[stage].bias for stage in STAGES])
        return probability((self.features * weights[self.stage]).sum(axis=1) + bias[self.stage])

    def ndcg(self, calibration: Calibration) -> float:
        """nDCG@DEPTH of the order the calibration gives, 0..1."""
        order = np.argsort(-self.scores(calibration), kind="stable")
        return ndcg_of_gains(self.gain[order], self.ideal, DEPTH)

    def log_loss(self, calibration: Calibration) -> float:
        """Mean log loss of the scores over the candidates whose likeness is known; NaN for none."""
        known_rows = self.told > 0.5
        if not known_rows.any():
            return float("nan")
        score = np.clip(self.scores(calibration)[known_rows], 1e-9, 1.0 - 1e-9)
        similar = self.similar[known_rows]
        return float(-(similar * np.log(score) + (1.0 - similar) * np.log(1.0 - score)).mean())


def pairs_of(lists: Sequence[JudgedList], stage: Stage) -> Pairs:
    """The pairs a stage is fitted to."""
    chosen = [one.coarse if stage is Stage.COARSE else one.stage == STAGES.index(stage) for one in lists]

    def column(name: str) -> Table:
        parts = [getattr(one, name)[rows] for one, rows in zip(lists, chosen, strict=True)]
        return np.concatenate(parts) if parts else np.zeros((0, len(FEATURES)))

    counts = [int(rows.sum()) for rows in chosen]
    return Pairs(
        features=column("features").reshape(-1, len(FEATURES)),
        similar=column("similar").ravel(),
        very=column("first").ravel(),
        told=column("told").ravel(),
        photo=np.repeat(np.arange(len(lists), dtype=np.intp), counts),
    )


async def gathered(
    search: VisualSearch, decode: Decode, photos: Sequence[JudgedPhoto], *, progress: Progress | None = None
) -> list[JudgedList]:
    """Search for every judged photo and keep what was found, in their order; a few at a time, so that one is decoded
    while another is looked at. Raises what decoding and searching raise, the others then given up."""
    lists: dict[int, JudgedList] = {}
    waiting = iter(enumerate(photos))

    async def work() -> None:
        for number, judged in waiting:
            photo = await decode(await asyncio.to_thread(judged.photo.read_bytes))
            found = await search.find(photo, Wishes(text=judged.text))
            lists[number] = await judged_list(found, judged)
            if progress is not None:
                progress(len(lists), len(photos))

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(AT_ONCE):
                workers.create_task(work())
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
    return [lists[number] for number in range(len(photos))]


async def judged_list(findings: Findings, judged: JudgedPhoto) -> JudgedList:
    """The candidates worth judging: the nearest by look, those looked at closely, and those people graded."""
    by_look = sorted(findings.scored, key=lambda one: -one.candidate.signals.get(Channel.LOOK, -1.0))[:COARSE_DEPTH]
    near = {one.product_id for one in by_look}
    chosen = [
        one
        for one in findings.scored
        if one.product_id in near or one.closeness is not None or one.product_id in judged.judgments
    ]
    named = {judged.product} if judged.product else set()
    shelf = await known(findings.snapshot, {one.product_id for one in chosen} | named | set(judged.judgments))
    chosen = sorted((one for one in chosen if one.product_id in shelf), key=lambda one: one.product_id)
    products = [shelf[one.product_id] for one in chosen]
    features = features_of(
        [one.candidate for one in chosen],
        findings.question,
        {one.product_id: one.closeness for one in chosen if one.closeness is not None},
        {},
    )
    if findings.question.words:
        features[:, _TEXT] -= 1.0
    grades = np.array([grade(judged, product) for product in products])
    similar, told = _likeness(judged, products, shelf.get(judged.product or ""))
    return JudgedList(
        name=f"line {judged.number}",
        group=judged.group or judged.product or judged.photo.name,
        features=features,
        stage=np.array([STAGES.index(_stage(one)) for one in chosen], dtype=np.intp),
        coarse=np.array([one.product_id in near for one in chosen], dtype=np.bool_),
        gain=2.0**grades - 1.0,
        first=(grades == grades.max(initial=0.0)) * (grades > 0.0) * 1.0,
        similar=similar,
        told=told,
        ideal=tuple(sorted((2.0**one - 1.0 for one in _best_grades(judged, grades, shelf)), reverse=True)[:DEPTH]),
    )


def _likeness(judged: JudgedPhoto, products: Sequence[Product], sold: Product | None) -> tuple[Table, Table]:
    """similar and told of each product. What nobody graded is not known, unless the grades name only the right ones."""
    answers = [similarity(judged, product, sold) for product in products]
    if any(value < SIMILAR for value in judged.judgments.values()):
        answers = [
            answer if product.id in judged.judgments else None
            for answer, product in zip(answers, products, strict=True)
        ]
    similar = np.array([float(answer is True) for answer in answers])
    return similar, np.array([float(answer is not None) for answer in answers])


def _best_grades(judged: JudgedPhoto, grades: Table, shelf: Mapping[str, Product]) -> list[float]:
    """The grades there are to be shown: people's, else those of what was found and of the product itself."""
    if judged.judgments:
        return list(judged.judgments.values())
    very = shelf.get(judged.product or "")
    missed = [] if very is None or (grades == grade(judged, very)).any() else [grade(judged, very)]
    return [*grades.tolist(), *missed]


def _stage(one: Scored) -> Stage:
    return Stage.FINE if one.closeness is not None else Stage.COARSE
