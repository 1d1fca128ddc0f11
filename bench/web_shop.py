"""A drawn shop served with its pages, and pages of it in Chromium; what several measurements of `web.*` share."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from app.benchmark import RunningServer, running_server
from app.web import STATIC
from bench.drawn_shop import run_loader, write_shop
from bench.promise import NotMeasurable

WriteFeed = Callable[[Path], Path]
PATIENCE_MS = 60_000
_DONE, _SOME_REFUSED = 0, 1
_STORES = {
    "PHOTO_STORE": "photos.db",
    "EVENTS": "events.db",
    "INSIGHTS": "insights",
    "LOADS": "loads",
    "KEYS": "keys.db",
    "CLOUD_STORE": "cloud.db",
}


@dataclass(frozen=True, slots=True)
class ServedShop:
    """folder: where its feed, pictures and all its files lie."""

    server: RunningServer
    folder: Path

    @property
    def address(self) -> str:
        """Of the server, without a path."""
        return self.server.address


@contextmanager
def served_shop(write: WriteFeed = lambda folder: write_shop(folder, 12)) -> Iterator[ServedShop]:
    """A shop with the feed that `write` makes in the folder it is given, loaded as a retailer loads it, and served."""

    def load(folder: Path, catalog: str) -> None:
        insights = str(folder / _STORES["INSIGHTS"])
        loaded = run_loader(folder, "load", str(write(folder)), AKIN_CATALOG=catalog, AKIN_INSIGHTS=insights)
        if loaded.returncode not in {_DONE, _SOME_REFUSED}:
            raise NotMeasurable(f"the shop could not be loaded: {loaded.stderr[-300:]}")

    with filled_shop(load) as shop:
        yield shop


@contextmanager
def filled_shop(fill: Callable[[Path, str], None]) -> Iterator[ServedShop]:
    """A shop whose catalog `fill` publishes, served. fill: given the folder of all files and the catalog's address."""
    if not (STATIC / "index.html").is_file():
        raise NotMeasurable("the pages are not built; make web")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        catalog = f"sqlite:///{folder / 'akin.db'}"
        fill(folder, catalog)
        settings = {
            **{f"AKIN_{one}": str(folder / file) for one, file in _STORES.items()},
            "AKIN_CATALOG": catalog,
            "AKIN_MEDIA": str(folder),
            "AKIN_DEADLINE_MS": "60000",
            "AKIN_RATE_PER_ADDRESS": "1000000",
        }
        with running_server(settings, folder / "server.log") as server:
            yield ServedShop(server, folder)


def opened(browser: Browser, *, width: int = 390, height: int = 800, dark: bool = False) -> Page:
    """A page in a context of its own, as a person with a new browser has it."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        locale="en-US",
        service_workers="block",
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    return page
