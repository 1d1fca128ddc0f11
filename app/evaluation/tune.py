"""`akin tune`: the score's weights fitted to a shop's own judgments, and refused unless they are surely better.

The fit starts from the calibration that serves and is drawn back to it, the more the fewer queries there are. Whether
it helps is measured on queries it has not seen: five parts, each scored with weights fitted to the other four
(queries of one product stay together). The score stays one logistic model with weights >= 0, so reasons go on adding
up to it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from app.evaluation.fit import RIDGE, fit_stage
from app.evaluation.lists import DEPTH, JudgedList, pairs_of
from app.evaluation.metrics import Measure, mean_measure
from app.evaluation.refusals import TuningRefused
from app.search import FEATURES, Calibration, Feature, Move, Stage

FOLDS = 5
STEADY_QUERIES = 300
"""With so many queries the pull to the weights that serve is RIDGE; with half as many it is twice as strong, as a
prior's would be."""
TOLERATED = 0.005
"""nDCG that may at most be lost, at the low end of the interval, where the gain is in what the score means."""
NAMED = 0.05
"""A weight that moved by a smaller share than this is not named."""
HOW = (
    "Weights >= 0 of a logistic model, fitted from the calibration named in `base` by accelerated projected gradient "
    "to log loss plus listwise loss, ridge to that calibration, then Platt scaling; accepted because of a "
    "cross-validation by query (app/evaluation/tune.py)."
)

Step = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What held-out queries say. ndcg_gain, loss_gain: after less before (loss: before less after), paired by query."""

    queries: int
    ndcg_before: Measure
    ndcg_after: Measure
    ndcg_gain: Measure
    loss_gain: Measure

    @property
    def better(self) -> bool:
        """Surely better ordered; or scores that surely mean more, and hardly a worse order."""
        return self.ndcg_gain.low > 0.0 or (self.loss_gain.low > 0.0 and self.ndcg_gain.low >= -TOLERATED)

    def in_words(self) -> str:
        """One sentence with the figures."""
        gain, loss = self.ndcg_gain, self.loss_gain
        return (
            f"nDCG@{DEPTH} on {self.queries} held-out queries {self.ndcg_before.value:.3f} -> "
            f"{self.ndcg_after.value:.3f} ({gain.value:+.3f}, 95 % {gain.low:+.3f} to {gain.high:+.3f}); "
            f"log loss better by {loss.value:+.3f} ({loss.low:+.3f} to {loss.high:+.3f})"
        )

    def measures(self) -> dict[str, float]:
        """The figures as they are kept in the file."""
        return {
            "queries": float(self.queries),
            f"held-out ndcg@{DEPTH} before": round(self.ndcg_before.value, 4),
            f"held-out ndcg@{DEPTH} after": round(self.ndcg_after.value, 4),
            "gain": round(self.ndcg_gain.value, 4),
            "gain, low": round(self.ndcg_gain.low, 4),
            "gain, high": round(self.ndcg_gain.high, 4),
            "log loss gain": round(self.loss_gain.value, 4),
            "log loss gain, low": round(self.loss_gain.low, 4),
        }


@dataclass(frozen=True, slots=True)
class Tuning:
    """calibration: what was fitted to all queries. verdict: what cross-validation says of such a fit."""

    calibration: Calibration
    verdict: Verdict

    def accepted(self) -> Calibration:
        """The calibration. Raises TuningRefused unless it is surely better."""
        if self.verdict.better:
            return self.calibration
        worse = self.verdict.ndcg_gain.high < 0.0 or self.verdict.loss_gain.high < 0.0
        raise TuningRefused(
            f"What was fitted is {'worse' if worse else 'not surely better'}: {self.verdict.in_words()}.",
            fix="Nothing was written. Judge more queries, or leave the weights as they are.",
            **self.verdict.measures(),
        )


def tuned(
    lists: Sequence[JudgedList], start: Calibration, *, data: str, embedder: str, step: Step | None = None
) -> Tuning:
    """Fit to all lists and cross-validate. Blocking, some seconds for 200 lists: call it off the event loop.

    start: the calibration that serves. data: what to say of the judgments in the file. step: called with (done, all).
    """
    fold = folds_of(lists)
    parts = [number for number in range(FOLDS) if (fold == number).any()]
    told = step or (lambda _done, _all: None)
    trials: dict[int, Calibration] = {}
    for done, number in enumerate(parts):
        trials[number] = fitted_to([one for one, at in zip(lists, fold, strict=True) if at != number], start)
        told(done + 1, len(parts) + 1)
    calibration = fitted_to(lists, start)
    told(len(parts) + 1, len(parts) + 1)
    verdict = judged(lists, start, [trials[int(number)] for number in fold])
    named = replace(
        calibration,
        embedder=embedder,
        fitted_at=datetime.now(UTC).date().isoformat(),
        how=HOW,
        data=data,
        measures=verdict.measures(),
        version=start.version + 1,
        base=f"version {start.version}, fitted {start.fitted_at}",
        moves=tuple(moves(lists, start, calibration, list(trials.values()))),
    )
    return Tuning(named, verdict)


def fitted_to(lists: Sequence[JudgedList], start: Calibration) -> Calibration:
    """The weights that fit these lists best; stages without data stay as they are, and so do the cuts."""
    ridge = RIDGE * max(1.0, STEADY_QUERIES / max(1, len(lists)))
    stages = {stage: fit_stage(pairs_of(lists, stage), stage, start.stages[stage], ridge) for stage in Stage}
    return replace(start, stages=stages)


def folds_of(lists: Sequence[JudgedList]) -> NDArray[np.intp]:
    """(n,) the part of each list, 0..FOLDS-1; lists of one group share it, and the parts are about even."""
    names = sorted({one.group for one in lists})
    turn = np.random.default_rng(0).permutation(len(names)) % FOLDS
    of = dict(zip(names, turn.tolist(), strict=True))
    return np.array([of[one.group] for one in lists], dtype=np.intp)


def judged(lists: Sequence[JudgedList], start: Calibration, fitted: Sequence[Calibration]) -> Verdict:
    """Compare, query by query, the calibration that serves with the one fitted without that query's part."""
    ranked = [(one, trial) for one, trial in zip(lists, fitted, strict=True) if any(one.ideal)]
    before = [one.ndcg(start) for one, _ in ranked]
    after = [one.ndcg(trial) for one, trial in ranked]
    losses = [(one.log_loss(start), one.log_loss(trial)) for one, trial in zip(lists, fitted, strict=True)]
    return Verdict(
        queries=len(ranked),
        ndcg_before=mean_measure(before),
        ndcg_after=mean_measure(after),
        ndcg_gain=mean_measure([new - old for new, old in zip(after, before, strict=True)]),
        loss_gain=mean_measure([old - new for old, new in losses if np.isfinite(old)]),
    )


def moves(
    lists: Sequence[JudgedList], start: Calibration, fitted: Calibration, trials: Sequence[Calibration]
) -> list[Move]:
    """What moved and why, the greatest changes first."""
    found = []
    for stage in Stage:
        held = _presence(lists, stage)
        for feature, before in start.stages[stage].weights.items():
            after = fitted.stages[stage].weights[feature]
            if abs(after - before) <= NAMED * max(before, 0.5):
                continue
            others = [trial.stages[stage].weights[feature] for trial in trials] or [after]
            similar, unlike = held[feature]
            why = f"similar products have {similar:.2f} of it, others found for the same queries {unlike:.2f}"
            found.append(Move(stage, feature, before, after, min(others), max(others), why))
    return sorted(found, key=lambda move: (-abs(move.after - move.before), move.stage.value, move.feature.value))


def _presence(lists: Sequence[JudgedList], stage: Stage) -> Mapping[Feature, tuple[float, float]]:
    """feature -> its mean over similar candidates and over the others."""
    pairs = pairs_of(lists, stage)
    likely = pairs.similar * pairs.told
    unlikely = (1.0 - pairs.similar) * pairs.told
    similar = likely @ pairs.features / max(1e-9, float(likely.sum()))
    unlike = unlikely @ pairs.features / max(1e-9, float(unlikely.sum()))
    return {feature: (float(similar[at]), float(unlike[at])) for at, feature in enumerate(FEATURES)}
