"""Any image-embedding ONNX file as the leading part of the embedding: AKIN_EMBEDDER=onnx:PATH.

Beside `model.onnx` lies `model.toml`, for example:

    [input]
    size = 224            # side in pixels of the square the model takes
    layout = "NCHW"       # or "NHWC"
    mean = [128, 128, 128]  # taken off each channel (0..255, red, green, blue)
    scale = [0.0078125, 0.0078125, 0.0078125]  # then multiplied; one number means all three
    [output]
    name = "embedding"    # optional where the model has one output

The embedding is the model's vector and ours side by side (leading.py). Region, colors and features stay ours.
"""

from __future__ import annotations

import hashlib
import importlib
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from app.analysis.local.canvas import Box
from app.analysis.local.eyes import LocalEyes, Seen
from app.analysis.local.leading import led, part_for_model, shown
from app.errors import BadRequest, MissingDependency


class BadEmbedder(BadRequest):
    """The ONNX file or the TOML beside it cannot serve as an image embedder."""

    code = "bad-embedder"
    title = "The embedder cannot be used"


class OnnxEmbedder:
    """Sees as LocalEyes does, with the model's vector leading the embedding.

    name: "onnx-" + the first 12 hex digits of the SHA-256 of model and TOML + "/1"; dims: the model's values + ours.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        settings = Recipe.read(self._path)
        self._recipe = settings
        self._session = opened(self._path)
        self._output = settings.output_of([output.name for output in self._session.get_outputs()], self._path)
        self._eyes = LocalEyes()
        probe = self._vector(np.full((64, 64, 3), 127, np.uint8))
        digest = hashlib.sha256(self._path.read_bytes() + self._path.with_suffix(".toml").read_bytes()).hexdigest()
        self.name = f"onnx-{digest[:12]}/1"
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
                f"{self._path.name} does not take the input its TOML describes: {str(error)[:200]}",
                fix="Compare size and layout in the TOML with the model's input.",
            ) from error
        rows = np.asarray(answer, dtype=np.float32)
        vector = rows.ravel()
        if rows.ndim < 2 or rows.shape[0] != 1 or not 16 <= len(vector) <= 4096:
            raise BadEmbedder(
                f"The output {self._output} of {self._path.name} has the shape {rows.shape}; "
                "an embedding is one row of 16 to 4096 values.",
                fix="Name the output that holds the embedding in the TOML: [output] name = ...",
            )
        length = float(np.linalg.norm(vector))
        if not np.isfinite(length):
            raise BadEmbedder(
                f"{self._path.name} answers with values that are no numbers.",
                fix="Check mean and scale in the TOML.",
            )
        return vector / np.float32(max(length, 1e-9))


class Recipe:
    """How pixels become the model's input, read from the TOML."""

    def __init__(
        self,
        size: int,
        layout: str,
        mean: NDArray[np.float32],
        scale: NDArray[np.float32],
        output: str | None,
    ) -> None:
        self.size, self.layout, self.mean, self.scale, self.output = size, layout, mean, scale, output

    @classmethod
    def read(cls, model: Path) -> Recipe:
        """The recipe beside the model file; every fault names the file, the key and what belongs there."""
        path = model.with_suffix(".toml")
        if not model.is_file():
            raise BadEmbedder(f"There is no file {model}.", fix="Set AKIN_EMBEDDER=onnx:PATH to an ONNX file.")
        if not path.is_file():
            raise BadEmbedder(
                f"{path.name} is missing beside {model.name}.",
                fix="Write it: size, layout, mean, scale ([input]) and the output's name ([output]).",
            )
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadEmbedder(f"{path.name} is no TOML: {error}", fix="Mend the line it names.") from error
        given = table.get("input")
        output = table.get("output", {})
        if not isinstance(given, Mapping) or not isinstance(output, Mapping):
            raise BadEmbedder(
                f"{path.name} has no [input] table.", fix="Write size, layout, mean and scale under [input]."
            )
        size, layout = given.get("size"), given.get("layout", "NCHW")
        if type(size) is not int or not 16 <= size <= 1024:
            raise BadEmbedder(
                f"{path.name}: size is {size!r}.",
                fix="Give the side of the model's square input, 16 to 1024.",
            )
        if layout not in ("NCHW", "NHWC"):
            raise BadEmbedder(f"{path.name}: layout is {layout!r}.", fix='Give "NCHW" or "NHWC".')
        name = output.get("name")
        if name is not None and not isinstance(name, str):
            raise BadEmbedder(f"{path.name}: the output's name is {name!r}.", fix="Give it as text.")
        return cls(
            size,
            layout,
            triple(given.get("mean", 0.0), "mean", path),
            triple(given.get("scale", 1.0), "scale", path),
            name,
        )

    def prepared(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(1, 3, size, size) or (1, size, size, 3) float32: the picture letterboxed on its mean edge color."""
        height, width = pixels.shape[:2]
        scale = self.size / max(height, width)
        high, wide = max(1, round(height * scale)), max(1, round(width * scale))
        small = cv2.resize(pixels, (wide, high), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        top, left = (self.size - high) // 2, (self.size - wide) // 2
        square = cv2.copyMakeBorder(
            small, top, self.size - high - top, left, self.size - wide - left, cv2.BORDER_REPLICATE
        )
        values = (np.asarray(square, dtype=np.float32) - self.mean) * self.scale
        return np.ascontiguousarray((values.transpose(2, 0, 1) if self.layout == "NCHW" else values)[None])

    def output_of(self, names: list[str], model: Path) -> str:
        if self.output is None and len(names) == 1:
            return names[0]
        if self.output not in names:
            raise BadEmbedder(
                f"{model.name} has the outputs {', '.join(names)}; the TOML names {self.output!r}.",
                fix="Name one of them under [output].",
            )
        return str(self.output)


def triple(value: object, key: str, path: Path) -> NDArray[np.float32]:
    values = value if isinstance(value, list) else [value] * 3
    if len(values) != 3 or not all(
        isinstance(entry, int | float) and not isinstance(entry, bool) and np.isfinite(entry) for entry in values
    ):
        raise BadEmbedder(f"{path.name}: {key} is {value!r}.", fix="Give one number or three (red, green, blue).")
    return np.asarray(values, dtype=np.float32)


def opened(path: Path) -> Any:
    try:
        runtime = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise MissingDependency("An ONNX embedder needs onnxruntime.", fix="pip install 'akin[onnx]'") from error
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  #  (as above: any failure to open means the file is no model)
        raise BadEmbedder(
            f"{path.name} is no ONNX model that can be opened: {str(error)[:200]}",
            fix="Point AKIN_EMBEDDER at an ONNX file.",
        ) from error
    inputs = session.get_inputs()
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type != "tensor(float)":
        raise BadEmbedder(
            f"{path.name} does not take one float image.",
            fix="Use an image-embedding model with one 4-dimensional float input.",
        )
    return session
