"""Pure: what several sources say of one photo, as one PhotoAnalysis.

Sources are taken to err independently, so what two of them say is surer than what either says: 1 - (1 - p)(1 - q), with
p and q calibrated per source. The order of the sources does not matter, and a source that says nothing changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from app.analysis.local.palette import lab_of_hex, name_of
from app.analysis.model import Attribute, Box, Color, DetectedObject, Label, ObjectType, PhotoAnalysis
from app.analysis.sighting import Sighting, Thing, Word
from app.analysis.trust import Trust
from app.analysis.vocabulary import Vocabulary

OF_A_LABEL = 0.7
"""A word for the whole photo counts less for the object's type than a word for the object: the room is on it too."""
SAME_OBJECT = 0.5
"""Boxes that overlap more than this (intersection over union) are one object."""
INSIDE = 0.5
"""A box with more of itself than this inside the caller's crop belongs to it."""
UNSEEN = 0.02
"""What a type nobody spoke of weighs when a general word ("chair") is spread over the types below it."""
OWN = 0.1
"""What the general type itself weighs more."""
ALTERNATIVES = 5
MOST_LABELS = 40
MOST_OBJECTS = 12
LEAST = 0.05


@dataclass(frozen=True, slots=True)
class Merged:
    """The analysis, and the (source, word) pairs the vocabulary has nothing on. unplaced_only: sources of whose words
    none could be placed."""

    analysis: PhotoAnalysis
    unplaced: tuple[tuple[str, str], ...]
    unplaced_only: tuple[str, ...]


def merged(
    base: PhotoAnalysis,
    sightings: Mapping[str, Sighting],
    vocabulary: Vocabulary,
    trust: Trust,
    *,
    crop: Box | None = None,
) -> Merged:
    """The base (what the embedded eyes saw) enriched by what the sources say.

    crop: the part the caller asked for; objects outside it say nothing about its type. Region, embedding and features
    are the base's.
    """
    if not sightings:
        return Merged(base, (), ())
    region = crop or base.region
    said = {name: _types_of(seen, vocabulary, region, crop) for name, seen in sightings.items()}
    alternatives = _types(base, said, vocabulary, trust)
    unplaced, nothing_placed = _unplaced(sightings, vocabulary)
    return Merged(
        replace(
            base,
            type=alternatives[0] if alternatives else base.type,
            type_alternatives=alternatives or base.type_alternatives,
            attributes=_attributes(base, sightings, vocabulary, trust),
            labels=_labels(base, sightings),
            colors=base.colors or _colors(sightings),
            objects=_objects(base, sightings, vocabulary, trust),
        ),
        unplaced,
        nothing_placed,
    )


def main_thing(sightings: Mapping[str, Sighting], vocabulary: Vocabulary, trust: Trust) -> Thing | None:
    """The object the photo is most likely about: sure, large, near the middle, and of a kind the shop knows."""
    best: tuple[float, Thing] | None = None
    for name, sighting in sorted(sightings.items()):
        for thing in sighting.things:
            box = thing.box
            off_center = abs(box.x + box.width / 2 - 0.5) + abs(box.y + box.height / 2 - 0.5)
            meaning = vocabulary.meaning(thing.word)
            worth = trust.of(name).calibrated(thing.word.confidence) * (box.width * box.height) ** 0.5
            worth *= (1.0 - 0.7 * off_center) * (1.0 if meaning and meaning.types else 0.5)
            if best is None or worth > best[0]:
                best = (worth, thing)
    return best[1] if best else None


def overlap(first: Box, second: Box) -> float:
    """Intersection over union, 0..1."""
    both = _shared(first, second)
    return both / (first.width * first.height + second.width * second.height - both)


def _shared(first: Box, second: Box) -> float:
    width = min(first.x + first.width, second.x + second.width) - max(first.x, second.x)
    height = min(first.y + first.height, second.y + second.height) - max(first.y, second.y)
    return max(0.0, width) * max(0.0, height)


def kinds_said(sighting: Sighting, vocabulary: Vocabulary) -> dict[str, float]:
    """type -> strength 0..1 of what one source says the photo is about, uncalibrated: what its trust is fitted on."""
    return _types_of(sighting, vocabulary, Box(0.0, 0.0, 1.0, 1.0), None)


def attributes_said(sighting: Sighting, vocabulary: Vocabulary) -> dict[tuple[str, str], float]:
    """(attribute, value) -> strength 0..1 of what one source says of the object, uncalibrated."""
    stated: dict[tuple[str, str], float] = {}
    for claim in sighting.claims:
        if claim.attribute != "type":
            key = (claim.attribute, claim.value)
            stated[key] = max(stated.get(key, 0.0), claim.confidence)
    for word in (*sighting.words, *(thing.word for thing in sighting.things)):
        meaning = vocabulary.meaning(word)
        for key in meaning.attributes if meaning else ():
            stated[key] = max(stated.get(key, 0.0), word.confidence * OF_A_LABEL)
    return stated


def either(first: float, second: float) -> float:
    """The probability that one of two independent witnesses is right."""
    return 1.0 - (1.0 - first) * (1.0 - second)


def _types_of(sighting: Sighting, vocabulary: Vocabulary, region: Box, crop: Box | None) -> dict[str, float]:
    """type -> strength 0..1 of what one source says of the object in the region, in its own confidence."""
    strengths: dict[str, float] = {}

    def say(kinds: Iterable[str], strength: float) -> None:
        for kind in kinds:
            strengths[kind] = max(strengths.get(kind, 0.0), strength)

    ours: set[str] = set()
    elsewhere: set[str] = set()
    for thing in sighting.things:
        kinds = _kinds(thing.word, vocabulary)
        inside = _shared(thing.box, region) / (thing.box.width * thing.box.height)
        if inside > INSIDE or overlap(thing.box, region) > INSIDE:
            say(kinds, thing.word.confidence)
            ours |= set(kinds)
        else:
            elsewhere |= set(kinds)
    for claim in sighting.claims:
        if claim.attribute == "type":
            say((claim.value,), claim.confidence)
    for word in sighting.words:
        # What a box outside the region is called explains the label away, wholly where the caller chose the region.
        seen_here = [kind for kind in _kinds(word, vocabulary) if kind in ours or kind not in elsewhere]
        say(seen_here, word.confidence * OF_A_LABEL * (0.5 if crop is not None else 1.0))
    return strengths


def _kinds(word: Word, vocabulary: Vocabulary) -> tuple[str, ...]:
    meaning = vocabulary.meaning(word)
    return meaning.types if meaning else ()


def _types(
    base: PhotoAnalysis, said: Mapping[str, Mapping[str, float]], vocabulary: Vocabulary, trust: Trust
) -> tuple[ObjectType, ...]:
    together: dict[str, float] = {}
    loudest: dict[str, tuple[float, str]] = {}
    for source in sorted(said):
        for kind, strength in said[source].items():
            sure = trust.of(source).calibrated(strength)
            together[kind] = either(together.get(kind, 0.0), sure)
            loudest[kind] = max(loudest.get(kind, (0.0, source)), (sure, source), key=lambda one: one[0])
    believed = {one.name: one.confidence for one in base.type_alternatives}
    if base.type is not None:
        believed.setdefault(base.type.name, base.type.confidence)
    speakers = {name: (sure, base.type.source if base.type else "local") for name, sure in believed.items()}
    for kind, (sure, word) in _spread(together, believed, vocabulary).items():
        believed[kind] = either(believed.get(kind, 0.0), sure)
        if sure > speakers.get(kind, (0.0, ""))[0]:
            speakers[kind] = (sure, loudest[word][1])
    whole = max(1.0, sum(believed.values()))
    ranked = sorted(((name, sure / whole) for name, sure in believed.items()), key=lambda one: (-one[1], one[0]))
    return tuple(ObjectType(name, sure, speakers[name][1]) for name, sure in ranked[:ALTERNATIVES] if sure >= LEAST)


def _spread(
    together: Mapping[str, float], known: Mapping[str, float], vocabulary: Vocabulary
) -> dict[str, tuple[float, str]]:
    """type -> (how sure, the word it comes from). What is said of a general type goes also to the types below it, by
    what is known of them: "Chair" 0.9 is no word against the armchair that the eyes see. The parts do not depend on
    how sure the word is, so that a surer word never makes its own type less likely."""
    spread: dict[str, tuple[float, str]] = {}
    for kind in sorted(together):
        family = vocabulary.family(kind)
        weights = {one: UNSEEN + known.get(one, 0.0) + (together.get(one, 0.0) if one != kind else 0.0)
                   for one in family}  # fmt: skip
        weights[kind] += OWN
        strongest = max(weights.values())
        for one, weight in weights.items():
            part = together[kind] * weight / strongest
            if part > spread.get(one, (0.0, ""))[0]:
                spread[one] = (part, kind)
    return spread


def _attributes(
    base: PhotoAnalysis, sightings: Mapping[str, Sighting], vocabulary: Vocabulary, trust: Trust
) -> tuple[Attribute, ...]:
    found = {(one.name, one.value): one for one in base.attributes}
    for source in sorted(sightings):
        for key, strength in attributes_said(sightings[source], vocabulary).items():
            sure = trust.of(source).calibrated(strength)
            had = found.get(key)
            together = sure if had is None else either(had.confidence, sure)
            louder = source if had is None or sure > had.confidence else had.source
            found[key] = Attribute(*key, together, louder)
    return tuple(sorted(found.values(), key=lambda one: (-one.confidence, one.name, one.value)))


def _labels(base: PhotoAnalysis, sightings: Mapping[str, Sighting]) -> tuple[Label, ...]:
    """Every source's words; the same thing (by mid, else by text) once per source, at its surest."""
    found: dict[tuple[str, str], Label] = {(one.source, one.mid or one.name): one for one in base.labels}
    for source, sighting in sightings.items():
        for word in (*sighting.words, *(thing.word for thing in sighting.things)):
            key = (source, word.mid or word.text.casefold())
            if key not in found or word.confidence > found[key].confidence:
                found[key] = Label(word.text.casefold(), word.confidence, source, word.mid)
    return tuple(sorted(found.values(), key=lambda one: (-one.confidence, one.name, one.source))[:MOST_LABELS])


def _colors(sightings: Mapping[str, Sighting]) -> tuple[Color, ...]:
    """A source's colors by our names, where the eyes saw none; several shades of one name are one color."""
    source = min((name for name, seen in sightings.items() if seen.shades), default=None)
    shares: dict[str, tuple[float, str, float]] = {}
    for shade in sightings[source].shades if source is not None else ():
        name = name_of(lab_of_hex(shade.hex))
        had = shares.get(name, (0.0, shade.hex, 0.0))
        shares[name] = (had[0] + shade.share, shade.hex if shade.share > had[2] else had[1], max(had[2], shade.share))
    whole = max(1.0, sum(share for share, _, _ in shares.values()))
    ranked = sorted(shares.items(), key=lambda item: (-item[1][0], item[0]))
    return tuple(Color(name, code, share / whole) for name, (share, code, _) in ranked)


def _objects(
    base: PhotoAnalysis, sightings: Mapping[str, Sighting], vocabulary: Vocabulary, trust: Trust
) -> tuple[DetectedObject, ...]:
    """All regions worth searching: each object once, with the surest box and a type where anybody knows it."""
    named: list[DetectedObject] = []
    for source in sorted(sightings):
        for thing in sightings[source].things:
            kinds = _kinds(thing.word, vocabulary)
            sure = trust.of(source).calibrated(thing.word.confidence)
            named.append(DetectedObject(kinds[0] if kinds else None, sure, thing.box, source))
    kept: list[DetectedObject] = []
    # What a source has named goes before a region the eyes only saw stand out.
    for one in [*sorted(named, key=lambda one: (one.type is None, -one.confidence, one.box.as_tuple())), *base.objects]:
        twin = next((at for at, other in enumerate(kept) if overlap(one.box, other.box) > SAME_OBJECT), None)
        if twin is None:
            kept.append(one)
        elif one.type is not None and kept[twin].type in (None, one.type) and one.source != kept[twin].source:
            kept[twin] = replace(
                kept[twin], type=one.type, confidence=either(kept[twin].confidence, one.confidence)
            )  # fmt: skip
    return tuple(sorted(kept, key=lambda one: (-one.confidence, one.box.as_tuple()))[:MOST_OBJECTS])


def _unplaced(
    sightings: Mapping[str, Sighting], vocabulary: Vocabulary
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    unplaced: list[tuple[str, str]] = []
    nothing_placed: list[str] = []
    for source, sighting in sorted(sightings.items()):
        words = {word.text.casefold(): word for word in (*sighting.words, *(thing.word for thing in sighting.things))}
        strange = [text for text, word in words.items() if vocabulary.meaning(word) is None]
        unplaced += [(source, text) for text in strange]
        if words and len(strange) == len(words) and not sighting.claims:
            nothing_placed.append(source)
    return tuple(unplaced), tuple(nothing_placed)
