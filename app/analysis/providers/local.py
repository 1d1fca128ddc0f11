"""The embedded analyzer: no network, no downloaded weights; the catalog teaches it types and attributes."""

import asyncio
from concurrent.futures import Executor
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from app.analysis.leader import Leader
from app.analysis.local import (
    EMBEDDER_NAME,
    OURS_ALONE,
    LocalEyes,
    OnnxEmbedder,
    Seen,
    Taught,
    Teaching,
    led,
    part_for_model,
    without_lead,
)
from app.analysis.looks import Looks
from app.analysis.model import Attribute, Box, Color, DetectedObject, Embedding, Gap, ObjectType, PhotoAnalysis
from app.analysis.registry import Means
from app.analysis.source import SourceFailure
from app.errors import Unavailable
from app.photos import Photo

LOCAL = "local"
UNTAUGHT = Taught(None, (), (), 0.0)


class LocalAnalyzer:
    """Analyzer around `LocalEyes`; see app/analysis/analyzer.py for the contract.

    The eyes look in the executor: its threads or its processes, each of which builds its eyes once. It belongs to
    whoever made it; `close` leaves it alone. Until something is taught, type, attributes and
    novelty are absent. Where a leader's vector stands before the eyes' and the leader has no part, the eyes' alone is
    the embedding; it says so, and a gap names the leader.

    Where what was seen is kept, a photo that is read again is not looked at again: its clean JPEG's pixels differ a
    little from those it was made of, and the pages of one search must be of one mind.
    """

    name = LOCAL

    def __init__(
        self, executor: Executor, embedder: str = LOCAL, leader: Leader | None = None, looks: Looks | None = None
    ) -> None:
        """embedder: "local", "onnx:PATH" or "fastembed:FOLDER". leader: a model elsewhere, before the local eyes.
        looks: where it is kept what was seen in photos.

        Raises BadEmbedder, MissingDependency."""
        self._executor = executor
        self._embedder = embedder
        self._leader = leader
        self._looks = looks
        eyes = eyes_of(embedder)
        self.embedder = self._looked_with = EMBEDDER_NAME if isinstance(eyes, LocalEyes) else eyes.name
        self.dims = eyes.dims
        if leader is not None:
            self.embedder, self.dims = leader.embedder, leader.dims + eyes.dims
        self._teaching: Teaching | None = None

    def learn(self, teaching: bytes | None) -> None:
        """Take over what a generation taught (its "teaching" artifact); None forgets.

        Raises TeachingMismatch, and keeps what was known, when it was made for another embedder.
        """
        self._teaching = Teaching.from_bytes(teaching, embedder=self.embedder) if teaching is not None else None

    async def analyze(self, photo: Photo, crop: Box | None = None) -> PhotoAnalysis:
        """Look, then ask what was taught; see Analyzer."""
        box = crop.as_tuple() if crop is not None else None
        seen = await self._seen(photo, box)
        embedding, gaps = await self._embedding(photo, seen, box)
        teaching = self._teaching
        # What is missing must not make the photo look less like everything the shop sells.
        taught = teaching.guess(embedding.values / np.float32(embedding.share)) if teaching is not None else None
        analysis = analysis_of(seen, taught, embedding, crop=crop, gaps=gaps)
        if teaching is None or embedding.lacks:  # a vector with a part missing lies elsewhere in the taught space
            return analysis
        return replace(analysis, likeness=teaching.likeness(embedding.values))

    async def _seen(self, photo: Photo, box: tuple[float, float, float, float] | None) -> Seen:
        """What is in the photo: as it was seen when it was sent, else as it is now."""
        how = f"{self._looked_with} {box}"
        known = await self._looked(photo, how) if photo.again else None
        if known is not None:
            return known
        loop = asyncio.get_running_loop()
        seen = await loop.run_in_executor(self._executor, see, self._embedder, photo.pixels, box)
        if self._looks is not None:
            self._looks.keep_look(photo, how, seen.to_bytes())
        return seen

    async def _looked(self, photo: Photo, how: str) -> Seen | None:
        try:
            kept = await self._looks.look(photo, how) if self._looks is not None else None
            return Seen.from_bytes(kept) if kept is not None else None
        except (Unavailable, ValueError):  # it is seen anew then
            return None

    async def _embedding(
        self, photo: Photo, seen: Seen, crop: tuple[float, float, float, float] | None
    ) -> tuple[Embedding, tuple[Gap, ...]]:
        leader = self._leader
        if leader is None:
            return Embedding(self.embedder, seen.embedding), ()
        try:
            model = await leader.vector(photo, part_for_model(seen.region, seen.region_confidence, crop))
        except SourceFailure as failure:
            reason = failure.reason.value
            alone = without_lead(leader.dims, seen.embedding)
            return Embedding(self.embedder, alone, reason, OURS_ALONE), (Gap(leader.name, reason),)
        return Embedding(self.embedder, led(model, seen.embedding)), ()

    async def close(self) -> None:
        """Forget what was taught."""
        self._teaching = None


def see(embedder: str, pixels: NDArray[np.uint8], crop: tuple[float, float, float, float] | None) -> Seen:
    """Look at one photo; a plain function so that it can run in another process."""
    return eyes_of(embedder).see(pixels, crop)


def glimpse() -> None:
    """Look at a tiny picture with the embedded eyes: what they are made of is in memory then."""
    see(LOCAL, np.zeros((96, 96, 3), dtype=np.uint8), None)


@cache
def eyes_of(embedder: str) -> LocalEyes | OnnxEmbedder:
    """The eyes for a setting, built once per process: a model takes longer to open than a photo to see."""
    kind, _, path = embedder.partition(":")
    return OnnxEmbedder(path) if kind in ("onnx", "fastembed") else LocalEyes()


def analysis_of(
    seen: Seen, taught: Taught | None, embedding: Embedding, *, crop: Box | None, gaps: tuple[Gap, ...] = ()
) -> PhotoAnalysis:
    """What was seen and what was taught, in the words of the port."""
    known = taught or UNTAUGHT
    region = crop or Box(*seen.region)
    alternatives = tuple(ObjectType(name, confidence, LOCAL) for name, confidence in known.type_alternatives)
    boxes = [(Box(*box), confidence) for box, confidence in seen.objects]
    main = max((box for box, _ in boxes), key=lambda box: overlap(box, region), default=None)
    kind = known.type[0] if known.type is not None else None
    return PhotoAnalysis(
        region=region,
        type=ObjectType(*known.type, LOCAL) if known.type is not None else None,
        type_alternatives=alternatives,
        attributes=tuple(Attribute(name, value, confidence, LOCAL) for name, value, confidence in known.attributes),
        colors=tuple(Color(one.name, one.hex, one.share) for one in seen.colors),
        objects=tuple(
            DetectedObject(kind if box is main else None, confidence, box, LOCAL) for box, confidence in boxes
        ),
        embedding=embedding,
        features=seen.features,
        novelty=known.novelty if taught is not None else None,
        gaps=gaps,
    )


def overlap(first: Box, second: Box) -> float:
    """Intersection over union, 0..1."""
    width = min(first.x + first.width, second.x + second.width) - max(first.x, second.x)
    height = min(first.y + first.height, second.y + second.height) - max(first.y, second.y)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (first.width * first.height + second.width * second.height - shared)


def from_means(means: Means) -> LocalAnalyzer:
    """The registry's factory."""
    return LocalAnalyzer(means.executor, means.embedder, means.leader, means.looks)
