"""Any image-embedding ONNX model as the leading part of the embedding: AKIN_EMBEDDER=onnx:PATH or fastembed:NAME.

Beside `model.onnx` lies `model.toml`, for example:

    [input]
    size = 224            # side in pixels of the square the model takes
    layout = "NCHW"       # or "NHWC"
    mean = [128, 128, 128]  # taken off each channel (0..255, red, green, blue)
    scale = [0.0078125, 0.0078125, 0.0078125]  # then multiplied; one number means all three
    [output]
    name = "embedding"    # optional where the model has one output

A folder of a hub model says the same in its `preprocessor_config.json` (model_folder.py). The embedding is the model's
vector and ours side by side (leading.py). Region, colors and features stay ours.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.analysis.local.canvas import Box
from app.analysis.local.embedder_errors import BadEmbedder
from app.analysis.local.eyes import LocalEyes
from app.analysis.local.leading import led, part_for_model, shown
from app.analysis.local.model_folder import VISION_FILES, file_in
from app.analysis.local.onnx_model import EMBEDDINGS, opened, output_of
from app.analysis.local.recipe import Recipe
from app.analysis.local.seen import Seen


class OnnxEmbedder:
    """Sees as LocalEyes does, with the model's vector leading the embedding.

    path: an ONNX file with its TOML beside it, or the folder of a hub model. name: "onnx-" or "fastembed-" + the first
    12 hex digits of the SHA-256 of the model and what says how to use it + "/1"; dims: the model's values + ours.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        folder = self._path.is_dir()
        model = file_in(self._path, VISION_FILES) if folder else self._path
        told = self._path / "preprocessor_config.json" if folder else model.with_suffix(".toml")
        self._recipe = Recipe.of_preprocessor(told) if folder else Recipe.read(model)
        self._file = model.name
        self._session = opened(model)
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type != "tensor(float)":
            raise BadEmbedder(
                f"{model.name} does not take one float image.",
                fix="Use an image-embedding model with one 4-dimensional float input.",
            )
        self._output = output_of(self._session, model, self._recipe.output, EMBEDDINGS if folder else ())
        self._eyes = LocalEyes()
        probe = self._vector(np.full((64, 64, 3), 127, np.uint8))
        self.name = f"{'fastembed' if folder else 'onnx'}-{digest_of(model, told)[:12]}/1"
        self.model_dims = len(probe)
        self.dims = self.model_dims + LocalEyes.dims

    def __reduce__(self) -> tuple[type[OnnxEmbedder], tuple[str]]:
        return OnnxEmbedder, (str(self._path),)

    def see(self, pixels: NDArray[np.uint8], crop: Box | None = None) -> Seen:
        """As LocalEyes.see; embedding is (self.dims,)."""
        seen = self._eyes.see(pixels, crop)
        part = part_for_model(seen.region, seen.region_confidence, crop)
        return replace(seen, embedding=led(self._vector(shown(pixels, part)), seen.embedding))

    def _vector(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            answer = self._session.run(
                [self._output], {self._session.get_inputs()[0].name: self._recipe.prepared(pixels)}
            )[0]
        except Exception as error:  #  (the runtime raises its own undocumented classes for a wrong shape or type)
            raise BadEmbedder(
                f"{self._file} does not take the input that is described: {str(error)[:200]}",
                fix="Compare size and layout in the TOML (or preprocessor_config.json) with the model's input.",
            ) from error
        rows = np.asarray(answer, dtype=np.float32)
        vector = rows.ravel()
        if rows.ndim < 2 or rows.shape[0] != 1 or not 16 <= len(vector) <= 4096:
            raise BadEmbedder(
                f"The output {self._output} of {self._file} has the shape {rows.shape}; "
                "an embedding is one row of 16 to 4096 values.",
                fix="Name the output that holds the embedding in the TOML: [output] name = ...",
            )
        length = float(np.linalg.norm(vector))
        if not np.isfinite(length):
            raise BadEmbedder(
                f"{self._file} answers with values that are no numbers.",
                fix="Check mean and scale in the TOML.",
            )
        return vector / np.float32(max(length, 1e-9))


def digest_of(*files: Path) -> str:
    """SHA-256 of the files one after the other; a model may be larger than memory has room for."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
