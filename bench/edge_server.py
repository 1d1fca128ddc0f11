"""A server of a small drawn shop for the rows `edge.*`, its files in a folder that goes with it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

from app.benchmark import RunningServer, running_server
from app.identity import DEFAULT_SHOP, KeyStore, Scope
from bench.drawn_shop import run_loader, write_shop
from bench.promise import NotMeasurable

PRODUCTS = 40
_folders: "list[tempfile.TemporaryDirectory[str]]" = []


@dataclass(frozen=True, slots=True)
class EdgeServer:
    """A running server. folder: where its files are. key: opens everything; None where the server needs none."""

    server: RunningServer
    folder: Path
    key: str | None = None

    @property
    def address(self) -> str:
        """http://127.0.0.1:PORT."""
        return self.server.address

    @property
    def headers(self) -> dict[str, str]:
        """What opens everything."""
        return {} if self.key is None else {"authorization": f"Bearer {self.key}"}

    @property
    def log(self) -> str:
        """What it printed so far."""
        return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")

    def processes(self) -> list[psutil.Process]:
        """The first process and everything below it."""
        first = psutil.Process(self.server.process.pid)
        return [first, *first.children(recursive=True)]

    def resident_mb(self) -> float:
        """Resident memory of all its processes, in MiB; pages they share are counted in each."""
        return sum(_resident(one) for one in self.processes()) / 2**20

    def decoders(self) -> list[psutil.Process]:
        """Its decoding processes."""
        return self._named("akin-decode")

    def eyes(self) -> list[psutil.Process]:
        """Its processes that look at photos."""
        return self._named("akin-look")

    def _named(self, name: str) -> list[psutil.Process]:
        return [one for one in self.processes()[1:] if _name(one) == name]


@contextmanager
def edge_server(*, keyed: bool = False, **settings: str) -> Iterator[EdgeServer]:
    """Load the shop and serve it. keyed: only with a key. settings: AKIN_* without the prefix, in lower case."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        loaded = run_loader(folder, "load", str(write_shop(folder, PRODUCTS)), "--type-from", "custom_label_0")
        if loaded.returncode != 0:
            raise NotMeasurable(f"the shop was not loaded: {loaded.stderr[-300:]}")
        key = a_key(folder / "keys.db") if keyed else None
        with running_server(files_in(folder) | upper(settings) | quick_start(), folder / "server.log") as server:
            yield EdgeServer(server, folder, key)


def a_key(path: Path) -> str:
    """A key that opens everything."""
    return KeyStore(path).create(name="bench", shop=DEFAULT_SHOP, scopes=(Scope.ADMIN,)).text


def files_in(folder: Path) -> dict[str, str]:
    """Settings that keep every file of a server in the folder."""
    return upper(
        {
            "catalog": f"sqlite:///{folder / 'akin.db'}",
            "photo_store": str(folder / "photos.db"),
            "events": str(folder / "events.db"),
            "insights": str(folder / "insights"),
            "loads": str(folder / "loads"),
            "keys": str(folder / "keys.db"),
            "writes": str(folder / "writes.db"),
            "rate_store": f"sqlite:///{folder / 'rates.db'}",
            "workers": "1",
        }
    )


@cache
def quick_start() -> dict[str, str]:
    """Environment variables with which programs keep what Python compiled, in a folder that goes with this process: a
    server that is started again and again costs 1.2 s of a core instead of 3."""
    _folders.append(tempfile.TemporaryDirectory(prefix="akin-compiled-"))
    return {"PYTHONPYCACHEPREFIX": _folders[-1].name, "PYTHONDONTWRITEBYTECODE": ""}


def upper(settings: dict[str, str]) -> dict[str, str]:
    """The settings as environment variables."""
    return {f"AKIN_{name.upper()}": value for name, value in settings.items()}


def cores() -> int:
    """Cores of this machine."""
    return os.cpu_count() or 1


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return ""
