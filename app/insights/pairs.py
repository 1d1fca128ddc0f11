"""Pairs of products that look the same: which they are, and what people decided about them, once for all loads."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.insights.store import InsightStore

NEAR = 0.97
"""Cosine of two main pictures from which two products are asked about; see decision 152."""
MOST_COMPARED = 20_000
"""Products of one type whose pictures are compared with each other; of a larger type the first by id are."""
MOST_PAIRS = 2_000
_TILE = 1_024


@dataclass(frozen=True, slots=True)
class Pair:
    """Two products that look the same. one < other. likeness: cosine of their main pictures, -1..1.

    same: what somebody decided; None while nobody did.
    """

    one: str
    other: str
    likeness: float
    same: bool | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What is compared of a product. embedding: of its main picture, (dims,) float32, unit length."""

    product_id: str
    type: str
    group: str
    embedding: NDArray[np.float32]


class Verdicts:
    """What people decided about pairs, by product id, in an InsightStore, which it does not own."""

    def __init__(self, store: InsightStore, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    async def decide(self, one: str, other: str, same: bool | None) -> None:
        """Remember a decision; None takes it back. The order of the two does not matter."""
        first, second = sorted((one, other))
        now = self._clock()

        def work(db: sqlite3.Connection) -> None:
            if same is None:
                db.execute("DELETE FROM pair WHERE one = ? AND other = ?", (first, second))
            else:
                db.execute("INSERT OR REPLACE INTO pair VALUES (?, ?, ?, ?)", (first, second, int(same), now))

        await self._store.write(work)

    async def all(self) -> dict[tuple[str, str], bool]:
        """(one, other) -> whether they are the same product."""
        rows = await self._store.read(lambda db: db.execute("SELECT one, other, same FROM pair").fetchall())
        return {(one, other): bool(same) for one, other, same in rows}


def near_pairs(looks: Sequence[Look]) -> tuple[list[Pair], bool]:
    """Products of one type, and not of one variant group, that look the same, the likest first; and whether all were
    compared. Blocking: call it off the event loop."""
    by_type: dict[str, list[Look]] = {}
    for look in looks:
        by_type.setdefault(look.type, []).append(look)
    pairs: list[Pair] = []
    complete = True
    for alike in by_type.values():
        complete = complete and len(alike) <= MOST_COMPARED
        pairs += _of_one_type(sorted(alike, key=lambda one: one.product_id)[:MOST_COMPARED])
    pairs.sort(key=lambda pair: (-pair.likeness, pair.one, pair.other))
    return pairs[:MOST_PAIRS], complete and len(pairs) <= MOST_PAIRS


def _of_one_type(looks: Sequence[Look]) -> Iterator[Pair]:
    table = np.stack([one.embedding for one in looks]).astype(np.float32)
    for top in range(0, len(looks), _TILE):
        for left in range(top, len(looks), _TILE):
            likeness = table[top : top + _TILE] @ table[left : left + _TILE].T
            for row, column in np.argwhere(likeness >= NEAR):
                first, second = top + int(row), left + int(column)
                one, other = looks[first], looks[second]
                if first < second and not (one.group and one.group == other.group):
                    yield Pair(one.product_id, other.product_id, min(1.0, float(likeness[row, column])))
