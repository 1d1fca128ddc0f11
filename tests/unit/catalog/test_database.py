"""The file: refused when it is not ours or newer, survived when the disk is full, told in the catalog's words."""

import sqlite3
from pathlib import Path

import pytest

from app.catalog import CatalogUnavailable, NothingPublished, Product
from app.catalog.sqlite import SqliteCatalogWriter, open_catalog, open_writer
from app.catalog.sqlite.database import SCHEMA_VERSION, Database, unavailable
from tests.builders import a_product

pytestmark = pytest.mark.anyio


def _execute(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_newer_schema_is_refused_by_both_versions_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    Database(path).close()
    newer = SCHEMA_VERSION + 1
    _execute(path, "UPDATE schema_version SET version = version + 1")
    for opener in (open_catalog, open_writer):
        with pytest.raises(CatalogUnavailable, match=f"version {newer}.* {SCHEMA_VERSION}") as raised:
            opener(path)
        assert raised.value.fix == "Upgrade Akin, or load the feed into a new file."


def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    _execute(path, "CREATE TABLE customers (name TEXT)")
    with pytest.raises(CatalogUnavailable, match="not a catalog"):
        open_catalog(path)
    text = tmp_path / "notes.txt"
    text.write_text("no database at all, but long enough to be read as one " * 20)
    with pytest.raises(CatalogUnavailable, match="no SQLite file"):
        open_catalog(text)
    assert text.read_text().startswith("no database")


def test_a_path_that_cannot_be_is_told_without_the_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "catalog.db", tmp_path):
        with pytest.raises(CatalogUnavailable) as raised:
            open_catalog(path)
        assert str(tmp_path) not in raised.value.detail
        assert raised.value.fix


def test_missing_folders_are_made(tmp_path: Path) -> None:
    Database(tmp_path / "a" / "b" / "catalog.db").close()
    assert (tmp_path / "a" / "b" / "catalog.db").exists()


def test_writes_are_on_the_disk_when_they_return(tmp_path: Path) -> None:
    """The promise of kill -9 and power loss rests on these three settings."""
    database = Database(tmp_path / "catalog.db")
    with database.write() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    database.close()


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    database = Database(tmp_path / "catalog.db")
    with pytest.raises(CatalogUnavailable), database.read() as connection:
        connection.execute("DELETE FROM schema_version")
    with database.read() as connection:
        assert connection.execute("SELECT count(*) FROM schema_version").fetchone() == (1,)
    database.close()


def _error_classes(base: type[sqlite3.Error]) -> list[type[sqlite3.Error]]:
    return [base, *(found for child in base.__subclasses__() for found in _error_classes(child))]


@pytest.mark.parametrize("error", _error_classes(sqlite3.Error), ids=lambda error: error.__name__)
def test_every_error_of_sqlite3_is_told_as_unavailable(tmp_path: Path, error: type[sqlite3.Error]) -> None:
    database = Database(tmp_path / "catalog.db")
    for transaction in (database.read, database.write):
        with pytest.raises(CatalogUnavailable) as raised, transaction():
            raise error("of the driver")
        assert isinstance(raised.value.__cause__, error)
    with database.write() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    database.close()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_FULL, "no room"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "busy"),
        (sqlite3.SQLITE_LOCKED, "busy"),
        (sqlite3.SQLITE_CORRUPT_VTAB, "damaged"),
        (sqlite3.SQLITE_NOTADB, "no SQLite file"),
        (sqlite3.SQLITE_READONLY_DBMOVED, "cannot be opened or written"),
        (sqlite3.SQLITE_CANTOPEN, "cannot be opened or written"),
        (sqlite3.SQLITE_IOERR_WRITE, "disk refused"),
        (sqlite3.SQLITE_SCHEMA, "could not answer"),
    ],
)
def test_what_went_wrong_is_told_by_the_code(code: int, words: str) -> None:
    error = sqlite3.OperationalError("of the driver")
    error.sqlite_errorcode = code
    assert words in unavailable(error, "catalog.db").detail


async def test_a_full_disk_refuses_the_write_keeps_the_rest_and_heals_without_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    catalog, writer = open_catalog(path, max_bytes=2_000_000), open_writer(path, max_bytes=2_000_000)
    with pytest.raises(NothingPublished):
        await catalog.snapshot()
    first = await writer.begin(embedder="test/1", dims=16, source="feed", holder="test")
    await writer.add(first.id, [a_product("p1", seed=1)])
    await writer.verify(first.id, expected_products=1)
    await catalog.publish(first.id)

    second = await writer.begin(embedder="test/1", dims=16, source="feed", holder="test")
    with pytest.raises(CatalogUnavailable, match="no room"):
        await _add_until_full(writer, second.id)
    kept = len(await writer.content_hashes(second.id))
    assert kept % 10 == 0 < kept
    with pytest.raises(CatalogUnavailable, match="no room"):
        await catalog.put(_a_large_product("p2", size=1_500_000))
    snapshot = await catalog.snapshot()
    assert [product.id for product in await snapshot.products(["p1", "p2"])] == ["p1"]
    await catalog.ping()

    await writer.abandon(second.id)
    assert await catalog.put(a_product("p2", seed=2))
    third = await writer.begin(embedder="test/1", dims=16, source="feed", holder="test")
    await writer.add(third.id, [_a_large_product(str(n)) for n in range(kept // 2)])
    await writer.verify(third.id, expected_products=kept // 2)
    await catalog.publish(third.id)
    assert (await catalog.snapshot()).generation.products == kept // 2
    await writer.close()
    await catalog.close()


async def _add_until_full(writer: SqliteCatalogWriter, generation_id: str) -> None:
    for batch in range(1_000):
        await writer.add(generation_id, [_a_large_product(f"{batch:03d}-{n}") for n in range(10)])


def _a_large_product(product_id: str, size: int = 10_000) -> Product:
    return a_product(product_id, seed=len(product_id), description="x" * size)
