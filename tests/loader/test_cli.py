"""The program itself: real pictures, real decoding, real eyes, the real embedded catalog."""

import asyncio
import gzip
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.catalog import GenerationState
from app.catalog.sqlite import open_catalog
from bench.drawn_shop import run_loader as run
from bench.drawn_shop import start_loader as start
from bench.drawn_shop import write_shop
from bench.loader_kill import killed_loads
from catalog_loader.cli import main


@dataclass
class Here:
    """The program run in this process: for what starts no other process itself."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run to the end."""
        self.monkeypatch.chdir(self.folder)
        self.monkeypatch.setenv("AKIN_CATALOG", f"sqlite:///{self.folder / 'akin.db'}")
        self.monkeypatch.setattr(sys, "argv", ["catalog-loader", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self.capsys.readouterr()
        return subprocess.CompletedProcess(arguments, int(str(ended.value.code or 0)), out, err)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    return Here(tmp_path, monkeypatch, capsys)


def test_a_shop_is_checked_loaded_mended_and_rolled_back(tmp_path: Path, here: Here) -> None:
    """The life of a feed, by its exit codes and its JSON."""
    assert "Load a feed" in here.run("status").stdout
    feed = write_shop(tmp_path, 12)
    with feed.open("a", encoding="utf-8") as file:
        file.write("bad\tNo price\tp1.jpg\tmuch\tin stock\tToys\tred\tball\n")
    checked = here.run("check", "feed.tsv", "--json")
    assert (checked.returncode, json.loads(checked.stdout)["problems"]) == (1, {"bad-price": 1})
    assert not list(tmp_path.glob("*rejects*"))

    loaded = run(tmp_path, "load", "feed.tsv", "--type-from", "custom_label_0")
    assert loaded.returncode == 1, loaded.stderr
    assert "12 products" in loaded.stdout
    assert "feed.rejects.tsv" in loaded.stdout
    assert "Looking at pictures" in loaded.stderr

    rejects = tmp_path / "feed.rejects.tsv"
    rejects.write_text(rejects.read_text(encoding="utf-8").replace("much", "5.00 USD"), encoding="utf-8")
    mended = run(tmp_path, "load", "--delta", "feed.rejects.tsv", "--json")
    assert mended.returncode == 0, mended.stderr
    summary = json.loads(mended.stdout)
    assert (summary["outcome"], summary["products"]) == ("published", 13)

    listed = json.loads(here.run("status", "--json").stdout)
    assert [(generation["state"], generation["products"]) for generation in listed] == [
        ("published", 13),
        ("retired", 12),
    ]
    assert here.run("rollback").returncode == 0
    listed = json.loads(here.run("status", "--json").stdout)
    assert [generation["state"] for generation in listed] == ["retired", "published"]


@pytest.mark.anyio
async def test_what_was_loaded_can_be_found(tmp_path: Path) -> None:
    """Types from the label, evidence of the local eyes, and what they were taught."""
    write_shop(tmp_path, 10)
    loaded = run(tmp_path, "load", "feed.tsv", "--type-from", "custom_label_0", "--json")
    assert loaded.returncode == 0, loaded.stderr
    catalog = open_catalog(tmp_path / "akin.db")
    try:
        snapshot = await catalog.snapshot()
        assert snapshot.generation.state is GenerationState.PUBLISHED
        assert snapshot.generation.embedder.startswith("akin-local/")
        assert await snapshot.artifact("teaching")
        (product,) = await snapshot.products(["p3"])
        assert product.type == "ring"
        assert product.colors
        (evidence,) = await snapshot.evidence([("p3", 0)])
        assert evidence is not None
        assert evidence.embedding.shape == (snapshot.generation.dims,)
    finally:
        await catalog.close()


def test_a_program_is_told_line_by_line(tmp_path: Path, here: Here) -> None:
    """With --events: how it goes and how it ended; and why it did not begin."""
    write_shop(tmp_path, 3)
    loaded = run(tmp_path, "load", "feed.tsv", "--events", "--limit-rate", "100", "--name", "the shop")
    assert (loaded.returncode, loaded.stderr) == (0, "")
    told = [json.loads(line) for line in loaded.stdout.splitlines()]
    assert (told[0]["event"], told[0]["feed"]) == ("begun", "the shop")
    assert told[0]["holder"].endswith(" catalog-loader load the shop")
    assert (told[-1]["event"], told[-1]["summary"]["products"]) == ("ended", 3)
    failed = here.run("load", "none.tsv", "--events")
    assert failed.returncode == 2
    assert [json.loads(line)["event"] for line in failed.stdout.splitlines()] == ["begun", "failed"]


def test_a_stranger_s_feed_may_name_no_file(tmp_path: Path, here: Here) -> None:
    """And a check leaves its rejects where it is told to."""
    write_shop(tmp_path, 2)
    checked = here.run("check", "feed.tsv", "--images", "--untrusted", "--rejects", "kept.tsv", "--json")
    assert (checked.returncode, json.loads(checked.stdout)["problems"]) == (1, {"image-local-refused": 2})
    assert len((tmp_path / "kept.tsv").read_text(encoding="utf-8").splitlines()) == 3


def test_help_names_every_command_with_examples(here: Here) -> None:
    """And the exit codes."""
    whole = here.run("--help")
    assert whole.returncode == 0
    assert "Exit codes" in whole.stdout
    for command in ("load", "check", "status", "rollback"):
        assert command in whole.stdout
        assert "Example" in here.run(command, "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("load",), 2, "FEED"),
        (("load", "none.tsv"), 2, "cannot be read"),
        (("load", "page.html"), 3, "web page"),
        (("check", "page.html"), 3, "web page"),
        (("load", "feed.tsv", "--type-from", "color"), 2, "type-from"),
        (("load", "feed.tsv", "--max-reject-share", "2"), 2, "max-reject-share"),
        (("load", "feed.tsv", "--catalog", "mysql://x"), 2, "AKIN_CATALOG"),
        (("load", "feed.tsv", "--delta", "--delete-missing"), 2, "contradict"),
        (("load", "feed.tsv", "--limit-rate", "0"), 2, "limit-rate"),
        (("rollback",), 3, "no earlier generation"),
        (("rollback", "x"), 3, "no generation"),
    ],
)
def test_wrong_use_is_told_in_a_few_words(here: Here, arguments: tuple[str, ...], code: int, words: str) -> None:
    """With the exit codes of the manual."""
    write_shop(here.folder, 1)
    (here.folder / "page.html").write_text("<!doctype html><html>", encoding="utf-8")
    done = here.run(*arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without telling."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The shop's folder over HTTP on the loopback."""
    (tmp_path / "web").mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "web"))) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def test_a_feed_and_its_pictures_come_over_the_web(tmp_path: Path, server: str, here: Here) -> None:
    """Packed; relative links lead to the server; private addresses only because the settings allow them here."""
    feed = write_shop(tmp_path / "web", 5)
    packed = tmp_path / "web" / "feed.tsv.gz"
    packed.write_bytes(gzip.compress(feed.read_bytes()))
    refused = run(tmp_path, "check", "--images", f"{server}/feed.tsv.gz", "--json")
    assert json.loads(refused.stdout)["rows"]["refused"] == 5
    loaded = run(tmp_path, "load", f"{server}/feed.tsv.gz", "--json", AKIN_FETCH_PRIVATE="true")
    assert loaded.returncode == 0, loaded.stderr
    assert json.loads(loaded.stdout)["images"]["analyzed"] == 5
    gone = here.run("load", f"{server}/none.tsv")
    assert (gone.returncode, "404" in gone.stderr) == (2, True)


def test_ctrl_c_finishes_what_is_in_work_and_tells_how_to_go_on(tmp_path: Path) -> None:
    """Then the same command goes on."""
    write_shop(tmp_path, 150)
    with start(tmp_path, "load", "feed.tsv", "--json") as process:
        wait_for_products(tmp_path)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 3, err
    summary = json.loads(out)
    assert summary["outcome"] == "interrupted"
    assert "again" in summary["message"]
    again = run(tmp_path, "load", "feed.tsv", "--json")
    assert again.returncode == 0, again.stderr
    done = json.loads(again.stdout)
    assert done["rows"]["resumed"] == summary["rows"]["analyzed"] > 0
    assert done["products"] == 150


def wait_for_products(folder: Path) -> None:
    """Return when the load has written its first products."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if (folder / "akin.db").exists() and asyncio.run(products_in(folder)):
            return
        time.sleep(0.2)
    raise AssertionError("the load wrote nothing")


async def products_in(folder: Path) -> int:
    """Products of the newest generation."""
    catalog = open_catalog(folder / "akin.db")
    try:
        return next((generation.products for generation in await catalog.generations()), 0)
    finally:
        await catalog.close()


def test_killed_at_random_points_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """kill -9, and the same command again; the seed is fixed, bench/loader_kill.py does it fifty times."""
    kills = killed_loads(tmp_path, 3, random.Random(5), products=80)
    assert len(kills.found) == 3, kills
    assert (kills.lost, kills.doubled) == (0, 0), kills
