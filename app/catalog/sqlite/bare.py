"""The bare calls the embedded engine is made of, for measuring what it adds to them. Nothing else uses this."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import numkong
import numpy as np

from app.catalog.model import MAX_CANDIDATES

_BATCH = 2_000


def exact_scan(count: int, dims: int) -> Callable[[], object]:
    """A call that compares one int8 vector with `count` others and picks the MAX_CANDIDATES best, nothing else."""
    rng = np.random.default_rng(count)
    codes = rng.integers(-127, 128, (count, dims), dtype=np.int8)
    query = codes[:1].copy()

    def scan() -> object:
        scores = np.asarray(numkong.cdist(query, codes, metric="dot"))[0]
        return np.argpartition(scores, -min(MAX_CANDIDATES, count))[-MAX_CANDIDATES:]

    return scan


def plain_inserts(file: Path, count: int, dims: int, features: int) -> float:
    """Seconds to put `count` rows of a product's size into one table of a new file, in batches as durable as ours.

    A row is an id, a document of 600 bytes, a vector of `dims` float16 and `features` bytes.
    """
    document, vector, blob = "x" * 600, bytes(2 * dims), bytes(features)
    with sqlite3.connect(file, isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE bare (id TEXT PRIMARY KEY, document TEXT, vector BLOB, features BLOB)")
        began = time.perf_counter()
        for start in range(0, count, _BATCH):
            connection.execute("BEGIN IMMEDIATE")
            rows = ((f"P{n:07d}", document, vector, blob) for n in range(start, min(count, start + _BATCH)))
            connection.executemany("INSERT INTO bare VALUES (?, ?, ?, ?)", rows)
            connection.execute("COMMIT")
        took = time.perf_counter() - began
    connection.close()
    return took
