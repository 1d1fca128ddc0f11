"""What goes wrong is said in a clear sentence, with a way on; and what a feed holds never becomes a script."""

import os
import re
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.hostile import HOSTILE
from tests.web.conftest import Watcher, WebShop
from tests.web.test_shopper import FILE, find


def trouble(page: Page) -> str:
    """The sentence that is shown, read aloud too."""
    alert = page.get_by_role("alert")
    expect(alert).to_be_visible()
    return alert.inner_text()


def test_a_pdf_is_no_picture(web_shop: WebShop, watch: Watcher, tmp_path: Path) -> None:
    watched = watch.page()
    page = watched.page
    pdf = tmp_path / "photo.jpg"
    pdf.write_bytes(b"%PDF-1.7\n" + b"0" * 5000)
    page.goto(web_shop.address)
    page.set_input_files(FILE, pdf)
    assert "no picture" in trouble(page)
    page.set_input_files(FILE, web_shop.photos[0])  # the way on
    expect(page.locator(".s-card").first).to_be_visible()
    watched.quiet()


def test_a_damaged_picture_is_told_apart(web_shop: WebShop, watch: Watcher, tmp_path: Path) -> None:
    page = watch.page().page
    torn = tmp_path / "torn.jpg"
    torn.write_bytes(b"\xff\xd8\xff\xe0" + os.urandom(3000))
    page.goto(web_shop.address)
    page.set_input_files(FILE, torn)
    assert "damaged" in trouble(page)


def test_a_tiny_picture_is_refused_on_the_device(web_shop: WebShop, watch: Watcher, tmp_path: Path) -> None:
    page = watch.page().page
    Image.new("RGB", (40, 40), "teal").save(tmp_path / "tiny.png")
    page.goto(web_shop.address)
    page.set_input_files(FILE, tmp_path / "tiny.png")
    assert "too small" in trouble(page)


def test_a_picture_of_40_megabytes_is_shrunk_or_explained(web_shop: WebShop, watch: Watcher, tmp_path: Path) -> None:
    """What the browser can read is shrunk; what only the server reads and is too large is explained, unsent."""
    page = watch.page().page
    large = tmp_path / "large.bmp"
    with Image.open(web_shop.photos[0]) as photo:
        photo.convert("RGB").resize((4200, 3200)).save(large)
    assert large.stat().st_size > 40_000_000
    page.goto(web_shop.address)
    page.set_input_files(FILE, large)
    expect(page.locator(".s-card").first).to_be_visible(timeout=60_000)
    heic = tmp_path / "large.heic"
    heic.write_bytes(b"\x00\x00\x00\x18ftypheic" + b"\0" * 40_000_000)
    page.goto(web_shop.address)
    page.set_input_files(FILE, heic)
    assert "too large" in trouble(page)


def test_without_leave_to_use_the_camera_there_is_a_way_on(web_shop: WebShop, watch: Watcher) -> None:
    page = watch.page(1200, 900).page  # a desktop: the page's own camera
    page.goto(web_shop.address)
    page.evaluate(
        """() => {
            const denied = new DOMException("denied", "NotAllowedError");
            navigator.mediaDevices.getUserMedia = () => Promise.reject(denied);
        }"""
    )
    page.get_by_role("button", name="Take a photo").click()
    expect(page.get_by_text("The camera may not be used")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Take a photo")).to_be_focused()
    expect(page.get_by_role("button", name="Choose a picture")).to_be_visible()


def test_without_a_camera_it_says_so(web_shop: WebShop, watch: Watcher) -> None:
    page = watch.page(1200, 900).page
    page.goto(web_shop.address)
    page.get_by_role("button", name="Take a photo").click()  # this machine has none
    expect(page.get_by_text(re.compile("No camera was found|The camera may not be used"))).to_be_visible()


def test_offline_in_the_middle_nothing_is_lost(web_shop: WebShop, watch: Watcher) -> None:
    watched = watch.page()
    page = watched.page
    find(page, web_shop)
    page.context.set_offline(True)
    expect(page.get_by_text("You are offline")).to_be_visible()
    page.get_by_role("textbox", name="Describe what should be different").fill("white")
    page.keyboard.press("Enter")
    assert "no connection" in trouble(page)
    expect(page.locator(".s-card").first).to_be_visible()
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    watched.quiet("ERR_INTERNET_DISCONNECTED")


def test_the_page_opens_without_a_connection(web_shop: WebShop, watch: Watcher) -> None:
    watched = watch.page()
    page = watched.page
    page.goto(web_shop.address)
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Find what looks like it")
    expect(page.get_by_text("You are offline")).to_be_visible()
    watched.quiet("ERR_INTERNET_DISCONNECTED")


def test_a_key_that_is_asked_for_can_be_given(web_shop: WebShop, watch: Watcher) -> None:
    """A server that asks for keys answers 401; the page says so, takes one and goes on."""
    watched = watch.page()
    page = watched.page
    page.goto(web_shop.address)
    seen: list[str | None] = []
    problem = {"code": "key-expired", "status": 401, "detail": "x", "fix": None, "request_id": "r1", "title": "t"}

    def guard(route: Route) -> None:
        key = route.request.headers.get("authorization")
        seen.append(key)
        if key == "Bearer new-key":
            known = {name: value for name, value in route.request.headers.items() if name != "authorization"}
            route.continue_(headers=known)  # this server has no keys, and refuses one that it does not know
        else:
            route.fulfill(status=401, json=problem, content_type="application/problem+json")

    page.route("**/search-by-photo", guard)
    page.set_input_files(FILE, web_shop.photos[0])
    assert "expired" in trouble(page)
    page.get_by_label("Key").fill("new-key")
    page.get_by_role("button", name="Use this key").click()
    expect(page.locator(".s-card").first).to_be_visible()
    assert seen == [None, "Bearer new-key"]
    watched.quiet("401")


def test_a_photo_the_server_forgot_is_sent_again(web_shop: WebShop, watch: Watcher) -> None:
    page = watch.page(1200, 900).page
    find(page, web_shop)
    gone = {"code": "photo-not-found", "status": 404, "detail": "x", "fix": None, "request_id": "r", "title": "t"}
    page.route("**/search-by-photo", lambda route: route.fulfill(status=404, json=gone), times=1)
    page.get_by_role("textbox", name="Describe what should be different").fill("white")
    with page.expect_response(lambda one: one.url.endswith("/search-by-photo") and one.ok):
        page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_when_nothing_passes_it_says_so(web_shop: WebShop, watch: Watcher) -> None:
    page = watch.page().page
    page.goto(f"{web_shop.address}?q=xylophone+quartz")
    expect(page.get_by_text("No product fits these words")).to_be_visible()


@pytest.fixture
def hostile_shop(web_shop: WebShop) -> WebShop:
    """The shop with hostile words in titles and brands; every product has its own."""
    with httpx.Client(base_url=web_shop.server.address, timeout=60) as client:
        items = client.get("/products", params={"limit": 100}).json()["items"]
        assert len(items) >= len(HOSTILE)
        for text, item in zip(HOSTILE, items, strict=False):
            patch = {"title": text[:300], "brand": text[:100], "material": text[:100]}
            response = client.patch(f"/products/{item['id']}", json=patch)
            assert response.status_code == 200, response.text
    return web_shop


@pytest.mark.parametrize("width", [360, 1440])
def test_hostile_words_of_a_feed_stay_words(hostile_shop: WebShop, watch: Watcher, width: int) -> None:
    watched = watch.page(width, 900)
    page = watched.page
    photos = hostile_shop.photos
    page.goto(hostile_shop.address)
    page.set_input_files(FILE, {"name": HOSTILE[0], "mimeType": "image/jpeg", "buffer": photos[0].read_bytes()})
    expect(page.locator(".s-card").first).to_be_visible()
    shown = "\n".join(page.locator(".s-card-title").all_text_contents())
    assert any(text in shown for text in HOSTILE)
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_role("group", name="Brand")).to_be_visible()
    assert page.evaluate("document.querySelector('dialog').scrollWidth <= innerWidth")
    page.keyboard.press("Escape")
    page.locator(".s-card").first.get_by_role("button", name="Similar to").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Similar to")
    expect(page.locator(".s-card").first).to_be_visible()
    assert page.evaluate("[window.hacked, document.documentElement.scrollWidth <= innerWidth]") == [None, True]
    watched.quiet()
