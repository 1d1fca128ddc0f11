"""A glance at key points picks the pictures that are worth verifying."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.local import LocalEyes, glance
from tests.unit.analysis.local.drawings import Picture, a_print, as_jpeg, on_ground, turned

EYES = LocalEyes()


def features(picture: Picture) -> bytes:
    return EYES.see(picture).features


OTHERS = [features(on_ground(a_print(seed))) for seed in range(2, 14)]
OWN = features(on_ground(a_print(1)))


@pytest.mark.parametrize(("degrees", "zoom"), [(25, 0.8), (90, 0.9), (180, 0.7)])
def test_the_same_print_stands_out_turned_and_zoomed(degrees: float, zoom: float) -> None:
    view = features(as_jpeg(turned(on_ground(a_print(1)), degrees, zoom), 70))
    counterparts = glance(view, [*OTHERS, OWN])
    assert counterparts[-1] > 1.2 * counterparts[:-1].max()


def test_a_picture_counts_the_same_alone_and_among_many() -> None:
    many = glance(OWN, OTHERS * 6)  # more than are glanced at in one step
    alone = [glance(OWN, [one])[0] for one in OTHERS]
    assert many == pytest.approx(np.tile(alone, 6), abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 5000))
def test_foreign_or_cut_bytes_count_as_nothing_seen(junk: bytes, length: int) -> None:
    assert glance(junk, [OWN]).tolist() == [0.0]
    assert glance(OWN, [junk, OWN[: min(length, len(OWN) - 1)]]).tolist() == [0.0, 0.0]
    assert glance(OWN, []).shape == (0,)
