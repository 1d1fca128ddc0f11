"""The console in a real browser: from a feed with errors to a published version, by keyboard, by two people."""

from pathlib import Path

import pytest

from tests.builders import a_photo_file
from tests.console.conftest import Desk, Sit
from tests.edge.picture_server import PictureServer
from tests.hostile import HOSTILE

ROOMS = ("catalog", "catalog/ring-teal", "loads", "lab", "findability", "health", "keys")


def a_feed(pictures: PictureServer, *rows: tuple[str, str, str]) -> bytes:
    """A feed of (id, title, price) whose pictures are drawn."""
    head = "id\ttitle\tlink\timage_link\tprice\tavailability\tproduct_type"
    picture = f"{pictures.address}/ring-red"
    lines = [
        f"{one}\t{title}\thttps://shop.example/p\t{picture}-{number}.jpg\t{price}\tin_stock\tThings > Rings"
        for number, (one, title, price) in enumerate(rows, start=40)
    ]
    return "\n".join([head, *lines, ""]).encode()


def load(desk: Desk, feed: bytes, tmp_path: Path, *wishes: str) -> None:
    """Choose a feed, say how, and wait for the end of its load."""
    (tmp_path / "feed.tsv").write_bytes(feed)
    desk.go("loads")
    page = desk.page
    page.locator("input[type=file]").first.set_input_files(tmp_path / "feed.tsv")
    for wish in wishes:
        page.get_by_label(wish).first.check()
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/console#/loads/*")
    page.locator("p[role=status] .a-badge", has_text="published").or_(
        page.locator("p[role=status] .a-badge", has_text="refused")
    ).first.wait_for()


def test_a_feed_with_errors_becomes_a_published_version(sit: Sit, pictures: PictureServer, tmp_path: Path) -> None:
    desk = sit()
    rows = [("new-ring", "A new ring", "12.00 USD"), ("bad-ring", "A ring without a price", "twelve")]
    load(desk, a_feed(pictures, *rows), tmp_path, "Only these products change (delta)", "Publish even if")
    page = desk.page
    row = page.get_by_role("row").filter(has_text="bad-ring")
    assert "price" in row.inner_text()
    assert len(row.get_by_role("cell").all_inner_texts()) == 5
    assert desk.violations() == []
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the rows").click()
    mended = Path(waiting.value.path()).read_bytes().replace(b"twelve", b"12.00 USD")
    (tmp_path / "mended.tsv").write_bytes(mended)
    page.locator("input[type=file]").last.set_input_files(tmp_path / "mended.tsv")
    before = page.url
    page.locator("button[type=submit]").last.click()
    page.wait_for_url(lambda now: now != before)
    page.locator("p[role=status]", has_text="Published").wait_for()
    desk.go("catalog/bad-ring")
    page.get_by_role("heading", name="A ring without a price").wait_for()
    page.locator(".c-box").first.wait_for()


def test_two_people_publishing_at_once_do_not_undo_each_other(
    sit: Sit, pictures: PictureServer, tmp_path: Path
) -> None:
    rows = [("two-ring", f"A ring that makes another version, {tmp_path.name}", "14.00 USD")]
    load(sit(), a_feed(pictures, *rows), tmp_path, "Only these products change (delta)", "Publish even if")
    one, other = sit(), sit()
    for desk in (one, other):
        desk.go("loads")
        desk.page.get_by_role("button", name="Publish").first.click()
        desk.page.get_by_role("dialog").wait_for()
    asked = one.page.get_by_role("dialog").locator("p").inner_text()
    assert other.page.get_by_role("dialog").locator("p").inner_text() == asked
    chosen = asked.split()[1]
    one.page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    for desk in (one, other):  # the list behind the other's dialog is fetched anew by itself; what was asked stays
        row = desk.page.get_by_role("row", include_hidden=True).filter(has_text=chosen)
        row.locator(".a-badge", has_text="published").wait_for()
    assert other.page.get_by_role("dialog").locator("p").inner_text() == asked
    other.page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    other.page.get_by_role("alert").filter(has_text="Somebody changed the versions").wait_for()
    assert "Look at the list again" in other.page.get_by_role("alert").inner_text()


def test_a_photo_is_taken_apart_and_judged_by_keyboard_alone(sit: Sit, tmp_path: Path) -> None:
    desk = sit()
    desk.go("lab")
    page = desk.page
    (tmp_path / "ring.jpg").write_bytes(a_photo_file("ring", "teal", seed=9))
    page.locator("input[type=file]").first.set_input_files(tmp_path / "ring.jpg")
    page.locator(".c-candidate").first.wait_for()
    summary = page.locator(".c-candidate summary").first
    tab_to(desk, summary.evaluate_handle("one => one"))
    page.keyboard.press("Enter")
    page.get_by_role("row", name="constant").first.wait_for()
    tab_to(desk, page.get_by_label("Is it right?").first.evaluate_handle("one => one"))
    page.keyboard.press("e")  # exact
    page.get_by_text("ring-teal: exact").wait_for()
    assert desk.violations() == []


def tab_to(desk: Desk, wanted: object) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(200):
        desk.page.keyboard.press("Tab")
        if desk.page.evaluate("one => document.activeElement === one", wanted):
            return
    raise AssertionError("the keyboard does not reach it")


def test_hostile_words_are_only_words(sit: Sit, pictures: PictureServer, tmp_path: Path) -> None:
    desk = sit(width=360)
    rows = [(f"h{number}", text, "1.00 USD") for number, text in enumerate(HOSTILE[::4])]
    load(desk, a_feed(pictures, *rows), tmp_path, "Only these products change (delta)", "Publish even if")
    for room in ("catalog", "catalog/h0", "catalog/h5", "findability"):
        desk.go(room)
        desk.page.locator("main img, main .c-picture").first.wait_for()
        assert desk.page.evaluate("window.hacked === undefined"), room
        assert desk.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), room


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_room_is_accessible_in_both_themes(sit: Sit, theme: str) -> None:
    desk = sit(theme=theme, width=768)
    for room in ROOMS:
        desk.go(room)
        desk.page.locator(".c-loading").first.wait_for(state="detached")
        assert desk.violations() == [], room
        assert desk.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), room


def test_it_speaks_german(sit: Sit) -> None:
    desk = sit(locale="de-DE")
    desk.go("findability")
    assert desk.page.locator("h1").inner_text() == "Auffindbarkeit"
    assert desk.page.locator("html").get_attribute("lang") == "de"


def test_the_first_key_is_made_and_an_expired_one_asks_for_another(sit: Sit) -> None:
    """The last test of this file: the server asks for keys from then on."""
    desk = sit()
    desk.go("keys")
    page = desk.page
    page.get_by_label("Who uses it").fill("console")
    page.get_by_label("everything (admin)").check()
    page.get_by_role("button", name="Make the key").click()
    page.get_by_text("Keep it now").wait_for()
    text = page.locator(".c-secret").inner_text()
    assert text.startswith("akin_")
    row = page.get_by_role("row").filter(has_text="console")
    row.get_by_role("button", name="Rotate").click()
    page.get_by_role("dialog").get_by_role("button", name="Rotate").click()
    page.get_by_role("row").nth(2).wait_for()
    row.last.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    page.get_by_role("alert").filter(has_text="expired or revoked").wait_for()
    new = sit()
    new.go("health")
    new.page.get_by_text("This server asks for a key.").wait_for()
    assert new.violations() == []
    new.page.get_by_label("Key").fill("akin_live_wrong")
    new.page.keyboard.press("Enter")
    new.page.get_by_role("alert").filter(has_text="opens nothing").wait_for()
