"""A supervised projection with type and attribute heads, learned from the shop's products; refused unless it helps.

Whether it helps is seen on products left out: in four parts, whole products (with their variants) at a time, the
types of their pictures are guessed by what the others taught, with and without the projection. Whether it also takes
part in the order of answers is seen on the same products (order.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.catalog import ImageEvidence, Product
from app.errors import Conflict
from app.evaluation import Measure, mean_measure
from app.intake import said_of
from app.learning.order import Alike, Order, OrderSeen
from app.search import Calibration

PARTS = 4
LEAST_PRODUCTS = 40
LEAST_TYPES = 2
MOST_GUESSED = 2_000
"""Pictures guessed in all; more change the interval little."""
MOST_ASKED = 400
"""Pictures that the order is measured with: each is compared closely with 48 others."""
ON_TRIAL = 1.0
"""Stands for the usual likeness while it is not known yet; it moves no order."""
UNHEARD = 1e-3
"""Probability given to a type that a guess does not name."""


class LearningRefused(Conflict):
    """What was learned does not surely help on products left out, or there is too little to learn from."""

    code = "learning-refused"
    title = "Nothing was learned that helps"


Guess = Callable[[NDArray[np.float32]], tuple[Mapping[str, float], Mapping[str, str]]]
"""A picture's embedding -> (type -> probability, attribute -> value it would tell)."""


class Teacher(Protocol):
    """How the set embedder is taught; built by the composition root."""

    def fit(
        self,
        embeddings: NDArray[np.float32],
        types: Sequence[str | None],
        attributes: Sequence[Mapping[str, str]],
        groups: Sequence[str],
        *,
        project: bool,
        usual: float,
    ) -> bytes:
        """The artifact that is stored with a generation; project: with a projection learned from these rows; usual: the
        likeness that things usually have by it (order.py), 0 where the order of answers is not to use it."""
        ...

    def guesser(self, taught: bytes) -> Guess:
        """Asks what was taught."""
        ...

    def alike(self, taught: bytes) -> Alike:
        """Compares by what was taught."""
        ...


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learned, and what products left out say of it.

    types_before, types_after: share of their pictures whose type is guessed right; types_gain: paired by product.
    surer: by how much the log probability of the true type rises, paired by product. attributes_gain: share of told
    attribute values that are right, after less before, over pictures with both. order: what it does to the order of
    answers, which uses it where that helps.
    """

    artifact: bytes
    products: int
    pictures: int
    types_before: float
    types_after: float
    types_gain: Measure
    surer: Measure
    attributes_gain: float
    order: Order

    @property
    def helps(self) -> bool:
        """Surely more types right, or surely surer of them and no fewer right; attributes no worse."""
        more = self.types_gain.low > 0.0 or (self.surer.low > 0.0 and self.types_gain.value >= 0.0)
        return more and self.attributes_gain >= -0.02

    @property
    def orders(self) -> bool:
        """Whether the order of answers uses it too: surely more types right, and surely a better order.

        The second alone proves nothing in a small shop of single pictures (docs/decisions/0221).
        """
        return self.helps and self.types_gain.low > 0.0 and self.order.helps

    def in_words(self) -> str:
        """One sentence with the figures."""
        gain = self.types_gain
        return (
            f"types of products left out {self.types_before:.1%} -> {self.types_after:.1%} right ({gain.value:+.3f}, "
            f"95 % {gain.low:+.3f} to {gain.high:+.3f}, {self.products} products); log probability of the true type "
            f"{self.surer.value:+.3f} ({self.surer.low:+.3f} to {self.surer.high:+.3f}); {self.order.in_words()}"
        )


_Taken: TypeAlias = tuple[NDArray[np.float32], list[str | None], list[dict[str, str]], list[str]]


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The pictures to learn from: embeddings (n, dims), and of each its type, attributes and group."""

    embeddings: NDArray[np.float32]
    types: list[str | None]
    attributes: list[dict[str, str]]
    groups: list[str]
    pictures: list[ImageEvidence]

    def of(
        self, chosen: NDArray[np.intp]
    ) -> "tuple[NDArray[np.float32], list[str | None], list[dict[str, str]], list[str]]":
        """What Teacher.fit takes, of these rows."""
        rows = chosen.tolist()
        return (
            self.embeddings[chosen],
            [self.types[row] for row in rows],
            [self.attributes[row] for row in rows],
            [self.groups[row] for row in rows],
        )


def learned(
    examples: Sequence[tuple[Product, Sequence[ImageEvidence]]], teacher: Teacher, calibration: Calibration
) -> Lesson:
    """Learn from products with their pictures, and measure on products left out; blocking, seconds to minutes.

    calibration: the weights that serve, which the order is made with.

    Raises LearningRefused when there are too few typed products, or it does not surely help.
    """
    rows = _rows(examples)
    groups = sorted({group for group, kind in zip(rows.groups, rows.types, strict=True) if kind})
    kinds = {kind for kind in rows.types if kind}
    if len(groups) < LEAST_PRODUCTS or len(kinds) < LEAST_TYPES:
        raise LearningRefused(
            f"{len(groups)} products of {len(kinds)} types are too few to learn from; {LEAST_PRODUCTS} of {LEAST_TYPES}"
            " are the least.",
            fix="Give products a type (product_type), load them, and learn then.",
        )
    lesson = _measured(rows, groups, teacher, calibration)
    if not lesson.helps:
        raise LearningRefused(
            f"What was learned does not surely help: {lesson.in_words()}.",
            fix="Nothing was changed. More products of each type may help, or another embedder.",
        )
    usual = lesson.order.usual if lesson.orders else 0.0
    artifact = teacher.fit(*rows.of(np.arange(len(rows.types))), project=True, usual=usual)
    return replace(lesson, artifact=artifact)


def _rows(examples: Sequence[tuple[Product, Sequence[ImageEvidence]]]) -> _Rows:
    pairs = [(product, evidence) for product, evidences in examples for evidence in evidences]
    empty = np.zeros((0, 0), np.float32)
    return _Rows(
        embeddings=np.stack([np.asarray(one.embedding, np.float32) for _, one in pairs]) if pairs else empty,
        types=[product.type for product, _ in pairs],
        attributes=[said_of(product) for product, _ in pairs],
        groups=[product.item_group_id or product.id for product, _ in pairs],
        pictures=[evidence for _, evidence in pairs],
    )


def _measured(rows: _Rows, groups: Sequence[str], teacher: Teacher, calibration: Calibration) -> Lesson:
    order = OrderSeen(rows.embeddings, rows.pictures, rows.types, rows.groups, calibration)
    turn = np.random.default_rng(0).permutation(len(groups)) % PARTS
    part_of = dict(zip(groups, turn.tolist(), strict=True))
    part = np.array([part_of.get(group, -1) for group in rows.groups])
    right: dict[str, list[tuple[float, float]]] = {}
    sure: dict[str, list[float]] = {}
    told: list[tuple[float, float]] = []
    for number in range(PARTS):
        out = np.flatnonzero((part == number) & np.array([bool(kind) for kind in rows.types]))
        out = np.random.default_rng(number).permutation(out)[: MOST_GUESSED // PARTS]
        others = rows.of(np.flatnonzero(part != number))
        taught = [teacher.fit(*others, project=project, usual=ON_TRIAL) for project in (False, True)]
        plain, projected = (teacher.guesser(one) for one in taught)
        for row in out[: MOST_ASKED // PARTS].tolist():
            order.look(row, teacher.alike(taught[1]))
        for row in out.tolist():
            before, after = plain(rows.embeddings[row]), projected(rows.embeddings[row])
            truth, group = rows.types[row] or "", rows.groups[row]
            right.setdefault(group, []).append((_right(before[0], truth), _right(after[0], truth)))
            chances = [np.log(max(UNHEARD, guess[0].get(truth, 0.0))) for guess in (before, after)]
            sure.setdefault(group, []).append(float(chances[1] - chances[0]))
            told += [
                (float(before[1][name] == value), float(after[1][name] == value))
                for name, value in rows.attributes[row].items()
                if name in before[1] and name in after[1]
            ]
    shares = [np.mean(pairs, axis=0) for pairs in right.values()]
    each = [pair for pairs in right.values() for pair in pairs]
    return Lesson(
        artifact=b"",
        products=len(right),
        pictures=len(rows.types),
        types_before=float(np.mean([one for one, _ in each])),
        types_after=float(np.mean([other for _, other in each])),
        types_gain=mean_measure([float(after - before) for before, after in shares]),
        surer=mean_measure([float(np.mean(values)) for values in sure.values()]),
        attributes_gain=float(np.mean([after - before for before, after in told])) if told else 0.0,
        order=order.told(),
    )


def _right(chances: Mapping[str, float], truth: str) -> float:
    return float(max(chances, key=lambda name: (chances[name], name), default="") == truth)
