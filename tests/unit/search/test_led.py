"""Where a bigger model stands before the embedded eyes, the score has weights that were fitted so."""

from pathlib import Path

import pytest

from app import wiring
from app.catalog import Candidate, Channel
from app.search import Closeness, Feature, Question, Stage, shipped_calibration
from app.search.rank import rank
from app.settings import Settings

PHOTO = Question(photo=True, novelty=0.2)


def test_what_the_model_finds_alike_counts_only_where_one_stands_in_front() -> None:
    found = [Candidate(name, "", 0, {Channel.LOOK: 0.6}) for name in ("like", "unlike")]
    near = {"like": Closeness(shape=0.5, model=0.8), "unlike": Closeness(shape=0.5, model=0.1)}
    first, second = rank(found, PHOTO, shipped_calibration(led=True), near)
    assert (first.product_id, second.product_id) == ("like", "unlike")
    assert first.score > 3.0 * second.score
    alone = rank(found, PHOTO, shipped_calibration(), near)
    assert alone[0].score == alone[1].score
    assert shipped_calibration(led=True).stages[Stage.FINE].weights[Feature.MODEL] > 1.0


@pytest.mark.parametrize(("embedder", "led"), [("local", False), ("onnx:model.onnx", True)])
def test_the_set_embedder_decides_which_weights_serve(embedder: str, led: bool) -> None:
    assert wiring.build_calibration(Settings(embedder=embedder)) == shipped_calibration(led=led)


def test_a_shop_s_own_calibration_wins(tmp_path: Path) -> None:
    own = tmp_path / "calibration.json"
    own.write_text(shipped_calibration().to_json(), encoding="utf-8")
    settings = Settings(embedder="onnx:model.onnx", calibration=own)
    assert wiring.build_calibration(settings) == shipped_calibration()
