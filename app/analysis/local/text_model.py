"""The words' side of a model that knows pictures and words: a text as a vector of the same space."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analysis.local.embedder_errors import BadEmbedder
from app.analysis.local.model_folder import TOKENIZER, TWIN_FILES, file_in
from app.analysis.local.onnx_model import EMBEDDINGS, opened, output_of
from app.errors import MissingDependency

MOST_TOKENS = 512
"""Where the model's own files name no limit."""
_TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


class TextModel:
    """Thread-safe. folder: with `tokenizer.json` and the ONNX file (model_folder.py). dims: values the pictures' model
    gives; another number is refused. Raises BadEmbedder, MissingDependency."""

    def __init__(self, folder: Path, dims: int) -> None:
        self._name = folder.name
        path = file_in(folder, TWIN_FILES)
        self._tokenizer = _tokenizer(folder)
        self._session = opened(path)
        self._inputs = {one.name: _TYPES.get(one.type) for one in self._session.get_inputs()}
        if "input_ids" not in self._inputs or None in self._inputs.values():
            raise BadEmbedder(
                f"{path.name} of {folder.name} takes {', '.join(self._inputs)}, not the numbers of a text's parts.",
                fix="Use the words' model that was trained together with the pictures' model.",
            )
        self._output = output_of(self._session, path, None, EMBEDDINGS)
        found = len(self.vector("a photo of a chair"))
        if found != dims:
            raise BadEmbedder(
                f"{folder.name} gives {found} values, the pictures' model {dims}: they share no space.",
                fix="Use the words' model that was trained together with the pictures' model.",
            )

    def vector(self, text: str) -> NDArray[np.float32]:
        """(dims,) unit length; blocking, some ten milliseconds. What is longer than the model reads is cut."""
        read = self._tokenizer.encode(text)
        parts = {"input_ids": read.ids, "attention_mask": read.attention_mask, "token_type_ids": read.type_ids}
        given = {
            name: np.asarray([parts.get(name, range(len(read.ids)))], dtype=kind) for name, kind in self._inputs.items()
        }
        try:
            answer = np.asarray(self._session.run([self._output], given)[0], dtype=np.float32)
        except Exception as error:  #  (the runtime raises its own undocumented classes)
            raise BadEmbedder(
                f"{self._name} cannot read words: {str(error)[:200]}", fix="Use the model's own tokenizer.json."
            ) from error
        length = float(np.linalg.norm(answer))
        if answer.ndim != 2 or answer.shape[0] != 1 or not np.isfinite(length) or length == 0.0:
            raise BadEmbedder(
                f"{self._name} answers {answer.shape}, not with one row of numbers.",
                fix="Use a model whose output is pooled (text_embeds).",
            )
        return np.asarray(answer[0] / np.float32(length), dtype=np.float32)


def _tokenizer(folder: Path) -> Any:
    try:
        library = importlib.import_module("tokenizers")
    except ImportError as error:
        raise MissingDependency(
            "Finding pictures by words needs the package tokenizers.", fix="pip install 'akin[fastembed]'"
        ) from error
    try:
        tokenizer = library.Tokenizer.from_file(str(folder / TOKENIZER))
    except Exception as error:  #  (the library raises bare exceptions)
        raise BadEmbedder(
            f"{TOKENIZER} of {folder.name} is none: {str(error)[:120]}", fix="Fetch the model anew."
        ) from error
    tokenizer.enable_truncation(_longest(folder))
    return tokenizer


def _longest(folder: Path) -> int:
    """Most parts the model reads, as its own files say."""
    for file, keys in (("tokenizer_config.json", ("model_max_length", "max_length")),
                       ("config.json", ("max_position_embeddings",))):  # fmt: skip
        try:
            told = json.loads((folder / file).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        for key in keys:
            value = told.get(key) if isinstance(told, Mapping) else None
            if isinstance(value, int | float) and 2 <= value <= 100_000:
                return int(value)
    return MOST_TOKENS
