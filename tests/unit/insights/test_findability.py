"""What keeps a product from being found: pictures, colors, words, what was shown; and pairs that look the same."""

from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from app.analysis import Box, PhotoAnalysis, picture_quality
from app.catalog import Product, ProductImage, SeenColor
from app.insights import Cause, Look, PictureNote, hindrances, near_pairs
from app.search import color_fits
from tests.builders import a_drawing, a_vector


def a_note(**changes: object) -> PictureNote:
    told: dict[str, object] = {"width": 900, "height": 900, "blur": 0.3, "text": 0.0, **changes}
    return PictureNote("aa", datetime.now(UTC), analysis=PhotoAnalysis(Box(0, 0, 1, 1)), **told)  # type: ignore[arg-type]


def a_findable(**changes: object) -> Product:
    told: dict[str, object] = {
        "type": "mug",
        "color": "teal",
        "images": (ProductImage("1.jpg", "aa"), ProductImage("2.jpg", "bb")),
        "colors": (SeenColor("teal", "#1d7f86", 0.6),),
        **changes,
    }
    return Product("p1", "A mug", **told)  # type: ignore[arg-type]


def causes(product: Product, *notes: PictureNote | None, shown: int = 5, answers: int = 1_000) -> list[Cause]:
    found = hindrances(product, notes, color_fits=color_fits, shown=shown, answers=answers)
    assert all(one.detail and one.fix for one in found)
    return [one.cause for one in found]


def test_a_good_product_has_nothing_to_mend() -> None:
    assert causes(a_findable(), a_note(), a_note()) == []


@pytest.mark.parametrize(
    ("product", "notes", "cause"),
    [
        (a_findable(images=()), (), Cause.NO_PICTURE),
        (a_findable(images=(ProductImage("1.jpg", "aa"),)), (a_note(),), Cause.ONE_PICTURE),
        (a_findable(type=None), (a_note(), a_note()), Cause.NO_TYPE),
        (a_findable(), (a_note(width=200, height=150), a_note(width=100, height=100)), Cause.TINY),
        (a_findable(), (a_note(blur=0.8), a_note(blur=0.7)), Cause.BLURRED),
        (a_findable(), (a_note(text=0.1), a_note()), Cause.WRITING),
        (a_findable(color="orange"), (a_note(), a_note()), Cause.COLOR),
    ],
)
def test_each_hindrance_is_told(product: Product, notes: tuple[PictureNote, ...], cause: Cause) -> None:
    assert causes(product, *notes) == [cause]


def test_what_is_not_known_is_not_held_against_a_product() -> None:
    assert causes(a_findable(), None, a_note(blur=0.9, width=100, height=100)) == []
    assert causes(a_findable(color="moonlight"), a_note(), a_note()) == []
    assert causes(a_findable(colors=()), a_note(), a_note()) == []
    assert causes(a_findable(), a_note(), a_note(), shown=0, answers=199) == []
    assert causes(a_findable(), a_note(), a_note(), shown=0, answers=200) == [Cause.NEVER_SHOWN]


def test_one_sharp_picture_is_enough() -> None:
    assert causes(a_findable(), a_note(blur=0.9, width=50, height=50), a_note()) == []


def test_the_worst_comes_first() -> None:
    product = a_findable(type=None, color="orange", images=(ProductImage("1.jpg", "aa"),))
    assert causes(product, a_note(blur=0.9)) == [Cause.BLURRED, Cause.COLOR, Cause.NO_TYPE, Cause.ONE_PICTURE]


def test_neighboring_colors_do_not_contradict_each_other() -> None:
    for code, word in (("#1d7f86", "turquoise"), ("#101014", "charcoal"), ("#f4efe2", "white"), ("#22335e", "blue")):
        assert color_fits(code, word), (code, word)
    for code, word in (("#1d7f86", "orange"), ("#ffffff", "black"), ("#d02030", "green")):
        assert not color_fits(code, word), (code, word)


def test_a_blurred_picture_is_told_from_a_sharp_one() -> None:
    picture = Image.fromarray(a_drawing("cross", "teal", side=600))
    sharp = picture_quality(np.asarray(picture)).blur
    blurred = picture_quality(np.asarray(picture.filter(ImageFilter.GaussianBlur(6)))).blur
    assert sharp < 0.5 < 0.55 < blurred
    assert picture_quality(np.full((80, 90, 3), 7, dtype=np.uint8)).blur == 1.0


@pytest.mark.parametrize(("ink", "ground"), [((20, 20, 20), "white"), ((250, 250, 250), (30, 60, 90))])
def test_writing_over_a_picture_is_seen(ink: tuple[int, ...], ground: str | tuple[int, ...]) -> None:
    picture = Image.new("RGB", (512, 512), ground)
    assert picture_quality(np.asarray(picture)).text == 0.0
    ImageDraw.Draw(picture).text((40, 60), "SUMMER SALE", fill=ink, font=ImageFont.load_default(size=44))
    assert picture_quality(np.asarray(picture)).text > 0.02


def test_only_what_looks_the_same_and_is_no_variant_is_a_pair() -> None:
    same, other = a_vector(1), a_vector(2)
    looks = [
        Look("a", "mug", "", same),
        Look("b", "mug", "", same),
        Look("c", "mug", "set", same),
        Look("d", "mug", "set", same),
        Look("e", "vase", "", same),
        Look("f", "mug", "", other),
    ]
    pairs, complete = near_pairs(looks)
    assert complete
    assert [(pair.one, pair.other) for pair in pairs] == [("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")]
    assert near_pairs([]) == ([], True)


def test_pairs_are_the_same_however_many_products_lie_between() -> None:
    """More than one tile: the pair spans two of them."""
    rng = np.random.default_rng(20261121)
    table = rng.normal(size=(1_500, 32)).astype(np.float32)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    table[1_400] = table[3]
    looks = [Look(f"p{number:04}", "mug", "", row) for number, row in enumerate(table)]
    assert [(pair.one, pair.other) for pair in near_pairs(looks)[0]] == [("p0003", "p1400")]
