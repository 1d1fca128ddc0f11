"""The shopper's page in Chromium as a slow phone on a slow line has it: CPU slowed 4 times, 400 kbit/s, 150 ms.

Needs the built pages (`make web`) and Chromium (`make browser`); the server and the demo shop are real.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from app.benchmark import RunningServer, running_server
from app.web import STATIC, built_files
from bench.promise import NotMeasurable
from bench.shops import DEMO, demo_shop

CPU_SLOWDOWN = 4
BYTES_PER_S = 400_000 / 8
LATENCY_MS = 150
MEGAPIXELS_12 = (4000, 3000)
RUNS = 3


def script_sizes() -> Mapping[str, float]:
    """Kilobytes of script, compressed, of the shopper's first view and of the widget."""
    files = {one.path: one for one in built_files()}
    if not files:
        raise NotMeasurable("the pages are not built; make web")
    page = files["/"].data.decode()
    first = [one for path, one in files.items() if path.endswith(".js") and path in page]
    packed = sum(len(one.packed["gzip"]) for one in first)
    return {"shop_kb": packed / 1000, "widget_kb": len(files["/widget.js"].packed["gzip"]) / 1000}


def slow_phone() -> Mapping[str, float]:
    """Seconds until the page can be used; from a chosen 12-megapixel photo to results; kilobytes sent."""
    with served() as server, chromium() as browser, tempfile.TemporaryDirectory() as folder:
        photo = _phone_photo(Path(folder))
        ready, found, sent = [], [], []
        for _ in range(RUNS):
            page = _slow_page(browser)
            began = time.monotonic()
            page.goto(server.address, wait_until="commit")
            page.get_by_role("button", name="Choose a picture").wait_for()
            ready.append(time.monotonic() - began)
            page.wait_for_load_state("networkidle")
            with page.expect_request("**/search-by-photo") as told:
                began = time.monotonic()
                page.set_input_files("input[data-role=file]", photo)
            page.locator(".s-card").first.wait_for()
            found.append(time.monotonic() - began)
            sent.append(int(told.value.all_headers()["content-length"]) / 1000)
            page.context.close()
    return {"usable_s": _median(ready), "found_s": _median(found), "upload_kb": max(sent)}


@contextmanager
def served() -> Iterator[RunningServer]:
    """The demo shop, served with the pages."""
    if not (STATIC / "index.html").is_file():
        raise NotMeasurable("the pages are not built; make web")
    with demo_shop() as shop, tempfile.TemporaryDirectory() as folder:
        files = {"AKIN_EVENTS": f"{folder}/events.db", "AKIN_KEYS": f"{folder}/keys.db", "AKIN_MEDIA": str(DEMO)}
        with running_server(shop.environment(**files), Path(folder) / "server.log") as server:
            yield server


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise NotMeasurable("Chromium is not installed; make browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def _slow_page(browser: Browser) -> Page:
    page = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, locale="en-US").new_page()
    page.set_default_timeout(60_000)
    wire = page.context.new_cdp_session(page)
    wire.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWDOWN})
    wire.send("Network.enable")
    wire.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MS,
            "downloadThroughput": BYTES_PER_S,
            "uploadThroughput": BYTES_PER_S,
        },
    )
    return page


def _phone_photo(folder: Path) -> Path:
    """A photo of a thing the shop sells, as large as phones make them."""
    path = folder / "phone.jpg"
    with Image.open(next((DEMO / "photos").glob("*.jpg"))) as photo:
        photo.convert("RGB").resize(MEGAPIXELS_12).save(path, quality=92)
    return path


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
