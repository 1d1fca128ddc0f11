"""Any ONNX image embedder, with a recipe beside it; every way to get it wrong has its own words."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from app.analysis.local import BadEmbedder, LocalEyes, OnnxEmbedder
from app.errors import MissingDependency
from tests.unit.analysis.local.drawings import a_print, on_ground

RECIPE = """
[input]
size = 224
layout = "NCHW"
mean = [128, 128, 128]
scale = 0.0078125
"""


@pytest.fixture
def model(shared_data: Path, tmp_path: Path) -> Path:
    """A copy of the shared MobileNet embedder with its recipe; skipped, by name, where the shared data is absent."""
    found = sorted((shared_data / "models").glob("mobilenet_v1*embedding*.onnx"))
    if not found:
        pytest.skip("../shared/data/models holds no embedding extractor")
    path = tmp_path / "model.onnx"
    path.write_bytes(found[0].read_bytes())
    path.with_suffix(".toml").write_text(RECIPE)
    return path


@pytest.mark.shared_data
def test_the_shared_model_leads_the_embedding_and_ours_follows(model: Path) -> None:
    pytest.importorskip("onnxruntime")
    embedder = OnnxEmbedder(model)
    picture = on_ground(a_print(1))
    seen, ours = embedder.see(picture), LocalEyes().see(picture)
    assert embedder.dims == 1024 + LocalEyes.dims
    assert seen.embedding.shape == (embedder.dims,)
    assert float(np.linalg.norm(seen.embedding)) == pytest.approx(1.0, abs=1e-4)
    tail = seen.embedding[1024:] / np.linalg.norm(seen.embedding[1024:])
    assert tail == pytest.approx(ours.embedding, abs=1e-4)
    assert (seen.features, seen.colors, seen.region) == (ours.features, ours.colors, ours.region)
    assert embedder.name.startswith("onnx-")
    assert embedder.name == OnnxEmbedder(model).name


@pytest.mark.shared_data
def test_the_recipe_is_part_of_the_name(model: Path) -> None:
    pytest.importorskip("onnxruntime")
    before = OnnxEmbedder(model).name
    model.with_suffix(".toml").write_text(RECIPE.replace("128, 128, 128", "127, 127, 127"))
    assert OnnxEmbedder(model).name != before


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("size = 224", "size = 96"), "does not take the input"),
        (('layout = "NCHW"', 'layout = "NHWC"'), "does not take the input"),
        (("scale = 0.0078125", 'scale = 1\n[output]\nname = "nothing"'), "outputs"),
    ],
)
def test_a_recipe_that_does_not_fit_the_model_is_refused(model: Path, change: tuple[str, str], words: str) -> None:
    pytest.importorskip("onnxruntime")
    model.with_suffix(".toml").write_text(RECIPE.replace(*change))
    with pytest.raises(BadEmbedder, match=words):
        OnnxEmbedder(model)


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (None, "missing"),
        ("[input", "no TOML"),
        ("", "no .input. table"),
        ("[input]\nsize = 'big'", "size"),
        ("[input]\nsize = 224\nlayout = 'NCWH'", "layout"),
        ("[input]\nsize = 224\nmean = [1, 2]", "mean"),
        ("[input]\nsize = 224\nscale = true", "scale"),
    ],
)
def test_a_missing_or_broken_recipe_is_refused(tmp_path: Path, recipe: str | None, words: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"whatever")
    if recipe is not None:
        path.with_suffix(".toml").write_text(recipe)
    with pytest.raises(BadEmbedder, match=words) as refused:
        OnnxEmbedder(path)
    assert refused.value.code == "bad-embedder"
    assert refused.value.fix


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadEmbedder, match=r"gone\.onnx"):
        OnnxEmbedder(tmp_path / "gone.onnx")


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    path = tmp_path / "model.onnx"
    path.write_bytes(b"not a model at all")
    path.with_suffix(".toml").write_text(RECIPE)
    with pytest.raises(BadEmbedder, match="no ONNX model"):
        OnnxEmbedder(path)


def test_without_onnxruntime_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str, *_: object) -> object:
        raise ModuleNotFoundError(name)

    path = tmp_path / "model.onnx"
    path.write_bytes(b"any")
    path.with_suffix(".toml").write_text(RECIPE)
    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(MissingDependency) as refused:
        OnnxEmbedder(path)
    assert "akin[onnx]" in (refused.value.fix or "")
