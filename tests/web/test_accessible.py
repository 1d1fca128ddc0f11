"""axe-core finds nothing to mend: every page of the shopper, in both themes, on a phone and on a desk."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import ROOT, Theme, Watcher, WebShop
from tests.web.test_shopper import FILE, find

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Page) -> list[str]:
    """What axe-core objects to: rule and elements. Run in the page's own world, past its content security policy."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then(result => result.violations)")
    return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_stands_in_anybodys_way(web_shop: WebShop, watch: Watcher, theme: Theme, width: int) -> None:
    page = watch.page(width, 900, theme=theme).page
    page.goto(web_shop.address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert violations(page) == []
    find(page, web_shop)
    assert violations(page) == []
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator(".s-card").first.get_by_role("button", name="Similar to").click()
    expect(page.locator(".s-card").first).to_be_visible()
    assert violations(page) == []


def test_troubles_and_memories_too(web_shop: WebShop, watch: Watcher, tmp_path: Path) -> None:
    page = watch.page().page
    find(page, web_shop)
    page.get_by_role("button", name="New search").click()
    (tmp_path / "x.jpg").write_bytes(b"%PDF")
    page.set_input_files(FILE, tmp_path / "x.jpg")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("button", name="Search again")).to_be_visible()
    assert violations(page) == []


def test_the_whole_way_by_keyboard_alone(web_shop: WebShop, watch: Watcher) -> None:
    page = watch.page(1200, 900).page
    page.goto(web_shop.address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "INPUT":
            break
    page.keyboard.type("chair")
    page.keyboard.press("Enter")
    expect(page.locator(".s-card").first).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.closest('.s-card') ? 'card' : document.activeElement.tagName")
        )
    assert {"card", "INPUT", "SELECT", "BUTTON"} <= reached
