"""`akin rules` on a real catalog: what a file says, and what it would change."""

import shutil
from pathlib import Path

import pytest

from tests.builders import a_photo_file
from tests.edge.test_cli import akin

RULES = """
[[rule]]
name = "Sold out"
action = "bury"
[rule.where]
availability = "out_of_stock"
"""


@pytest.fixture
def shop(shop_file: Path, tmp_path: Path) -> Path:
    """A folder with the shop, a photo of a teal ring (sold out) and the rules."""
    shutil.copy(shop_file, tmp_path / "akin.db")
    (tmp_path / "photo.jpg").write_bytes(a_photo_file("ring", "teal", seed=7))
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    return tmp_path


def test_a_preview_says_what_moved_and_why(shop: Path) -> None:
    done = akin(shop, "rules", "preview", "photo.jpg", "--rules", "rules.toml")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if "ring" in line]
    assert "ring-teal" in " ".join(lines[0]) or any("Sold out (bury)" in " ".join(line) for line in lines)
    moved = next(line for line in done.stdout.splitlines() if "(ring-teal)" in line)
    assert "Sold out (bury)" in moved
    assert int(moved.split()[0]) > int(moved.split()[1]) == 1
    words = akin(shop, "rules", "preview", "--text", "teal ring", AKIN_RULES="rules.toml")
    assert words.returncode == 0, words.stderr


def test_a_search_obeys_the_rules_of_the_settings(shop: Path) -> None:
    plain = akin(shop, "search", "photo.jpg")
    ruled = akin(shop, "search", "photo.jpg", AKIN_RULES="rules.toml")
    assert plain.stdout.index("(ring-teal)") < plain.stdout.index("-red)")
    assert ruled.stdout.index("(ring-teal)") > ruled.stdout.index("-red)")


def test_rules_are_listed(shop: Path) -> None:
    done = akin(shop, "rules", "check", "--rules", "rules.toml")
    assert done.returncode == 0, done.stderr
    assert "Sold out" in done.stdout


def test_wrong_use_is_told(shop: Path) -> None:
    (shop / "broken.toml").write_text("[[rule]]\nname = 'x'", encoding="utf-8")
    for arguments, words in (
        (["check"], "AKIN_RULES"),
        (["check", "--rules", "broken.toml"], "action"),
        (["preview", "--rules", "rules.toml"], "nothing to search"),
    ):
        done = akin(shop, "rules", *arguments)
        assert done.returncode == 2, done.stderr
        assert words in done.stderr
