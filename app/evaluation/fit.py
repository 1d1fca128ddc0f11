"""Pure: fit the ranking model's weights to judged pairs, with no weight below 0.

What is minimized, per stage, over weights w >= LEAST and a bias b:

    mean log loss of "similar"  +  LISTWISE * mean(cross entropy of the softmax over a photo's candidates to the ones
    that should stand first; Cao et al., 2007)  +  ridge/2 * |w - prior|²

Both losses are convex in w, so there is one optimum. The first makes the score a probability; the second keeps what
tells one variant from another, which "similar" alone would throw away. As the second may sharpen the scores, slope and
bias are fitted once more afterwards for the log loss alone (Platt, 1999); a slope keeps the order.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.search import FEATURES, Feature, Stage, Weights, probability

Table = NDArray[np.float64]

LISTWISE = 1.0
RIDGE = 2e-2
"""Strong enough that a few hundred photos of one shop do not undo what holds for all (PRIOR)."""
LEAST = 0.2
"""No evidence is ignored wholly, so that every agreement can be given as a reason; before the rescaling."""
STEPS = 1_500
TOLERANCE = 1e-7
PRIOR: Mapping[Stage, Weights] = {
    Stage.WORDS: Weights(-3.0, {Feature.TEXT: 4.0, Feature.COLORS: 1.5, Feature.POPULAR: 0.3}),
    Stage.COARSE: Weights(
        -7.0,
        {Feature.LOOK: 5.0, Feature.LOOK_HIGH: 5.0, Feature.TYPE: 0.5, Feature.TYPE_FAMILIAR: 0.5, Feature.COLORS: 0.5,
         Feature.ATTRIBUTES: 0.5, Feature.LABELS: 1.0, Feature.TEXT: 3.0, Feature.FAMILIAR: 0.5, Feature.POPULAR: 0.3},
    ),
    Stage.FINE: Weights(
        -9.0,
        {Feature.LOOK_HIGH: 6.0, Feature.TYPE: 0.15, Feature.TYPE_FAMILIAR: 0.15, Feature.COLORS: 0.5,
         Feature.ATTRIBUTES: 0.5, Feature.LABELS: 1.0, Feature.TEXT: 3.0, Feature.SHAPE: 1.9, Feature.TEXTURE: 2.0,
         Feature.PATTERN: 2.1, Feature.HUE: 1.5, Feature.LEARNED: 2.5, Feature.PALETTE: 0.5, Feature.VERIFIED: 6.0,
         Feature.FAMILIAR: 0.5, Feature.POPULAR: 0.3, Feature.TAUGHT: 4.0},
    ),
}  # fmt: skip
"""Where a weight stays when the judged photos say little of it. The channels stand as in the eyes' own `look_score`,
which was chosen on several shops (docs/decisions/0010)."""
HELD_TYPES = frozenset({Feature.TYPE, Feature.TYPE_FAMILIAR})
"""Not fitted to the close looks of a calibration that ships (docs/decisions/0231)."""
LED_PRIOR: Mapping[Stage, Weights] = {
    **PRIOR,
    Stage.FINE: Weights(
        PRIOR[Stage.FINE].bias,
        {
            **PRIOR[Stage.FINE].weights,
            Feature.LOOK_HIGH: 12.0,
            Feature.MODEL: 12.0,
            Feature.TYPE: 0.5,
            Feature.TYPE_FAMILIAR: 0.5,
        },
    ),
}
"""The same where a bigger model stands before the embedded eyes: the whole look, of which the model has the larger
part, is then the best single witness (docs/decisions/0181, 0220)."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Judged pairs of photo and candidate, the pairs of one photo together.

    features: (n, len(FEATURES)) 0..1. similar: (n,) 0..1, the chance that it would be called similar. very: (n,) >= 0,
    how much it should stand first (1 for the very product). told: (n,) 1 where it is known whether the pair is similar,
    0 where it is not. photo: (n,) number of the photo.
    """

    features: Table
    similar: NDArray[np.float64]
    very: NDArray[np.float64]
    told: NDArray[np.float64]
    photo: NDArray[np.intp]


def fit_stage(
    pairs: Pairs,
    stage: Stage,
    prior: Weights | None = None,
    ridge: float = RIDGE,
    held: Set[Feature] = frozenset(),
) -> Weights:
    """The weights of one stage. Features that the stage does not use, and those without data, keep their prior.

    prior: what the weights are drawn to, PRIOR's where None. ridge: how strongly. held: features whose weight is not
    fitted, but keeps its place among the others: all are rescaled alike.
    """
    prior = prior if prior is not None else PRIOR[stage]
    used = [column for column, feature in enumerate(FEATURES) if feature in prior.weights]
    start = np.array([prior.bias] + [prior.weights[FEATURES[column]] for column in used])
    told = pairs.told > 0.5
    if not told.any() or np.ptp(pairs.similar[told]) < 0.5:
        return prior
    values = pairs.features[:, used]
    differs = np.ptp(values, axis=0) > 0.0
    known = differs & np.array([FEATURES[column] not in held for column in used])
    # What is the same for all pairs tells nothing: its prior's part of the logits is in the bias meanwhile.
    same = float(values[0, ~differs] @ start[1:][~differs])
    design = np.hstack([np.ones((len(values), 1)), np.where(known, values, 0.0)])
    weights = minimized(design, pairs, np.append(start[0] + same, start[1:]), ridge)
    whole = np.where(known, weights[1:], start[1:])
    slope, bias = platt(values[told][:, differs] @ whole[differs], pairs.similar[told])
    bias -= same
    fitted = np.where(differs, whole * slope, start[1:])
    return Weights(round(float(bias), 4), {FEATURES[c]: round(float(w), 4) for c, w in zip(used, fitted, strict=True)})


def minimized(design: Table, pairs: Pairs, prior: Table, ridge: float = RIDGE) -> Table:
    """Accelerated projected gradient (Nesterov; Beck and Teboulle, 2009) from the prior; column 0 is the bias."""
    lists = listed(pairs)
    lipschitz = 0.25 * float(np.linalg.eigvalsh((design.T * pairs.told) @ design / pairs.told.sum())[-1])
    lipschitz += LISTWISE * float((design**2).sum(axis=1).max()) + ridge
    here = ahead = prior.copy()
    momentum = 1.0
    for _ in range(STEPS):
        there = ahead - gradient(design, pairs, lists, ahead, prior, ridge) / lipschitz
        there[1:] = np.maximum(there[1:], LEAST)
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        if float((ahead - there) @ (there - here)) > 0.0:  # overshot: start the acceleration again
            following, ahead = 1.0, there
        else:
            ahead = there + (momentum - 1.0) / following * (there - here)
        moved = float(np.abs(there - here).max())
        here, momentum = there, following
        if moved < TOLERANCE:
            break
    return here


def loss(design: Table, pairs: Pairs, lists: "Lists", weights: Table, prior: Table, ridge: float = RIDGE) -> float:
    """The objective of the module's docstring; `gradient` is its derivative."""
    logit = design @ weights
    log_loss = float(np.average(np.logaddexp(0.0, logit) - pairs.similar * logit, weights=pairs.told))
    among = logit[lists.rows]
    ranking = float(-(lists.wanted * np.log(lists.shares(among))).sum())
    away = weights[1:] - prior[1:]
    return log_loss + LISTWISE * ranking / max(1, lists.count) + ridge * float(away @ away) / 2.0


def gradient(design: Table, pairs: Pairs, lists: "Lists", weights: Table, prior: Table, ridge: float = RIDGE) -> Table:
    """Derivative of `loss`."""
    logit = design @ weights
    slope = design.T @ ((probability(logit) - pairs.similar) * pairs.told) / pairs.told.sum()
    if lists.count:
        away = lists.shares(logit[lists.rows]) - lists.wanted
        slope += LISTWISE / lists.count * (away @ design[lists.rows])
    slope[1:] += ridge * (weights[1:] - prior[1:])
    return np.asarray(slope, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """What the ranking part of the loss runs over: the photos of which something should stand first.

    rows: (m,) rows of their candidates, photo after photo. owner: (m,) the list, 0..count-1. starts: (count,) first
    place of each. wanted: (m,) how much each should stand first, summing to 1 a list.
    """

    rows: NDArray[np.intp]
    owner: NDArray[np.intp]
    starts: NDArray[np.intp]
    wanted: Table

    @property
    def count(self) -> int:
        """How many lists there are."""
        return len(self.starts)

    def shares(self, logit: Table) -> Table:
        """(m,) softmax within each list of the rows' logits."""
        if not self.count:
            return np.zeros(0)
        raised = np.exp(logit - np.maximum.reduceat(logit, self.starts)[self.owner])
        return np.asarray(raised / np.add.reduceat(raised, self.starts)[self.owner], dtype=np.float64)


def listed(pairs: Pairs) -> Lists:
    """The lists of the pairs: photos with more than one candidate of which one should stand first."""
    _, photo = np.unique(pairs.photo, return_inverse=True)
    size, weight = np.bincount(photo), np.bincount(photo, pairs.very)
    rows = np.flatnonzero(((size > 1) & (weight > 0.0))[photo])
    rows = rows[np.argsort(photo[rows], kind="stable")]
    _, starts, owner = np.unique(photo[rows], return_index=True, return_inverse=True)
    return Lists(rows, owner, starts, pairs.very[rows] / weight[photo[rows]])


def platt(logit: Table, similar: Table) -> tuple[float, float]:
    """slope > 0 and bias of the logistic function that fits the outcomes best (damped Newton).

    The targets are Platt's: a little short of 0 and 1, by how few outcomes there are, so that outcomes that can be told
    apart perfectly do not make the slope endless.
    """
    yes, no = float(similar.sum()), float(len(similar) - similar.sum())
    similar = similar * ((yes + 1.0) / (yes + 2.0)) + (1.0 - similar) / (no + 2.0)
    middle, spread = float(logit.mean()), max(float(logit.std()), 1e-9)
    design = np.stack([(logit - middle) / spread, np.ones(len(logit))], axis=1)

    def cost(weights: Table) -> float:
        argument = design @ weights
        return float(np.mean(np.logaddexp(0.0, argument) - similar * argument)) + 0.5e-6 * float(weights @ weights)

    weights = np.zeros(2)
    for _ in range(100):
        chance = probability(design @ weights)
        curvature = design.T @ (design * (chance * (1.0 - chance))[:, None]) / len(logit) + 1e-6 * np.eye(2)
        step = np.linalg.solve(curvature, design.T @ (chance - similar) / len(logit) + 1e-6 * weights)
        while cost(weights - step) > cost(weights) and float(np.abs(step).max()) > TOLERANCE:
            step = 0.5 * step
        weights = weights - step
        if float(np.abs(step).max()) <= TOLERANCE:
            break
    slope = max(float(weights[0]) / spread, 1e-3)
    return slope, float(weights[1]) - slope * middle
