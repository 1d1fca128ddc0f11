"""`catalog-loader reembed`: a version with another embedder beside the published one, compared, published if asked."""

import asyncio
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.catalog import Generation, GenerationState
from app.catalog.sqlite import open_catalog
from app.errors import AppError
from bench.drawn_shop import run_loader, write_shop
from catalog_loader.cli import app
from tests.loader.tiny_onnx import DIMS, write_tiny_model, write_tiny_pair


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a loaded shop and another embedder."""
    pytest.importorskip("onnxruntime")
    folder = tmp_path_factory.mktemp("reembed")
    write_shop(folder, 4)
    done = run_loader(folder, "load", "feed.tsv", "--type-from", "custom_label_0")
    assert done.returncode == 0, done.stderr
    write_tiny_model(folder)
    return folder


@pytest.fixture
def shop(loaded: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    shutil.copytree(loaded, tmp_path, dirs_exist_ok=True)
    return tmp_path


def reembed(folder: Path, *arguments: str, embedder: str = "onnx:model.onnx") -> "subprocess.CompletedProcess[str]":
    """Run it with the other embedder set."""
    return run_loader(
        folder, "reembed", "feed.tsv", "--type-from", "custom_label_0", *arguments, AKIN_EMBEDDER=embedder
    )


def generations(folder: Path) -> list[Generation]:
    async def listed() -> list[Generation]:
        catalog = open_catalog(folder / "akin.db")
        try:
            return await catalog.generations()
        finally:
            await catalog.close()

    return asyncio.run(listed())


def judge(folder: Path, right: bool) -> None:
    """Judgments of the shop's own pictures: each shows its product, or (wrong) each a product of another kind."""
    rows = (folder / "feed.tsv").read_text(encoding="utf-8").splitlines()
    header, products = rows[0].split("\t"), [row.split("\t") for row in rows[1:]]
    ids = [row[header.index("id")] for row in products]
    pictures = [row[header.index("image_link")] for row in products]
    named = ids if right else ids[1:] + ids[:1]
    lines = [json.dumps({"photo": picture, "product": one}) for picture, one in zip(pictures, named, strict=True)]
    (folder / "judged.jsonl").write_text("\n".join(lines), encoding="utf-8")


def test_a_new_version_waits_beside_the_published_one_while_it_is_not_better_on_the_judged_photos(shop: Path) -> None:
    (before,) = generations(shop)
    judge(shop, right=True)  # the published version finds every picture already
    done = reembed(shop, "--judged", "judged.jsonl", "--publish")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ndcg@10" in done.stdout
    assert "not published" in done.stdout
    assert "akin generations publish" in done.stdout
    new, old = generations(shop)
    assert (old.id, old.state) == (before.id, GenerationState.PUBLISHED)
    assert (new.state, new.products) == (GenerationState.VERIFIED, old.products)
    assert new.embedder.startswith("onnx-")
    assert new.dims == old.dims + 48


def test_it_is_published_where_that_is_asked_for(shop: Path) -> None:
    write_tiny_pair(shop, {"glorp": [0.5] * DIMS})
    done = reembed(shop, "--publish", embedder="fastembed:tiny-vision")
    assert done.returncode == 0, done.stdout + done.stderr
    new = generations(shop)[0]
    assert new.state is GenerationState.PUBLISHED
    assert new.embedder.startswith("fastembed-")
    assert "AKIN_EMBEDDER=fastembed:tiny-vision" in done.stdout


@pytest.mark.parametrize(
    ("embedder", "words"),
    [("local", "already"), ("onnx:feed.tsv", "feed"), ("fastembed:nowhere", "neither a folder"), ("vertex", "no card")],
)
def test_the_same_embedder_and_a_file_that_is_none_change_nothing(
    loaded: Path, embedder: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(loaded)
    monkeypatch.setenv("AKIN_CATALOG", f"sqlite:///{loaded / 'akin.db'}")
    monkeypatch.setenv("AKIN_EMBEDDER", embedder)
    with pytest.raises(AppError, match=words):
        CliRunner().invoke(app, ["reembed", "feed.tsv", "--publish"], catch_exceptions=False)
    assert len(generations(loaded)) == 1
