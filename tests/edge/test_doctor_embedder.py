"""`akin doctor` opens the embedding model that is set, and says in one line what is wrong with it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app import cli
from tests.loader.tiny_onnx import DIMS, write_tiny_pair

pytest.importorskip("onnxruntime")
pytest.importorskip("tokenizers")


def doctor(embedder: str) -> tuple[int, str]:
    said = CliRunner().invoke(cli.app, ["doctor"], env={"AKIN_EMBEDDER": embedder, "COLUMNS": "400"})
    return said.exit_code, " ".join(said.output.split())


def test_a_model_with_its_twin_is_well(tmp_path: Path) -> None:
    vision = write_tiny_pair(tmp_path, {"glorp": [0.5] * DIMS})
    code, said = doctor(f"fastembed:{vision}")
    assert code == 0, said
    assert "fastembed-" in said
    assert "words find pictures too" in said


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    vision = write_tiny_pair(tmp_path, {"glorp": [0.5] * DIMS})
    (vision / "preprocessor_config.json").unlink()
    code, said = doctor(f"fastembed:{vision}")
    assert code == 1
    assert "does not say how pictures become input" in said
    (tmp_path / "model.onnx").write_bytes(b"none")
    code, said = doctor(f"onnx:{tmp_path / 'model.onnx'}")
    assert code == 1
    assert "model.toml is missing" in said
