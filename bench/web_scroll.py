"""Scrolling through 1,000 results in Chromium, as a thumb on a phone flings them: how many frames come late.

The shop is written into its catalog as `akin bench` writes one: looking at 1,000 pictures would take longer than all
the scrolling, and what is scrolled through is the same.
"""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser

from app import wiring
from app.benchmark.drawing import draw
from app.benchmark.synthetic import products, publish_all, seen_objects
from app.catalog import Product, ProductImage
from app.photos import encode_jpeg
from app.settings import load_settings
from bench.promise import NotMeasurable
from bench.web_pages import chromium
from bench.web_shop import filled_shop, opened

RESULTS = 1_000
DRAWINGS = 24
SIDE = 384
"""Pixels of a picture's side; each product has its own address, so each is decoded by itself."""
PIXELS_PER_FRAME = 120
"""7,200 pixels a second at 60 frames: a hard fling, held to the end. A slower thumb meets fewer new cards a frame."""
LATE_MS = 50
PASSES = 2
_MOST_MS = 60_000

_SCROLL = """([step, most]) => new Promise((resolve) => {
    const began = performance.now();
    const frames = [];
    let before = 0;
    let atEnd = 0;
    const next = (now) => {
        if (before) frames.push(now - before);
        before = now;
        const height = document.documentElement.scrollHeight;
        const end = scrollY + innerHeight >= height - 2;
        atEnd = end && document.querySelector(".s-more p") ? atEnd + 1 : 0;
        if (atEnd > 5 || performance.now() - began > most) {
            const pictures = [...document.querySelectorAll(".s-card img")].filter((one) => one.naturalWidth > 0);
            resolve({ frames, shown: document.querySelectorAll(".s-card").length, pictures: pictures.length });
            return;
        }
        if (!end) scrollBy(0, step); // at an end that is none, the next page is on its way
        requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
})"""


def late_frames() -> float:
    """Percent of frames that took longer than 50 ms, from the first result to the last of 1,000, pages fetched on
    the way included: of two passes the one that other work on this machine disturbed less."""
    with filled_shop(_fill) as shop, chromium() as browser:
        return min(_pass(browser, shop.address) for _ in range(PASSES))


def _pass(browser: Browser, address: str) -> float:
    page = opened(browser)
    page.goto(f"{address}/?q=wooden")
    page.locator(".s-card").first.wait_for()
    page.wait_for_load_state("networkidle")
    told = page.evaluate(_SCROLL, [PIXELS_PER_FRAME, _MOST_MS])
    page.context.close()
    if told["shown"] < RESULTS:
        raise NotMeasurable(f"only {told['shown']} results were shown")
    if told["pictures"] < RESULTS / 2:  # a fling outruns some
        raise NotMeasurable(f"only {told['pictures']} pictures were shown")
    late = [one for one in told["frames"] if one > LATE_MS]
    return 100 * len(late) / len(told["frames"])


def _fill(folder: Path, catalog: str) -> None:
    for kind in range(DRAWINGS):
        (folder / f"kind{kind}.jpg").write_bytes(encode_jpeg(draw(kind, SIDE, SIDE), quality=85))
    for number in range(RESULTS + 20):
        os.link(folder / f"kind{number % DRAWINGS}.jpg", folder / f"p{number}.jpg")
    asyncio.run(_publish(catalog))


async def _publish(address: str) -> None:
    settings = load_settings(catalog=address)
    analyzer = wiring.build_analyzer(settings)
    catalog, writer = wiring.open_catalog(settings), wiring.open_catalog_writer(settings)
    try:
        made = products(RESULTS + 20, await seen_objects(analyzer, DRAWINGS))
        await publish_all(catalog, writer, _wooden(made), source="bench web.scroll")
    finally:
        await writer.close()
        await catalog.close()
        await analyzer.close()


def _wooden(made: Iterator[Product]) -> Iterator[Product]:
    """The same under titles that one word finds, each a card of its own, with a picture that is there."""
    for number, one in enumerate(made):
        picture = ProductImage(f"p{number}.jpg", one.images[0].sha256, one.images[0].evidence)
        yield replace(one, title=f"Wooden {one.title}", item_group_id="", images=(picture,))
