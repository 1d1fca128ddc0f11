"""Several processes on one file: they see each other's changes, wait for each other, and may be killed any time."""

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.catalog import Query
from app.catalog.sqlite import SqliteCatalog, open_catalog, open_writer
from tests.builders import a_product

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]
PATIENCE_S = 60.0
"""For a machine that is busy with other things; how fast it really is, bench/ measures."""

BATCH = 10


def start(what: str, path: Path, *arguments: object) -> subprocess.Popen[str]:
    """Start other_process.py."""
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("other_process.py")), what, str(path), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def end(process: subprocess.Popen[str]) -> str:
    """Wait for a process that must end well; returns what it said."""
    said, complained = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, complained
    return said


async def ids(catalog: SqliteCatalog) -> set[str]:
    """All ids a search finds."""
    return {item.product_id for item in (await (await catalog.snapshot()).retrieve(Query())).items}


@pytest.fixture
async def path(tmp_path: Path, anyio_backend: str) -> Path:
    """A catalog file with one product published."""
    file = tmp_path / "catalog.db"
    writer, catalog = open_writer(file), open_catalog(file)
    begun = await writer.begin(embedder="test/1", dims=16, source="first", holder="test")
    await writer.add(begun.id, [a_product("p1")])
    await writer.verify(begun.id, expected_products=1)
    await catalog.publish(begun.id)
    await writer.close()
    await catalog.close()
    return file


@pytest.fixture
async def catalog(path: Path) -> AsyncIterator[SqliteCatalog]:
    """The catalog opened in this process, its index read."""
    opened = open_catalog(path)
    await opened.snapshot()
    yield opened
    await opened.close()


async def test_changes_are_seen_by_a_process_that_only_searches(path: Path, catalog: SqliteCatalog) -> None:
    watcher = start("watch", path, "p2")
    assert watcher.stdout is not None
    assert watcher.stdin is not None
    assert await asyncio.to_thread(watcher.stdout.readline) == "watching\n"
    await catalog.put(a_product("p2", seed=2))
    assert await asyncio.wait_for(asyncio.to_thread(watcher.stdout.readline), PATIENCE_S) == "there\n"
    watcher.stdin.write("\n")
    watcher.stdin.flush()
    await catalog.delete("p2")
    assert await asyncio.wait_for(asyncio.to_thread(watcher.stdout.readline), PATIENCE_S) == "gone\n"
    end(watcher)


async def test_a_publish_by_another_process_is_followed(path: Path, catalog: SqliteCatalog) -> None:
    before = await catalog.snapshot()
    loader = start("load", path, 30, 0)
    said = await asyncio.to_thread(end, loader)
    other = open_catalog(path)  # never searched: it publishes without reading the generation
    await other.publish(said.split()[-1])
    await other.close()
    deadline = time.monotonic() + PATIENCE_S
    while await ids(catalog) != {f"n{number:05d}" for number in range(30)}:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    assert (await catalog.snapshot()).generation.id != before.generation.id
    assert {item.product_id for item in (await before.retrieve(Query())).items} == {"p1"}


async def test_eight_writers_wait_for_each_other_and_lose_nothing(path: Path, catalog: SqliteCatalog) -> None:
    writers = [start("put", path, f"w{number}-", 12) for number in range(8)]
    for number in range(12):
        await catalog.put(a_product(f"here{number}", seed=number))
    for writer in writers:
        assert await asyncio.to_thread(end, writer) == "done\n"
    expected = {f"w{writer}-{number}" for writer in range(8) for number in range(12)}
    expected |= {f"here{number}" for number in range(12)} | {"p1"}
    deadline = time.monotonic() + PATIENCE_S
    while await ids(catalog) != expected:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_a_loader_killed_at_any_point_loses_nothing_and_is_resumed(path: Path, catalog: SqliteCatalog) -> None:
    """Ten kills -9, each at another moment; bench/ has the fifty of the promise."""
    seed, total = 20261121, 5_000
    rng = random.Random(seed)
    kept: set[int] = set()
    for round_ in range(10):
        loader = start("load", path, total, 120 * round_)
        kept |= await asyncio.to_thread(_kill_after, loader, rng.uniform(0.0, 0.2))
        numbers = _loaded(path)
        assert {number // BATCH for number in numbers} >= kept, (seed, round_)
        for batch in {number // BATCH for number in numbers}:
            assert set(range(batch * BATCH, batch * BATCH + BATCH)) <= numbers, (seed, round_, batch)
        assert await ids(catalog) == {"p1"}
    assert kept
    last = start("load", path, total, 120 * 10)
    said = await asyncio.to_thread(end, last)
    await catalog.publish(said.split()[-1])
    assert (await catalog.snapshot()).generation.products == total
    assert _loaded(path) == set(range(total))


def _kill_after(loader: subprocess.Popen[str], seconds: float) -> set[int]:
    """Kill -9 some time after the first batch was acknowledged; the numbers of the acknowledged batches."""
    assert loader.stdout is not None
    first = loader.stdout.readline()
    time.sleep(seconds)
    loader.kill()
    said, complained = loader.communicate(timeout=PATIENCE_S)
    assert first.startswith("kept"), complained
    return {int(line.split()[1]) for line in [first, *said.splitlines(keepends=True)] if line.endswith("\n")}


def _loaded(path: Path) -> set[int]:
    """The numbers of the loaded products, each of which must be there once, whole, in a sound file."""
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    rows = connection.execute("SELECT p.id FROM products p JOIN images i ON i.product = p.key WHERE p.id LIKE 'n%'")
    numbers = [int(product_id[1:]) for (product_id,) in rows]
    connection.close()
    assert len(numbers) == len(set(numbers))
    return set(numbers)
