"""Judged pairs of one or more shops, and the calibration that fits them best: how the shipped one is made.

`training/calibration.py` is the program; a shop's own judgments go through tune.py instead, which keeps near the
shipped weights and refuses what does not help.
"""

import asyncio
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from app.catalog import Channel, Product, Snapshot
from app.evaluation.fit import PRIOR, Pairs, fit_stage
from app.evaluation.judgments import FIT, InvalidQueries, JudgedPhoto, similarity
from app.evaluation.run import Decode, Progress
from app.search import (
    FEATURES,
    Calibration,
    Closeness,
    Feature,
    Findings,
    Scored,
    Stage,
    VisualSearch,
    Weights,
    Wishes,
    features_of,
)

COARSE_DEPTH = 100
"""Candidates per photo, nearest by look, that the coarse stage is fitted to; farther ones are never shown."""
HOW = (
    "Per stage a logistic model with weights >= 0, fitted by accelerated projected gradient to log loss plus "
    "listwise loss of the very product, ridge to the prior, then Platt scaling (app/evaluation/fit.py). "
    "'Similar' is the proxy of app/evaluation/judgments.py. Words are fitted to queries made of a product's own "
    "color, material and type."
)


NO_PAIRS = Pairs(np.zeros((0, len(FEATURES))), np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.intp))


class PairCollector:
    """Judged pairs per stage, gathered photo by photo."""

    def __init__(self) -> None:
        self._rows: dict[Stage, list[Pairs]] = {stage: [] for stage in Stage}
        self.photos = 0
        """Photos (and words) so far, which Pairs.photo numbers from 1."""
        self.strangers: set[int] = set()
        """Numbers of the photos (Pairs.photo) that show nothing the shop sells."""

    def add(
        self, stage: Stage, findings: Findings, scored: Sequence[Scored], judged: JudgedPhoto, shelf: "Known"
    ) -> None:
        """Take the candidates of one photo (or words) as pairs of a stage."""
        if not scored:
            return
        near = {one.product_id: one.closeness for one in scored if one.closeness is not None}
        closeness: dict[str, Closeness] = near if stage is Stage.FINE else {}
        sold = shelf.get(judged.product or "")
        products = [shelf[one.product_id] for one in scored]
        told = [similarity(judged, product, sold) for product in products]
        self.photos += 1
        if not judged.sold:
            self.strangers.add(self.photos)
        self._rows[stage].append(
            Pairs(
                features=features_of([one.candidate for one in scored], findings.question, closeness, {}),
                similar=np.array([float(answer is True) for answer in told]),
                very=np.array([float(product.id == judged.product) for product in products]),
                told=np.array([float(answer is not None) for answer in told]),
                photo=np.full(len(scored), self.photos, dtype=np.intp),
            )
        )

    def pairs(self, stage: Stage) -> Pairs:
        """All pairs of a stage."""
        rows = self._rows[stage] or [NO_PAIRS]
        return Pairs(
            features=np.concatenate([one.features for one in rows]),
            similar=np.concatenate([one.similar for one in rows]),
            very=np.concatenate([one.very for one in rows]),
            told=np.concatenate([one.told for one in rows]),
            photo=np.concatenate([one.photo for one in rows]),
        )


Known = dict[str, Product]
"""Products by id."""


async def gather(
    search: VisualSearch,
    decode: Decode,
    photos: Sequence[JudgedPhoto],
    collector: PairCollector,
    *,
    progress: Progress | None = None,
) -> int:
    """Collect the pairs of one shop's photos of the split "fit"; returns how many photos. Raises InvalidQueries."""
    chosen = [one for one in photos if one.split == FIT]
    if not any(one.searchable for one in chosen):
        raise InvalidQueries(
            'No photo of a sold product has "split": "fit".', fix='Mark about half of the photos with "split": "fit".'
        )
    for done, judged in enumerate(chosen, start=1):
        await collect(search, decode, judged, collector)
        if progress is not None:
            progress(done, len(chosen))
    return len(chosen)


async def fitted(
    collector: PairCollector,
    start: Calibration,
    *,
    data: str,
    embedder: str,
    priors: Mapping[Stage, Weights] = PRIOR,
    held: Set[Feature] = frozenset(),
) -> Calibration:
    """The calibration that fits the collected pairs of one or more shops best; the cuts are those of `start`.

    held: features whose weight in the closer look is not fitted.
    """
    stages = {
        stage: await asyncio.to_thread(
            fit_stage,
            collector.pairs(stage),
            stage,
            priors[stage],
            held=held if stage is Stage.FINE else frozenset(),
        )
        for stage in Stage
    }
    return replace(
        start,
        stages=stages,
        embedder=embedder,
        fitted_at=datetime.now(UTC).date().isoformat(),
        how=HOW,
        data=data,
        measures={},
    )


async def collect(search: VisualSearch, decode: Decode, judged: JudgedPhoto, collector: PairCollector) -> None:
    """The pairs of one photo for all stages; words are made of its product's own."""
    photo = await decode(await asyncio.to_thread(judged.photo.read_bytes))
    findings = await search.find(photo, Wishes())
    by_look = sorted(findings.scored, key=lambda one: -one.candidate.signals.get(Channel.LOOK, -1.0))[:COARSE_DEPTH]
    close = [one for one in findings.scored if one.closeness is not None]
    wanted = {one.product_id for one in by_look} | {one.product_id for one in close}
    shelf = await known(findings.snapshot, wanted | ({judged.product} if judged.product else set()))
    by_look = [one for one in by_look if one.product_id in shelf]
    close = [one for one in close if one.product_id in shelf]
    collector.add(Stage.COARSE, findings, by_look, judged, shelf)
    collector.add(Stage.FINE, findings, close, judged, shelf)
    sold = shelf.get(judged.product or "")
    if sold is not None and judged.sold:
        text = " ".join(word for word in (sold.color, sold.material, sold.type) if word)
        spoken = await search.find_words(Wishes(text=text))
        first = spoken.scored[:COARSE_DEPTH]
        shelf = await known(spoken.snapshot, {one.product_id for one in first} | {sold.id})
        collector.add(Stage.WORDS, spoken, [one for one in first if one.product_id in shelf], judged, shelf)


async def known(snapshot: Snapshot, ids: set[str]) -> Known:
    """The products of these ids that exist."""
    return {product.id: product for product in await snapshot.products(sorted(ids))}
