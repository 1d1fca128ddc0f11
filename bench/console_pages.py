"""The console in Chromium: what the keyboard alone reaches in every room."""

from pathlib import Path

from playwright.sync_api import Page

from bench.web_pages import chromium
from bench.web_shop import opened, served_shop
from tests.builders import a_photo_file

ROOMS = ("catalog", "catalog/p0", "loads", "lab", "findability", "health", "keys")
CONTROLS = "a[href], button:not([disabled]), input:not([disabled]), select, summary, textarea"
_MOST_STEPS = 600


def keyboard_share() -> float:
    """Share of the controls shown in all rooms that Tab reaches, each with a focus that can be seen."""
    with served_shop() as shop, chromium() as browser:
        photo = shop.folder / "photo.jpg"
        photo.write_bytes(a_photo_file("ring", "teal", seed=9))
        page = opened(browser, width=1280, height=720)
        counts = [_of_room(page, shop.address, room, photo) for room in ROOMS]
    return sum(reached for reached, _ in counts) / sum(shown for _, shown in counts)


def _of_room(page: Page, address: str, room: str, photo: Path) -> tuple[int, int]:
    """(controls that Tab reaches visibly, controls shown) of a room."""
    page.goto(f"{address}/console#/{room}")
    page.locator("main h1").wait_for()
    page.locator(".c-loading").first.wait_for(state="detached")
    if room == "lab":
        page.locator("input[type=file]").first.set_input_files(photo)
        page.locator(".c-candidate").first.wait_for()
    page.evaluate(
        "controls => [...document.querySelectorAll(controls)].filter(one => one.checkVisibility())"
        ".forEach((one, number) => one.dataset.control = number)",
        CONTROLS,
    )
    shown = page.locator("[data-control]").count()
    page.evaluate("document.activeElement?.blur()")
    reached: set[str] = set()
    for _ in range(_MOST_STEPS):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "(() => { const one = document.activeElement; const style = one && getComputedStyle(one);"
            " return one?.dataset?.control !== undefined && style.outlineStyle !== 'none' ? one.dataset.control : null"
            " })()"
        )
        if found is not None:
            reached.add(found)
        if len(reached) == shown:
            break
    return len(reached), shown
