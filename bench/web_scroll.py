"""Scrolling through 1,000 results in Chromium, as a thumb on a phone does it: how many frames come late."""

from pathlib import Path

from playwright.sync_api import Browser

from bench.drawn_shop import write_shop
from bench.promise import NotMeasurable
from bench.web_pages import chromium
from bench.web_shop import opened, served_shop

RESULTS = 1_000
PIXELS_PER_FRAME = 40
"""2,400 pixels a second at 60 frames: a brisk thumb."""
LATE_MS = 50
PASSES = 3
_MOST_MS = 400_000

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
            resolve({ frames, shown: document.querySelectorAll(".s-card").length });
            return;
        }
        if (!end) scrollBy(0, step); // at an end that is none, the next page is on its way
        requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
})"""


def late_frames() -> float:
    """Percent of frames that took longer than 50 ms, from the first result to the last of 1,000, pages fetched on
    the way included: of three passes the one that other work on this machine disturbed least."""
    with served_shop(_feed) as shop, chromium() as browser:
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
    late = [one for one in told["frames"] if one > LATE_MS]
    return 100 * len(late) / len(told["frames"])


def _feed(folder: Path) -> Path:
    return write_shop(folder, RESULTS + 20, title="Wooden")
