"""The widget in a shop's own page: another origin, a strict content security policy, its own style, events, a cart."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.benchmark import free_port, running_server
from tests.web.conftest import Watcher, WebShop, settings_in
from tests.web.test_accessible import violations
from tests.web.test_shopper import FILE

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A shop</title>
<script type="module" src="{akin}/widget.js"></script><script src="/told.js"></script>
<link rel="stylesheet" href="/shop.css"><main><h1>Our shop</h1><akin-search cart></akin-search></main></html>"""
TOLD = """window.told = [];
for (const name of ["akin-results", "akin-open", "akin-cart", "akin-problem"])
  document.addEventListener(name, event => {
    told.push([name, event.detail]);
    if (name === "akin-open") event.preventDefault();
  });"""
STYLE = "* { color: rgb(255, 0, 0) } button { display: none } akin-search { --akin-accent: rgb(120, 0, 90) }"


class ForeignShop(http.server.BaseHTTPRequestHandler):
    """Three files of a shop, under the strictest policy that docs/widget.md allows."""

    akin = ""

    def do_GET(self) -> None:
        """Answer a file."""
        bodies = {
            "/": ("text/html", PAGE.format(akin=self.akin)),
            "/told.js": ("text/javascript", TOLD),
            "/shop.css": ("text/css", STYLE),
        }
        kind, body = bodies.get(self.path, ("text/plain", ""))
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header(
            "content-security-policy",
            f"default-src 'none'; script-src 'self' {self.akin}; style-src 'self'; connect-src {self.akin};"
            f" img-src {self.akin} blob:; require-trusted-types-for 'script'; trusted-types 'none'",
        )
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def foreign_page(web_shop: WebShop, shop_catalog: Path) -> Iterator[str]:
    """Address of a shop's page of another origin, with a server that knows that origin."""
    port = free_port()
    origin = f"http://localhost:{port}"
    settings = settings_in(shop_catalog) | {"AKIN_CORS_ORIGINS": origin}
    with running_server(settings, shop_catalog / "foreign.log") as akin:
        handler = type("Shop", (ForeignShop,), {"akin": akin.address})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"{origin}/"
        server.shutdown()
        server.server_close()


def test_the_widget_searches_from_a_foreign_page_under_a_strict_policy(
    web_shop: WebShop, foreign_page: str, watch: Watcher
) -> None:
    watched = watch.page(900, 900)
    page = watched.page
    page.goto(foreign_page)
    expect(page.get_by_role("heading", name="Find what looks like it")).to_be_visible()
    button = page.get_by_role("button", name="Choose a picture")
    expect(button).to_be_visible()  # the shop's `button { display: none }` stays outside
    accent = page.get_by_role("button", name="Take a photo").evaluate("one => getComputedStyle(one).backgroundColor")
    assert accent == "rgb(120, 0, 90)"
    page.set_input_files(FILE, web_shop.photos[0])
    card = page.locator(".s-card:not([data-sold])").first
    expect(card).to_be_visible()
    expect(card.locator("img")).to_have_js_property("complete", value=True)
    assert card.locator("img").evaluate("one => one.naturalWidth") > 0
    assert violations(page) == []
    card.get_by_role("button", name="Add to cart").click()
    with page.expect_response("**/interactions"):
        card.locator(".s-card-title a").click()
    assert len(page.context.pages) == 1, "the page showed the product itself"
    told = page.evaluate("told")
    # The shopper's own deeds, in their order; an answer may be told at any time, as more products come into sight.
    assert [name for name, _ in told if name != "akin-results"] == ["akin-cart", "akin-open"]
    opened = next(detail for name, detail in told if name == "akin-open")
    assert opened["product"]["id"] == card.get_attribute("data-product")
    assert next(detail for name, detail in told if name == "akin-results")["total"] > 0
    page.get_by_role("button", name="New search").click()
    expect(page.get_by_role("heading", name="Find what looks like it")).to_be_visible()
    watched.quiet()


def test_the_shipped_example_works(web_shop: WebShop, watch: Watcher) -> None:
    watched = watch.page(900, 900)
    page = watched.page
    page.goto(f"{web_shop.address}widget-example.html")
    page.set_input_files(FILE, web_shop.photos[0])
    page.locator(".s-card:not([data-sold])").first.get_by_role("button", name="Add to cart").click()
    expect(page.locator("#cart")).to_have_text("Cart: 1")
    watched.quiet()
