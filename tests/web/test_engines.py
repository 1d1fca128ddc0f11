"""The shopper's way on the other engine: the same shop in a real Elasticsearch, from a photo to a recorded click."""

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from app.benchmark import running_server
from tests.real_elasticsearch import cleared
from tests.web.conftest import ROOT, Watcher, WebShop, settings_in
from tests.web.test_shopper import answered, find, reported


@pytest.fixture(scope="module")
def elasticsearch_shop(real_elasticsearch: str, web_shop: WebShop, shop_catalog: Path) -> Iterator[WebShop]:
    """The shop of the other tests, its feed loaded into Elasticsearch by the loader."""
    prefix = f"w{secrets.token_hex(6)}"
    settings = settings_in(shop_catalog) | {
        "AKIN_CATALOG": real_elasticsearch,
        "AKIN_ELASTICSEARCH_PREFIX": prefix,
        "AKIN_EVENTS": str(shop_catalog / "elasticsearch-events.db"),
    }
    try:
        feed = str(shop_catalog / "feed.tsv")
        command = [sys.executable, "-m", "catalog_loader", "load", feed, "--type-from", "custom_label_0"]
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **settings}, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        made = httpx.get(f"{real_elasticsearch}/_cat/indices/{prefix}-*?format=json", timeout=30).json()
        assert any(int(one["docs.count"]) > 0 for one in made), "the products are in the cluster"
        with running_server(settings, shop_catalog / "elasticsearch.log") as server:
            yield replace(web_shop, server=server, settings=settings)
    finally:
        asyncio.run(_clear(real_elasticsearch, prefix))


async def _clear(url: str, prefix: str) -> None:
    async with cleared(url, prefix):
        pass


def test_from_a_photo_to_a_recorded_click_in_elasticsearch(elasticsearch_shop: WebShop, watch: Watcher) -> None:
    watched = watch.page()
    page = watched.page
    find(page, elasticsearch_shop)
    page.get_by_role("textbox", name="Describe what should be different").fill("white")
    with answered(page):
        page.keyboard.press("Enter")
    page.get_by_role("button", name="Filters").click()
    brand = page.get_by_role("group", name="Brand").locator("label").first
    count = brand.locator("span").all_inner_texts()[1]
    brand.click()
    expect(page.get_by_role("button", name=f"Show {count} product")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".s-heading p")).to_contain_text(f"{count} product")
    card = page.locator(".s-card").first
    page.context.route("https://shop.example/**", lambda route: route.fulfill(body="the shop's page"))
    with page.expect_request(lambda one: '"click"' in (one.post_data or "")) as told, page.expect_popup():
        card.locator(".s-card-title a").click()
    told.value.response()
    again = httpx.post(told.value.url, json=reported(told.value), timeout=30)
    assert again.json() == {"recorded": 0}, "it was recorded already"
    watched.quiet()
