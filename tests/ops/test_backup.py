"""Backups: taken while others write, checked, put back without overwriting by mistake, and the answers are the same."""

import asyncio
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from app import backups, cli
from app.cli_backup import kept_places
from app.settings import Settings, load_settings
from app.wiring import open_catalog
from tests.builders import a_photo_file
from tests.edge.conftest import serving, settings_in

pytestmark = pytest.mark.anyio

CONFIGURATION = {"rules", "shops",
    "blur_faces", "elasticsearch_ca", "elasticsearch_templates", "media", "model_cards", "prices", "vocabulary",
    "models",
}  # fmt: skip
"""Paths that are written by people, or hold what is fetched again: no data of the shop's own."""


@contextmanager
def writing(path: Path) -> Iterator[list[int]]:
    """Another connection appends numbers 1, 2, 3 … to the file, each acknowledged before it is in the list."""
    acknowledged: list[int] = []
    stop = threading.Event()
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.execute("CREATE TABLE IF NOT EXISTS number (value INTEGER PRIMARY KEY, weight BLOB)")
        made.commit()

    def write() -> None:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            while not stop.is_set():
                number = len(acknowledged) + 1
                connection.execute("INSERT INTO number VALUES (?, ?)", (number, b"x" * 2000))
                connection.commit()
                acknowledged.append(number)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        while len(acknowledged) < 50:
            stop.wait(0.01)
        yield acknowledged
    finally:
        stop.set()
        thread.join()


def numbers_in(path: Path) -> list[int]:
    """What `writing` wrote."""
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT value FROM number ORDER BY value")]


def test_a_backup_taken_during_writes_holds_all_that_was_acknowledged_before(tmp_path: Path) -> None:
    source = tmp_path / "live.db"
    with writing(source) as acknowledged:
        for round_ in range(3):
            before = len(acknowledged)
            backups.take({"live": source}, tmp_path / f"backup-{round_}", version="1")
            after = len(acknowledged)
            kept = numbers_in(tmp_path / f"backup-{round_}" / "live")
            assert kept == list(range(1, len(kept) + 1)), "one moment, without gaps"
            assert before <= len(kept) <= after + 1
    assert backups.check(tmp_path / "backup-2").places == ("live",)
    assert not list((tmp_path / "backup-2").glob("*-wal"))


async def test_a_restored_shop_gives_the_same_answers(shop_file: Path, tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    shutil.copy(shop_file, there / "akin.db")
    photo = {"photo": ("x.jpg", a_photo_file("ring", "teal", seed=7))}

    async def answers(client: httpx.AsyncClient) -> list[Any]:
        found = [(await client.post("/search-by-photo", files=photo)).json()]
        found.append((await client.get("/search", params={"text": "teal ring"})).json())
        found.append((await client.get("/products/ring-teal")).json())
        return [{name: one[name] for name in one if name in {"items", "total", "facets", "title"}} for one in found]

    async with serving(settings_in(there)) as client:
        await client.patch("/products/ring-teal", json={"title": "Changed while it ran"})
        expected = await answers(client)
        places = kept_places(settings_in(there))
        await asyncio.to_thread(backups.take, places, tmp_path / "backup", version="1")
        await client.patch("/products/ring-teal", json={"title": "Changed after the backup"})
    manifest, moved = backups.restore(tmp_path / "backup", kept_places(settings_in(here)))
    assert {"catalog", "keys"} - set(manifest.places) <= {"keys"}
    assert moved == []
    async with serving(settings_in(here)) as client:
        assert await answers(client) == expected


def test_restoring_replaces_nothing_by_mistake_and_deletes_nothing_on_purpose(tmp_path: Path) -> None:
    source, folder = tmp_path / "one.db", tmp_path / "loads"
    folder.mkdir()
    (folder / "a").mkdir()
    (folder / "a" / "feed.tsv").write_text("old", encoding="utf-8")
    with writing(source):
        pass
    places = {"one": source, "loads": folder, "absent": tmp_path / "absent.db"}
    backups.take(places, tmp_path / "backup", version="1")
    count = len(numbers_in(source))
    (folder / "a" / "feed.tsv").write_text("new", encoding="utf-8")
    with pytest.raises(backups.PlaceTaken) as refused:
        backups.restore(tmp_path / "backup", places)
    assert "one.db" in refused.value.detail
    assert (folder / "a" / "feed.tsv").read_text(encoding="utf-8") == "new"
    _, moved = backups.restore(tmp_path / "backup", places, force=True)
    assert len(numbers_in(source)) == count
    assert (folder / "a" / "feed.tsv").read_text(encoding="utf-8") == "old"
    (aside,) = (path for path in moved if path.name.startswith("loads"))
    assert (aside / "a" / "feed.tsv").read_text(encoding="utf-8") == "new"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_file_in_use_is_not_replaced(tmp_path: Path) -> None:
    source = tmp_path / "one.db"
    with writing(source):
        backups.take({"one": source}, tmp_path / "backup", version="1")
        with pytest.raises(backups.PlaceInUse):
            backups.restore(tmp_path / "backup", {"one": source}, force=True)
    backups.restore(tmp_path / "backup", {"one": source}, force=True)


@settings(max_examples=30)
@given(place=st.sampled_from(["one", "two", "manifest.json"]), at=st.floats(0, 0.999), cut=st.booleans())
def test_a_backup_that_was_changed_anywhere_is_refused(
    tmp_path_factory: pytest.TempPathFactory, place: str, at: float, cut: bool
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    with closing(sqlite3.connect(folder / "one.db")) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.execute("INSERT INTO t VALUES (zeroblob(9000))")
        connection.commit()
    (folder / "two.txt").write_bytes(b"some words")
    backups.take({"one": folder / "one.db", "two": folder / "two.txt"}, folder / "backup", version="1")
    backups.check(folder / "backup")
    damaged = folder / "backup" / place
    content = damaged.read_bytes()
    offset = int(at * len(content))
    flipped = bytes([content[offset] ^ 0x55])
    damaged.write_bytes(content[:offset] if cut else content[:offset] + flipped + content[offset + 1 :])
    if place == "manifest.json" and not cut and content[offset : offset + 1] in b" \n":
        return  # between the words, where some changes mean nothing
    try:
        manifest = backups.check(folder / "backup")
    except backups.BackupDamaged:
        return
    assert place == "manifest.json"
    assert {file.path for file in manifest.files} == {"one", "two"}, (
        "only its date, version or flags may read otherwise"
    )


def test_a_manifest_cannot_lead_out_of_the_backup(tmp_path: Path) -> None:
    (tmp_path / "two.txt").write_bytes(b"x")
    backups.take({"two": tmp_path / "two.txt"}, tmp_path / "backup", version="1")
    text = (tmp_path / "backup" / "manifest.json").read_text(encoding="utf-8")
    (tmp_path / "backup" / "manifest.json").write_text(text.replace('"path": "two"', '"path": "two/../../x"'), "utf-8")
    with pytest.raises(backups.BackupDamaged):
        backups.check(tmp_path / "backup")


def test_a_damaged_database_makes_no_backup(tmp_path: Path) -> None:
    source = tmp_path / "one.db"
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.executemany("INSERT INTO t VALUES (?)", [("y" * 500,) for _ in range(200)])
        connection.commit()
    content = bytearray(source.read_bytes())
    content[8192:12288] = b"\x00" * 4096
    source.write_bytes(content)
    with pytest.raises(backups.BackupFailed):
        backups.take({"one": source}, tmp_path / "backup", version="1")
    assert not (tmp_path / "backup").exists()


def test_no_path_of_the_settings_is_forgotten() -> None:
    chosen = load_settings(calibration=Path("c"), trust=Path("t"))
    places = set(kept_places(chosen, photos=True).values())
    paths = {name for name, field in Settings.model_fields.items() if "Path" in str(field.annotation)}
    forgotten = {name for name in paths - CONFIGURATION - {"writes"} if getattr(chosen, name) not in places}
    assert forgotten == set()


def test_each_of_several_shops_is_kept(tmp_path: Path) -> None:
    (tmp_path / "shops.toml").write_text(
        f'[nordhem]\ncatalog = "sqlite:///{tmp_path}/n.db"\n[fjell]\ncatalog = "sqlite:///{tmp_path}/f.db"\n', "utf-8"
    )
    places = kept_places(settings_in(tmp_path, shops=tmp_path / "shops.toml"))
    assert (places["nordhem.catalog"], places["fjell.catalog"]) == (tmp_path / "n.db", tmp_path / "f.db")
    assert places["nordhem.events"] != places["fjell.events"]
    assert list(places).count("keys") == 1
    assert len(set(places.values())) == len(places)


def test_the_commands_tell_what_they_did(shop_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(shop_file, tmp_path / "akin.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AKIN_CATALOG", f"sqlite:///{tmp_path / 'akin.db'}")
    runner = CliRunner()
    made = runner.invoke(cli.app, ["backup", "b"])
    assert (made.exit_code, "catalog" in made.output) == (0, True), made.output
    assert (tmp_path / "b").stat().st_mode & 0o77 == 0, "keys and events are nobody else's"
    assert runner.invoke(cli.app, ["restore", "b", "--check"]).exit_code == 0
    assert isinstance(runner.invoke(cli.app, ["backup", "b"]).exception, backups.BackupExists)
    assert isinstance(runner.invoke(cli.app, ["restore", "b"]).exception, backups.PlaceTaken)
    restored = runner.invoke(cli.app, ["restore", "b", "--force"])
    assert "Moved aside" in restored.output
    catalog = open_catalog(load_settings())
    asyncio.run(catalog.ping())
    asyncio.run(catalog.close())
