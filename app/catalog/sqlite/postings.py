"""Sparse vectors in memory: which products have a term, and how strongly."""

from array import array
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


class Postings:
    """term -> (rows, weights). Packed once into three arrays (CSR); what is added later hangs on at the end.

    One thread adds; readers see the rows below the count they ask for.
    """

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._starts: NDArray[np.int64] = np.zeros(1, dtype=np.int64)
        self._rows: NDArray[np.int32] = np.zeros(0, dtype=np.int32)
        self._weights: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
        self._pending: tuple[array[int], array[int], array[float]] | None = (array("i"), array("i"), array("f"))
        self._later: dict[int, tuple[array[int], array[float]]] = {}

    def add(self, row: int, weights: Mapping[str, float]) -> None:
        """Add one product's terms; rows come in ascending order."""
        for term, weight in weights.items():
            code = self._codes.setdefault(term, len(self._codes))
            if self._pending is not None:
                codes, pending_rows, pending_weights = self._pending
                codes.append(code)
                pending_rows.append(row)
                pending_weights.append(weight)
                continue
            rows, strengths = self._later.setdefault(code, (array("i"), array("f")))
            strengths.append(weight)
            rows.append(row)  # last: a reader takes as many weights as it saw rows

    def pack(self) -> None:
        """Sort what was added into the packed arrays; called once, when a generation was read."""
        if self._pending is None:
            return
        codes, rows, weights = (np.array(column) for column in self._pending)
        self._pending = None
        order = np.argsort(codes, kind="stable")
        counts = np.bincount(codes, minlength=len(self._codes)) if codes.size else np.zeros(len(self._codes), int)
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self._rows = rows[order].astype(np.int32)
        self._weights = weights[order].astype(np.float32)

    def scores(self, terms: Mapping[str, float], count: int) -> NDArray[np.float32]:
        """(count,) dot product of the terms' weights with each of the first products."""
        scores = np.zeros(count, dtype=np.float32)
        for term, asked in _folded(terms).items():
            rows, weights = self.of(term, count)
            scores[rows] += np.float32(asked) * weights
        return scores

    def of(self, term: str, count: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The rows below `count` that have a term (case-folded), each once, and their weights."""
        code = self._codes.get(term)
        if code is None:
            return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
        packed = slice(self._starts[code], self._starts[code + 1]) if code + 1 < len(self._starts) else slice(0, 0)
        rows, weights = self._rows[packed], self._weights[packed]
        if code in self._later:
            # [:] first: an array that lends its memory to NumPy cannot be appended to.
            later_rows = np.array(self._later[code][0][:], dtype=np.int32)
            later_rows = later_rows[: np.searchsorted(later_rows, count)]
            later_weights = np.array(self._later[code][1][:], dtype=np.float32)[: later_rows.size]
            rows, weights = np.concatenate([rows, later_rows]), np.concatenate([weights, later_weights])
        return rows, weights


def _folded(terms: Mapping[str, float]) -> dict[str, float]:
    folded: dict[str, float] = {}
    for term, weight in terms.items():
        term = term.strip().casefold()
        folded[term] = folded.get(term, 0.0) + weight
    return folded
