"""What the embedder that is set needs on this machine, and what learns over it: part of the composition root."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from app.analysis import LOCAL_DIMS, Likeness, WordsAsLooks
from app.analysis.local import ModelFolders, Teaching, TextModel, model_folders
from app.analysis.providers.local import LocalAnalyzer
from app.analysis.words import Twin
from app.settings import Settings


def model_of(settings: Settings, *, words: bool) -> ModelFolders | None:
    """The folders of the model that AKIN_EMBEDDER=fastembed:… names, fetched where they are not there; None for any
    other embedder. words: whether its twin for words is wanted. Raises BadEmbedder, MissingDependency."""
    kind, _, which = settings.embedder.partition(":")
    return model_folders(which, settings.models, words=words) if kind == "fastembed" else None


def build_words(folders: ModelFolders | None, eyes: LocalAnalyzer, executor: Executor) -> WordsAsLooks | None:
    """Words as looks, where the embedder has a twin for them. Raises BadEmbedder, MissingDependency."""
    if folders is None or folders.words is None:
        return None
    lead = eyes.dims - LOCAL_DIMS
    return Twin(TextModel(folders.words, lead), eyes.embedder, lead, LOCAL_DIMS, executor)


class LocalTeacher:
    """Teaches the embedded eyes, over whatever embedder is set; see app.learning.Teacher."""

    def __init__(self, embedder: str) -> None:
        self._embedder = embedder

    def fit(
        self,
        embeddings: NDArray[np.float32],
        types: Sequence[str | None],
        attributes: Sequence[Mapping[str, str]],
        groups: Sequence[str],
        *,
        project: bool,
        usual: float,
    ) -> bytes:
        """See Teacher."""
        taught = Teaching.fit(
            embeddings, types, attributes, groups, embedder=self._embedder, project=project, usual=usual
        )
        return taught.to_bytes()

    def guesser(self, taught: bytes) -> Callable[[NDArray[np.float32]], tuple[Mapping[str, float], Mapping[str, str]]]:
        """See Teacher."""
        teaching = Teaching.from_bytes(taught, embedder=self._embedder)

        def guess(embedding: NDArray[np.float32]) -> tuple[Mapping[str, float], Mapping[str, str]]:
            told = teaching.guess(embedding)
            return dict(told.type_alternatives), {name: value for name, value, _ in told.attributes}

        return guess

    def alike(self, taught: bytes) -> Callable[[NDArray[np.float32]], Likeness | None]:
        """See Teacher."""
        return Teaching.from_bytes(taught, embedder=self._embedder).likeness
