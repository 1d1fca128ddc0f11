"""The closer look, with the real eyes on drawn pictures."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from app.analysis import Color, Embedding, PhotoAnalysis
from app.analysis.local import LocalEyes, led, without_lead
from app.analysis.model import Box
from app.catalog import ImageEvidence, SeenColor
from app.search.closer import look_closer, twins
from tests.builders import a_drawing, an_analysis, evidence

EYES = LocalEyes()


def analyzed(shape: str, ink: str, seed: int) -> PhotoAnalysis:
    seen = EYES.see(a_drawing(shape, ink, seed=seed))
    colors = tuple(Color(one.name, one.hex, one.share) for one in seen.colors)
    return PhotoAnalysis(
        Box(0, 0, 1, 1), colors=colors, embedding=Embedding("e", seen.embedding), features=seen.features
    )


def pictured(shape: str, ink: str, seed: int) -> ImageEvidence:
    seen = EYES.see(a_drawing(shape, ink, seed=seed))
    colors = tuple(SeenColor(one.name, one.hex, one.share) for one in seen.colors)
    return ImageEvidence("e", seen.embedding, features=seen.features, colors=colors)


def test_the_same_picture_is_closest_in_every_way() -> None:
    same, other = look_closer(analyzed("ball", "red", 1), [pictured("ball", "red", 1), pictured("plank", "teal", 2)])
    assert same.verified > 0.9 > other.verified
    assert same.shape > other.shape
    assert same.hue > other.hue
    assert same.palette > 0.99 > other.palette


def test_another_color_of_the_same_thing_differs_in_hue_more_than_in_shape() -> None:
    same, recolored = look_closer(analyzed("ring", "red", 1), [pictured("ring", "red", 2), pictured("ring", "teal", 2)])
    assert same.hue - recolored.hue > same.shape - recolored.shape


def test_an_onnx_embedding_is_read_by_the_local_part_at_its_end() -> None:
    photo, picture = analyzed("ring", "red", 1), pictured("ring", "teal", 2)
    (plain,) = look_closer(photo, [picture])

    def widened(values: NDArray[np.float32]) -> NDArray[np.float32]:
        model = np.full(32, 1.0 / np.sqrt(32), np.float32)
        return np.concatenate([model * np.float32(0.6**0.5), values * np.float32(0.4**0.5)])

    assert photo.embedding is not None
    wide = PhotoAnalysis(photo.region, embedding=Embedding("onnx", widened(photo.embedding.values)))
    (other,) = look_closer(wide, [ImageEvidence("onnx", widened(picture.embedding))])
    assert (other.shape, other.texture) == pytest.approx((plain.shape, plain.texture), abs=1e-5)


def test_a_bigger_model_counts_with_the_learned_channel() -> None:
    photo, picture = analyzed("ring", "red", 1), pictured("ring", "red", 2)
    (plain,) = look_closer(photo, [picture])

    def beside(values: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
        model = np.random.default_rng(seed).normal(size=32)
        model = np.asarray(model / np.linalg.norm(model), np.float32)
        return np.concatenate([model * np.float32(0.6**0.5), values * np.float32(0.4**0.5)])

    assert photo.embedding is not None
    wide = PhotoAnalysis(photo.region, embedding=Embedding("onnx", beside(photo.embedding.values, 1)))
    same, other = look_closer(wide, [ImageEvidence("onnx", beside(picture.embedding, seed)) for seed in (1, 2)])
    assert same.learned == pytest.approx(0.5 * (plain.learned + 1.0), abs=1e-3)
    assert other.learned < same.learned
    assert (plain.model, same.model) == pytest.approx((0.0, 1.0), abs=1e-3)
    assert other.model < 0.5
    assert other.shape == pytest.approx(same.shape)


def test_where_the_photo_lacks_the_model_s_part_our_look_stands_in_for_it() -> None:
    photo, picture = analyzed("ring", "red", 1), pictured("ring", "red", 2)
    assert photo.embedding is not None
    away = Embedding("led", without_lead(32, photo.embedding.values), lacks="timeout", share=0.4**0.5)
    model = np.full(32, 1.0 / np.sqrt(32), np.float32)
    near = ImageEvidence("led", led(model, picture.embedding), features=picture.features, colors=picture.colors)
    (plain,) = look_closer(photo, [picture])
    (alone,) = look_closer(replace(photo, embedding=away), [near])
    assert alone.model == pytest.approx(float(photo.embedding.values @ picture.embedding), abs=1e-3)
    assert alone.learned == pytest.approx(plain.learned, abs=1e-3)


def test_where_there_are_no_channels_the_whole_look_stands_for_them() -> None:
    analysis, picture = an_analysis(seed=1), evidence(seed=2)
    (near,) = look_closer(analysis, [picture])
    assert analysis.embedding is not None
    whole = max(0.0, float(analysis.embedding.values @ picture.embedding))
    assert (near.shape, near.texture, near.pattern) == pytest.approx((whole, whole, whole))
    assert near.verified == 0.0


def test_nothing_seen_is_close_to_nothing() -> None:
    (near,) = look_closer(PhotoAnalysis(Box(0, 0, 1, 1)), [evidence()])
    assert (near.shape, near.hue, near.palette, near.verified) == (0.0, 0.0, 0.0, 0.0)
    assert look_closer(an_analysis(), []) == []


def test_a_copy_of_a_picture_is_its_twin_and_a_like_one_is_not() -> None:
    pictures = [
        ("first", pictured("ring", "red", 1)),
        ("other color", pictured("ring", "teal", 1)),
        ("other shape", pictured("cross", "red", 1)),
        ("copy", pictured("ring", "red", 1)),
    ]
    assert twins(pictures) == [("first", "copy")]
    assert twins(pictures[:3]) == []
    assert twins(pictures[:1]) == []
