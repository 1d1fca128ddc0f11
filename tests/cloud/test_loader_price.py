"""The loader says what outside sources will cost before it begins, and does not begin when nobody agrees."""

import subprocess
from pathlib import Path

import pytest

from bench.drawn_shop import run_loader, write_shop
from catalog_loader.errors import LoadRefused
from catalog_loader.price import PriceGate


def load(folder: Path, *options: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    return run_loader(
        folder, "load", "feed.tsv", "--type-from", "custom_label_0", *options,
        AKIN_CLOUD_STORE=str(folder / "cloud.db"), AKIN_GOOGLE_ENDPOINT="http://127.0.0.1:9", AKIN_SOURCES_MS="500",
        **settings,
    )  # fmt: skip


def test_a_load_that_is_too_dear_is_refused_before_it_begins(tmp_path: Path) -> None:
    write_shop(tmp_path, 3)
    refused = load(tmp_path, AKIN_ANALYZERS="google_vision,local", AKIN_LOADER_ASK_ABOVE_USD="0.01")
    assert refused.returncode == 3, refused.stderr
    said = refused.stdout + refused.stderr
    assert "up to 3 pictures: 0.01 US dollars" in said
    assert "--yes" in said


def test_what_is_agreed_to_or_cheap_is_loaded_though_the_source_is_away(tmp_path: Path) -> None:
    write_shop(tmp_path, 3)
    done = load(tmp_path, "--yes", AKIN_ANALYZERS="google_vision,local", AKIN_LOADER_ASK_ABOVE_USD="0")
    assert done.returncode == 0, done.stderr
    again = load(tmp_path, AKIN_ANALYZERS="google_vision,local", AKIN_LOADER_ASK_ABOVE_USD="0")
    assert again.returncode == 0, again.stderr  # nothing changed, nothing to buy


def test_somebody_at_the_terminal_decides() -> None:
    said: list[str] = []
    PriceGate(0.01, 5.0, False, said.append).passed(100)
    assert said == ["Outside sources are asked about up to 100 pictures: 1.00 US dollars at list prices."]
    PriceGate(0.01, 0.5, False, said.append, lambda _: True).passed(100)
    PriceGate(0.0, 0.0, False, said.append).passed(10**9)
    assert len(said) == 2
    for ask in (None, lambda _: False):
        with pytest.raises(LoadRefused, match=r"1\.00 US dollars"):
            PriceGate(0.01, 0.5, False, said.append, ask).passed(100)
