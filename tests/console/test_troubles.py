"""What goes wrong at the console is said in a clear sentence, with a way on.

The test of keys is last: with the first one the server asks for them.
"""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from app.identity import DEFAULT_SHOP, KeyStore, Scope
from tests.builders import a_photo_file
from tests.console.conftest import Sit
from tests.edge.picture_server import PictureServer

WEB_PAGE = b"<!doctype html><html><head><title>Sign in</title></head><body><p>Please sign in.</p></body></html>\n" * 20


def trouble(page: Page) -> str:
    """The sentence that is shown, read aloud too."""
    alert = page.get_by_role("alert").first
    expect(alert).to_be_visible()
    return alert.inner_text()


@pytest.mark.parametrize("room", ["lab", "catalog"])
def test_a_photo_of_40_megabytes_is_shrunk_and_a_pdf_explained(sit: Sit, tmp_path: Path, room: str) -> None:
    desk = sit()
    desk.go(room)
    page = desk.page
    field = page.locator("input[type=file]").first
    shown = page.locator(".c-candidate" if room == "lab" else ".c-tile .a-badge").first
    (tmp_path / "offer.jpg").write_bytes(b"%PDF-1.7\n" + b"0" * 5000)
    field.set_input_files(tmp_path / "offer.jpg")
    assert "no picture that can be read" in trouble(page)
    (tmp_path / "ring.jpg").write_bytes(a_photo_file("ring", "teal", seed=9))
    large = tmp_path / "large.bmp"
    with Image.open(tmp_path / "ring.jpg") as photo:
        photo.resize((4200, 3300)).save(large)
    assert large.stat().st_size > 40_000_000
    field.set_input_files(large)  # the way on
    expect(shown).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    heic = tmp_path / "large.heic"
    heic.write_bytes(b"\x00\x00\x00\x18ftypheic" + b"\0" * 40_000_000)
    field.set_input_files(heic)
    assert "too large" in trouble(page)


@pytest.mark.parametrize("way", ["file", "address"])
def test_a_feed_that_is_a_web_page_is_named_as_one(sit: Sit, pictures: PictureServer, tmp_path: Path, way: str) -> None:
    desk = sit()
    desk.go("loads")
    page = desk.page
    if way == "file":
        (tmp_path / "feed.tsv").write_bytes(WEB_PAGE)
        page.locator("input[type=file]").first.set_input_files(tmp_path / "feed.tsv")
    else:
        pictures.feeds["/feed.tsv"] = WEB_PAGE
        page.get_by_label("or its address").fill(f"{pictures.address}/feed.tsv")
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/console#/loads/*")
    assert "web page" in trouble(page)
    page.get_by_role("link", name="Back to the loads").click()
    expect(page.get_by_role("heading", name="Load a feed")).to_be_visible()


def test_offline_in_the_middle_nothing_is_lost_and_the_page_comes_back_by_itself(sit: Sit, tmp_path: Path) -> None:
    desk = sit()
    desk.go("loads")
    page = desk.page
    (tmp_path / "feed.tsv").write_bytes(b"id\ttitle\n")
    page.get_by_role("table", name="Versions of the catalog").wait_for()
    page.locator("input[type=file]").first.set_input_files(tmp_path / "feed.tsv")
    page.context.set_offline(True)
    page.locator("button[type=submit]").first.click()
    assert "cannot be reached" in trouble(page)
    expect(page.get_by_role("table", name="Versions of the catalog")).to_be_visible()
    page.context.set_offline(False)
    page.locator("button[type=submit]").first.click()  # the file is still chosen
    page.wait_for_url("**/console#/loads/*")
    desk.go("loads")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.context.set_offline(True)
    expect(page.get_by_role("alert").first).to_contain_text("cannot be reached")
    page.context.set_offline(False)
    expect(page.get_by_role("alert")).to_have_count(0)
    desk.said[:] = [one for one in desk.said if "ERR_INTERNET_DISCONNECTED" not in one]


def test_a_key_that_is_over_or_too_weak_says_so_and_another_one_goes_on(sit: Sit, settings: dict[str, str]) -> None:
    path = Path(settings["AKIN_KEYS"])
    keys = KeyStore(path)
    good = keys.create(name="console", shop=DEFAULT_SHOP, scopes=[Scope.ADMIN])
    weak = keys.create(name="app", shop=DEFAULT_SHOP, scopes=[Scope.SEARCH])
    gone = keys.create(name="revoked", shop=DEFAULT_SHOP, scopes=[Scope.ADMIN])
    keys.revoke(gone.key.id)
    long_ago = KeyStore(path, clock=lambda: time.time() - 100 * 86_400)
    expired = long_ago.create(name="expired", shop=DEFAULT_SHOP, scopes=[Scope.ADMIN], lives_for=timedelta(days=1))
    desk = sit()
    page = desk.page
    desk.go("loads")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    for one in (expired, gone):
        page.get_by_label("Key").fill(one.text)
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("expired or revoked")
    page.get_by_label("Key").fill(weak.text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("This key may not do that")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Key").fill(good.text)
    page.keyboard.press("Enter")
    page.get_by_role("table", name="Versions of the catalog").wait_for()
    keys.revoke(good.key.id)  # in the middle of the work
    expect(page.get_by_role("alert")).to_contain_text("expired or revoked")
    expect(page.get_by_label("Key")).to_be_visible()
    assert desk.violations() == []
