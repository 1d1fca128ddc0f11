"""Several things in one photo: each can be tapped, and is then searched for without the photo going again."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.web.conftest import DEMO, Watcher, WebShop
from tests.web.test_shopper import answered, fields_of, find, searches

PICTURES = ("armchair-001-gray-1.jpg", "armchair-002-burgundy-2.jpg")


@pytest.fixture
def two_things(tmp_path: Path) -> Path:
    """A photo with two products side by side."""
    photo = Image.new("RGB", (1000, 500), "white")
    for place, name in enumerate(PICTURES):
        with Image.open(DEMO / "pictures" / name) as picture:
            photo.paste(picture.convert("RGB").resize((420, 420)), (30 + 500 * place, 40))
    path = tmp_path / "two.jpg"
    photo.save(path, quality=90)
    return path


def framed(page: Page) -> tuple[float, float]:
    """Left edge and width of the frame, as shares of the photo."""
    frame, photo = page.locator(".s-frame").bounding_box(), page.locator(".s-photo img").bounding_box()
    assert frame is not None
    assert photo is not None
    return (frame["x"] - photo["x"]) / photo["width"], frame["width"] / photo["width"]


@pytest.mark.parametrize("how", ["mouse", "touch", "keyboard"])
def test_another_thing_of_the_photo_is_searched_for_when_it_is_tapped(
    web_shop: WebShop, watch: Watcher, two_things: Path, how: str
) -> None:
    watched = watch.page(390 if how == "touch" else 1200, 900, touch=how == "touch")
    page = watched.page
    find(page, web_shop, two_things)
    sent = searches(page)
    other = page.get_by_role("list", name="Things in the photo").get_by_role("button")
    expect(other).to_have_count(2)  # at first the frame holds both
    for turn in range(3):  # to the one, to the other and back again
        before = framed(page)
        with answered(page):
            if how == "touch":
                other.first.tap()
            elif how == "mouse":
                other.first.click()
            else:
                other.first.focus()
                page.keyboard.press("Enter")
        asked = fields_of(sent[turn])
        assert asked["photo_id"]
        assert "photo" not in asked, "the photo was sent again"
        left, _, width, _ = (float(part) for part in asked["crop"].split(","))
        expect(page.locator(".s-card").first).to_be_visible()
        expect(other).to_have_count(1)  # what is in the frame already is not offered
        assert framed(page) == pytest.approx((left, width), abs=0.03)
        assert turn == 0 or abs(framed(page)[0] - before[0]) > 0.3, "the frame went to the other side"
    watched.quiet()
