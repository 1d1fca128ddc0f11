"""A shop without a cloud installs none of its packages: everything starts, and what is missing is said."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ABSENT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"google", "grpc", "proto", "boto3", "botocore", "onnxruntime", "tokenizers",
                                  "huggingface_hub"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
"""


def without_extras(code: str) -> str:
    """What the code prints where no cloud package can be imported."""
    command = [sys.executable, "-c", ABSENT + code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_server_and_programs_start() -> None:
    assert without_extras("import app.main, app.cli, catalog_loader.cli; print('well')") == "well\n"


def test_a_missing_package_is_named_with_the_command_that_installs_it() -> None:
    said = without_extras("""
from app.analysis.registry import SourceMeans, sources_named
from app.errors import MissingDependency
for name in ("google_vision", "google_automl", "vertex", "rekognition"):
    try:
        sources_named(name, SourceMeans())
    except MissingDependency as missing:
        print(name, missing.fix)
""")
    assert said.splitlines() == [
        "google_vision Install it: pip install 'akin[google]'.",
        "google_automl Install it: pip install 'akin[google]'.",
        "vertex Install it: pip install 'akin[vertex]'.",
        "rekognition Install it: pip install 'akin[aws]'.",
    ]


def test_so_it_is_for_embedding_models() -> None:
    said = without_extras("""
from pathlib import Path
from app.analysis.local import OnnxEmbedder, model_folders
from app.errors import MissingDependency
from app.settings import load_settings
from app.wiring_sources import build_leading
from app.analysis.vocabulary import read_vocabulary
import tempfile
folder = Path(tempfile.mkdtemp())
(folder / "model.onnx").write_bytes(b"any")
(folder / "model.toml").write_text("[input]\\nsize = 32")
for name, ask in (
    ("onnx", lambda: OnnxEmbedder(folder / "model.onnx")),
    ("fastembed", lambda: model_folders("acme/clip-vision", folder, words=True)),
    ("vertex", lambda: build_leading(load_settings(embedder="vertex"), read_vocabulary())),
):
    try:
        ask()
    except MissingDependency as missing:
        print(name, missing.fix)
""")
    assert said.splitlines() == [
        "onnx pip install 'akin[onnx]'",
        "fastembed pip install 'akin[fastembed]'",
        "vertex Install it: pip install 'akin[vertex]'.",
    ]
