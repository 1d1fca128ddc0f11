"""Local features tell the same thing from a like one, and never trust foreign bytes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.local import LocalEyes, verify
from tests.unit.analysis.local.drawings import Picture, a_print, as_jpeg, on_ground, turned

EYES = LocalEyes()


def features(picture: Picture) -> bytes:
    return EYES.see(picture).features


@pytest.mark.parametrize(("degrees", "zoom"), [(0, 1.0), (25, 0.8), (90, 0.9), (180, 0.7)])
def test_the_same_print_is_verified_turned_and_zoomed(degrees: float, zoom: float) -> None:
    thing = on_ground(a_print(1))
    view = as_jpeg(turned(thing, degrees, zoom), 70)
    others = [features(on_ground(a_print(seed))) for seed in range(2, 12)]
    strengths = verify(features(view), [features(thing), *others])
    assert strengths[0] > 0.6
    assert float(strengths[1:].max()) < 0.35


def test_strength_lies_between_nothing_and_one_and_is_repeatable() -> None:
    own = features(on_ground(a_print(3)))
    first, second = verify(own, [own, own]), verify(own, [own, own])
    assert np.array_equal(first, second)
    assert 0.9 < first[0] <= 1.0


def test_a_flat_picture_verifies_nothing() -> None:
    flat = features(np.full((200, 200, 3), 180, np.uint8))
    own = features(on_ground(a_print(3)))
    assert verify(flat, [own, flat]).tolist() == [0.0, 0.0]
    assert verify(own, [flat]).tolist() == [0.0]


def test_no_candidates_give_no_answers() -> None:
    assert verify(features(on_ground(a_print(3))), []).shape == (0,)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 5000))
def test_foreign_or_cut_bytes_count_as_nothing_seen(junk: bytes, length: int) -> None:
    own = OWN
    assert verify(junk, [own]).tolist() == [0.0]
    assert verify(own, [junk, own[: min(length, len(own) - 1)]]).tolist() == [0.0, 0.0]


OWN = features(on_ground(a_print(4)))
