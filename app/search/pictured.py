"""Words seen in pictures: how far a product's pictures look like a text, where the embedder knows words too.

What a cosine between a text and a picture means differs from model to model and from text to text. So it is measured
against the shop: how many spreads it lies above the middle of an even sample of the generation's pictures. The sample
is the same for every search of a generation, so what else was found changes no score.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from app.analysis import LEAD_WEIGHT, PhotoAnalysis, WordsAsLooks
from app.catalog import (
    Candidate,
    Channel,
    FacetField,
    ImageEvidence,
    OneOf,
    Query,
    QueryVector,
    Snapshot,
)
from app.search.closer import MODEL_FROM
from app.search.fitting import PICTURED
from app.search.rank import Closeness
from app.search.wording import Reading

FAINT, PLAIN = 1.5, 4.0
"""Spreads above the middle at which a picture begins to look like a text, and at which it plainly does."""
MOVE = 0.5
"""How far a text moves the photo's vector, of which it is a part then."""
FURTHER = 100
"""Products that only the moved vector finds which are looked at."""
NEAREST = 200
"""Products the photo finds which are."""
SAMPLED_TYPES, OF_A_TYPE = 40, 8
LEAST_SAMPLE = 16
"""Fewer pictures have no middle to speak of: words then find no pictures."""
KEPT = 4
"""Generations whose sample is kept at a time."""


@dataclass(frozen=True, slots=True)
class Pictured:
    """shares: product id -> 0..1, how far its picture looks like the words; absent is 0.

    further: beside a photo, candidates it does not find among its first, with the look they have for it; of words
    alone, all that have a share, which is part of their TEXT. moved: product id -> how much more (or less) the model
    finds the picture like the photo, once the words have moved it; only beside a photo."""

    shares: Mapping[str, float]
    further: tuple[Candidate, ...] = ()
    moved: Mapping[str, float] = field(default_factory=dict)


NOTHING_PICTURED = Pictured({})


class PictureWords:
    """looks: None where the embedder knows no words; then nothing is pictured."""

    def __init__(self, looks: WordsAsLooks | None) -> None:
        self._looks = looks
        self._samples: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    async def for_words(self, snapshot: Snapshot, query: Query, reading: Reading) -> Pictured:
        """What the whole shop shows of the words, and nothing but words was asked. Raises CatalogUnavailable."""
        asked = await self._asked(snapshot, reading)
        if asked is None:
            return NOTHING_PICTURED
        values, share, scale = asked
        vector = QueryVector(snapshot.generation.embedder, values)
        shares: dict[str, float] = {}
        further = []
        for one in (await snapshot.retrieve(replace(query, vector=vector))).items:
            looks = scale.share(one.signals.get(Channel.LOOK, -1.0) / share)
            if looks > 0.0:
                shares[one.product_id] = looks
                further.append(_said(one, looks))
        return Pictured(shares, tuple(further))

    async def beside_photo(
        self,
        snapshot: Snapshot,
        query: Query,
        analysis: PhotoAnalysis,
        reading: Reading,
        found: Sequence[Candidate],
    ) -> Pictured:
        """What the nearest of the found show of the words, and what lies further in the direction of the words."""
        asked = await self._asked(snapshot, reading)
        if asked is None or query.vector is None or analysis.embedding is None:
            return NOTHING_PICTURED
        values, _, scale = asked
        moved = query.vector.values + np.float32(MOVE) * values
        vector = QueryVector(query.vector.embedder, np.asarray(moved / np.linalg.norm(moved), dtype=np.float32))
        near = [one for one in found if Channel.LOOK in one.signals][:NEAREST]
        known = {one.product_id for one in found}
        there = await snapshot.retrieve(replace(query, vector=vector))
        new = [one for one in there.items if one.product_id not in known and Channel.LOOK in one.signals][:FURTHER]
        seen = await _seen(snapshot, [*near, *new])
        parts = {key: _lead(one.embedding, scale.lead) for key, one in seen.items()}
        shares = {key: scale.share(float(one @ values[: scale.lead])) for key, one in parts.items()}
        photo, part = query.vector.values, analysis.embedding.share
        further = [
            one.looking(float(seen[one.product_id].embedding @ photo) / part) for one in new if one.product_id in seen
        ]
        step = _lead(moved, scale.lead) - _lead(photo, scale.lead)
        return Pictured(
            {key: value for key, value in shares.items() if value > 0.0},
            tuple(further),
            {key: float(one @ step) for key, one in parts.items()} if not analysis.embedding.lacks else {},
        )

    async def _asked(self, snapshot: Snapshot, reading: Reading) -> "tuple[NDArray[np.float32], float, _Scale] | None":
        looks = self._looks
        # A shop whose pictures another embedder saw is searched by words alone, as ever.
        if looks is None or not reading.wanted or looks.embedder != snapshot.generation.embedder:
            return None
        sample = await self._sample(snapshot, looks.lead)
        if len(sample) < LEAST_SAMPLE:
            return None
        text = await looks.embed("a photo of " + " ".join(term.name for term in reading.wanted))
        cosines = sample @ text.values[: looks.lead]
        middle, below = (float(value) for value in np.quantile(cosines, (0.5, 0.31)))
        return text.values, text.share, _Scale(looks.lead, middle, max(2.0 * (middle - below), 1e-3))

    async def _sample(self, snapshot: Snapshot, lead: int) -> NDArray[np.float32]:
        """(n, lead) the model's part of some pictures of every type."""
        generation = snapshot.generation.id
        if generation not in self._samples:
            self._samples[generation] = await _sampled(snapshot, lead)
            while len(self._samples) > KEPT:
                self._samples.popitem(last=False)
        return self._samples[generation]


@dataclass(frozen=True, slots=True)
class _Scale:
    """What a cosine with one text says in one shop. The spread (a standard deviation, were they spread normally) is
    read just below the middle: neither the chairs, where a third of the shop are chairs, nor what is the opposite of
    a chair must be what "chair" is measured against."""

    lead: int
    middle: float
    spread: float

    def share(self, cosine: float) -> float:
        """0..1."""
        above = (cosine - self.middle) / self.spread
        return float(min(1.0, max(0.0, (above - FAINT) / (PLAIN - FAINT))))


def moved_looks(candidates: Sequence[Candidate], moved: Mapping[str, float]) -> list[Candidate]:
    """The candidates with the look they have for the moved photo."""
    return [
        one.looking(one.signals[Channel.LOOK] + LEAD_WEIGHT * moved[one.product_id])
        if one.product_id in moved and Channel.LOOK in one.signals
        else one
        for one in candidates
    ]


def moved_closeness(near: Mapping[str, Closeness], moved: Mapping[str, float]) -> dict[str, Closeness]:
    """The closer looks at the moved photo: the model has half of the learned channel, and a channel of its own."""
    return {
        key: replace(
            one,
            learned=_unit(one.learned + 0.5 * moved.get(key, 0.0)),
            model=_unit(one.model + moved.get(key, 0.0) / (1.0 - MODEL_FROM)),
        )
        for key, one in near.items()
    }


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))


def joined(found: Sequence[Candidate], further: Sequence[Candidate]) -> list[Candidate]:
    """Each product once; one that is among the further as it is there."""
    return list({one.product_id: one for one in (*found, *further)}.values())


def _said(candidate: Candidate, looks: float) -> Candidate:
    """The candidate as words find it: without a look, with what its picture says of the words."""
    signals: dict[Channel, float] = dict(candidate.signals)
    signals.pop(Channel.LOOK, None)
    signals[Channel.TEXT] = max(signals.get(Channel.TEXT, 0.0), PICTURED * looks)
    return candidate._replace(signals=signals)


async def _sampled(snapshot: Snapshot, lead: int) -> NDArray[np.float32]:
    types = (await snapshot.count((), (FacetField.TYPE,), SAMPLED_TYPES)).facets.get(FacetField.TYPE, ())
    chosen: list[Candidate] = []
    for one in types:
        only = OneOf(FacetField.TYPE, (one.value,))
        chosen += (await snapshot.retrieve(Query(filters=(only,), limit=OF_A_TYPE))).items
    if len(chosen) < SAMPLED_TYPES:  # a shop with hardly any types
        chosen += (await snapshot.retrieve(Query(limit=SAMPLED_TYPES * OF_A_TYPE))).items
    seen = await _seen(snapshot, list({one.product_id: one for one in chosen}.values()))
    return np.asarray([_lead(one.embedding, lead) for one in seen.values()], dtype=np.float32).reshape(-1, lead)


async def _seen(snapshot: Snapshot, candidates: Sequence[Candidate]) -> dict[str, ImageEvidence]:
    """The evidence of each candidate's picture, by product id, where there is some."""
    evidence = await snapshot.evidence([(one.product_id, one.image) for one in candidates])
    return {one.product_id: seen for one, seen in zip(candidates, evidence, strict=True) if seen is not None}


def _lead(embedding: NDArray[np.float32], lead: int) -> NDArray[np.float32]:
    """The model's part of unit length."""
    part = embedding[:lead]
    return np.asarray(part / max(float(np.linalg.norm(part)), 1e-9), dtype=np.float32)
