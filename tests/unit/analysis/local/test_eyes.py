"""What the eyes promise of one look: finite unit vectors whatever comes, and the same thing looking the same."""

import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.analysis.local import CHANNELS, LocalEyes, Seen, channel_similarities, look_score
from tests.unit.analysis.local.drawings import Picture, a_print, as_jpeg, on_ground, turned

EYES = LocalEyes()


def likeness(first: Picture, second: Picture) -> float:
    return float(EYES.see(first).embedding @ EYES.see(second).embedding)


def check(seen: Seen) -> None:
    """Everything every look must give."""
    assert seen.embedding.shape == (EYES.dims,)
    assert seen.embedding.dtype == np.float32
    assert np.isfinite(seen.embedding).all()
    assert float(np.linalg.norm(seen.embedding)) == pytest.approx(1.0, abs=1e-4)
    assert 1 <= len(seen.colors) <= 5
    assert sum(color.share for color in seen.colors) <= 1.001
    assert len(seen.features) <= 6 * 1024
    assert len(seen.features) + 2 * EYES.dims <= 8 * 1024, "all evidence of one image, the embedding as float16"
    for box, confidence in [(seen.region, seen.region_confidence), *seen.objects]:
        x, y, width, height = box
        assert min(x, y) >= 0
        assert width > 0
        assert height > 0
        assert x + width <= 1.0001
        assert y + height <= 1.0001
        assert 0 <= confidence <= 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    width=st.integers(80, 400),
    height=st.integers(80, 400),
    kind=st.sampled_from(["flat", "gray", "noise", "stripes", "half", "one pixel"]),
    seed=st.integers(0, 2**16),
)
def test_any_picture_gives_a_whole_answer(width: int, height: int, kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = rng.integers(0, 256, 3)
    if kind == "gray":
        picture[:] = np.linspace(0, 255, width).astype(np.uint8)[None, :, None]
    elif kind == "noise":
        picture = rng.integers(0, 256, picture.shape).astype(np.uint8)
    elif kind == "stripes":
        picture[:, ::2] = 255 - picture[:, ::2]
    elif kind == "half":
        picture[:, width // 2 :] = rng.integers(0, 256, 3)
    elif kind == "one pixel":
        picture[height // 2, width // 2] = 255 - picture[height // 2, width // 2]
    check(EYES.see(picture))


@pytest.mark.parametrize("shape", [(80, 1024), (1024, 80), (80, 80), (1024, 1024)])
@pytest.mark.parametrize("value", [0, 127, 255])
def test_flat_pictures_of_extreme_shape_are_seen(shape: tuple[int, int], value: int) -> None:
    check(EYES.see(np.full((*shape, 3), value, np.uint8)))


def test_the_same_pixels_give_the_same_answer() -> None:
    picture = on_ground(a_print(1))
    first, second = EYES.see(picture), pickle.loads(pickle.dumps(EYES)).see(picture.copy())  # noqa: S301 (our own object)
    assert np.array_equal(first.embedding, second.embedding)
    assert (first.features, first.colors, first.region) == (second.features, second.colors, second.region)


def test_pixels_are_left_alone_and_need_not_be_contiguous() -> None:
    picture = on_ground(a_print(2))
    before = picture.copy()
    check(EYES.see(picture[:, ::-1]))
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("quality", [35, 60, 90])
def test_jpeg_hardly_changes_the_look(quality: int) -> None:
    picture = on_ground(a_print(3))
    assert likeness(picture, as_jpeg(picture, quality)) > 0.85


@pytest.mark.parametrize("side", [200, 480, 900])
def test_the_size_of_the_photo_hardly_changes_the_look(side: int) -> None:
    picture = on_ground(a_print(4, 160, 120), side=240)
    grown = np.kron(picture, np.ones((4, 4, 1), np.uint8))[: side * 960 // side : 960 // side, :: 960 // side]
    assert likeness(picture, np.ascontiguousarray(grown)) > 0.7


def test_another_view_of_a_thing_is_nearer_than_any_other_thing() -> None:
    things = [on_ground(a_print(seed)) for seed in range(10, 22)]
    catalog = np.stack([EYES.see(thing).embedding for thing in things])
    for number, thing in enumerate(things):
        view = as_jpeg(turned(thing, 8.0, 0.85), 60)
        assert int(np.argmax(catalog @ EYES.see(view).embedding)) == number


def test_a_mirrored_thing_stays_nearer_than_other_things() -> None:
    things = [on_ground(a_print(seed)) for seed in range(30, 38)]
    mirrored = EYES.see(np.ascontiguousarray(things[0][:, ::-1])).embedding
    catalog = np.stack([EYES.see(thing).embedding for thing in things])
    assert int(np.argmax(catalog @ mirrored)) == 0


@pytest.mark.parametrize("ground", [(255, 255, 255), (0, 0, 0), (120, 90, 60)])
def test_a_thing_on_a_plain_ground_is_found(ground: tuple[int, int, int]) -> None:
    seen = EYES.see(on_ground(a_print(5), ground))
    x, y, width, height = seen.region
    assert (x, y, x + width, y + height) == pytest.approx((0.25, 0.156, 0.75, 0.844), abs=0.05)
    assert seen.region_confidence > 0.5


def test_the_ground_counts_little_against_the_thing() -> None:
    thing = a_print(6)
    same = likeness(on_ground(thing, (255, 255, 255)), on_ground(thing, (60, 40, 30)))
    assert same > likeness(on_ground(thing), on_ground(a_print(7))) + 0.2


def test_a_crop_is_the_region_and_decides_what_is_seen() -> None:
    two = np.full((320, 640, 3), 250, np.uint8)
    two[50:270, 80:240] = a_print(8)
    two[50:270, 400:560] = a_print(9)
    left = EYES.see(two, (0.1, 0.1, 0.3, 0.8))
    right = EYES.see(two, (0.6, 0.1, 0.3, 0.8))
    assert left.region == (0.1, 0.1, 0.3, 0.8)
    alone = EYES.see(on_ground(a_print(8))).embedding
    assert float(left.embedding @ alone) > float(right.embedding @ alone) + 0.2
    check(left)


@pytest.mark.parametrize("crop", [(0.0, 0.0, 1.0, 1.0), (0.99, 0.99, 0.01, 0.01), (0.5, 0.0, 0.001, 1.0)])
def test_the_smallest_and_the_whole_crop_are_answered(crop: tuple[float, float, float, float]) -> None:
    check(EYES.see(on_ground(a_print(5)), crop))


def test_channels_add_up_to_the_whole() -> None:
    query = EYES.see(on_ground(a_print(1))).embedding
    others = np.stack([EYES.see(on_ground(a_print(seed))).embedding for seed in (1, 2, 3)])
    channels = channel_similarities(query, others)
    assert set(channels) == {name for name, _, _ in CHANNELS}
    total = sum(weight * channels[name] for name, _, weight in CHANNELS)
    assert np.asarray(total) == pytest.approx(others @ query, abs=1e-4)
    assert all(values[0] == pytest.approx(1.0, abs=1e-3) for values in channels.values())


def test_verified_things_lead_the_look_score() -> None:
    channels = {name: np.array([0.5, 0.6], np.float32) for name, _, _ in CHANNELS}
    scores = look_score(channels, np.array([0.9, 0.0], np.float32), np.array([0.5, 0.5], np.float32))
    assert scores[0] > scores[1]
