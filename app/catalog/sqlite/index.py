"""The catalog in memory: one generation, derived from the file, for many readers and one writer.

Per picture it holds an int8 code, a float16 vector and a few numbers; per product a few columns; no Python objects.
Rows are in product id order as they were read; live changes add rows at the end and mark the old ones dead, until so
many have gathered that the generation is read anew.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.catalog.model import LABEL_CONFIDENCE, SPARSE_CHANNELS, Channel, FacetField
from app.catalog.sqlite.columns import FacetColumn, ManyValued, Rows, Strings
from app.catalog.sqlite.documents import WRITTEN_FACETS
from app.catalog.sqlite.lookup import RowLookup
from app.catalog.sqlite.postings import Postings
from app.catalog.sqlite.vectors import quantize

BATCH = 1_024
"""Products that are turned into rows at a time while a generation is read."""

_LABELS = SPARSE_CHANNELS.index(Channel.LABELS)
_WORN_SHARE = 0.2
_WORN_ROWS = 1_000


class IndexedProduct(NamedTuple):
    """What the index wants to know of a product.

    key: of the product's row in the file. facts: as documents.to_facts wrote them, parsed. pictures: (position,
    float16 vector as bytes), by position, those with evidence only.
    """

    key: int
    product_id: str
    facts: tuple[str, float | None, Sequence[str], Sequence[Mapping[str, float]]]
    pictures: Sequence[tuple[int, bytes]]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The rows of an index at one moment; nothing in it ever changes.

    Per product row, (n,): alive; prices (NaN without one); first and pictured: its pictures are the picture rows
    first .. first + pictured. Per picture row, (m,): owners (product rows), positions, codes, scales, halves.
    live_products, live_images: how many products and pictures with evidence there are.
    """

    index: "Index"
    live_products: int
    live_images: int
    alive: NDArray[np.bool_]
    prices: NDArray[np.float64]
    first: NDArray[np.int32]
    pictured: NDArray[np.int32]
    owners: NDArray[np.int32]
    positions: NDArray[np.int32]
    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    halves: NDArray[np.float16]

    @property
    def count(self) -> int:
        """Product rows, dead ones included."""
        return int(self.alive.size)

    def rows_of(self, ids: Iterable[str]) -> NDArray[np.int32]:
        """The live rows of products, each once; unknown ids are left out."""
        rows = np.array(self.index.lookup.rows(dict.fromkeys(ids), self.count), dtype=np.int32)
        return rows[self.alive[rows]]

    def rows_of_keys(self, keys: NDArray[np.int64]) -> NDArray[np.int32]:
        """The row of each of the file's product keys, -1 where it is not in this view or dead."""
        rows = self.index.lookup.rows_of_keys(keys)
        rows[rows >= self.count] = -1
        rows[rows >= 0] = np.where(self.alive[rows[rows >= 0]], rows[rows >= 0], -1)
        return rows


class Index:
    """One generation in memory. `view` is what readers take; read() and apply() are for one writer at a time.

    sequence: the last live change that is in it. worst_error: the greatest rounding error of a code.
    """

    def __init__(self, *, generation: int, embedder: str, dims: int, products: int, images: int) -> None:
        self.generation = generation
        self.embedder = embedder
        self.dims = dims
        self.sequence = 0
        self.worst_error = 0.0
        self.lookup = RowLookup()
        self.groups = Strings()
        self._written = {field: FacetColumn(products) for field in WRITTEN_FACETS}
        self._labels = ManyValued(products)
        self.facets: dict[FacetField, FacetColumn | ManyValued] = {**self._written, FacetField.LABEL: self._labels}
        self.postings = {channel: Postings() for channel in SPARSE_CHANNELS}
        self._postings = tuple(self.postings.values())
        self._count = 0
        self._alive = np.zeros(0, dtype=np.bool_)
        self._prices = Rows(np.float64, capacity=products)
        self._first = Rows(np.int32, capacity=products)
        self._pictured = Rows(np.int32, capacity=products)
        self._owners = Rows(np.int32, capacity=images)
        self._positions = Rows(np.int32, capacity=images)
        self._codes = Rows(np.int8, capacity=images, width=dims)
        self._scales = Rows(np.float32, capacity=images)
        self._halves = Rows(np.float16, capacity=images, width=dims)
        self.view = self._take_view()

    @property
    def worn(self) -> bool:
        """Whether so many live changes hang on the end that reading the generation anew pays."""
        return self._count - self.lookup.sealed > _WORN_ROWS + _WORN_SHARE * self.lookup.sealed

    def read(self, products: Iterator[IndexedProduct], *, sequence: int) -> None:
        """Read a whole generation, in product id order; called once, before anybody else sees the index."""
        while batch := list(islice(products, BATCH)):
            self._append(batch)
        for postings in self.postings.values():
            postings.pack()
        self.lookup.seal()
        self._alive = np.ones(self._count, dtype=np.bool_)
        self.sequence = sequence
        self.view = self._take_view()

    def apply(self, changed: Sequence[tuple[str, IndexedProduct | None]], *, sequence: int) -> None:
        """Take over live changes: for each product id what it is now, None when it is gone."""
        alive = self._alive.copy()
        alive[self.lookup.rows((product_id for product_id, _ in changed), self._count)] = False
        added = [product for _, product in changed if product is not None]
        self._append(added)
        self._alive = np.concatenate([alive, np.ones(len(added), dtype=np.bool_)])
        self.sequence = sequence
        self.view = self._take_view()

    def _append(self, batch: Sequence[IndexedProduct]) -> None:
        for row, entry in enumerate(batch, start=self._count):
            group, _, _, channels = entry.facts
            self.lookup.add(row, entry.product_id, entry.key)
            self.groups.append(group)
            for postings, weights in zip(self._postings, channels, strict=True):
                if weights:
                    postings.add(row, weights)
        for place, column in enumerate(self._written.values()):
            column.append([entry.facts[2][place] for entry in batch])
        labels = (entry.facts[3][_LABELS] for entry in batch)
        self._labels.append(
            [[name for name, confidence in own.items() if confidence >= LABEL_CONFIDENCE] for own in labels]
        )
        prices = (entry.facts[1] for entry in batch)
        self._prices.append([np.nan if price is None else price for price in prices])
        self._append_pictures(batch)
        self._count += len(batch)

    def _append_pictures(self, batch: Sequence[IndexedProduct]) -> None:
        pictured = np.array([len(entry.pictures) for entry in batch], dtype=np.int32)
        ends = self._owners.count + np.cumsum(pictured)
        self._first.append(ends - pictured)
        self._pictured.append(pictured)
        self._owners.append(np.repeat(np.arange(self._count, self._count + len(batch)), pictured))
        self._positions.append([position for entry in batch for position, _ in entry.pictures])
        blob = b"".join(vector for entry in batch for _, vector in entry.pictures)
        halves: NDArray[Any] = np.frombuffer(blob, dtype="<f2").reshape(-1, self.dims)
        coded = quantize(halves)
        self._codes.append(coded.codes)
        self._scales.append(coded.scales)
        self._halves.append(halves)
        self.worst_error = max(self.worst_error, float(coded.errors.max(initial=0.0)))

    def _take_view(self) -> View:
        pictured = self._pictured.view()
        return View(
            index=self,
            live_products=int(np.count_nonzero(self._alive)),
            live_images=int(pictured[self._alive].sum()),
            alive=self._alive,
            prices=self._prices.view(),
            first=self._first.view(),
            pictured=pictured,
            owners=self._owners.view(),
            positions=self._positions.view(),
            codes=self._codes.view(),
            scales=self._scales.view(),
            halves=self._halves.view(),
        )
