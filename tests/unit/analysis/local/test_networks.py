"""The learned readings: where the object is, and which pictures show the same thing."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from app.analysis.local import LocalEyes, channel_similarities
from app.analysis.local.canvas import Box
from app.analysis.local.networks import LOOK_AROUND, LOOK_SIDE, WEIGHTS, objectness, square_of
from app.photos import decode_now

SHOP = Path(__file__).parents[4] / "demo_shop"
PHOTOS = 40


def shopper_photos() -> list[tuple[NDArray[np.uint8], Box, str]]:
    """Photos of the demo shop that nothing was fitted on: pixels, true box, product."""
    truths = [json.loads(line) for line in (SHOP / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    chosen = [truth for truth in truths if truth["split"] == "test" and truth["sold"]][:PHOTOS]
    return [
        (
            np.ascontiguousarray(decode_now((SHOP / truth["photo"]).read_bytes()).pixels),
            (truth["box"]["x"], truth["box"]["y"], truth["box"]["width"], truth["box"]["height"]),
            truth["product"],
        )
        for truth in chosen
    ]


def agreement(one: Box, other: Box) -> float:
    """Intersection over union."""
    wide = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    high = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    both = max(0.0, wide) * max(0.0, high)
    return both / (one[2] * one[3] + other[2] * other[3] - both)


def test_the_object_of_a_shopper_photo_is_found_where_it_is() -> None:
    found = [agreement(LocalEyes().see(pixels).region, box) for pixels, box, _ in shopper_photos()]
    assert np.mean(found) > 0.8
    assert np.quantile(found, 0.1) > 0.6


def test_the_learned_channel_knows_the_product_among_others() -> None:
    eyes = LocalEyes()
    photos = shopper_photos()[::4]
    pictures = {
        product: eyes.see(np.ascontiguousarray(decode_now(picture.read_bytes()).pixels)).embedding
        for _, _, product in photos
        for picture in [sorted((SHOP / "pictures").glob(f"{product}*"))[0]]
    }
    names = list(pictures)
    shown = np.stack([pictures[name] for name in names])
    right = 0
    for pixels, _, product in photos:
        likeness = channel_similarities(eyes.see(pixels).embedding, shown)["learned"]
        right += names[int(np.argmax(likeness))] == product
    assert right >= 0.8 * len(photos)


def test_nothing_to_be_seen_is_no_object() -> None:
    assert objectness(np.full((200, 300, 3), 127, np.uint8)).shape == (24, 24)
    seen = LocalEyes().see(np.full((200, 300, 3), 127, np.uint8))
    assert 0.0 <= seen.region_confidence <= 1.0
    assert np.isfinite(seen.embedding).all()


@pytest.mark.parametrize("shape", [(90, 160), (160, 90), (700, 700), (100, 100)])
def test_a_square_keeps_proportions_and_holds_the_box(shape: tuple[int, int]) -> None:
    photo = np.zeros((*shape, 3), np.uint8)
    height, width = shape
    box = (0.25, 0.25, 0.5, 0.5)
    cv2.rectangle(photo, (width // 4, height // 4), (width * 3 // 4 - 1, height * 3 // 4 - 1), (255, 255, 255), -1)
    square = square_of(photo, box)
    assert square.shape == (LOOK_SIDE, LOOK_SIDE, 3)
    bright = square[..., 0] > 127
    wide, high = bright.any(axis=0).sum(), bright.any(axis=1).sum()
    longest = LOOK_SIDE / LOOK_AROUND
    assert max(wide, high) == pytest.approx(longest, abs=3)
    assert wide / high == pytest.approx(width / height, rel=0.15)


def test_all_shipped_numbers_are_small() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) <= 8 * 1024 * 1024
