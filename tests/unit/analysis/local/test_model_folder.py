"""Models in fastembed's files: pictures and words of one space, what can be wrong with them, fetching from a hub."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from app.analysis.local import BadEmbedder, LocalEyes, OnnxEmbedder, TextModel, model_folders
from tests.builders import a_drawing
from tests.loader.tiny_onnx import DIMS, write_tiny_pair

pytest.importorskip("onnxruntime")
pytest.importorskip("tokenizers")

ROOT = Path(__file__).parents[4]
LITTLE_RED = [-1.0] * 16 + [0.0] * 32


@pytest.fixture
def vision(tmp_path: Path) -> Path:
    """The picture model's folder; the words' lies beside it."""
    return write_tiny_pair(tmp_path, {"glorp": LITTLE_RED})


def test_pictures_and_words_share_a_space(vision: Path) -> None:
    folders = model_folders(str(vision), vision, words=True)
    assert folders.words is not None
    pictures, words = OnnxEmbedder(folders.pictures), TextModel(folders.words, DIMS)
    assert (pictures.model_dims, pictures.dims) == (DIMS, DIMS + LocalEyes.dims)
    assert pictures.name.startswith("fastembed-")
    text = words.vector("a photo of glorp")
    assert float(np.linalg.norm(text)) == pytest.approx(1.0, abs=1e-5)
    alike = {ink: float(pictures.see(a_drawing("box", ink)).embedding[:DIMS] @ text) for ink in ("teal", "red")}
    assert alike["teal"] > alike["red"]
    assert words.vector("glorp " * 500) == pytest.approx(words.vector("glorp"), abs=1e-5)  # cut, not refused


def test_pixels_are_brought_to_the_range_the_model_was_trained_on(vision: Path) -> None:
    white = OnnxEmbedder(vision).see(np.full((64, 64, 3), 255, np.uint8)).embedding[:DIMS]
    assert white == pytest.approx(np.full(DIMS, np.sqrt(0.6 / DIMS)), abs=1e-4)  # all ones, of unit length


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("preprocessor_config.json", "no json", "does not say how pictures become input"),
        ("preprocessor_config.json", '{"size": 32}', "does not say how pictures become input"),
        ("preprocessor_config.json", '{"size": 3, "image_mean": 0, "image_std": 1}', "not a side of"),
        ("preprocessor_config.json", '{"size": 64, "image_mean": 0, "image_std": 1}', "does not take the input"),
        ("preprocessor_config.json", '{"size": 32, "image_mean": [0, 0], "image_std": 1}', "image_mean"),
        ("preprocessor_config.json", '{"size": 32, "image_mean": 0, "image_std": 0}', "not above 0"),
        ("preprocessor_config.json", "[]", "does not say how pictures become input"),
        ("model.onnx", "no model", "no ONNX model"),
    ],
)
def test_a_picture_model_that_is_none_is_refused(vision: Path, file: str, text: str, words: str) -> None:
    (vision / file).write_text(text)
    with pytest.raises(BadEmbedder, match=words) as refused:
        OnnxEmbedder(vision)
    assert refused.value.fix


def test_a_folder_without_a_model_and_a_name_that_is_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadEmbedder, match=r"holds none of model\.onnx"):
        OnnxEmbedder(tmp_path)
    with pytest.raises(BadEmbedder, match="neither a folder nor the name"):
        model_folders("../etc", tmp_path, words=True)


def test_words_of_another_space_or_without_their_parts_are_refused(vision: Path) -> None:
    text = vision.with_name("tiny-text")
    with pytest.raises(BadEmbedder, match="share no space"):
        TextModel(text, DIMS + 1)
    (text / "model.onnx").write_bytes((vision / "model.onnx").read_bytes())
    with pytest.raises(BadEmbedder, match="takes image"):
        TextModel(text, DIMS)
    (text / "tokenizer.json").write_text("{}")
    with pytest.raises(BadEmbedder, match="tokenizer"):
        TextModel(text, DIMS)


def test_a_model_without_a_twin_knows_no_words(vision: Path) -> None:
    assert model_folders(str(vision), vision, words=False).words is None
    vision.with_name("tiny-text").rename(vision.with_name("elsewhere"))
    assert model_folders(str(vision), vision, words=True).words is None


def test_one_folder_may_hold_both(tmp_path: Path, vision: Path) -> None:
    both = tmp_path / "both"
    (both / "onnx").mkdir(parents=True)
    (vision / "model.onnx").rename(both / "onnx" / "vision_model.onnx")
    (vision / "preprocessor_config.json").rename(both / "preprocessor_config.json")
    text = vision.with_name("tiny-text")
    (text / "model.onnx").rename(both / "onnx" / "text_model.onnx")
    (text / "tokenizer.json").rename(both / "tokenizer.json")
    folders = model_folders(str(both), tmp_path, words=True)
    assert (folders.pictures, folders.words) == (both, both)
    assert OnnxEmbedder(both).model_dims == len(TextModel(both, DIMS).vector("glorp")) == DIMS


class Hub(BaseHTTPRequestHandler):
    """A model hub: what the client asks of it, answered from the folder `files` (OWNER/NAME/FILE)."""

    protocol_version = "HTTP/1.1"
    files: Path
    asked: list[str]

    def do_GET(self) -> None:
        self._answer(send=True)

    def do_HEAD(self) -> None:
        self._answer(send=False)

    def _answer(self, *, send: bool) -> None:
        path = self.path.partition("?")[0].strip("/")
        self.asked.append(f"{self.command} {path}")
        commit = "c" * 40
        headers = {"X-Repo-Commit": commit}
        if path.startswith("api/models/"):
            repo = "/".join(path.split("/")[2:4])
            folder = self.files / repo
            files = sorted(folder.iterdir()) if folder.is_dir() else []
            listed = [
                {"type": "file", "path": one.name, "rfilename": one.name, "size": one.stat().st_size, "oid": "0" * 40}
                for one in files
            ]
            whole = {"id": repo, "sha": commit, "siblings": listed}
            body = json.dumps(listed if "/tree/" in path else whole).encode()
            status = 200 if folder.is_dir() else 404
            headers["Content-Type"] = "application/json"
        else:
            owner, name, _, _, file = path.split("/")
            found = self.files / owner / name / file
            status, body = (200, found.read_bytes()) if found.is_file() else (404, b"")
            headers["ETag"] = f'"{name}-{file}"'
        if status == 404:
            headers["X-Error-Code"] = "RepoNotFound"
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if send:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    Hub.files, Hub.asked = tmp_path / "hub", []
    write_tiny_pair(Hub.files / "acme", {"glorp": LITTLE_RED})
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def fetched(kept: Path, hub: str, which: str = "acme/tiny-vision") -> "subprocess.CompletedProcess[str]":
    """model_folders in a process of its own: the hub's client reads its address while it is imported."""
    code = (
        "import sys, logging; logging.basicConfig(level='INFO'); from pathlib import Path;"
        "from app.analysis.local import model_folders;"
        f"found = model_folders({which!r}, Path({str(kept)!r}), words=True); print(found.pictures, found.words)"
    )
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(kept), "HF_ENDPOINT": hub, "HF_HUB_DISABLE_TELEMETRY": "1"}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_a_model_is_fetched_once_with_its_twin_and_then_needs_no_network(tmp_path: Path, hub: str) -> None:
    pytest.importorskip("huggingface_hub")
    kept = tmp_path / "models"
    done = fetched(kept, hub)
    assert done.returncode == 0, done.stderr
    pictures, words = (Path(one) for one in done.stdout.split())
    assert "models--acme--tiny-vision" in pictures.parts
    assert OnnxEmbedder(pictures).model_dims == len(TextModel(words, DIMS).vector("glorp"))
    asked = len(Hub.asked)
    again = fetched(kept, "http://127.0.0.1:9")
    assert again.stdout == done.stdout, again.stderr
    assert len(Hub.asked) == asked


def test_a_model_that_cannot_be_fetched_is_refused_with_its_name(tmp_path: Path, hub: str) -> None:
    pytest.importorskip("huggingface_hub")
    done = fetched(tmp_path / "models", hub, "acme/nothing")
    assert done.returncode != 0
    assert "BadEmbedder: acme/nothing cannot be fetched" in done.stderr
