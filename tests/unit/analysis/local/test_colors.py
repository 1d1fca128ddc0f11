"""Colors by the words shops use, whatever the light does."""

import numpy as np
import pytest

from app.analysis.local import LocalEyes, SeenColor, color_similarity
from app.analysis.local.palette import NAMES, SHADES
from tests.unit.analysis.local.drawings import a_ball, on_ground

EYES = LocalEyes()

SWATCHES = {
    (204, 31, 37): "red",
    (18, 119, 122): "teal",
    (28, 42, 82): "navy",
    (205, 156, 32): "mustard",
    (220, 203, 171): "beige",
    (193, 154, 107): "oak",
    (63, 156, 67): "green",
    (242, 154, 185): "pink",
    (128, 129, 130): "gray",
    (12, 12, 13): "black",
    (242, 128, 42): "orange",
    (251, 217, 44): "yellow",
    (111, 59, 151): "purple",
    (32, 101, 199): "blue",
}


@pytest.mark.parametrize(("rgb", "name"), SWATCHES.items())
def test_a_flat_thing_is_called_by_its_color(rgb: tuple[int, int, int], name: str) -> None:
    thing = np.full((180, 140, 3), rgb, np.uint8)
    color = EYES.see(on_ground(thing, (255, 255, 255))).colors[0]
    assert color.name == name
    assert color.share > 0.9


@pytest.mark.parametrize(
    ("rgb", "names"),
    [
        ((214, 40, 45), {"red"}),
        ((22, 135, 138), {"teal"}),
        ((70, 170, 75), {"green"}),
        ((242, 128, 42), {"orange"}),
        ((40, 110, 215), {"blue", "sky blue"}),
        ((225, 175, 40), {"mustard", "amber", "gold"}),
    ],
)
def test_the_shaded_side_keeps_the_word(rgb: tuple[int, int, int], names: set[str]) -> None:
    colors = EYES.see(a_ball(rgb)).colors
    assert colors[0].name in names
    assert colors[0].share > 0.6


def test_the_ground_is_no_color_of_the_thing() -> None:
    thing = np.full((120, 90, 3), (18, 119, 122), np.uint8)
    colors = EYES.see(on_ground(thing, (205, 156, 32))).colors
    assert colors[0].name == "teal"
    assert sum(color.share for color in colors if color.name in ("mustard", "gold")) < 0.15


def test_shares_are_of_the_thing_and_largest_first() -> None:
    thing = np.full((200, 160, 3), (204, 31, 37), np.uint8)
    thing[:, :48] = (28, 42, 82)
    colors = EYES.see(on_ground(thing)).colors
    assert [color.name for color in colors[:2]] == ["red", "navy"]
    assert colors[0].share == pytest.approx(0.7, abs=0.06)


def test_the_hex_is_near_the_color_seen() -> None:
    color = EYES.see(on_ground(np.full((180, 140, 3), (18, 119, 122), np.uint8))).colors[0]
    seen = [int(color.hex[start : start + 2], 16) for start in (1, 3, 5)]
    assert seen == pytest.approx([18, 119, 122], abs=6)


def test_about_forty_words_or_more_are_known() -> None:
    assert len(set(NAMES)) >= 40
    assert all(code.startswith("#") and len(code) == 7 for _, code in SHADES)


def a_list(*parts: tuple[str, float]) -> tuple[SeenColor, ...]:
    return tuple(SeenColor("any", code, share) for code, share in parts)


def test_color_similarity_is_symmetric_graded_and_bounded() -> None:
    red, dark_red, teal = a_list(("#cc1f25", 1.0)), a_list(("#b01c22", 1.0)), a_list(("#12777a", 1.0))
    both = a_list(("#cc1f25", 0.5), ("#12777a", 0.5))
    assert color_similarity(red, red) == pytest.approx(1.0)
    assert 0.6 < color_similarity(red, dark_red) < 1.0
    assert color_similarity(red, teal) < 0.1
    assert color_similarity(red, both) == pytest.approx(0.5, abs=0.1)
    assert color_similarity(red, both) == pytest.approx(color_similarity(both, red))
    assert color_similarity((), red) == 0.0
