"""Merging is pure: order does not matter, agreement raises, nothing said changes nothing, all stays in range."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis import Box, Color, DetectedObject, ObjectType, PhotoAnalysis
from app.analysis.merge import main_thing, merged
from app.analysis.sighting import Claim, Shade, Sighting, Thing, Word, from_bytes, to_bytes
from app.analysis.trust import BadTrust, Curve, Trust, fitted, read_trust
from app.analysis.vocabulary import read_vocabulary

VOCABULARY = read_vocabulary()
TRUST = read_trust()
BLIND = PhotoAnalysis(region=Box(0.1, 0.1, 0.8, 0.8))

sure = st.floats(0.0, 1.0)
words = st.builds(
    Word,
    st.sampled_from(["Chair", "Armchairs", "Lamp", "Velvet", "teal velvet armchair", "Gizmo", "Furniture", "Stuhl"]),
    sure,
    st.sampled_from([None, "/m/01mzpv", "/m/0unknown"]),
)
sides = st.floats(0.0, 0.6)
boxes = st.builds(Box, sides, sides, st.floats(0.05, 0.4), st.floats(0.05, 0.4))
sightings = st.builds(
    Sighting,
    words=st.lists(words, max_size=4).map(tuple),
    things=st.lists(st.builds(Thing, words, boxes), max_size=3).map(tuple),
    claims=st.lists(
        st.builds(Claim, st.sampled_from(["material", "type"]), st.sampled_from(["velvet", "armchair"]), sure),
        max_size=2,
    ).map(tuple),
    shades=st.lists(st.builds(Shade, st.sampled_from(["#1d7f86", "#c81e14"]), sure), max_size=3).map(tuple),
)
several = st.dictionaries(st.sampled_from(["google_vision", "vertex/m", "rekognition"]), sightings, max_size=3)
bases = st.builds(
    lambda kinds: replace(
        BLIND,
        type=ObjectType("armchair", kinds, "local"),
        type_alternatives=(ObjectType("armchair", kinds, "local"), ObjectType("vase", 1 - kinds, "local")),
        objects=(DetectedObject(None, 0.5, Box(0.1, 0.1, 0.8, 0.8), "local"),),
    ),
    st.floats(0.5, 1.0),
)


def said(name: str, confidence: float) -> Sighting:
    return Sighting(words=(Word(name, confidence),))


@given(bases, several)
def test_everything_stays_in_range_and_in_order(base: PhotoAnalysis, told: dict[str, Sighting]) -> None:
    analysis = merged(base, told, VOCABULARY, TRUST).analysis
    shares = [one.confidence for one in analysis.type_alternatives]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1.0 + 1e-9
    found = [(one.confidence, one.source) for one in analysis.attributes]
    found += [(one.confidence, one.source) for one in analysis.labels]
    found += [(one.confidence, one.source) for one in analysis.objects]
    found += [(one.confidence, one.source) for one in analysis.type_alternatives]
    for confidence, source in found:
        assert 0.0 <= confidence <= 1.0
        assert source in {"local", *told}
    assert sum(color.share for color in analysis.colors) <= 1.0 + 1e-9
    assert (analysis.region, analysis.embedding) == (base.region, base.embedding)


@given(bases, several, st.randoms())
def test_the_order_of_the_sources_does_not_matter(base: PhotoAnalysis, told: dict[str, Sighting], rng: object) -> None:
    names = list(told)
    rng.shuffle(names)  # type: ignore[attr-defined]
    assert merged(base, {name: told[name] for name in names}, VOCABULARY, TRUST) == merged(
        base, told, VOCABULARY, TRUST
    )


@given(bases, several)
def test_a_source_that_says_nothing_changes_nothing(base: PhotoAnalysis, told: dict[str, Sighting]) -> None:
    silent = {**told, "silent": Sighting()}
    quiet, without = merged(base, silent, VOCABULARY, TRUST), merged(base, told, VOCABULARY, TRUST)
    assert quiet.analysis.attributes == without.analysis.attributes
    assert quiet.analysis.labels == without.analysis.labels
    assert quiet.analysis.objects == without.analysis.objects
    if told:
        assert quiet.analysis.type_alternatives == without.analysis.type_alternatives


@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_agreeing_sources_raise_confidence(first: float, second: float) -> None:
    one = merged(BLIND, {"google_vision": said("lamp", first)}, VOCABULARY, TRUST).analysis
    both = merged(
        BLIND, {"google_vision": said("lamp", first), "rekognition": said("lamp", second)}, VOCABULARY, TRUST
    ).analysis
    alone = next((kind.confidence for kind in one.type_alternatives if kind.name == "lamp"), 0.0)
    together = next((kind.confidence for kind in both.type_alternatives if kind.name == "lamp"), 0.0)
    assert together >= alone - 1e-9


def test_a_general_word_is_no_word_against_the_particular_thing() -> None:
    """Vision calls an armchair "Chair"; the eyes, which know the shop's types, said armchair."""
    kinds = (ObjectType("armchair", 0.5, "local"), ObjectType("vase", 0.4, "local"))
    base = replace(BLIND, type=kinds[0], type_alternatives=kinds)
    thing = Thing(Word("Chair", 0.9, "/m/01mzpv"), Box(0.1, 0.1, 0.8, 0.8))
    analysis = merged(base, {"google_vision": Sighting(things=(thing,))}, VOCABULARY, TRUST).analysis
    assert analysis.type is not None
    assert analysis.type.name == "armchair"
    assert analysis.type.confidence > 0.5


def test_what_is_named_elsewhere_in_the_photo_is_not_the_searched_things_type() -> None:
    lamp = Thing(Word("Lamp", 0.9), Box(0.7, 0.0, 0.25, 0.25))
    vase = Thing(Word("Vase", 0.8), Box(0.0, 0.4, 0.5, 0.5))
    sighting = Sighting(words=(Word("Lamp", 0.95), Word("Vase", 0.8)), things=(lamp, vase))
    analysis = merged(BLIND, {"google_vision": sighting}, VOCABULARY, TRUST, crop=Box(0.0, 0.4, 0.5, 0.5)).analysis
    assert analysis.type is not None
    assert analysis.type.name == "vase"
    assert {one.type for one in analysis.objects} == {"lamp", "vase"}


def test_one_object_seen_by_two_sources_is_one_object() -> None:
    box, near = Box(0.1, 0.1, 0.5, 0.5), Box(0.12, 0.1, 0.5, 0.5)
    told = {
        "google_vision": Sighting(things=(Thing(Word("Chair", 0.8), box),)),
        "rekognition": Sighting(things=(Thing(Word("Chair", 0.7), near),)),
    }
    (one,) = merged(BLIND, told, VOCABULARY, TRUST).analysis.objects
    assert one.type == "chair"
    assert one.confidence > TRUST.of("google_vision").calibrated(0.8)


def test_the_main_thing_is_large_sure_central_and_known() -> None:
    small = Thing(Word("Vase", 0.9), Box(0.0, 0.0, 0.1, 0.1))
    main = Thing(Word("Sofa", 0.8), Box(0.2, 0.3, 0.6, 0.5))
    strange = Thing(Word("Gizmo", 0.9), Box(0.2, 0.3, 0.6, 0.55))
    assert main_thing({"google_vision": Sighting(things=(small, strange, main))}, VOCABULARY, TRUST) == main
    assert main_thing({"google_vision": Sighting()}, VOCABULARY, TRUST) is None


def test_colors_are_taken_only_where_the_eyes_saw_none_and_have_our_names() -> None:
    told = {"google_vision": Sighting(shades=(Shade("#12777a", 0.6), Shade("#0f565b", 0.2)))}
    (color,) = merged(BLIND, told, VOCABULARY, TRUST).analysis.colors
    assert (color.name, color.hex, round(color.share, 6)) == ("teal", "#12777a", 0.8)
    mine = (Color("red", "#cc1f25", 1.0),)
    assert merged(replace(BLIND, colors=mine), told, VOCABULARY, TRUST).analysis.colors == mine


@given(sightings)
def test_a_sighting_comes_back_from_the_cache_as_it_was(sighting: Sighting) -> None:
    again = from_bytes(to_bytes(sighting))
    assert to_bytes(again) == to_bytes(sighting)
    assert (again.words, again.things, again.claims) == (sighting.words, sighting.things, sighting.claims)


def test_bytes_that_are_no_sighting_are_refused() -> None:
    for data in (b"", b"{}", b"[1]", b'{"words":[[1]]}'):
        with pytest.raises(ValueError):  # noqa: PT011 - the standard library words its own
            from_bytes(data)


@given(st.floats(0.0, 4.0), st.floats(-3.0, 3.0), sure, sure)
def test_trust_is_monotone_and_silence_is_no_evidence(slope: float, offset: float, low: float, high: float) -> None:
    curve = Curve(slope, offset)
    low, high = sorted((low, high))
    assert curve.calibrated(0.0) == 0.0
    assert 0.0 <= curve.calibrated(low) <= curve.calibrated(high) + 1e-12 <= 1.0


def test_a_boasting_source_is_believed_as_often_as_it_is_right() -> None:
    answers = [(0.95, number % 2 == 0) for number in range(400)]  # says 95 %, is right half of the time
    assert fitted(answers).calibrated(0.95) == pytest.approx(0.5, abs=0.02)
    honest = [(0.9, number % 10 != 0) for number in range(400)] + [(0.1, number % 10 == 0) for number in range(400)]
    assert fitted(honest).calibrated(0.9) == pytest.approx(0.9, abs=0.03)
    with pytest.raises(BadTrust):
        fitted(answers[:10])


def test_a_model_falls_back_to_its_provider_and_that_to_the_default() -> None:
    trust = Trust({"default": Curve(1, 0), "vertex": Curve(2, 0), "vertex/materials": Curve(3, 0)})
    assert [trust.of(name).slope for name in ("vertex/materials", "vertex/other", "nobody")] == [3, 2, 1]
