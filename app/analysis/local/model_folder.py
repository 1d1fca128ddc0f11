"""Embedding models by name, in the files that fastembed keeps: AKIN_EMBEDDER=fastembed:NAME.

A picture model is a folder with `model.onnx` and `preprocessor_config.json`; the words' model that shares its space
(its twin) is a folder with `model.onnx` and `tokenizer.json`, whose name ends in -text where the pictures' ends in
-vision. A folder that holds both keeps them as `onnx/vision_model.onnx` and `onnx/text_model.onnx`.
"""

from __future__ import annotations

import importlib
import logging
import re
from dataclasses import dataclass
from pathlib import Path

from app.analysis.local.embedder_errors import BadEmbedder
from app.errors import MissingDependency

VISION_FILES = ("model.onnx", "onnx/vision_model.onnx", "vision_model.onnx")
TEXT_FILES = ("onnx/text_model.onnx", "text_model.onnx")
TWIN_FILES = (*TEXT_FILES, "model.onnx")
TOKENIZER = "tokenizer.json"
WANTED = ("*.json", "model.onnx", "model.onnx_data", "*vision_model.onnx", "*text_model.onnx")
_NAME = re.compile(r"[\w-]+/[\w.-]+")

logger = logging.getLogger("akin.embedder")


@dataclass(frozen=True, slots=True)
class ModelFolders:
    """pictures: the folder of the picture model. words: that of its twin, which may be the same; None where none is."""

    pictures: Path
    words: Path | None


def model_folders(which: str, kept: Path, *, words: bool) -> ModelFolders:
    """The folders of a model. which: its folder, or its name, looked up in `kept` and fetched into it once.

    words: whether the twin is wanted; one that cannot be had is logged. Raises BadEmbedder, MissingDependency.
    """
    if Path(which).is_dir():
        pictures = Path(which).resolve()
        twin = pictures.with_name(twin_of(pictures.name)) if twin_of(pictures.name) else None
        found = twin if twin is not None and twin.is_dir() else pictures
        return ModelFolders(pictures, found if words and has_words(found) else None)
    if not _NAME.fullmatch(which):
        raise BadEmbedder(
            f"{which} is neither a folder nor the name of a model.",
            fix="Set AKIN_EMBEDDER=fastembed:OWNER/NAME, or fastembed:FOLDER of one you have.",
        )
    pictures = _kept(which, kept) or _fetched(which, kept)
    if not words or has_words(pictures) or not twin_of(which):
        return ModelFolders(pictures, pictures if words and has_words(pictures) else None)
    try:
        return ModelFolders(pictures, _kept(twin_of(which), kept) or _fetched(twin_of(which), kept))
    except BadEmbedder as missing:
        logger.warning("words find no pictures: %s", missing.detail)
        return ModelFolders(pictures, None)


def twin_of(name: str) -> str:
    """What the twin is called; "" where the name does not say."""
    return f"{name.removesuffix('-vision')}-text" if name.endswith("-vision") else ""


def has_words(folder: Path) -> bool:
    """Whether a words' model lies in the folder."""
    named = TWIN_FILES if folder.name.endswith("-text") else TEXT_FILES
    return (folder / TOKENIZER).is_file() and any((folder / name).is_file() for name in named)


def file_in(folder: Path, names: tuple[str, ...]) -> Path:
    """The first of these files that is there. Raises BadEmbedder."""
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise BadEmbedder(
        f"{folder.name} holds none of {', '.join(names)}.", fix="Name a model that fastembed can load, or its folder."
    )


def _kept(name: str, kept: Path) -> Path | None:
    """The newest whole copy in the layout of the hub's cache, or a plain folder OWNER/NAME."""
    plain = kept / name
    if plain.is_dir():
        return plain
    cache = kept / f"models--{name.replace('/', '--')}"
    named = cache / "refs" / "main"
    if not named.is_file():
        return None
    snapshot = cache / "snapshots" / named.read_text(encoding="ascii").strip()
    whole = any((snapshot / file).is_file() for file in (*VISION_FILES, *TEXT_FILES))
    return snapshot if whole else None


def _fetched(name: str, kept: Path) -> Path:
    try:
        hub = importlib.import_module("huggingface_hub")
    except ImportError as error:
        raise MissingDependency(
            f"{name} is not in {kept}, and what fetches it is not installed.", fix="pip install 'akin[fastembed]'"
        ) from error
    logger.info("fetching %s into %s", name, kept)
    try:
        return Path(hub.snapshot_download(name, cache_dir=kept, allow_patterns=list(WANTED)))
    except Exception as error:  #  (the hub's client raises many classes, most of other packages)
        raise BadEmbedder(
            f"{name} cannot be fetched: {type(error).__name__}: {str(error)[:200]}",
            fix="Check the name and the network, or bring the model's folder and set AKIN_EMBEDDER=fastembed:FOLDER.",
        ) from error
