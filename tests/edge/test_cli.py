"""`akin`: what it prints, and its exit codes: 0 done, 1 in part, 2 wrong use, 3 nothing done."""

import asyncio
import io
import json
import re
import shutil
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from app import cli
from tests.builders import a_photo_file
from tests.edge.conftest import settings_in
from tests.edge.test_generations_api import load

ENVIRONMENT = {"AKIN_CATALOG": "sqlite:///akin.db", "AKIN_DECODE_SLOTS": "1", "COLUMNS": "200"}
COMMANDS = (
    ["serve"],
    ["search"],
    ["evaluate"],
    ["tune"],
    ["bench"],
    ["openapi"],
    ["generations", "list"],
    ["generations", "publish"],
    ["generations", "rollback"],
    ["generations", "prune"],
    ["generations", "abandon"],
)


@pytest.fixture
def shop(shop_file: Path, tmp_path: Path) -> Path:
    """A folder with the shop's catalog and a photo."""
    shutil.copy(shop_file, tmp_path / "akin.db")
    (tmp_path / "photo.jpg").write_bytes(a_photo_file("ring", "teal", seed=7))
    return tmp_path


@dataclass(frozen=True, slots=True)
class Done:
    """What a run of the program left behind."""

    returncode: int
    stdout: str
    stderr: str


def akin(folder: Path, *arguments: str, **settings: str) -> Done:
    """Run the program in the folder, in this process: starting Python anew takes seconds."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["akin", *arguments])
        for name, value in {**ENVIRONMENT, **settings}.items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            cli.main()
    return Done(int(ended.value.code or 0), out.getvalue(), err.getvalue())


def test_search_prints_products_with_their_reasons(shop: Path) -> None:
    done = akin(shop, "search", "photo.jpg", "--limit", "3")
    assert done.returncode == 0, done.stderr
    first = next(line for line in done.stdout.splitlines() if re.match(r"\s*1\s", line))
    assert "ring-teal" in first
    assert re.search(r"0\.\d\d", first)
    assert "40.50 USD" in first
    assert "Seen: ring" in done.stdout


def test_generations_are_listed(shop: Path) -> None:
    done = akin(shop, "generations", "list")
    assert done.returncode == 0, done.stderr
    assert "published" in done.stdout
    assert "akin-local/" in done.stdout


def test_versions_are_published_given_up_and_deleted(shop: Path) -> None:
    """Each step for people, and as JSON for programs."""
    before = json.loads(akin(shop, "generations", "list", "--json").stdout)
    assert [(one["state"], one["products"]) for one in before] == [("published", 10)]
    waiting = asyncio.run(load(settings_in(shop), "a", "b"))
    published = akin(shop, "generations", "publish", waiting, "--json")
    assert (json.loads(published.stdout)["id"], json.loads(published.stdout)["state"]) == (waiting, "published")
    back = akin(shop, "generations", "rollback")
    assert back.stdout == f"Published {before[0]['id']}.\n"
    assert akin(shop, "generations", "prune").stdout == "There was nothing to delete.\n"
    assert json.loads(akin(shop, "generations", "prune", "--keep", "0", "--json").stdout) == {"deleted": [waiting]}
    unfinished = asyncio.run(load(settings_in(shop), "c", verify=False))
    assert akin(shop, "generations", "abandon", unfinished).stdout == f"Gave up {unfinished}.\n"
    refused = akin(shop, "generations", "abandon", before[0]["id"])
    assert (refused.returncode, "published" in refused.stderr) == (3, True)
    assert akin(shop, "generations", "prune", "--keep", "-1").returncode == 2


def test_rollback_without_an_earlier_generation_does_nothing(shop: Path) -> None:
    done = akin(shop, "generations", "rollback")
    assert done.returncode == 3
    assert "no earlier generation" in done.stderr
    assert "Traceback" not in done.stderr


def test_publishing_the_published_generation_by_its_id(shop: Path) -> None:
    listed = akin(shop, "generations", "list").stdout
    unknown = akin(shop, "generations", "publish", "no-such-generation")
    assert unknown.returncode == 3
    assert "no-such-generation" not in listed


def test_evaluate_writes_json_and_a_page(shop: Path) -> None:
    queries = [
        {"photo": "photo.jpg", "product": "ring-teal", "type": "ring", "sold": True, "split": "test"},
        {"photo": "broken.jpg", "product": "ball-red", "type": "ball", "sold": True, "split": "test"},
    ]
    (shop / "broken.jpg").write_bytes(b"no picture")
    (shop / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)), encoding="utf-8")
    done = akin(shop, "evaluate", "queries.jsonl", "--json", "report.json", "--html", "page.html")
    assert done.returncode == 1, done.stdout + done.stderr  # in part: one photo could not be searched
    report = json.loads((shop / "report.json").read_text(encoding="utf-8"))
    assert report["errors"] == 1
    assert report["measures"]["hit@1"]["value"] == 1.0
    assert "<html" in (shop / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        (["serve", "--host", "0.0.0.0"], {}, "akin keys create"),  # noqa: S104 - refused is the point
        (["serve"], {"AKIN_CATALOG": "postgresql://search.example/shop"}, "AKIN_CATALOG"),
        (["serve"], {"AKIN_WORKERS": "none"}, "AKIN_WORKERS"),
        (["serve"], {"AKIN_SPEED": "high"}, "AKIN_SPEED"),
        (["serve", "--port", "99999"], {}, "AKIN_PORT"),
        (["search", "absent.jpg"], {}, "absent.jpg"),
        (["search", "photo.jpg", "--limit", "0"], {}, "limit"),
        (["search", "akin.db"], {}, "no picture"),
        (["search", "photo.jpg"], {"AKIN_ANALYZERS": "crystal_ball"}, "crystal_ball"),
        (["search", "photo.jpg"], {"AKIN_EMBEDDER": "onnx:absent.onnx"}, "absent.onnx"),
        (["search", "photo.jpg"], {"AKIN_CALIBRATION": "absent.json"}, "absent.json"),
        (["search", "photo.jpg"], {"AKIN_CALIBRATION": "photo.jpg"}, "photo.jpg"),
        (["sell"], {}, "sell"),
    ],
)
def test_wrong_use_leaves_with_2_and_says_what_is_wrong(
    shop: Path, arguments: list[str], settings: dict[str, str], words: str
) -> None:
    done = akin(shop, *arguments, **settings)
    assert done.returncode == 2, done.stdout + done.stderr
    assert words.lower() in done.stderr.lower()
    assert "Traceback" not in done.stderr


def test_a_search_in_an_empty_catalog_does_nothing(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(a_photo_file())
    done = akin(tmp_path, "search", "photo.jpg")
    assert done.returncode == 3
    assert "catalog-loader load" in done.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(tmp_path: Path, command: list[str]) -> None:
    done = akin(tmp_path, *command, "--help")
    assert done.returncode == 0
    assert "Example" in done.stdout
    assert f"akin {' '.join(command)}" in " ".join(done.stdout.split())
