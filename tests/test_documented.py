"""What is written stays true: commands, operations, make targets, locks and links are compared with the real things."""

import re
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from app import cli
from app.main import create_app
from app.settings import load_settings
from catalog_loader import cli as loader_cli

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def commands(program: str, root: object, prefix: str = "") -> list[tuple[str, TyperCommand]]:
    """(name as it is typed, command) of every leaf command."""
    if isinstance(root, TyperCommand):
        return [(f"{program}{prefix}", root)]
    assert isinstance(root, TyperGroup)
    return [found for name, one in root.commands.items() for found in commands(program, one, f"{prefix} {name}")]


COMMANDS = [
    *commands("akin", typer.main.get_command(cli.app)),
    *commands("catalog-loader", typer.main.get_command(loader_cli.app)),
]


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_command_is_documented_and_shows_an_example(name: str, command: TyperCommand) -> None:
    """A command stands in the README or docs/, says what it does and shows how it is typed."""
    assert name in TEXT, f"{name} is in no page"
    assert command.help, f"{name} --help does not say what it does"
    assert "Example" in (command.epilog or ""), f"{name} --help shows no example"


def test_every_http_operation_is_documented() -> None:
    """Every path the server answers stands in docs/http.md."""
    page = (ROOT / "docs" / "http.md").read_text(encoding="utf-8")
    paths = create_app(load_settings()).openapi()["paths"]
    missing = [f"{verb.upper()} {path}" for path, verbs in paths.items() for verb in verbs if path not in page]
    assert missing == []


def test_every_make_target_that_is_named_exists() -> None:
    """A page that says `make X` is right."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", TEXT, re.MULTILINE))
    assert named <= targets
    assert {"demo", "test"} <= named


def test_links_lead_somewhere() -> None:
    """Relative links and pictures in the pages exist."""
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:", target):
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.lock")), ids=lambda path: path.name)
def test_locks_hold_hashes_and_no_address(lock: Path) -> None:
    """Every requirement is pinned by version and hash; where it is fetched from is the machine's business."""
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_decisions_are_numbered_once() -> None:
    """Two decisions never share a number."""
    numbers = [path.name[:4] for path in (ROOT / "docs" / "decisions").glob("*.md")]
    assert len(numbers) == len(set(numbers))
