"""From product ids and file keys to rows, without a dictionary entry per product."""

from array import array
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from app.catalog.sqlite.columns import Strings


class RowLookup:
    """Finds rows by product id and by file key, and orders rows by id.

    The first rows come in id order and are then sealed: ids are found by a sorted array of their hashes. Rows that
    come later are few; they live in dictionaries. One thread adds, others read.
    """

    def __init__(self) -> None:
        self.ids = Strings()
        self.sealed = 0
        self._hashes = array("q")
        self._keys = array("q")
        self._sorted_hashes = np.zeros(0, dtype=np.int64)
        self._hash_rows = np.zeros(0, dtype=np.int32)
        self._sorted_keys = np.zeros(0, dtype=np.int64)
        self._key_rows = np.zeros(0, dtype=np.int32)
        self._later: dict[str, list[int]] = {}
        self._later_keys: dict[int, int] = {}

    def add(self, row: int, product_id: str, key: int) -> None:
        """Add one row; before seal() rows come in ascending id order."""
        if self.sealed == 0:
            self._hashes.append(hash(product_id))
            self._keys.append(key)
        else:
            self._later.setdefault(product_id, []).append(row)
            self._later_keys[key] = row
        self.ids.append(product_id)

    def seal(self) -> None:
        """Sort what was added; an empty generation stays unsealed, and is all "later"."""
        hashes, keys = np.array(self._hashes, dtype=np.int64), np.array(self._keys, dtype=np.int64)
        self.sealed = hashes.size
        self._hash_rows = np.argsort(hashes, kind="stable").astype(np.int32)
        self._sorted_hashes = hashes[self._hash_rows]
        self._key_rows = np.argsort(keys, kind="stable").astype(np.int32)
        self._sorted_keys = keys[self._key_rows]
        self._hashes, self._keys = array("q"), array("q")

    def rows(self, ids: Iterable[str], count: int) -> list[int]:
        """The newest row below `count` of each id that has one, in the ids' order."""
        ids = list(ids)
        hashes = np.fromiter((hash(product_id) for product_id in ids), dtype=np.int64, count=len(ids))
        starts = np.searchsorted(self._sorted_hashes, hashes).tolist()
        found = (self._row(product_id, start, count) for product_id, start in zip(ids, starts, strict=True))
        return [row for row in found if row >= 0]

    def rows_of_keys(self, keys: NDArray[np.int64]) -> NDArray[np.int32]:
        """The row of each file key, -1 where there is none."""
        rows = np.full(keys.size, -1, dtype=np.int32)
        if self.sealed:
            places = np.minimum(np.searchsorted(self._sorted_keys, keys), self.sealed - 1)
            hit = self._sorted_keys[places] == keys
            rows[hit] = self._key_rows[places[hit]]
        if self._later_keys:
            for place in np.flatnonzero(rows < 0):
                rows[place] = self._later_keys.get(int(keys[place]), -1)
        return rows

    def id_order(self, rows: NDArray[np.int32]) -> NDArray[np.float64]:
        """(rows,) numbers that sort these rows by product id."""
        order = rows.astype(np.float64)
        places = np.flatnonzero(rows >= self.sealed)
        by_id = sorted((self.ids.at(int(rows[place])), int(place)) for place in places)
        for rank, (product_id, place) in enumerate(by_id, start=1):
            order[place] = self._sealed_before(product_id) - 1 + rank / (len(by_id) + 1)
        return order

    def after(self, product_id: str, count: int) -> NDArray[np.bool_]:
        """(count,) whether the id of each of the first rows comes after this one."""
        holds = np.zeros(count, dtype=np.bool_)
        first = self._sealed_before(product_id)
        is_there = first < self.sealed and self.ids.at(first) == product_id
        holds[first + is_there : self.sealed] = True
        for row in range(self.sealed, count):
            holds[row] = self.ids.at(row) > product_id
        return holds

    def _row(self, product_id: str, start: int, count: int) -> int:
        for row in reversed(self._later.get(product_id, ())):
            if row < count:
                return row
        wanted = hash(product_id)
        while start < self.sealed and self._sorted_hashes[start] == wanted:
            row = int(self._hash_rows[start])
            if self.ids.at(row) == product_id:
                return row
            start += 1
        return -1

    def _sealed_before(self, product_id: str) -> int:
        low, high = 0, self.sealed
        while low < high:
            middle = (low + high) // 2
            if self.ids.at(middle) < product_id:
                low = middle + 1
            else:
                high = middle
        return low
