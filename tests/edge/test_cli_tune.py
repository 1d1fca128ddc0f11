"""`akin tune` from judgments to a calibration that serves, and back; what it refuses, writing nothing."""

import json
import shutil
from pathlib import Path

import pytest

from tests.builders import SHAPES, a_photo_file
from tests.edge.conftest import INKS
from tests.edge.test_cli import akin

SAME_INK = "S"
"""The shoppers of this test call things similar that have one color, whatever their shape."""


@pytest.fixture(scope="module")
def judged(shop_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shop's catalog and 20 judged photos of its drawings."""
    folder = tmp_path_factory.mktemp("tune")
    shutil.copy(shop_file, folder / "akin.db")
    rows: list[dict[str, object]] = []
    for seed in (5, 6):
        for shape in SHAPES:
            for ink in INKS:
                name = f"{shape}-{ink}"
                (folder / f"{name}-{seed}.jpg").write_bytes(a_photo_file(shape, ink, seed=seed))
                grades = {f"{other}-{of}": SAME_INK if of == ink else "I" for other in SHAPES for of in INKS}
                rows.append({"photo": f"{name}-{seed}.jpg", "product": name, "judgments": {**grades, name: "E"}})
    write(folder, rows)
    return folder


def write(folder: Path, rows: list[dict[str, object]]) -> None:
    (folder / "judged.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


def rows(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "judged.jsonl").read_text(encoding="utf-8").splitlines()]


def test_tuning_is_measured_written_used_and_undone(judged: Path) -> None:
    tried = akin(judged, "tune", "judged.jsonl", "--out", "mine.json", "--dry-run", "--json")
    assert tried.returncode == 0, tried.stderr
    facts = json.loads(tried.stdout)
    assert facts["better"] is True
    assert facts["measures"]["queries"] == 20
    assert {move["feature"] for move in facts["moves"]} & {"colors", "hue", "palette"}
    assert not (judged / "mine.json").exists()

    done = akin(judged, "tune", "judged.jsonl", "--out", "mine.json")
    assert done.returncode == 0, done.stderr
    kept = json.loads((judged / "mine.json").read_text(encoding="utf-8"))
    assert kept["data"].startswith("judged.jsonl")
    assert kept["version"] == 1
    shown = akin(judged, "search", "ring-teal-5.jpg", AKIN_CALIBRATION="mine.json")
    assert shown.returncode == 0, shown.stderr

    back = akin(judged, "tune", "--undo", "--out", "mine.json")
    assert back.returncode == 0, back.stderr
    assert "version" not in json.loads((judged / "mine.json").read_text(encoding="utf-8"))
    assert akin(judged, "tune", "--undo", "--out", "mine.json").returncode == 3


def test_what_cannot_be_learned_from_is_refused_and_nothing_written(judged: Path, tmp_path: Path) -> None:
    shutil.copytree(judged, tmp_path, dirs_exist_ok=True)
    whole = rows(judged)
    sold_out: dict[str, object] = {"photo": "cross-red-5.jpg", "text": "x", "judgments": {"sold-out": 3}}
    own_is_wrong: dict[str, object] = {"photo": "ball-red-5.jpg", "product": "ring-red", "judgments": {"ring-red": 0}}
    cases: dict[str, list[dict[str, object]]] = {
        "too few": whole[:1],
        "not in the catalog: sold-out": [*whole, sold_out],
        "contradict": [*whole, {**whole[0], "judgments": {"ball-red": "I"}, "product": None}],
        "is the product, and graded 0": [*whole, own_is_wrong],
        "named twice": [],
    }
    for words, lines in cases.items():
        write(tmp_path, lines)
        if not lines:
            (tmp_path / "judged.jsonl").write_text('{"photo": "a", "judgments": {"p": 3, "p": 0}}\n', encoding="utf-8")
        done = akin(tmp_path, "tune", "judged.jsonl", "--out", "new.json")
        assert done.returncode == 2, (words, done.stdout, done.stderr)
        assert words in " ".join(done.stderr.split()), done.stderr
        assert not (tmp_path / "new.json").exists()


def test_without_judgments_there_is_nothing_to_do(tmp_path: Path) -> None:
    for arguments in (["tune"], ["tune", "absent.jsonl"]):
        done = akin(tmp_path, *arguments)
        assert done.returncode == 2
        assert "judged" in done.stderr or "absent" in done.stderr
