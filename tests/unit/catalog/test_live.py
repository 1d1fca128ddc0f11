"""The index in memory stays in step with the file, and is read anew when too many changes hang on its end."""

import asyncio
import time
from pathlib import Path

import pytest

from app.catalog import Query, QueryVector
from app.catalog.sqlite import generations, open_writer, store
from app.catalog.sqlite.database import Database
from app.catalog.sqlite.index import View
from app.catalog.sqlite.live import LiveIndex
from app.catalog.sqlite.publishing import publish, published
from app.catalog.sqlite.retrieval import retrieve
from tests.builders import a_product, a_vector

PATIENCE_S = 60.0


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """A file with ten products published, p00 to p09."""
    asyncio.run(_load(tmp_path / "catalog.db", [f"p{number:02d}" for number in range(10)]))
    return Database(tmp_path / "catalog.db")


async def _load(path: Path, ids: list[str]) -> str:
    writer = open_writer(path)
    begun = await writer.begin(embedder="test/1", dims=16, source="feed", holder="test")
    await writer.add(begun.id, [a_product(product_id, seed=number) for number, product_id in enumerate(ids)])
    verified = await writer.verify(begun.id, expected_products=len(ids))
    await writer.close()
    database = Database(path)
    with database.write() as connection:
        publish(connection, verified.id, at=verified.created_at)
    database.close()
    return verified.id


def _change(database: Database, ids: list[str], *, seed: int = 0) -> None:
    """What another process does: put products, many in one transaction."""
    with database.write() as connection:
        generation = published(connection)
        for number, product_id in enumerate(ids):
            store.write_product(connection, generation, a_product(product_id, seed=seed + number))
            store.log_change(connection, generation.number, product_id, deleted=False)


def _found(view: View) -> list[str]:
    return [item.product_id for item in retrieve(view, Query(), None).items]


def test_changes_are_applied_by_catching_up_and_an_old_view_stays_as_it_was(database: Database) -> None:
    live = LiveIndex(database)
    before = live.current().index.view
    _change(database, ["p03", "q1"], seed=100)
    assert live.catch_up()
    after = live.current().index.view
    assert _found(before) == [f"p{number:02d}" for number in range(10)]
    assert _found(after) == [*_found(before), "q1"]
    look = Query(vector=QueryVector("test/1", a_vector(100)))
    assert retrieve(after, look, None).items[0].product_id == "p03"
    assert retrieve(before, look, None).items[0].signals != retrieve(after, look, None).items[0].signals
    assert live.current().index.view is after
    live.close()
    database.close()


def test_an_index_worn_by_changes_is_read_anew_by_itself_with_the_same_answers(database: Database) -> None:
    live = LiveIndex(database)
    first = live.current().index
    names = [f"q{number:04d}" for number in range(1_100)]
    _change(database, names, seed=50)
    live.catch_up()
    assert first.worn
    questions = [Query(vector=QueryVector("test/1", a_vector(seed)), limit=40) for seed in (3, 51, 700)]
    answers = [repr(retrieve(first.view, question, None)) for question in questions]
    deadline = time.monotonic() + PATIENCE_S
    while live.current().index is first:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    fresh = live.current().index
    assert not fresh.worn
    assert [repr(retrieve(fresh.view, question, None)) for question in questions] == answers
    _change(database, ["p00"], seed=9_000)
    live.catch_up()
    assert fresh.view.live_products == 1_110
    live.close()
    database.close()


def test_another_generation_is_read_aside_by_itself(database: Database) -> None:
    live = LiveIndex(database)
    old = live.current()
    asyncio.run(_load(database.path, ["n1", "n2"]))
    deadline = time.monotonic() + PATIENCE_S
    while live.current() is old:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert _found(live.current().index.view) == ["n1", "n2"]
    with database.read() as connection:
        assert [row.state.value for row in generations.all_rows(connection)] == ["published", "retired"]
    live.close()
    live.close()
    database.close()


def test_reading_it_again_changes_nothing_when_nothing_changed(database: Database) -> None:
    live = LiveIndex(database)
    served = live.current()
    assert live.refresh() is served
    assert live.served is served
    live.close()
    database.close()
