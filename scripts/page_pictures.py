"""The reference pictures of the pages: python -m scripts.page_pictures FOLDER

Serves the demo shop with the built pages (`make web`), gives the console something to show (judged photos, a load with
refused rows, a version that waits), and takes every page at 360, 768 and 1440 pixels, in light English and dark German.
Look at them; those that stand in docs/images are copied from there, where a list is long its first screen.
"""

import io
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page

from app.benchmark import running_server
from bench.shops import DEMO, demo_shop
from bench.web_pages import chromium

SIZES = {360: 780, 768: 1024, 1440: 900}
LOOKS = (("light", "en-US"), ("dark", "de-DE"))
ROOMS = ("catalog", "product", "loads", "load", "lab", "findability", "health", "keys")
QUALITY = 80
PATIENCE_MS = 120_000
_FILE = "input[data-role=file]"


def main(folder: Path) -> None:
    """Take all pictures into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with _demo() as (address, rows), chromium() as browser:
        load = _prepare(address, rows)
        for theme, locale in LOOKS:
            for width in SIZES:
                page = _opened(browser, width, theme, locale)
                name = f"{width}-{theme}-{locale[:2]}"
                _shop(page, address, rows, folder, name)
                _console(page, address, rows, load, folder, name)
                page.context.close()


@contextmanager
def _demo() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The served demo shop's address, and its judged photos."""
    with demo_shop() as shop, tempfile.TemporaryDirectory() as name:
        files = {"KEYS": "keys.db", "LOADS": "loads", "WRITES": "writes.db", "RATE_STORE": "rates.db"}
        more = {f"AKIN_{one}": f"{name}/{file}" for one, file in files.items()}
        more |= {"AKIN_MEDIA": str(DEMO), "AKIN_RATE_STORE": f"sqlite:///{name}/rates.db", "AKIN_DEADLINE_MS": "60000"}
        rows = [json.loads(line) for line in shop.queries.read_text(encoding="utf-8").splitlines()]
        with running_server(shop.environment(**more), Path(name) / "server.log") as server:
            yield server.address, rows


def _prepare(address: str, rows: list[dict[str, Any]]) -> str:
    """Judge photos, search, load a feed with errors and one that waits; returns the first load's id."""
    with httpx.Client(base_url=address, timeout=120) as client:
        for row in rows[:12]:
            told = {one: row[one] for one in ("product", "type", "color", "sold", "split") if row.get(one) is not None}
            files = {"photo": Path(row["photo"]).read_bytes()}
            named = json.dumps({"name": Path(row["photo"]).name, **told})
            client.post("/judged-photos", files=files, data={"judged": named}).raise_for_status()
            client.post("/search-by-photo", files=files).raise_for_status()
        head, *products = (DEMO / "feed.tsv").read_text(encoding="utf-8").splitlines()
        bad = [line.replace(" USD", " dollars", 1) for line in products[:3]]
        load = _loaded(client, [head, *bad, *products[3:40]])
        gone = [f"{line.split(chr(9))[0]}\tyes" for line in products[40:90]]
        _loaded(client, ["id\tdelete", *gone], publish="false")
        newest = client.get("/generations").json()["generations"]
        for one in [one["id"] for one in newest if one["state"] in {"published", "verified"}]:
            begun = client.post("/evaluations", json={"generation": one}).raise_for_status().headers["location"]
            while client.get(begun).json()["state"] == "running":
                time.sleep(1)
    return load


def _loaded(client: httpx.Client, lines: list[str], **wishes: str) -> str:
    data = {"delta": "true", "yes": "true", "type_from": "custom_label_0", **wishes}
    feed = ("autumn.tsv", "\n".join([*lines, ""]).encode())
    begun = client.post("/loads", files={"feed": feed}, data=data).raise_for_status().headers["location"]
    while (now := client.get(begun).json())["state"] == "running":
        time.sleep(0.5)
    return str(now["id"])


def _opened(browser: Browser, width: int, theme: str, locale: str) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": SIZES[width]},
        color_scheme="dark" if theme == "dark" else "light",
        locale=locale,
        service_workers="block",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    return page


def _shop(page: Page, address: str, rows: list[dict[str, Any]], folder: Path, name: str) -> None:
    sold = next(row for row in rows if row["sold"] and row["split"] == "test")
    unsold = next(row for row in rows if not row["sold"])
    page.goto(address)
    page.locator(_FILE).wait_for(state="attached")
    _take(page, folder / f"page-start-{name}.webp")
    for what, row in (("results", sold), ("unsold", unsold)):
        page.goto(address)
        page.set_input_files(_FILE, row["photo"])
        page.locator(".s-stage, .s-results, .s-card").first.wait_for()
        _take(page, folder / f"page-{what}-{name}.webp")
    page.goto(f"{address}/?q=xylophone+quartz")
    _take(page, folder / f"page-none-{name}.webp")
    page.goto(address)
    page.set_input_files(_FILE, {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n" + b"x" * 999})
    page.get_by_role("alert").first.wait_for()
    _take(page, folder / f"page-error-{name}.webp")
    page.goto(f"{address}/widget-example.html")
    page.set_input_files(_FILE, sold["photo"])
    page.locator(".s-card").first.wait_for()
    _take(page, folder / f"widget-{name}.webp")


def _console(page: Page, address: str, rows: list[dict[str, Any]], load: str, folder: Path, name: str) -> None:
    sold = next(row for row in rows if row["sold"] and row["split"] == "test")
    paths = {"product": f"catalog/{sold['product']}", "load": f"loads/{load}"}
    for room in ROOMS:
        page.goto(f"{address}/console#/{paths.get(room, room)}")
        page.locator("main h1").wait_for()
        page.locator(".c-loading").first.wait_for(state="detached")
        if room == "lab":
            page.locator("input[type=file]").first.set_input_files(sold["photo"])
            page.locator(".c-candidate").first.wait_for()
        _take(page, folder / f"console-{room}-{name}.webp", whole=True)


def _take(page: Page, path: Path, *, whole: bool = False) -> None:
    """whole: not only what the window shows, up to three windows."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(400)
    png = page.screenshot(full_page=whole)
    with Image.open(io.BytesIO(png)) as picture:
        height = min(picture.height, 3 * SIZES[picture.width]) if whole else picture.height
        picture.convert("RGB").crop((0, 0, picture.width, height)).save(path, "WEBP", quality=QUALITY, method=6)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
