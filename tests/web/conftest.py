"""A real server of a piece of the demo shop, and Debian's Chromium to look at it with."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NoReturn

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from app.benchmark import RunningServer, running_server
from app.web import STATIC

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "demo_shop"
PRODUCTS = 40
Theme = Literal["light", "dark"]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 30_000
"""For a machine that is busy with other things."""


def _cannot(why: str) -> NoReturn:
    """Skip, or fail where nothing may be missing."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


@dataclass(frozen=True, slots=True)
class WebShop:
    """A served shop. photos: shopper's photos of things it sells. settings: AKIN_* the server was started with."""

    server: RunningServer
    photos: tuple[Path, ...]
    settings: dict[str, str]

    @property
    def address(self) -> str:
        """Where the shopper's page is."""
        return f"{self.server.address}/"


@dataclass(slots=True)
class Watched:
    """A page whose console and failures are written down. expected: parts of messages that a test provokes."""

    page: Page
    said: list[str] = field(default_factory=list)

    def quiet(self, *expected: str) -> None:
        """Nothing went wrong that the test did not provoke."""
        assert [one for one in self.said if not any(part in one for part in expected)] == []


@pytest.fixture(scope="session")
def shop_catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the first products of the demo shop, loaded as a retailer loads them."""
    folder = tmp_path_factory.mktemp("web-shop")
    with (DEMO / "feed.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    feed = folder / "feed.tsv"
    with feed.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t").writerows(rows[: PRODUCTS + 1])
    for row in rows[1 : PRODUCTS + 1]:
        for picture in (cell for cell in row if cell.startswith("pictures/")):
            (folder / picture).parent.mkdir(exist_ok=True)
            shutil.copy(DEMO / picture, folder / picture)
    command = [sys.executable, "-m", "catalog_loader", "load", str(feed), "--type-from", "custom_label_0"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings_in(folder)}, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def settings_in(folder: Path) -> dict[str, str]:
    """AKIN_* of a server whose files all lie in the folder."""
    return {
        "AKIN_CATALOG": f"sqlite:///{folder / 'akin.db'}",
        "AKIN_PHOTO_STORE": str(folder / "photos.db"),
        "AKIN_EVENTS": str(folder / "events.db"),
        "AKIN_LOADS": str(folder / "loads"),
        "AKIN_CLOUD_STORE": str(folder / "cloud.db"),
        "AKIN_MEDIA": str(folder),
        "AKIN_DEADLINE_MS": "60000",
        "AKIN_DECODE_TIMEOUT_S": "30",
    }


@pytest.fixture(scope="session")
def web_shop(shop_catalog: Path) -> Iterator[WebShop]:
    """The shop, served with the built pages."""
    if not (STATIC / "index.html").is_file():
        _cannot("the pages are not built: make web (needs Node 20.19 or newer)")
    settings = settings_in(shop_catalog)
    with running_server(settings, shop_catalog / "server.log") as server:
        yield WebShop(server, _photos_of(shop_catalog / "feed.tsv"), settings)


def _photos_of(feed: Path) -> tuple[Path, ...]:
    """Shopper photos of products in the feed."""
    sold = {line.split("\t", 1)[0] for line in feed.read_text(encoding="utf-8").splitlines()}
    queries = [json.loads(line) for line in (DEMO / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    return tuple(DEMO / one["photo"] for one in queries if one.get("product") in sold)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. One a module: while Playwright runs, no other event loop can."""
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        _cannot("Chromium is not installed: make browser (apt-get install chromium)")
    # In a container of its own there is no user namespace for Chromium's sandbox; the pages are ours.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        started = playwright.chromium.launch(executable_path=found, args=options)
        yield started
        started.close()


@pytest.fixture
def watch(browser: Browser) -> Iterator["Watcher"]:
    """Opens pages in contexts of their own and writes down what their consoles say."""
    watcher = Watcher(browser)
    yield watcher
    for context in watcher.contexts:
        context.close()


class Watcher:
    """Makes watched pages; see the fixture `watch`."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.contexts: list[BrowserContext] = []

    def page(self, width: int = 390, height: int = 800, *, theme: Theme = "light", touch: bool = False) -> Watched:
        """A new page in a new context, as a person with a new browser has it."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, has_touch=touch, locale="en-US"
        )
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        watched = Watched(context.new_page())

        def told(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                watched.said.append(f"{message.type}: {message.text}")

        watched.page.on("console", told)
        watched.page.on("pageerror", lambda error: watched.said.append(f"thrown: {error}"))
        return watched
