"""Words as looks: a text in the space of the pictures' vectors, where the embedder knows both."""

import asyncio
from collections import OrderedDict
from concurrent.futures import Executor
from typing import Protocol

from app.analysis.local import MODEL_ALONE, TextModel, lead_alone
from app.analysis.model import Embedding

KEPT = 512
"""Texts whose vectors are kept: people type the same words, and page through one search."""


class WordsAsLooks(Protocol):
    """embedder: the one whose space it shares. lead: how many values the model's part has, before ours."""

    @property
    def embedder(self) -> str: ...
    @property
    def lead(self) -> int: ...

    async def embed(self, text: str) -> Embedding:
        """The text as the leading part of an embedding; our eyes' part is 0, and `share` says so."""
        ...


class Twin:
    """WordsAsLooks by a model on this machine, in the executor's threads. our_dims: values of the eyes' part."""

    def __init__(self, model: TextModel, embedder: str, lead: int, our_dims: int, executor: Executor) -> None:
        self.embedder, self.lead = embedder, lead
        self._model = model
        self._our_dims = our_dims
        self._executor = executor
        self._kept: OrderedDict[str, Embedding] = OrderedDict()

    async def embed(self, text: str) -> Embedding:
        """See WordsAsLooks."""
        if text not in self._kept:
            vector = await asyncio.get_running_loop().run_in_executor(self._executor, self._model.vector, text)
            self._kept[text] = Embedding(self.embedder, lead_alone(vector, self._our_dims), "", MODEL_ALONE)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(text)
        return self._kept[text]
