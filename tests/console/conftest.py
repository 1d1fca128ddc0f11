"""The console as a person meets it: a real server of a small shop, real pages, Debian's Chromium."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from app.benchmark import RunningServer, running_server
from app.settings import load_settings
from app.web import STATIC
from tests.edge.conftest import load_shop
from tests.edge.picture_server import PictureServer, picture_server

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 60_000
"""A starved machine is no reason for a red test."""


def cannot(why: str) -> NoReturn:
    """Skip, or fail where nothing may be missing."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


@dataclass(slots=True)
class Desk:
    """A page of the console whose complaints are written down."""

    page: Page
    address: str
    said: list[str] = field(default_factory=list)

    def go(self, room: str) -> None:
        """Go to a room and wait for its heading."""
        self.page.goto(f"{self.address}/console#/{room}")
        self.page.locator("main h1").wait_for()

    def violations(self) -> list[Any]:
        """What axe-core finds wrong with what is shown now."""
        session = self.page.context.new_cdp_session(self.page)  # beside the page's policy, which lets in no script
        session.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
        found: list[Any] = self.page.evaluate(
            "axe.run().then(done => done.violations.map(one => [one.id, one.nodes.map(node => node.html)]))"
        )
        return found


Sit = Callable[..., Desk]


@pytest.fixture(scope="module")
def pictures() -> Iterator[PictureServer]:
    """Where the pictures of feeds are."""
    with picture_server() as server:
        yield server


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """AKIN_* of a server with the drawn shop, whose files all lie in one folder."""
    folder = tmp_path_factory.mktemp("console")
    asyncio.run(load_shop(load_settings(catalog=f"sqlite:///{folder / 'akin.db'}", decode_slots=1)))
    files = {"PHOTO_STORE": "photos.db", "EVENTS": "events.db", "INSIGHTS": "insights", "LOADS": "loads"}
    files |= {"KEYS": "keys.db", "CLOUD_STORE": "cloud.db"}
    return {
        "AKIN_CATALOG": f"sqlite:///{folder / 'akin.db'}",
        **{f"AKIN_{name}": str(folder / file) for name, file in files.items()},
        "AKIN_DECODE_SLOTS": "1",
        "AKIN_FETCH_PRIVATE": "true",
        "AKIN_DEADLINE_MS": "60000",
        "AKIN_DECODE_TIMEOUT_S": "30",
        "AKIN_RATE_PER_ADDRESS": "100000",
    }


@pytest.fixture(scope="module")
def server(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The shop, served with the built pages."""
    if not (STATIC / "console" / "index.html").is_file() or not AXE.is_file():
        cannot("the pages are not built: make web (needs Node 20.19 or newer)")
    with running_server(settings, tmp_path_factory.mktemp("log") / "server.log") as made:
        yield made


@pytest.fixture(scope="module")
def browser(server: RunningServer) -> Iterator[Browser]:
    """Debian's Chromium. After the server: while Playwright runs, no other event loop can."""
    assert server.address
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        cannot("Chromium is not installed: apt-get install chromium")
    options = ["--no-sandbox"] if os.geteuid() == 0 else []  # a container has no user namespace for it; pages are ours
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        opened = playwright.chromium.launch(executable_path=found, args=options)
        yield opened
        opened.close()


@pytest.fixture
def sit(browser: Browser, server: RunningServer) -> Iterator[Sit]:
    """Sit down at the console; whoever sat there complained of nothing, or the test fails."""
    desks: list[Desk] = []

    def take(*, theme: str = "light", width: int = 1440, locale: str = "en-US") -> Desk:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            locale=locale,
            accept_downloads=True,
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        desk = Desk(page, server.address)

        def note(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                desk.said.append(message.text)

        page.on("console", note)
        page.on("pageerror", lambda error: desk.said.append(f"crash: {error}"))
        desks.append(desk)
        return desk

    yield take
    for desk in desks:
        desk.page.context.close()
    assert [one for desk in desks for one in desk.said if "status of 4" not in one] == []
