"""The walls of the house: who may import whom. ARCHITECTURE.md explains the reasons; this file enforces them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

ROOTS = (
    "main",
    "opening",
    "shops",
    "cli_keys",
    "cli",
    "cli_backup",
    "cli_bench",
    "cli_generations",
    "command_line",
    "cli_sources",
    "cli_learn",
    "cli_rules",
    "cli_trust",
    "cli_tune",
    "finder",
    "trial",
    "observing",
    "readiness",
    "stopping",
    "wiring",
    "wiring_edge",
    "wiring_embedder",
    "wiring_fallback",
    "wiring_sources",
    "settings",
    "settings_catalog",
    "settings_edge",
)
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "tracing": {"errors"},
    "private_file": {"errors"},
    "telemetry": {"errors", "tracing"},
    "photos": {"errors", "tracing", "private_file"},
    "catalog": {"errors"},
    "events": {"errors", "private_file"},
    "metering": {"errors", "private_file"},
    "identity": {"errors"},
    "idempotency": {"errors", "private_file"},
    "analysis": {"errors", "photos", "metering", "tracing"},
    "search": {"errors", "photos", "analysis", "catalog", "events"},
    "insights": {"errors", "private_file", "photos", "catalog", "events", "analysis"},
    "intake": {"errors", "photos", "analysis", "catalog"},
    "loads": {"errors", "catalog"},
    "edge": {
        "errors",
        "idempotency",
        "identity",
        "photos",
        "analysis",
        "catalog",
        "events",
        "search",
        "insights",
        "intake",
        "loads",
        "evaluation",
        "telemetry",
    },
    "api": {
        "errors",
        "idempotency",
        "identity",
        "photos",
        "analysis",
        "catalog",
        "events",
        "search",
        "insights",
        "intake",
        "loads",
        "edge",
        "evaluation",
        "telemetry",
    },
    "web": {"errors", "identity", "photos", "analysis", "catalog", "events", "search", "insights", "intake", "edge"},
    "evaluation": {"errors", "photos", "analysis", "catalog", "events", "search", "insights", "intake"},
    "learning": {"errors", "analysis", "catalog", "intake", "search", "evaluation"},
    "reporting": {"evaluation"},
    "benchmark": {"errors", "photos", "analysis", "catalog", "events", "search", "insights", "intake"},
    "backups": {"errors"},
    "settings": {"errors", "settings_catalog", "settings_edge"},
    "settings_catalog": {"errors"},
    "settings_edge": {"settings_catalog"},
}
LOADER_ROOMS = {"errors", "photos", "analysis", "catalog", "intake"}
"""What catalog_loader may use of app; its cli.py, a composition root, may also use settings and wiring."""

SOLE_IMPORTERS: dict[str, tuple[str, ...]] = {
    "sqlite3": (
        "app/backups/",
        "app/catalog/sqlite/",
        "app/photos/store.py",
        "app/private_file.py",
        "app/events/",
        "app/metering/",
        "app/insights/",
        "app/edge/rate_store.py",
        "app/identity/store.py",
        "app/idempotency/store.py",
    ),
    "numkong": ("app/catalog/sqlite/",),
    "PIL": ("app/photos/decode", "app/photos/clean"),
    "pillow_heif": ("app/photos/decode",),
    "cv2": ("app/analysis/local/", "app/analysis/outgoing.py"),
    "onnxruntime": ("app/analysis/local/onnx_model.py",),
    "tokenizers": ("app/analysis/local/text_model.py",),
    "huggingface_hub": ("app/analysis/local/model_folder.py",),
    "threadpoolctl": ("app/analysis/local/threads.py",),
    "elasticsearch": ("app/catalog/elasticsearch/",),
    "google": ("app/analysis/providers/",),
    "grpc": ("app/analysis/providers/google_wire.py",),
    "boto3": ("app/analysis/providers/rekognition.py",),
    "botocore": ("app/analysis/providers/rekognition.py",),
    "pebble": ("app/photos/pool.py",),
    "prometheus_client": ("app/telemetry/metrics.py",),
    "opentelemetry": ("app/tracing.py",),
}

CONCRETE = ("app.catalog.sqlite", "app.catalog.elasticsearch", "app.analysis.providers")
"""Engines and providers: only composition roots (and their own rooms) build them."""

MAX_LINES = 400
LONGER_ON_PURPOSE: dict[str, str] = {}
"""path -> reason; keep it empty."""


def modules() -> list[Path]:
    """All modules of the product."""
    return sorted([*ROOT.glob("app/**/*.py"), *ROOT.glob("catalog_loader/**/*.py")])


def imports(path: Path) -> Iterator[tuple[str, ast.AST]]:
    """Dotted names a module imports, with the node; relative imports are made absolute."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            yield ".".join(part for part in (base, node.module or "") if part), node


def room_of(dotted: str) -> str:
    """The room a dotted first-party name lies in: `app.catalog.sqlite.engine` -> `catalog`."""
    parts = dotted.split(".")
    return parts[1] if len(parts) > 1 else ""


def room_of_path(path: Path) -> str:
    """The room a module lies in; `app/main.py` -> `main`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if len(parts) > 1 else ""


def is_root(path: Path) -> bool:
    """Whether the module is a composition root, the only kind that reads settings and builds engines."""
    name = path.relative_to(ROOT).as_posix()
    return name in {
        *(f"app/{root}.py" for root in ROOTS if not root.startswith("settings")),
        "catalog_loader/cli.py",
        "catalog_loader/reembed.py",
        "catalog_loader/__main__.py",
    }


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_keeps_to_its_walls(path: Path) -> None:
    """Imports go down the layers, through façades, and vendors stay in their own files."""
    name = path.relative_to(ROOT).as_posix()
    for dotted, node in imports(path):
        where = f"{name}:{getattr(node, 'lineno', 0)}: imports {dotted}"
        top = dotted.split(".")[0]
        allowed = SOLE_IMPORTERS.get(top)
        assert allowed is None or name.startswith(allowed), f"{where}; only {allowed} may"
        if top not in {"app", "catalog_loader"}:
            continue
        if is_root(path):  # nothing imports a root: what it imports late saves a start and hides no cycle
            continue
        assert getattr(node, "col_offset", 0) == 0, f"{where} inside a block: a deferred import hides a cycle"
        assert top == name.split("/")[0] or top == "app", f"{where}: app never imports the loader"
        if top == "catalog_loader":
            continue
        room, own = room_of(dotted), room_of_path(path)
        if name.startswith("catalog_loader/"):
            assert room in LOADER_ROOMS | {""}, f"{where}: the loader uses {sorted(LOADER_ROOMS)}"
        elif room and room != own:
            assert room in MAY_IMPORT[own], f"{where}: {own} may import {sorted(MAY_IMPORT[own])}"
        if room and (room != own or name.startswith("catalog_loader/")):
            assert not dotted.startswith(CONCRETE), f"{where}: only composition roots build engines and providers"
            assert dotted.count(".") == 1, f"{where}: import the façade app.{room}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_short_enough_to_read(path: Path) -> None:
    """No module over 400 lines without a named reason."""
    name = path.relative_to(ROOT).as_posix()
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_LINES or name in LONGER_ON_PURPOSE, f"{name} has {lines} lines; {MAX_LINES} is the limit"


def test_every_room_is_on_the_map() -> None:
    """A new folder or file directly under app/ needs a line in MAY_IMPORT (or is a composition root)."""
    found = {path.stem for path in (ROOT / "app").iterdir() if path.suffix == ".py" and path.stem != "__init__"}
    found |= {path.name for path in (ROOT / "app").iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert found <= set(MAY_IMPORT) | set(ROOTS)


def test_nothing_is_called_utils_common_or_helpers() -> None:
    """A name that says nothing about its contents is refused."""
    forbidden = {"utils", "util", "common", "helpers", "helper", "misc", "core"}
    named = [path for path in modules() if forbidden & set(path.relative_to(ROOT).with_suffix("").parts)]
    assert named == []
