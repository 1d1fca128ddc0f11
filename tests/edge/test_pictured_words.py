"""AKIN_EMBEDDER=fastembed:FOLDER, through the loader and the server: words find pictures, and move a photo's answer."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.settings import Settings
from bench.drawn_shop import run_loader, write_shop
from tests.builders import a_photo_file
from tests.edge.conftest import serving, settings_in
from tests.loader.tiny_onnx import write_tiny_pair

pytestmark = pytest.mark.anyio
GLORP = [-1.0] * 16 + [1.26] * 16 + [-0.26] * 16
"""A word no product says, for what is teal: white, black and yellow have nothing of it, red the opposite."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with forty drawn products, seen by a model that has a twin for words."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tokenizers")
    folder = tmp_path_factory.mktemp("words")
    vision = write_tiny_pair(folder, {"glorp": GLORP})
    write_shop(folder, 40)
    feed = ("load", "feed.tsv", "--type-from", "custom_label_0")
    done = run_loader(folder, *feed, AKIN_EMBEDDER=f"fastembed:{vision}")
    assert done.returncode == 0, done.stderr
    return folder


def settings_of(loaded: Path, folder: Path) -> Settings:
    shutil.copytree(loaded, folder, dirs_exist_ok=True)
    return settings_in(folder, embedder=f"fastembed:{folder / 'tiny-vision'}")


@pytest.fixture(scope="module")
async def client(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(settings_of(loaded, tmp_path_factory.mktemp("served"))) as made:
        yield made


async def items(client: httpx.AsyncClient, photo: str = "", **asked: str) -> list[dict[str, Any]]:
    if photo:
        shape, ink = photo.split()
        files = {"photo": a_photo_file(shape, ink, seed=99)}
        answer = await client.post("/search-by-photo", files=files, data={**asked, "limit": "40"})
    else:
        answer = await client.get("/search", params={**asked, "limit": "40"})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def titles(found: list[dict[str, Any]]) -> list[str]:
    return [item["product"]["title"] for item in found]


async def test_a_word_no_product_says_finds_what_looks_like_it(client: httpx.AsyncClient) -> None:
    found = await items(client, text="glorp")
    assert found
    assert all("teal" in title for title in titles(found))
    reason = found[0]["reasons"][0]
    assert (reason["code"], reason["value"]) == ("text", "glorp")


async def test_what_says_the_word_comes_before_what_only_looks_like_it(client: httpx.AsyncClient) -> None:
    found = titles(await items(client, text="glorp ring"))
    assert "ring" in found[0]
    assert any("teal" in title and "ring" not in title for title in found)


async def test_what_must_not_be_is_not_shown_however_it_looks(client: httpx.AsyncClient) -> None:
    found = titles(await items(client, text="glorp, no ring"))
    assert found
    assert not any("ring" in title for title in found)


async def test_same_but_in_another_look(client: httpx.AsyncClient) -> None:
    plain = titles(await items(client, "ring red"))
    moved = await items(client, "ring red", text="same but in glorp")
    first = {
        (when, ink): next(n for n, title in enumerate(shown) if f"{ink} ring" in title)
        for when, shown in (("before", plain), ("after", titles(moved)))
        for ink in ("black", "teal")
    }
    assert first["before", "black"] < first["before", "teal"]
    assert first["after", "teal"] < first["after", "black"]
    assert set(titles(moved)) <= set(plain)  # words lead to nothing the photo alone would not show
    assert abs(sum(reason["weight"] for reason in moved[0]["reasons"]) - moved[0]["score"]) < 1e-6


async def test_filters_and_pages_hold_for_pictured_words(client: httpx.AsyncClient) -> None:
    whole = await items(client, text="glorp")
    narrow = await items(client, text="glorp", filters='{"price_max": "15"}')
    assert {one["product"]["id"]: one["score"] for one in narrow}.items() <= {
        one["product"]["id"]: one["score"] for one in whole
    }.items()
    first = (await client.get("/search", params={"text": "glorp", "limit": "3"})).json()
    rest = (await client.get("/search", params={"text": "glorp", "limit": "40", "cursor": first["next_cursor"]})).json()
    assert titles(first["items"] + rest["items"]) == titles(whole)
    assert first["total"] == len(whole)


async def test_without_the_twin_the_words_find_what_says_them(loaded: Path, tmp_path: Path) -> None:
    settings = settings_of(loaded, tmp_path)
    shutil.rmtree(tmp_path / "tiny-text")
    async with serving(settings) as client:
        assert await items(client, text="glorp") == []
        assert "ring" in titles(await items(client, text="ring"))[0]
        assert "red ring" in titles(await items(client, "ring red"))[0]


async def test_words_leave_a_catalog_of_another_embedder_alone(loaded: Path, tmp_path: Path) -> None:
    settings = settings_of(loaded, tmp_path)
    told = tmp_path / "tiny-vision" / "preprocessor_config.json"
    told.write_text(told.read_text().replace("0.5", "0.4"))
    async with serving(settings) as client:
        assert await items(client, text="glorp") == []
        assert "ring" in titles(await items(client, text="ring"))[0]
        refused = await client.post("/search-by-photo", files={"photo": a_photo_file("ring", "red")})
    assert (refused.status_code, refused.json()["code"]) == (409, "embedder-mismatch")
