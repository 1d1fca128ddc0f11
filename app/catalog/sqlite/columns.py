"""Columns in memory: arrays that grow at the end, strings, facet values as codes.

One thread appends; any number read the rows that were there when they took their view. Appending never changes a row
that a view has: an array that must move is copied, and the old one stays with those who hold it.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.catalog.sqlite.documents import VALUE_SEPARATOR

Scalar = TypeVar("Scalar", bound=np.generic)

_GROWTH = 1.25


class Rows(Generic[Scalar]):
    """An array of rows with room to grow. Memory beyond the rows is reserved, not touched."""

    def __init__(self, dtype: type[Scalar], *, capacity: int, width: int | None = None) -> None:
        self._shape = () if width is None else (width,)
        self._data: NDArray[Scalar] = np.empty((max(capacity, 16), *self._shape), dtype=dtype)
        self.count = 0

    def append(self, rows: NDArray[Any] | Sequence[Any]) -> None:
        """Add rows at the end."""
        end = self.count + len(rows)
        if end > len(self._data):
            larger = np.empty((max(end, int(len(self._data) * _GROWTH)), *self._shape), dtype=self._data.dtype)
            larger[: self.count] = self._data[: self.count]
            self._data = larger
        self._data[self.count : end] = rows
        self.count = end

    def view(self) -> NDArray[Scalar]:
        """The rows as they are now."""
        return self._data[: self.count]


class Strings:
    """One string per row; equal neighbors (the group of variants, none at all) are one object."""

    def __init__(self) -> None:
        self._rows: list[str] = []

    def append(self, value: str) -> None:
        """Add one row."""
        rows = self._rows
        rows.append(rows[-1] if rows and rows[-1] == value else value)

    def at(self, row: int) -> str:
        """The string of a row."""
        return self._rows[row]

    def of(self, rows: Iterable[int]) -> list[str]:
        """The strings of rows."""
        strings = self._rows
        return [strings[row] for row in rows]


class Values:
    """The distinct values of one facet field; values that differ only in case are one, spelled as first seen."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self.spellings: list[str] = []

    def code(self, value: str) -> int:
        """The code of a value, made when it is new."""
        folded = value.casefold()
        code = self._codes.get(folded)
        if code is None:
            code = len(self.spellings)
            self.spellings.append(value)
            self._codes[folded] = code
        return code

    def known(self, values: Iterable[str]) -> list[int]:
        """The codes of those values that occur."""
        found = (self._codes.get(value.strip().casefold()) for value in values)
        return [code for code in found if code is not None]


class FacetColumn:
    """The values of one facet field: one code per product for its whole set of values.

    A category path, a brand, or the colors of "red/blue" are each one set; there are far fewer sets than products.
    """

    def __init__(self, capacity: int) -> None:
        self._values = Values()
        self._set_codes: dict[str, int] = {}
        self._sets: list[tuple[int, ...]] = []
        self._rows = Rows(np.int32, capacity=capacity)

    def append(self, products: Sequence[str]) -> None:
        """Add the values of products, those of each joined by VALUE_SEPARATOR."""
        known = self._set_codes
        self._rows.append([known[joined] if joined in known else self._set_code(joined) for joined in products])

    def holding(self, values: Iterable[str], count: int) -> NDArray[np.bool_]:
        """(count,) whether each of the first products has one of the values."""
        wanted = set(self._values.known(values))
        has = np.fromiter((not wanted.isdisjoint(codes) for codes in self._sets), dtype=np.bool_)
        rows = self._rows.view()[:count]
        return has[rows] if wanted else np.zeros(count, dtype=np.bool_)

    def counts(self, rows: NDArray[np.int32]) -> list[tuple[str, int]]:
        """How many of these products have each value; values none has are left out, in no order."""
        codes = self._rows.view()[rows]
        per_value: dict[int, int] = {}
        per_set = np.bincount(codes, minlength=1)
        for code in np.flatnonzero(per_set):
            for value in self._sets[code]:
                per_value[value] = per_value.get(value, 0) + int(per_set[code])
        return [(self._values.spellings[value], count) for value, count in per_value.items()]

    def _set_code(self, joined: str) -> int:
        values = joined.split(VALUE_SEPARATOR) if joined else []
        self._sets.append(tuple(dict.fromkeys(self._values.code(value) for value in values)))
        self._set_codes[joined] = len(self._sets) - 1
        return len(self._sets) - 1


class ManyValued:
    """The values of a field that products have many of in ever new combinations (labels): a code per value and product.

    What FacetColumn keeps once a set would here be kept once a product.
    """

    def __init__(self, products: int) -> None:
        self._values = Values()
        self._codes = Rows(np.int32, capacity=products)
        self._ends = Rows(np.int64, capacity=products)

    def append(self, products: Sequence[Sequence[str]]) -> None:
        """Add the values of products, each value once a product."""
        self._codes.append([self._values.code(value) for values in products for value in values])
        ends = np.cumsum([len(values) for values in products]) + (self._ends.view()[-1] if self._ends.count else 0)
        self._ends.append(ends)

    def holding(self, values: Iterable[str], count: int) -> NDArray[np.bool_]:
        """(count,) whether each of the first products has one of the values."""
        ends = self._ends.view()[:count]
        wanted = self._values.known(values)
        holds = np.zeros(count, dtype=np.bool_)
        if wanted and count:
            places = np.flatnonzero(np.isin(self._codes.view()[: ends[-1]], wanted))
            holds[np.searchsorted(ends, places, side="right")] = True
        return holds

    def counts(self, rows: NDArray[np.int32]) -> list[tuple[str, int]]:
        """How many of these products have each value; values none has are left out, in no order."""
        ends = self._ends.view()
        stops = ends[rows]
        lengths = stops - np.where(rows > 0, ends[rows - 1], 0)
        starts = np.cumsum(lengths) - lengths
        places = np.repeat(stops - lengths - starts, lengths) + np.arange(int(lengths.sum()))
        per_value = np.bincount(self._codes.view()[places], minlength=1)
        return [(self._values.spellings[code], int(per_value[code])) for code in np.flatnonzero(per_value)]
