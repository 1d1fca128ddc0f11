"""The console in Chromium: what the keyboard alone reaches in every room."""

import os
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from app.benchmark import running_server
from app.web import STATIC
from bench.drawn_shop import run_loader, write_shop
from bench.promise import NotMeasurable
from tests.builders import a_photo_file

ROOMS = ("catalog", "catalog/p0", "loads", "lab", "findability", "health", "keys")
CONTROLS = "a[href], button:not([disabled]), input:not([disabled]), select, summary, textarea"
_MOST_STEPS = 600
_PATIENCE_MS = 60_000


def keyboard_share() -> float:
    """Share of the controls shown in all rooms that Tab reaches, each with a focus that can be seen."""
    chromium = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
    if chromium is None or not (STATIC / "console" / "index.html").is_file():
        raise NotMeasurable("needs the built pages (make web) and Chromium (apt-get install chromium)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = {
            f"AKIN_{one}": str(folder / file)
            for one, file in {
                "PHOTO_STORE": "photos.db", "EVENTS": "events.db", "INSIGHTS": "insights", "LOADS": "loads",
                "KEYS": "keys.db",
            }.items()
        }  # fmt: skip
        loaded = run_loader(folder, "load", str(write_shop(folder, 12)), AKIN_INSIGHTS=settings["AKIN_INSIGHTS"])
        if loaded.returncode:
            raise NotMeasurable(f"the shop could not be loaded: {loaded.stderr[-200:]}")
        (folder / "photo.jpg").write_bytes(a_photo_file("ring", "teal", seed=9))
        settings |= {"AKIN_CATALOG": f"sqlite:///{folder / 'akin.db'}", "AKIN_DEADLINE_MS": "60000"}
        with running_server(settings, folder / "server.log") as server, sync_playwright() as playwright:
            options = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=chromium, args=options)
            page = browser.new_page()
            page.set_default_timeout(_PATIENCE_MS)
            counts = [_of_room(page, server.address, room, folder / "photo.jpg") for room in ROOMS]
            browser.close()
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
