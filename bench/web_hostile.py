"""30 hostile strings in every place a feed, a file or a person can put words, looked at on every page in Chromium.

Titles, brands, labels (types), colors, materials, picture names and cells of feeds; names of feeds, photos and keys;
the address. Counted: scripts that ran, and pages that are wider than the screen, lost their heading or let words out
of their boxes.
"""

import csv
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from playwright.sync_api import Browser, Page

from bench.promise import NotMeasurable
from bench.web_pages import chromium
from bench.web_shop import ServedShop, opened, served_shop
from tests.builders import INKS, SHAPES, a_photo_file
from tests.hostile import HOSTILE

WIDTHS = (360, 1440)
COLUMNS = (
    "id", "title", "description", "brand", "link", "image_link", "price", "availability", "product_type", "color",
    "material", "pattern", "custom_label_0",
)  # fmt: skip
ADDRESSED = 8
"""So many of the strings are asked for in the shopper's address."""
_LOADED_WITHIN_S = 120.0


_RAN = "() => window.hacked !== undefined || window.frames.length > 0"
_BROKEN = """() => {
    const roots = [document, ...[...document.querySelectorAll("akin-search")].map((one) => one.shadowRoot)];
    const all = (chosen) => roots.flatMap((root) => [...root.querySelectorAll(chosen)]);
    const page = document.documentElement;
    if (page.scrollWidth > page.clientWidth + 1) return `wider than the screen: ${page.scrollWidth}`;
    if (!all("h1, h2").some((one) => one.checkVisibility())) return "no heading";
    const boxes = all("h1, h2, h3, p, td, dd, li, figure, .s-card, .c-tile, .a-badge, .a-notice, .a-button, dialog");
    const out = boxes.find((one) => {
        const style = getComputedStyle(one);
        return style.display !== "inline" && style.overflowX === "visible" && one.checkVisibility()
            && one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 2;
    });
    return out ? `words stick out of ${out.outerHTML.slice(0, 160)}` : "";
}"""


@dataclass
class Seen:
    """What was found so far. stops: pages looked at."""

    scripts: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    stops: int = 0

    def look(self, page: Page, where: str) -> None:
        """Judge what is shown now."""
        self.stops += 1
        if page.evaluate(_RAN):
            self.scripts.append(where)
        if wrong := page.evaluate(_BROKEN):
            self.broken.append(f"{where}: {wrong}")


def measure() -> Mapping[str, float]:
    """{"scripts": that ran, "layout": stops with a broken layout, "stops": looked at}."""
    seen = Seen()
    with served_shop(_feed) as shop, chromium() as browser:
        load = _second_feed(shop)
        (shop.folder / "photo.jpg").write_bytes(a_photo_file("ring", "teal", seed=9))
        for width in WIDTHS:
            _shopper(_page(browser, seen, width), shop, seen, width)
            _console(_page(browser, seen, width), shop, seen, load, width)
        _keys(browser, shop, seen)
    for one in (*seen.scripts, *seen.broken):
        print(f"  {one}")
    return {"scripts": len(seen.scripts), "layout": len(seen.broken), "stops": seen.stops}


def _page(browser: Browser, seen: Seen, width: int) -> Page:
    page = opened(browser, width=width, height=900)

    def opened_a_box(dialog: Any) -> None:
        seen.scripts.append(f"a dialog said {dialog.message}")
        dialog.dismiss()

    page.on("dialog", opened_a_box)
    return page


def _feed(folder: Path) -> Path:
    """A product for each string, with it in every cell; and a dozen plain ones, so that there is a shop around them."""
    path = folder / "hostile.tsv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(COLUMNS)
        for number, text in enumerate((*HOSTILE, *["Plain"] * 12)):
            shape, ink = SHAPES[number % len(SHAPES)], list(INKS)[number % len(INKS)]
            picture = f"{text.replace('/', '_')[:40]} {number}.jpg" if number % 2 else f"h{number}.jpg"
            (folder / picture).write_bytes(a_photo_file(shape, ink, seed=number))
            words = (
                text,
                text,
                text[:100],
                "https://shop.example/p",
                picture,
                "5.00 USD",
                "in stock",
                text,
                text,
                text,
            )
            writer.writerow((f"h{number}", *words, text, text))
    return path


def _second_feed(shop: ServedShop) -> str:
    """A load over HTTP of a feed with a hostile name, with hostile cells where numbers should be; returns its id."""
    lines = ["\t".join(("id", "title", "image_link", "price", "availability", "product_type"))]
    for number, text in enumerate(HOSTILE):
        flat = text.replace("\t", " ").replace('"', "'")
        lines.append("\t".join((f"{flat[:30]}{number}", flat, flat, flat, flat, flat)))
    name = f"{HOSTILE[1]}{HOSTILE[7]}.tsv"
    with httpx.Client(base_url=shop.address, timeout=60) as client:
        files = {"feed": (name, "\n".join([*lines, ""]).encode(), "text/tab-separated-values")}
        begun = client.post("/loads", files=files, data={"delta": "true"}).raise_for_status().json()
        until = time.monotonic() + _LOADED_WITHIN_S
        while time.monotonic() < until:
            told = client.get(f"/loads/{begun['id']}").raise_for_status().json()
            if told["state"] not in {"running", "cancelling"}:
                return str(begun["id"])
            time.sleep(0.5)
    raise NotMeasurable("a load of 30 rows did not end")


def _shopper(page: Page, shop: ServedShop, seen: Seen, width: int) -> None:
    photo = {"name": HOSTILE[1], "mimeType": "image/jpeg", "buffer": (shop.folder / "photo.jpg").read_bytes()}
    for number, text in enumerate(HOSTILE[:ADDRESSED]):
        page.goto(f"{shop.address}/?q={quote(text)}")
        page.locator(".s-results[aria-busy=false]").wait_for()
        seen.look(page, f"shopper {width} ?q={number}")
    for place in ("", "/widget-example.html"):
        page.goto(f"{shop.address}{place}")
        page.locator("input[data-role=file]").first.set_input_files(photo)  # type: ignore[arg-type]
        page.locator(".s-card").first.wait_for()
        seen.look(page, f"shopper {width} photo {place}")
        page.get_by_role("button", name="Filters").click()
        page.get_by_role("dialog").get_by_role("group", name="Brand").wait_for()
        seen.look(page, f"shopper {width} filters {place}")
        page.keyboard.press("Escape")
        page.locator(".s-card").first.get_by_role("button", name="Similar to").click()
        page.locator(".s-found[data-source=similar] .s-card").first.wait_for()
        seen.look(page, f"shopper {width} similar {place}")


def _console(page: Page, shop: ServedShop, seen: Seen, load: str, width: int) -> None:
    with httpx.Client(base_url=shop.address, timeout=60) as client:
        ids = [one["id"] for one in client.get("/products", params={"limit": 100}).raise_for_status().json()["items"]]
    rooms = ["catalog", *(f"catalog/{quote(one, safe='')}" for one in ids), "loads", f"loads/{load}", "findability"]
    for room in (*rooms, "health"):
        page.goto(f"{shop.address}/console#/{room}")
        page.locator("main h1").wait_for()
        page.locator(".c-loading").first.wait_for(state="detached")
        seen.look(page, f"console {width} {room}")
    page.goto(f"{shop.address}/console#/lab")
    photo = {"name": HOSTILE[1], "mimeType": "image/jpeg", "buffer": (shop.folder / "photo.jpg").read_bytes()}
    page.locator("input[type=file]").first.set_input_files(photo)  # type: ignore[arg-type]
    page.locator(".c-candidate").first.wait_for()
    page.locator(".c-candidate summary").first.click()
    page.get_by_label("Is it right?").first.select_option("3")
    page.locator(".c-table img").first.wait_for()
    seen.look(page, f"console {width} lab")


def _keys(browser: Browser, shop: ServedShop, seen: Seen) -> None:
    """Last: from the first key on, the server asks for one."""
    with httpx.Client(base_url=shop.address, timeout=60) as client:
        made = client.post("/keys", json={"name": HOSTILE[0], "scopes": ["admin"]}).raise_for_status().json()
    for width in WIDTHS:
        page = _page(browser, seen, width)
        page.add_init_script(f"sessionStorage.setItem('akin.console.key', '{made['text']}')")
        page.goto(f"{shop.address}/console#/keys")
        page.locator(".c-table").first.wait_for()
        seen.look(page, f"console {width} keys")
