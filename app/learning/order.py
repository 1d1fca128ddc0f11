"""Whether a taught likeness makes the order of answers better, seen on pictures of products left out.

The pictures are the questions and the shop's other pictures the answers; they are compared and ranked by the functions
and the weights that serve, once without the likeness and once with it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from app.analysis import Box, Color, Embedding, Likeness, PhotoAnalysis
from app.catalog import Candidate, Channel, ImageEvidence
from app.evaluation import Measure, mean_measure
from app.search import Calibration, Closeness, Question, look_closer, rank

COMPARED = 48
"""Nearest pictures that are looked at closely, as in a search."""
FIRST = 5
QUIET = Question(photo=True, novelty=0.0)
USUAL = 0.25
"""Three of four pictures are at least so like the nearest other product of their type."""
LOWEST, HIGHEST = 0.05, 0.95
NO_WORSE = -0.01

Alike = Callable[[NDArray[np.float32]], Likeness | None]
"""A picture's embedding (dims,) -> how like it others are by what was taught."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the likeness does to the order, over products left out.

    before, after: share of the first FIRST other products that have the right type. gain: paired by product. same: gain
    of the reciprocal rank of the product's own other pictures; 0 where none has any. usual: see app.analysis.Likeness.
    """

    before: float
    after: float
    gain: Measure
    same: float
    usual: float

    @property
    def helps(self) -> bool:
        """Surely more of the right type first, and the very product no farther down."""
        return self.gain.low > 0.0 and self.same >= NO_WORSE

    def in_words(self) -> str:
        """One sentence with the figures."""
        return (
            f"of the first {FIRST} answers {self.before:.1%} -> {self.after:.1%} have the right type "
            f"({self.gain.value:+.3f}, 95 % {self.gain.low:+.3f} to {self.gain.high:+.3f})"
        )


@dataclass(slots=True, eq=False)
class OrderSeen:
    """Collects, picture by picture, what a likeness does to the order.

    embeddings: (n, dims) of all pictures; pictures, types, groups: one per row.
    """

    embeddings: NDArray[np.float32]
    pictures: Sequence[ImageEvidence]
    types: Sequence[str | None]
    groups: Sequence[str]
    calibration: Calibration
    _right: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    _same: list[float] = field(default_factory=list)
    _nearest: list[float] = field(default_factory=list)

    def look(self, row: int, alike: Alike) -> None:
        """Ask with one picture; alike: of what was taught without its product."""
        likeness = alike(self.embeddings[row])
        if likeness is None or not self.types[row]:
            return
        cosines = self.embeddings @ self.embeddings[row]
        cosines[row] = -np.inf
        near = np.argsort(-cosines, kind="stable")[: min(COMPARED, len(cosines) - 1)]
        found = [Candidate(str(other), "", 0, {Channel.LOOK: float(cosines[other])}) for other in near.tolist()]
        analysis = replace(_asked(self.pictures[row]), likeness=likeness)
        seen = look_closer(analysis, [self.pictures[int(one.product_id)] for one in found])
        taught = dict(zip((one.product_id for one in found), seen, strict=True))
        untaught = {key: replace(one, taught=Closeness().taught) for key, one in taught.items()}
        orders = [self._order(found, near) for near in (untaught, taught)]
        shares = tuple(self._typed(order, row) for order in orders)
        self._right.setdefault(self.groups[row], []).append((shares[0], shares[1]))
        if any(self.groups[other] == self.groups[row] for other in orders[0]):
            before, after = (self._own(order, row) for order in orders)
            self._same.append(after - before)
        akin = [at for at, kind in enumerate(self.types) if kind == self.types[row]]
        others = [at for at in akin if self.groups[at] != self.groups[row]]
        if others:
            self._nearest.append(float(likeness.of(self.embeddings[others]).max()))

    def told(self) -> Order:
        """All pictures together."""
        pairs = [np.mean(values, axis=0) for values in self._right.values()]
        usual = float(np.quantile(self._nearest, USUAL)) if self._nearest else LOWEST
        return Order(
            before=float(np.mean([before for before, _ in pairs])) if pairs else 0.0,
            after=float(np.mean([after for _, after in pairs])) if pairs else 0.0,
            gain=mean_measure([float(after - before) for before, after in pairs] or [0.0]),
            same=float(np.mean(self._same)) if self._same else 0.0,
            usual=min(HIGHEST, max(LOWEST, usual)),
        )

    def _order(self, found: Sequence[Candidate], near: Mapping[str, Closeness]) -> list[int]:
        return [int(one.product_id) for one in rank(found, QUIET, self.calibration, near)]

    def _typed(self, order: Sequence[int], row: int) -> float:
        """Share of the right type among the first pictures of other products."""
        others = [at for at in order if self.groups[at] != self.groups[row]][:FIRST]
        return float(np.mean([self.types[at] == self.types[row] for at in others])) if others else 0.0

    def _own(self, order: Sequence[int], row: int) -> float:
        """Reciprocal rank of the product's own other pictures."""
        return 1.0 / next(place for place, at in enumerate(order, start=1) if self.groups[at] == self.groups[row])


def _asked(picture: ImageEvidence) -> PhotoAnalysis:
    """A product's picture as if a shopper had sent it."""
    return PhotoAnalysis(
        region=Box(*picture.region),
        colors=tuple(Color(one.name, one.hex, one.share) for one in picture.colors),
        embedding=Embedding(picture.embedder, np.asarray(picture.embedding, np.float32)),
        features=picture.features,
    )
