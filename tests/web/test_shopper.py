"""The shopper's whole way in a real browser, against a real server: from a photo to a click that is recorded."""

import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Request, expect

from tests.web.conftest import Watcher, WebShop

FILE = "input[data-role=file]"
MOST_BYTES = 300_000


def find(page: Page, shop: WebShop, photo: Path | None = None) -> None:
    """Open the page and search with a photo; returns when products are shown."""
    page.goto(shop.address)
    page.set_input_files(FILE, photo or shop.photos[0])
    expect(page.locator(".s-card").first).to_be_visible()


def searches(page: Page) -> list[Request]:
    """Collects the searches by photo that the page sends from now on."""
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.url.endswith("/search-by-photo") else None)
    return sent


def fields_of(request: Request) -> dict[str, str]:
    """The text fields of a form that was sent; a file has the value ""."""
    body = request.post_data or ""
    return dict(re.findall(r'name="(\w+)"(?:; filename="[^"]*"\r\n[^\r]*)?\r\n\r\n([^\r]*)', body))


def reported(request: Request) -> dict[str, list[dict[str, str]]]:
    """The JSON that was sent."""
    sent: dict[str, list[dict[str, str]]] = json.loads(request.post_data or "")
    return sent


@contextmanager
def answered(page: Page) -> Iterator[None]:
    """What is done inside asks the server; left when its answer is shown."""
    with page.expect_response("**/search-by-photo"):
        yield
    expect(page.locator(".s-results")).to_have_attribute("aria-busy", "false")


def kept_on_device(page: Page, count: int) -> None:
    """Wait until so many searches are written to the device, not only shown: leaving the page is safe then."""
    page.wait_for_function(
        """async (count) => {
            const open = indexedDB.open("akin", 1);
            const database = await new Promise((resolve) => (open.onsuccess = () => resolve(open.result)));
            const request = database.transaction("searches").objectStore("searches").count();
            const kept = await new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
            database.close();
            return kept === count;
        }""",
        arg=count,
    )


def test_from_a_photo_to_a_click_that_is_recorded(web_shop: WebShop, watch: Watcher) -> None:
    watched = watch.page()
    page = watched.page
    find(page, web_shop)
    card = page.locator(".s-card").first
    expect(card.locator(".s-card-title")).not_to_be_empty()
    expect(card.get_by_role("list", name="Why it is here").get_by_role("listitem").first).to_be_visible()
    expect(card.locator(".s-card-price")).to_contain_text("$")
    page.context.route("https://shop.example/**", lambda route: route.fulfill(body="the shop's page"))
    with (
        page.expect_request(lambda one: '"click"' in (one.post_data or "")) as told,
        page.expect_popup() as opened,
    ):
        card.locator(".s-card-title a").click()
    assert opened.value.url.startswith("https://shop.example/")
    report = reported(told.value)
    assert report["interactions"][0]["product_id"] == card.get_attribute("data-product")
    told.value.response()
    again = httpx.post(told.value.url, json=report, timeout=30)
    assert again.json() == {"recorded": 0}, "it was recorded already"
    watched.quiet()


def test_what_is_seen_is_reported_once(web_shop: WebShop, watch: Watcher) -> None:
    page = watch.page(1440, 900).page
    with page.expect_response(lambda one: "/interactions" in one.url) as told:
        find(page, web_shop)
    assert told.value.status == 200
    seen = [one["product_id"] for one in reported(told.value.request)["interactions"]]
    assert len(seen) == len(set(seen)) > 2


def test_a_crop_by_mouse_asks_again_without_a_second_upload(web_shop: WebShop, watch: Watcher) -> None:
    page = watch.page(1200, 900).page
    find(page, web_shop)
    sent = searches(page)
    corner = page.get_by_role("button", name="Bottom right corner").bounding_box()
    assert corner is not None
    page.mouse.move(corner["x"] + 22, corner["y"] + 22)
    page.mouse.down()
    page.mouse.move(corner["x"] - 20, corner["y"] - 30, steps=5)
    with answered(page):
        page.mouse.up()
    asked = fields_of(sent[0])
    assert len(sent) == 1
    assert asked["photo_id"]
    assert "photo" not in asked
    assert re.fullmatch(r"0\.\d+,0\.\d+,0\.\d+,0\.\d+", asked["crop"])
    with answered(page):
        page.get_by_role("button", name="Find the thing again").click()
    assert "crop" not in fields_of(sent[1])


def test_a_crop_by_touch(web_shop: WebShop, watch: Watcher) -> None:
    page = watch.page(touch=True).page
    find(page, web_shop)
    sent = searches(page)
    frame = page.locator(".s-frame").bounding_box()
    corner = page.get_by_role("button", name="Bottom right corner").bounding_box()
    assert frame is not None
    assert corner is not None
    x, y = corner["x"] + corner["width"] / 2, corner["y"] + corner["height"] / 2
    finger = page.context.new_cdp_session(page)
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 6):
        point = {"x": x - 8 * step, "y": y}
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    with answered(page):
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert fields_of(sent[0])["photo_id"]
    cut = page.locator(".s-frame").bounding_box()
    assert cut is not None
    assert cut["width"] == pytest.approx(frame["width"] - 40, abs=3)
    assert cut["height"] == pytest.approx(frame["height"], abs=3)
    assert page.evaluate("scrollY") == 0


def test_a_crop_by_keyboard(web_shop: WebShop, watch: Watcher) -> None:
    page = watch.page(1200, 900).page
    find(page, web_shop)
    sent = searches(page)
    before = page.locator(".s-frame").bounding_box()
    page.get_by_role("button", name="Top left corner").focus()
    page.clock.install()  # time stands still between the two presses, however slow this machine is
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".s-frame-area [role=status]")).to_contain_text("Frame:")
    with answered(page):
        page.clock.resume()
    after = page.locator(".s-frame").bounding_box()
    assert before is not None
    assert after is not None
    assert after["x"] > before["x"]
    assert after["y"] > before["y"]
    assert len(sent) == 1, "two presses in a row are one question"


def test_words_filters_and_order_change_what_is_found(web_shop: WebShop, watch: Watcher) -> None:
    watched = watch.page(1200, 900)
    page = watched.page
    find(page, web_shop)
    sent = searches(page)
    page.get_by_role("textbox", name="Describe what should be different").fill("white")
    with answered(page):
        page.keyboard.press("Enter")
    assert fields_of(sent[0])["text"] == "white"
    page.get_by_role("button", name="Filters").click()
    brands = page.get_by_role("group", name="Brand")
    label = brands.locator("label").first
    brand, count = label.locator("span").all_inner_texts()
    label.click()
    expect(page.get_by_role("button", name=re.compile(f"^Show {count} product"))).to_be_visible()
    expect(brands.locator("label").nth(1)).to_be_visible()  # the others can still be chosen, with their counts
    page.keyboard.press("Escape")
    expect(page.locator(".s-heading p")).to_have_text(re.compile(f"^{count} product"))
    with answered(page):
        page.get_by_label("Order").select_option(label="Lowest price")
    amounts = [
        float(one.split()[0].replace("$", "").replace(",", ""))
        for one in page.locator(".s-card-price").all_text_contents()  # a card not painted yet has no inner text
    ]
    assert len(amounts) == int(count)
    assert amounts == sorted(amounts)
    with answered(page):
        page.get_by_role("button", name=f"Remove the filter {brand}").click()
    assert "filters" not in fields_of(sent[-1])
    watched.quiet()


def test_more_products_come_on_the_way_down(web_shop: WebShop, watch: Watcher) -> None:
    page = watch.page(1200, 900).page
    find(page, web_shop)
    total = int(page.locator(".s-heading p").inner_text().split()[0])
    assert total > 12, "more than one page"
    while (before := page.locator(".s-card").count()) < total:
        page.mouse.wheel(0, 4000)
        page.wait_for_function("n => document.querySelectorAll('.s-card').length > n", arg=before)
    expect(page.get_by_text("That is everything.")).to_be_visible()
    shown = page.locator(".s-card").evaluate_all("cards => cards.map(card => card.dataset.product)")
    assert len(set(shown)) == total


def test_similar_to_this_and_back(web_shop: WebShop, watch: Watcher) -> None:
    watched = watch.page(1200, 900)
    page = watched.page
    find(page, web_shop)
    first = page.locator(".s-card").first
    title = first.locator(".s-card-title").inner_text()
    first.get_by_role("button", name="Similar to").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Similar to {title}")
    expect(page.locator(".s-card").first).to_be_visible()
    assert "like=" in page.url
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Similar to {title}")
    page.go_back()
    watched.quiet()


def test_back_shows_what_was_found_without_asking(web_shop: WebShop, watch: Watcher) -> None:
    page = watch.page(1200, 900).page
    find(page, web_shop)
    title = page.locator(".s-card-title").first.inner_text()
    page.locator(".s-card").nth(1).get_by_role("button", name="Similar to").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Similar to")
    sent = searches(page)
    page.go_back()
    expect(page.locator(".s-card-title").first).to_have_text(title)
    assert sent == []


def test_what_was_searched_stays_on_the_device_and_can_be_forgotten(web_shop: WebShop, watch: Watcher) -> None:
    page = watch.page().page
    find(page, web_shop)
    page.get_by_role("button", name="New search").click()
    again = page.get_by_role("button", name="Search again")
    expect(again).to_have_count(1)
    kept_on_device(page, 1)
    page.goto(web_shop.address)
    again.click()
    expect(page.locator(".s-card").first).to_be_visible()
    page.get_by_role("button", name="New search").click()
    page.get_by_role("button", name="Forget all").click()
    kept_on_device(page, 0)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(again).to_have_count(0)


def test_what_was_not_meant_is_taken_out_and_told(web_shop: WebShop, watch: Watcher) -> None:
    page = watch.page().page
    find(page, web_shop)
    card = page.locator(".s-card").first
    product = card.get_attribute("data-product")
    with page.expect_request(lambda one: '"reject"' in (one.post_data or "")) as told:
        card.get_by_role("button", name="Not what I meant").click()
    assert reported(told.value)["interactions"][0]["product_id"] == product
    expect(page.locator(f'[data-product="{product}"]')).to_have_count(0)


def test_what_is_sold_out_is_marked(web_shop: WebShop, watch: Watcher) -> None:
    page = watch.page(1200, 900).page
    filters = '{"availability": ["out_of_stock"]}'
    gone = httpx.get(f"{web_shop.server.address}/products", params={"filters": filters}, timeout=30).json()["items"]
    assert gone, "the shop has something that is sold out"
    page.goto(f"{web_shop.address}?q={gone[0]['title']}")
    card = page.locator(f'[data-product="{gone[0]["id"]}"]')
    expect(card.get_by_text("Sold out")).to_be_visible()


def test_a_photo_of_12_megapixels_is_shrunk_and_turned_before_it_is_sent(
    web_shop: WebShop, watch: Watcher, tmp_path: Path, rng: np.random.Generator
) -> None:
    photo = tmp_path / "phone.jpg"
    grain = rng.integers(0, 60, (3000, 4000, 3), dtype=np.uint8)
    with Image.open(web_shop.photos[0]) as thing:
        lying = Image.fromarray(np.asarray(thing.convert("RGB").resize((4000, 3000))) // 2 + grain)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned right by a quarter
    lying.save(photo, quality=92, exif=exif)
    assert photo.stat().st_size > 3_000_000
    page = watch.page().page
    page.goto(web_shop.address)
    with page.expect_request("**/search-by-photo") as told:
        page.set_input_files(FILE, photo)
    expect(page.locator(".s-photo img")).to_be_visible()
    assert 1000 < int(told.value.all_headers()["content-length"]) < MOST_BYTES
    size = page.locator(".s-photo img").evaluate("one => [one.naturalWidth, one.naturalHeight]")
    assert size == [600, 800]


def test_a_picture_can_be_pasted_and_dropped(web_shop: WebShop, watch: Watcher) -> None:
    page = watch.page(1200, 900).page
    data = io.BytesIO()
    with Image.open(web_shop.photos[1]) as photo:
        photo.save(data, "PNG")
    give = """([bytes, kind]) => {
        const files = new DataTransfer();
        files.items.add(new File([new Uint8Array(bytes)], "thing.png", { type: "image/png" }));
        const event = kind === "paste"
            ? new ClipboardEvent("paste", { clipboardData: files, bubbles: true })
            : new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true });
        document.body.dispatchEvent(event);
    }"""
    for kind in ("paste", "drop"):
        page.goto(web_shop.address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.evaluate(give, [list(data.getvalue()), kind])
        expect(page.locator(".s-card").first).to_be_visible()


def test_the_page_speaks_german(web_shop: WebShop, watch: Watcher) -> None:
    page = watch.page().page
    page.goto(web_shop.address)
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Finden, was so aussieht")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.set_input_files(FILE, web_shop.photos[0])
    expect(page.locator(".s-card-price").first).to_contain_text(re.compile(r"\d+,\d\d\s\$"))
