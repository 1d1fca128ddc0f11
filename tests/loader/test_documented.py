"""docs/feeds.md names every code a row can be refused with, and every attribute that is read."""

import ast
from pathlib import Path

from app.intake.columns import READ

ROOT = Path(__file__).parents[2]
MAKERS = {"Problem", "NotThis", "_add"}


def codes() -> set[str]:
    """The first argument of everything that makes a problem."""
    found = set()
    for path in [*ROOT.glob("app/intake/*.py"), *ROOT.glob("catalog_loader/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in MAKERS and isinstance(node.args[0].value, str):
                    found.add(node.args[0].value)
    return found


def test_every_code_and_attribute_is_documented() -> None:
    """A shop that meets a code finds it in the manual."""
    text = (ROOT / "docs" / "feeds.md").read_text(encoding="utf-8")
    assert len(codes()) >= 15
    assert {code for code in codes() if f"`{code}`" not in text} == set()
    labels = {f"custom_label_{number}" for number in range(1, 4)}
    assert {name for name in READ - labels if f"`{name}`" not in text} == set()
