"""axe-core on every page of Akin in Chromium, light and dark, on a phone and on a desk: what it objects to, counted."""

import time
from collections.abc import Iterator

import httpx
from playwright.sync_api import Browser, Page

from bench.promise import NotMeasurable
from bench.shops import ROOT
from bench.web_pages import chromium
from bench.web_shop import ServedShop, opened, served_shop

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (360, 1440)
_ENDED_WITHIN_S = 120.0
_ROOMS = ("catalog", "catalog/p0", "loads", "findability", "health", "keys")
_RUN = "axe.run().then((done) => done.violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html}`)))"


def violations() -> float:
    """Elements that axe-core objects to, over all pages, themes and widths."""
    if not AXE.is_file():
        raise NotMeasurable("axe-core is not installed; make web")
    found: list[str] = []
    with served_shop() as shop, chromium() as browser:
        load = _refused_load(shop)
        for dark in (False, True):
            for width in WIDTHS:
                page = opened(browser, width=width, height=900, dark=dark)
                for where in (*_shopper(page, shop), *_console(page, shop, load)):
                    found += [f"{where} {width} {'dark' if dark else 'light'}: {one}" for one in _objections(page)]
                page.context.close()
        found += _signing_in(browser, shop)
    for one in found:
        print(f"  {one}")
    return len(found)


def _objections(page: Page) -> list[str]:
    # Through the debugger: the page's own policy lets in no script, as it should.
    wire = page.context.new_cdp_session(page)
    wire.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    objections: list[str] = page.evaluate(_RUN)
    wire.detach()
    return objections


def _shopper(page: Page, shop: ServedShop) -> Iterator[str]:
    """Goes from page to page, and waits on each to be judged."""
    photo = shop.folder / "p0.jpg"
    (shop.folder / "no.jpg").write_bytes(b"%PDF-1.7")
    for place, name in (("/", "shopper"), ("/widget-example.html", "widget")):
        page.goto(f"{shop.address}{place}")
        page.get_by_role("button", name="Choose a picture").wait_for()
        yield f"{name} start"
        page.locator("input[data-role=file]").first.set_input_files(shop.folder / "no.jpg")
        page.get_by_role("alert").wait_for()
        yield f"{name} trouble"
        page.locator("input[data-role=file]").first.set_input_files(photo)
        page.locator(".s-card").first.wait_for()
        yield f"{name} results"
        page.get_by_role("button", name="Filters").click()
        page.get_by_role("dialog").get_by_role("group", name="Price").wait_for()
        yield f"{name} filters"
        page.keyboard.press("Escape")
        page.locator(".s-card").first.get_by_role("button", name="Similar to").click()
        page.locator(".s-found[data-source=similar] .s-card").first.wait_for()
        yield f"{name} similar"
    page.goto(f"{shop.address}/?q=xylophone+quartz")
    page.get_by_text("No product fits these words").wait_for()
    yield "shopper nothing"
    page.goto(f"{shop.address}/")
    page.get_by_role("button", name="Search again").first.wait_for()
    yield "shopper before"


def _console(page: Page, shop: ServedShop, load: str) -> Iterator[str]:
    for room in (*_ROOMS, f"loads/{load}"):
        page.goto(f"{shop.address}/console#/{room}")
        page.locator("main h1").wait_for()
        page.locator(".c-loading").first.wait_for(state="detached")
        yield f"console {room}"
    page.goto(f"{shop.address}/console#/catalog/p0")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").wait_for()
    yield "console dialog"
    page.keyboard.press("Escape")
    page.goto(f"{shop.address}/console#/lab")
    page.locator("input[type=file]").first.set_input_files(shop.folder / "p0.jpg")
    page.locator(".c-candidate summary").first.click()
    page.get_by_label("Is it right?").first.select_option("3")
    page.locator(".c-table img").first.wait_for()
    yield "console lab"


def _signing_in(browser: Browser, shop: ServedShop) -> list[str]:
    """Last: from the first key on, the server asks for one."""
    with httpx.Client(base_url=shop.address, timeout=60) as client:
        client.post("/keys", json={"name": "axe", "scopes": ["admin"]}).raise_for_status()
    found = []
    for dark in (False, True):
        page = opened(browser, dark=dark)
        page.goto(f"{shop.address}/console#/health")
        page.get_by_label("Key").wait_for()
        found += _objections(page)
        page.goto(f"{shop.address}/")
        page.locator("input[data-role=file]").set_input_files(shop.folder / "p0.jpg")
        page.get_by_label("Key").wait_for()
        found += _objections(page)
        page.context.close()
    return found


def _refused_load(shop: ServedShop) -> str:
    """A load over HTTP of which rows were refused; its id."""
    feed = b"id\ttitle\timage_link\tprice\nx1\tA ring\thttps://shop.example/x.jpg\ttwelve\n"
    with httpx.Client(base_url=shop.address, timeout=60) as client:
        files = {"feed": ("feed.tsv", feed, "text/tab-separated-values")}
        begun = client.post("/loads", files=files, data={"delta": "true"}).raise_for_status().json()
        until = time.monotonic() + _ENDED_WITHIN_S
        while time.monotonic() < until:
            if client.get(f"/loads/{begun['id']}").json()["state"] not in {"running", "cancelling"}:
                return str(begun["id"])
            time.sleep(0.5)
    raise NotMeasurable("a load of one row did not end")
