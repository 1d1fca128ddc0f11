"""The widget with a browser's key: from a page the key names, from one it does not, and when the key is over."""

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from app.benchmark import RunningServer, free_port, running_server
from app.identity import DEFAULT_SHOP, KeyStore, Scope
from tests.web.conftest import Watcher, WebShop, settings_in
from tests.web.test_shopper import FILE
from tests.web.test_troubles import trouble
from tests.web.test_widget import TOLD

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A shop</title>
<script type="module" src="{akin}/widget.js"></script><script src="/told.js"></script>
<main><h1>Our shop</h1><akin-search key="{key}"></akin-search></main></html>"""


@contextmanager
def page_with(akin: RunningServer, key: str, port: int) -> Iterator[None]:
    """A shop's page at that port of this machine, with the widget and that key in it."""

    class Shop(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer the page, or its script."""
            kind, body = ("javascript", TOLD) if self.path == "/told.js" else ("html", PAGE)
            self.send_response(200)
            self.send_header("content-type", f"text/{kind}")
            self.end_headers()
            self.wfile.write(body.replace("{akin}", akin.address).replace("{key}", key).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def keys(shop_catalog: Path) -> KeyStore:
    """The keys of this module's server; one of them opens everything."""
    store = KeyStore(shop_catalog / "widget-keys.db")
    store.create(name="owner", shop=DEFAULT_SHOP, scopes=[Scope.ADMIN])
    return store


@pytest.fixture(scope="module")
def guarded(web_shop: WebShop, shop_catalog: Path, keys: KeyStore) -> Iterator[RunningServer]:
    """A server that asks for keys."""
    assert keys.keys()
    settings = settings_in(shop_catalog) | {"AKIN_KEYS": str(shop_catalog / "widget-keys.db")}
    with running_server(settings, shop_catalog / "guarded.log") as server:
        yield server


def is_known(akin: RunningServer, origin: str) -> None:
    """Return when the server has heard of the key that names the origin: it looks for new ones every second, and a
    browser's preflight shows no key that it could look for at once."""
    asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    for _ in range(100):
        if "access-control-allow-origin" in httpx.options(f"{akin.address}/search-by-photo", headers=asks).headers:
            return
        time.sleep(0.1)
    raise AssertionError(f"pages of {origin} are not known")


def told_of(page: Page, name: str) -> dict[str, str]:
    """What the page was told last under that name."""
    page.wait_for_function("name => told.some(([one]) => one === name)", arg=name)
    detail: dict[str, str] = page.evaluate("name => told.filter(([one]) => one === name).at(-1)[1]", name)
    return detail


def test_the_key_opens_the_search_to_the_pages_it_names_and_tells_others(
    web_shop: WebShop, guarded: RunningServer, keys: KeyStore, watch: Watcher
) -> None:
    port = free_port()
    key = keys.create(
        name="widget", shop=DEFAULT_SHOP, scopes=[Scope.SEARCH], origins=[f"http://localhost:{port}"]
    ).text
    is_known(guarded, f"http://localhost:{port}")
    with page_with(guarded, key, port):
        named = watch.page(900, 900)
        named.page.goto(f"http://localhost:{port}/")
        named.page.set_input_files(FILE, web_shop.photos[0])
        card = named.page.locator(".s-card").first
        expect(card).to_be_visible()
        expect(card.locator("img")).to_have_js_property("complete", value=True)
        assert card.locator("img").evaluate("one => one.naturalWidth") > 0
        with named.page.expect_response("**/interactions") as reported:
            card.locator(".s-card-title a").click()
        assert reported.value.ok
        named.quiet()
        other = watch.page(900, 900).page
        other.goto(f"http://127.0.0.1:{port}/")  # the same page under another name is another page
        other.set_input_files(FILE, web_shop.photos[0])
        assert "This page may not use" in trouble(other)
        assert told_of(other, "akin-problem") == {"code": "origin-not-allowed"}
        with named.page.expect_response("**/search-by-photo"):  # the way on, where the key names the page
            named.page.get_by_role("button", name="New search").click()
            named.page.set_input_files(FILE, web_shop.photos[1])


def test_a_key_for_another_page_is_told_apart_from_one_that_is_over(
    web_shop: WebShop, guarded: RunningServer, keys: KeyStore, watch: Watcher
) -> None:
    """Here another key names the page, so that the browser may read why it is refused."""
    port = free_port()
    here = [f"http://localhost:{port}"]
    keys.create(name="other widget", shop=DEFAULT_SHOP, scopes=[Scope.SEARCH], origins=here)
    foreign = keys.create(
        name="of another page", shop=DEFAULT_SHOP, scopes=[Scope.SEARCH], origins=["https://www.shop.example"]
    )
    over = keys.create(name="over", shop=DEFAULT_SHOP, scopes=[Scope.SEARCH], origins=here)
    keys.revoke(over.key.id)
    is_known(guarded, *here)
    for key, code, words in (
        (foreign.text, "origin-not-allowed", "This page may not use"),
        (over.text, "key-invalid", "missing, expired or was revoked"),
    ):
        with page_with(guarded, key, port):
            page = watch.page(900, 900).page
            page.goto(f"http://localhost:{port}/")
            page.set_input_files(FILE, web_shop.photos[0])
            assert words in trouble(page)
            assert told_of(page, "akin-problem") == {"code": code}
