"""The shops that are measured: their settings reach the programs that load and search them, and nobody else's do."""

from pathlib import Path

import pytest

from bench.shops import Shop


def test_what_is_set_for_a_shop_is_set_for_loader_and_search(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AKIN_EMBEDDER", "onnx:somebody-elses.onnx")
    monkeypatch.setenv("AKIN_RULES", "somebody-elses.json")
    plain = Shop("sqlite:///akin.db", tmp_path / "queries.jsonl").environment()
    assert "AKIN_EMBEDDER" not in plain
    led = Shop("sqlite:///akin.db", tmp_path / "queries.jsonl", {"AKIN_EMBEDDER": "onnx:model.onnx"}).environment()
    assert (led["AKIN_EMBEDDER"], led["AKIN_CATALOG"]) == ("onnx:model.onnx", "sqlite:///akin.db")
    assert "AKIN_RULES" not in led
