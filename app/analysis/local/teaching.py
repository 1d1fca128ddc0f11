"""What the catalog taught: types, attributes and how far away "not sold here" is, fitted from labeled products.

Every judgment is a vote of the nearest kept examples, the nearer the heavier. How sure a vote is to be taken is fitted
on products left out group by group, so that another photo of the same product never vouches for itself. A linear
reading of the embedding (ridge regression) is better on catalog pictures and much worse on shoppers' photos: on the
demo shop's 324 photos 51 % of the types were right with it, 78 % without (docs/decisions/0010).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.analysis.local.novelty import NoveltyModel
from app.analysis.local.projection import Projection, TaughtLikeness, fitted_projection
from app.errors import Conflict

FORMAT = 2
FOLDS = 4
KEPT_EXAMPLES = 3000
MOST_CLASSES = 1200
MOST_ATTRIBUTES = 12
NEIGHBORS = 12
TRUSTS = (0.5, 1.0, 2.0, 3.0, 4.5, 6.0, 8.0, 11.0)
UNFITTED_TRUST = 3.0
"""Where no group can be left out to fit it on."""
ALTERNATIVES = 5
FIT_ROWS = 12000
"""Rows that take part in fitting; of a larger catalog an even, seeded sample."""
EMPTY_LIMIT = 0.35
"""Attributes are only told when at least this sure; a wrong material is worse than none."""


class TeachingMismatch(Conflict):
    """What was taught belongs to another embedder (or another version of Akin), or is no teaching at all."""

    code = "teaching-mismatch"
    title = "The catalog was taught with another embedder"


@dataclass(frozen=True, slots=True)
class Taught:
    """type: (name, confidence 0..1) or None when nothing was taught; type_alternatives: up to five, most probable
    first, summing to <= 1; attributes: (name, value, confidence); novelty: 0..1, 1 = like nothing the shop sells."""

    type: tuple[str, float] | None
    type_alternatives: tuple[tuple[str, float], ...]
    attributes: tuple[tuple[str, str, float], ...]
    novelty: float


@dataclass(frozen=True, slots=True)
class Reading:
    """One question (type, or one attribute) with its possible answers.

    owner (kept,) int32: answer of each kept example, -1 unknown; trust: weight of the votes in the logits, >= 0."""

    name: str
    classes: tuple[str, ...]
    owner: NDArray[np.int32]
    trust: float

    def probabilities(self, alike: NDArray[np.float32]) -> NDArray[np.float64]:
        """(classes,) summing to 1. alike: (kept,) cosines to the kept examples."""
        votes = votes_of(alike[None], self.owner, len(self.classes))
        return np.asarray(softmax(self.trust * votes)[0], dtype=np.float64)


class Teaching:
    """Fitted by `fit`, kept with the generation as `to_bytes`, asked with `guess`. Immutable and thread-safe."""

    def __init__(
        self,
        embedder: str,
        kept: NDArray[np.float16],
        types: Reading | None,
        attributes: tuple[Reading, ...],
        novelty: NoveltyModel,
        projection: Projection | None = None,
    ) -> None:
        self.embedder = embedder
        self._kept16 = kept
        self._kept = kept.astype(np.float32)
        self._projection = projection
        self._compared = projection.beside(self._kept) if projection is not None and len(kept) else self._kept
        self._types = types
        self._attributes = attributes
        self._novelty = novelty

    @property
    def learned(self) -> bool:
        """Whether a projection was learned from the shop (`akin learn`)."""
        return self._projection is not None

    @property
    def usual(self) -> float:
        """The usual likeness by the projection; 0 where the order of answers does not use it."""
        return self._projection.usual if self._projection is not None else 0.0

    def likeness(self, embedding: NDArray[np.float32]) -> TaughtLikeness | None:
        """How like this photo pictures are, by the projection; None where the order of answers does not use one.

        embedding: (dims,) unit length, from the embedder this was fitted for.
        """
        if self._projection is None or not self._projection.usual or len(embedding) != len(self._projection.mean):
            return None
        vector = np.nan_to_num(np.asarray(embedding, dtype=np.float32))
        return TaughtLikeness(self._projection, self._projection.of(vector[None])[0])

    @classmethod
    def fit(
        cls,
        embeddings: NDArray[np.float32] | NDArray[np.float16],
        types: Sequence[str | None],
        attributes: Sequence[Mapping[str, str]],
        groups: Sequence[str],
        *,
        embedder: str = "akin-local/2",
        project: bool = False,
        usual: float = 0.0,
    ) -> Teaching:
        """embeddings (n, dims) unit rows, one per image; types, attributes, groups: one per row (a group is a product
        with its variants). project: also learn a projection; usual: as `Projection` has it. Never raises for an odd
        shop: what cannot be learned is simply not told."""
        rows = sampled(len(embeddings), groups, FIT_ROWS)
        vectors = np.asarray(embeddings[rows], dtype=np.float32)
        vectors = np.nan_to_num(vectors)
        if not len(rows):
            return cls(embedder, np.zeros((0, 0), np.float16), None, (), NoveltyModel.unknown())
        names = [types[row] or None for row in rows]
        group_of = np.unique([groups[row] for row in rows], return_inverse=True)[1]
        folds = folds_of(group_of)
        kept = kept_rows(names, group_of)
        projection = fitted_projection(vectors, numbered(names), group_of) if project else None
        projection = replace(projection, usual=usual) if projection is not None else None
        compared = projection.beside(vectors) if projection is not None else vectors
        typed = read_question("type", names, compared, folds, kept)
        asked = Counter(name for row in rows for name in attributes[row])
        readings = []
        for name, _ in asked.most_common(MOST_ATTRIBUTES):
            answers = [attributes[row].get(name) or None for row in rows]
            reading = read_question(name, answers, compared, folds, kept)
            if reading is not None and len(reading.classes) > 1:
                readings.append(reading)
        novelty = NoveltyModel.fit(vectors, names, group_of)
        return cls(embedder, vectors[kept].astype(np.float16), typed, tuple(readings), novelty, projection)

    def guess(self, embedding: NDArray[np.float32]) -> Taught:
        """embedding: (dims,) unit length, from the embedder this was fitted for."""
        vector = np.nan_to_num(np.asarray(embedding, dtype=np.float32))
        if len(self._kept) and len(vector) != self._kept.shape[1]:
            raise TeachingMismatch(
                f"The catalog was taught with {self._kept.shape[1]} values per image; this photo has {len(vector)}.",
                fix="Load the catalog again with the embedder that is set now, or set the one it was loaded with.",
            )
        if not len(self._kept):
            return Taught(None, (), (), 1.0)
        nearest = self._kept @ vector
        alike = nearest if self._projection is None else self._compared @ self._projection.beside(vector[None])[0]
        ranked: tuple[tuple[str, float], ...] = ()
        if self._types is not None:
            chances = self._types.probabilities(alike)
            best = np.argsort(-chances, kind="stable")[:ALTERNATIVES]
            ranked = tuple((self._types.classes[i], round(float(chances[i]), 4)) for i in best)
        told = []
        for reading in self._attributes:
            chances = reading.probabilities(alike)
            top = int(np.argmax(chances))
            if reading.classes[top] and chances[top] >= EMPTY_LIMIT:
                told.append((reading.name, reading.classes[top], round(float(chances[top]), 4)))
        return Taught(ranked[0] if ranked else None, ranked, tuple(told), self._novelty.of(float(nearest.max())))

    def to_bytes(self) -> bytes:
        """A compressed npz without pickled objects; equal teachings give equal bytes."""
        readings = ([self._types] if self._types else []) + list(self._attributes)
        arrays: dict[str, NDArray[np.generic]] = {"kept": self._kept16}
        about = {
            "format": FORMAT,
            "embedder": self.embedder,
            "typed": self._types is not None,
            "usual": self.usual,
            "novelty": self._novelty.as_dict(),
            "readings": [{"name": r.name, "classes": r.classes, "trust": r.trust} for r in readings],
        }
        for number, reading in enumerate(readings):
            arrays[f"owner{number}"] = reading.owner
        if self._projection is not None:
            arrays |= {
                "mean": self._projection.mean.astype(np.float16),
                "matrix": self._projection.matrix.astype(np.float16),
            }
        arrays["about"] = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(arrays):  # fixed dates: numpy's own writer would stamp the present time
                part = io.BytesIO()
                np.save(part, arrays[name], allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), part.getvalue())
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, *, embedder: str = "akin-local/2") -> Teaching:
        """Raises TeachingMismatch when the bytes are for another embedder, another format, or no teaching."""
        again = "Load the catalog again; it will be taught with the embedder that is set now."
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                about = json.loads(archive["about"].tobytes())
                readings = tuple(
                    Reading(
                        str(entry["name"]),
                        tuple(str(name) for name in entry["classes"]),
                        archive[f"owner{number}"].astype(np.int32),
                        float(entry["trust"]),
                    )
                    for number, entry in enumerate(about["readings"])
                )
                kept = archive["kept"].astype(np.float16)
                novelty = NoveltyModel.from_dict(about["novelty"])
                projection = _projection(archive, float(about.get("usual", 0.0)))
        except (ValueError, KeyError, IndexError, TypeError, EOFError, OSError, zipfile.BadZipFile) as error:
            raise TeachingMismatch("What was stored as the catalog's teaching cannot be read.", fix=again) from error
        if about.get("format") != FORMAT or about["embedder"] != embedder:
            raise TeachingMismatch(f"The catalog was taught with {about['embedder']}; {embedder} is set.", fix=again)
        typed = readings[0] if about["typed"] else None
        return cls(embedder, kept, typed, readings[1:] if about["typed"] else readings, novelty, projection)


def _projection(archive: Mapping[str, NDArray[np.float16]], usual: float) -> Projection | None:
    if "matrix" not in archive:
        return None
    return Projection(archive["mean"].astype(np.float32), archive["matrix"].astype(np.float32), usual)


def numbered(names: Sequence[str | None]) -> NDArray[np.int64]:
    """A number for each name, -1 for none."""
    number_of = {name: number for number, name in enumerate(sorted({name for name in names if name}))}
    return np.array([number_of.get(name or "", -1) for name in names], np.int64)


def sampled(count: int, groups: Sequence[str], most: int) -> NDArray[np.int64]:
    """At most `most` row numbers, whole groups together (their other views are what is learned from), in order."""
    if count <= most:
        return np.arange(count)
    numbers = np.unique(np.asarray(groups[:count]), return_inverse=True)[1]
    order = np.random.default_rng(0).permutation(int(numbers.max()) + 1)
    sizes = np.bincount(numbers)
    fits = np.cumsum(sizes[order]) <= most
    wanted = np.zeros(len(sizes), dtype=np.bool_)
    wanted[order[fits]] = True
    rows = np.nonzero(wanted[numbers])[0]
    return rows if len(rows) else np.arange(most)


def folds_of(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """A fold 0..FOLDS-1 per row; the rows of one group share it."""
    if not len(groups):
        return np.zeros(0, np.int64)
    turn = np.random.default_rng(1).permutation(int(groups.max()) + 1) % FOLDS
    return np.asarray(turn[groups], dtype=np.int64)


def kept_rows(names: Sequence[str | None], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows whose vectors are kept as examples: all, or an even share of every type."""
    if len(names) <= KEPT_EXAMPLES:
        return np.arange(len(names))
    order = np.random.default_rng(2).permutation(len(names))
    seen: Counter[str | None] = Counter()
    turn = np.empty(len(names))
    for row in order:
        seen[names[row]] += 1
        turn[row] = seen[names[row]]
    return np.sort(np.argsort(turn, kind="stable")[:KEPT_EXAMPLES])


def read_question(
    name: str,
    answers: Sequence[str | None],
    vectors: NDArray[np.float32],
    folds: NDArray[np.int64],
    kept: NDArray[np.int64],
) -> Reading | None:
    """Fit one reading; None when no row has an answer."""
    counts = Counter(answer for answer in answers if answer)
    if not counts:
        return None
    classes = tuple(sorted(answer for answer, _ in counts.most_common(MOST_CLASSES)))
    number_of = {answer: number for number, answer in enumerate(classes)}
    owner = np.array([number_of.get(answer or "", -1) for answer in answers], np.int32)
    trust = fitted_trust(vectors, owner, folds, kept, len(classes)) if len(classes) > 1 else 0.0
    return Reading(name, classes, owner[kept], trust)


def votes_of(alike: NDArray[np.float32], owner: NDArray[np.int32], classes: int) -> NDArray[np.float64]:
    """(n, classes): votes of the nearest examples that have an answer, the nearer the heavier; 0..1, summing to 1."""
    alike = np.where(owner[None] >= 0, alike, -2.0)
    near = min(NEIGHBORS, alike.shape[1])
    index = np.argpartition(-alike, near - 1, axis=1)[:, :near]
    cosine = np.take_along_axis(alike, index, axis=1)
    weight = np.exp((cosine - cosine.max(axis=1, keepdims=True)) * 12.0) * (cosine > -1.5)
    votes = np.zeros((len(alike), classes))
    np.add.at(votes, (np.arange(len(alike))[:, None], np.maximum(owner[index], 0)), weight)
    return np.asarray(votes / np.maximum(votes.sum(axis=1, keepdims=True), 1e-9), dtype=np.float64)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float64)


def fitted_trust(
    vectors: NDArray[np.float32],
    owner: NDArray[np.int32],
    folds: NDArray[np.int64],
    kept: NDArray[np.int64],
    classes: int,
) -> float:
    """The weight of the votes in the logits that makes left-out groups' true answers most likely (grid search)."""
    votes, truth = [], []
    for fold in range(FOLDS):
        test = np.nonzero((folds == fold) & (owner >= 0))[0][:1000]
        beside = kept[(folds[kept] != fold) & (owner[kept] >= 0)]
        if not len(test) or not len(beside):
            continue
        votes.append(votes_of(vectors[test] @ vectors[beside].T, owner[beside], classes))
        truth.append(owner[test])
    if not truth:
        return UNFITTED_TRUST
    counts, answers = np.concatenate(votes), np.concatenate(truth)
    best, least = UNFITTED_TRUST, np.inf
    for trust in TRUSTS:
        chance = softmax(trust * counts)[np.arange(len(answers)), answers]
        loss = -float(np.log(chance * 0.99 + 0.01 / classes).mean())
        if loss < least - 1e-9:
            best, least = trust, loss
    return best
