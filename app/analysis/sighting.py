"""What one outside source says of a photo, in its own words: values only, as they are kept in the cache.

A source's answer is cleaned while it is written down (`Notebook`): a value that is no number, a box outside the photo
or the ten-thousandth label is left out and counted as an oddity, never passed on.
"""

import base64
import json
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analysis.model import Box, InvalidBox

MOST_WORDS = 60
"""Words, things and claims taken of each kind; what comes after has next to no weight."""
LONGEST_WORD = 120


@dataclass(frozen=True, slots=True)
class Word:
    """A word for the photo. confidence: 0..1. mid: Knowledge Graph id. language: BCP 47, None where it was not said."""

    text: str
    confidence: float
    mid: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    """One object in the photo: what it is called and where it is."""

    word: Word
    box: Box


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement in the shop's terms, e.g. material=velvet; attribute "type" states the type."""

    attribute: str
    value: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Shade:
    """A color. hex: "#rrggbb". share: 0..1 of the picture."""

    hex: str
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """An embedding a source made: unit length, (dims,) float32."""

    model: str
    values: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sighting:
    """All one source said of one photo. oddities: what had to be left out, in words for the log."""

    words: tuple[Word, ...] = ()
    things: tuple[Thing, ...] = ()
    claims: tuple[Claim, ...] = ()
    shades: tuple[Shade, ...] = ()
    vector: Vector | None = None
    oddities: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing was said at all."""
        return not (self.words or self.things or self.claims or self.shades or self.vector)


@dataclass(slots=True)
class Notebook:
    """Writes an answer down, leaving out what cannot be used. `sighting()` is the clean copy."""

    words: list[Word] = field(default_factory=list)
    things: list[Thing] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    shades: list[Shade] = field(default_factory=list)
    vector: Vector | None = None
    _odd: dict[str, int] = field(default_factory=dict)

    def odd(self, what: str) -> None:
        """Count something that was left out."""
        self._odd[what] = self._odd.get(what, 0) + 1

    def word(self, text: object, confidence: object, mid: str | None = None, language: str | None = None) -> None:
        """A word for the whole photo."""
        made = self._made(text, confidence, mid, language)
        if made and self._room(self.words):
            self.words.append(made)

    def thing(self, text: object, confidence: object, edges: tuple[float, float, float, float], mid: str = "") -> None:
        """An object. edges: left, top, right, bottom as fractions of the photo; what lies outside is cut off."""
        made, box = self._made(text, confidence, mid or None, None), self._box(edges)
        if made and box and self._room(self.things):
            self.things.append(Thing(made, box))

    def claim(self, attribute: str, value: object, confidence: object) -> None:
        """A statement in the shop's terms."""
        made = self._made(value, confidence, None, None)
        if made and self._room(self.claims):
            self.claims.append(Claim(attribute, made.text, made.confidence))

    def shade(self, rgb: tuple[float, float, float], share: object) -> None:
        """A color, channels 0..255."""
        part = fraction(share)
        if part is None or not all(math.isfinite(channel) for channel in rgb):
            self.odd("a color that is no number")
        elif self._room(self.shades):
            red, green, blue = (min(255, max(0, round(channel))) for channel in rgb)
            self.shades.append(Shade(f"#{red:02x}{green:02x}{blue:02x}", part))

    def embedding(self, model: str, values: object, dims: int) -> None:
        """A vector; it is brought to unit length."""
        try:
            vector = np.asarray(values, dtype=np.float32)
        except (TypeError, ValueError):
            vector = np.zeros(0, np.float32)
        length = float(np.linalg.norm(vector)) if vector.shape == (dims,) else math.nan
        if not math.isfinite(length) or length == 0.0:
            self.odd(f"an embedding that is not {dims} numbers")
            return
        self.vector = Vector(model, np.asarray(vector / length, dtype=np.float32))

    def sighting(self) -> Sighting:
        """What was written down."""
        odd = tuple(f"{times} x {what}" for what, times in sorted(self._odd.items()))
        return Sighting(tuple(self.words), tuple(self.things), tuple(self.claims), tuple(self.shades), self.vector, odd)

    def _made(self, text: object, confidence: object, mid: str | None, language: str | None) -> Word | None:
        sure = fraction(confidence)
        if sure is None:
            self.odd("a confidence that is no number")
            return None
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_WORD:
            self.odd("a word that is empty or too long")
            return None
        return Word(" ".join(text.split()), sure, mid, language)

    def _box(self, edges: tuple[float, float, float, float]) -> Box | None:
        try:
            left, top, right, bottom = (min(1.0, max(0.0, float(edge))) for edge in edges)
            return Box(left, top, right - left, bottom - top)
        except (InvalidBox, TypeError, ValueError):
            self.odd("a box that is none")
            return None

    def _room(self, kind: list[Any]) -> bool:
        if len(kind) < MOST_WORDS:
            return True
        self.odd(f"more than {MOST_WORDS} of a kind")
        return False


def fraction(value: object) -> float | None:
    """A number as a confidence 0..1 (what exceeds the range is cut); None for what is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return min(1.0, max(0.0, float(value)))


def to_bytes(sighting: Sighting) -> bytes:
    """For the cache: compact JSON; the vector as base64 of little-endian float32, so that it comes back to the bit."""
    vector = sighting.vector
    document = {
        "words": [[one.text, one.confidence, one.mid, one.language] for one in sighting.words],
        "things": [[one.word.text, one.word.confidence, one.word.mid, *one.box.as_tuple()] for one in sighting.things],
        "claims": [[one.attribute, one.value, one.confidence] for one in sighting.claims],
        "shades": [[one.hex, one.share] for one in sighting.shades],
        "vector": None
        if vector is None
        else [vector.model, base64.b64encode(vector.values.astype("<f4").tobytes()).decode("ascii")],
        "odd": list(sighting.oddities),
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def from_bytes(data: bytes) -> Sighting:
    """What `to_bytes` wrote. Raises ValueError for anything else."""
    try:
        document = json.loads(data)
        vector = document["vector"]
        return Sighting(
            words=tuple(Word(*entry) for entry in document["words"]),
            things=tuple(Thing(Word(*entry[:3]), Box(*entry[3:])) for entry in document["things"]),
            claims=tuple(Claim(*entry) for entry in document["claims"]),
            shades=tuple(Shade(*entry) for entry in document["shades"]),
            vector=None if vector is None else _vector(*vector),
            oddities=tuple(document["odd"]),
        )
    except (KeyError, TypeError, InvalidBox) as broken:
        raise ValueError("no sighting") from broken


def _vector(model: str, text: str) -> Vector:
    return Vector(model, np.frombuffer(base64.b64decode(text), "<f4").astype(np.float32))
