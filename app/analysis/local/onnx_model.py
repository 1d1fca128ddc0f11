"""Opening ONNX files: the only place that knows onnxruntime."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from app.analysis.local.embedder_errors import BadEmbedder
from app.errors import MissingDependency

EMBEDDINGS = ("image_embeds", "text_embeds", "image_embeddings", "text_embeddings", "embedding", "pooler_output")
"""What exporters call the embedding where a model has several outputs, the likeliest first."""


def opened(path: Path) -> Any:
    """A session on one thread. Raises BadEmbedder, MissingDependency."""
    try:
        runtime = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise MissingDependency("An ONNX embedder needs onnxruntime.", fix="pip install 'akin[onnx]'") from error
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        return runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  #  (the runtime raises its own undocumented classes: the file is no model)
        raise BadEmbedder(
            f"{path.name} is no ONNX model that can be opened: {str(error)[:200]}",
            fix="Point AKIN_EMBEDDER at an ONNX file.",
        ) from error


def output_of(session: Any, path: Path, named: str | None, known: tuple[str, ...] = ()) -> str:
    """The output that holds the embedding: the one that is named, the only one, or the first of the known names."""
    names = [output.name for output in session.get_outputs()]
    if named is None and len(names) == 1:
        return str(names[0])
    found = next((name for name in ((named,) if named is not None else known) if name in names), None)
    if found is None:
        raise BadEmbedder(
            f"{path.name} has the outputs {', '.join(names)}; {f'{named!r} is named' if named else 'none is named'}.",
            fix="Name one of them in a TOML beside the model: [output] name = ...",
        )
    return found
