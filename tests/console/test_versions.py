"""Two versions of the catalog, compared on judged photos in a real browser before the second is published."""

import json
from pathlib import Path

import httpx

from app.benchmark import RunningServer
from tests.builders import a_photo_file
from tests.console.conftest import Sit
from tests.console.test_console import a_feed, tab_to
from tests.edge.picture_server import PictureServer


def test_two_versions_are_compared_and_one_is_published_by_keyboard_alone(
    sit: Sit, server: RunningServer, pictures: PictureServer, tmp_path: Path
) -> None:
    told = json.dumps({"name": "ring.jpg", "product": "ring-teal"})
    photo = {"photo": a_photo_file("ring", "teal", seed=9)}
    httpx.post(f"{server.address}/judged-photos", files=photo, data={"judged": told}).raise_for_status()
    desk = sit()
    desk.go("loads")
    page = desk.page
    page.get_by_text("There is one version only").wait_for()
    (tmp_path / "feed.tsv").write_bytes(a_feed(pictures, ("only-ring", "The only ring", "12.00 USD")))
    page.locator("input[type=file]").first.set_input_files(tmp_path / "feed.tsv")
    for wish in ("Publish even if", "Do not publish yet"):
        tab_to(desk, page.get_by_label(wish).first.evaluate_handle("one => one"))
        page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("It waits beside the published version").wait_for()
    assert desk.violations() == []
    tab_to(desk, page.get_by_role("link", name="Compare two versions").evaluate_handle("one => one"))
    page.keyboard.press("Enter")
    measure = page.get_by_role("button", name="Measure both")
    tab_to(desk, measure.evaluate_handle("one => one"))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="1 photo got worse").wait_for()
    assert "ring.jpg" in page.get_by_role("listitem").filter(has_text="ring.jpg").inner_text()
    assert "1.00" in page.get_by_role("row", name="The right product first").inner_text()
    assert desk.violations() == []
    chosen = page.get_by_role("row").filter(has_text="ready").locator("code").inner_text()
    tab_to(desk, page.get_by_role("button", name=f"Publish {chosen}").evaluate_handle("one => one"))
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    assert f"Publish {chosen} in the place of" in dialog.inner_text()
    tab_to(desk, dialog.get_by_role("button", name="Publish").evaluate_handle("one => one"))
    page.keyboard.press("Enter")
    row = page.get_by_role("row").filter(has_text=chosen)
    row.locator(".a-badge", has_text="published").wait_for()
    assert page.get_by_role("button", name=f"Publish {chosen}").count() == 0
