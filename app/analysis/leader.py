"""A model somewhere else whose vector leads the embedding, before what the embedded eyes see (local/leading.py)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.analysis.asking import Asker
from app.analysis.outgoing import cut_out
from app.analysis.patience import wait_until
from app.analysis.source import Picture, Reason, Source, SourceFailure
from app.photos import Photo


class EmbeddingSource(Source, Protocol):
    """A source whose sightings hold nothing but a vector of `dims` values.

    embedder: name/version for generations: it changes with everything that makes other vectors.
    """

    @property
    def embedder(self) -> str: ...
    @property
    def dims(self) -> int: ...


class Leader(Protocol):
    """name: as it stands in `degraded`. embedder: of the whole embedding. dims: of the leading vector alone."""

    @property
    def name(self) -> str: ...
    @property
    def embedder(self) -> str: ...
    @property
    def dims(self) -> int: ...

    async def vector(self, photo: Photo, part: tuple[float, float, float, float] | None) -> NDArray[np.float32]:
        """(dims,) unit length, of the part (x, y, width, height in 0..1) or of the whole photo.

        Raises SourceFailure."""
        ...


class AskedLeader:
    """Asks one embedding source as all sources are asked: from the cache, in the budget, behind a breaker, in time.

    outgoing: makes what leaves Akin out of a photo. patience_s: longest wait, and a share of what is left of a request.
    """

    def __init__(
        self,
        source: EmbeddingSource,
        asker: Asker,
        *,
        outgoing: Callable[[Photo], Awaitable[Picture]],
        patience_s: float,
    ) -> None:
        self.name, self.embedder, self.dims = source.name, source.embedder, source.dims
        self.units: Mapping[str, int] = source.units
        self.asker = asker
        self._outgoing = outgoing
        self._patience_s = patience_s

    async def vector(self, photo: Photo, part: tuple[float, float, float, float] | None) -> NDArray[np.float32]:
        """See Leader. Only the part leaves."""
        until = wait_until(self._patience_s)
        sent = photo if part is None else await asyncio.to_thread(cut_out, photo, part)
        sighting = await self.asker.ask(await self._outgoing(sent), until)
        if sighting.vector is None or sighting.vector.values.shape != (self.dims,):
            raise SourceFailure(Reason.BAD_ANSWER, f"{self.name} gave no vector of {self.dims} values.")
        return sighting.vector.values
