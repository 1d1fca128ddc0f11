"""What is measured and what came out. Values only."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.analysis import Analyzer
from app.benchmark.timing import Timing
from app.catalog import Catalog, CatalogWriter
from app.intake import Fit


@dataclass(frozen=True, slots=True)
class Parts:
    """What the composition root hands over.

    analyzer: the one whose speed is measured; dims: of its embedding. look: (file) -> its blocking core on (H, W, 3)
    uint8 pixels, what it sees and what that catalog taught it, without any of our machinery. scan: (count, dims) -> a
    callable that scans so many vectors exactly and picks the best, nothing else. insert: (file, count) -> seconds to
    put so many products into a bare table. open: (file) -> catalog and writer. fit: what the catalog teaches.
    settings: AKIN_ settings of a server on that file.
    """

    analyzer: Analyzer
    dims: int
    look: Callable[[Path], Awaitable[Callable[[NDArray[np.uint8]], object]]]
    scan: Callable[[int, int], Callable[[], object]]
    insert: Callable[[Path, int], float]
    open: Callable[[Path], AbstractAsyncContextManager[tuple[Catalog, CatalogWriter]]]
    fit: Fit
    settings: Callable[[Path], dict[str, str]]


@dataclass(frozen=True, slots=True)
class SizeReport:
    """One catalog size.

    whole: a 12-megapixel photo from the client's first byte to the answer's last; the client's own work before and
    after (building the form, reading the JSON) is not in it. stages: as the server timed them.
    bare: draft decode, analysis and exact scan, each alone. resident_mb: the server process with the catalog.
    load_per_s: products a second into the catalog; insert_per_s: into a bare SQLite table. matched: products in the
    answer.
    """

    products: int
    whole: Timing
    stages: tuple[Timing, ...]
    bare: tuple[Timing, ...]
    resident_mb: float
    load_per_s: float
    insert_per_s: float
    matched: int

    @property
    def ratio(self) -> float:
        """Median whole request as a multiple of the sum of the medians of its bare parts."""
        return self.whole.p50 / sum(part.p50 for part in self.bare)


@dataclass(frozen=True, slots=True)
class ThroughputReport:
    """Photos answered a second by so many server processes, with as many callers as keep them busy."""

    workers: int
    callers: int
    photos_per_s: float


@dataclass(frozen=True, slots=True)
class Report:
    """All of one run. machine: cores and processor, for the reader."""

    machine: str
    sizes: tuple[SizeReport, ...]
    throughput: tuple[ThroughputReport, ...]
