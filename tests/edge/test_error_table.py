"""Code, table and page stay together: every error has a status and stands in docs/errors.md."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
import catalog_loader
from app.edge.errors import STATUS, status_for
from app.errors import AppError, BadRequest, Conflict, NotFound, Unavailable

COMMAND_LINE_ONLY = ("catalog_loader.", "app.evaluation.", "app.learning.", "app.benchmark.", "app.backups.", "app.cli")
OPERATORS_FAULT = {
    "unknown-analyzer", "bad-embedder", "bad-card", "bad-vocabulary", "bad-trust", "bad-face-model", "unknown-price",
    "bad-rules",
}  # fmt: skip
"""Wrong input of whoever wrote the settings, not of the caller."""

DOCS = Path(__file__).parents[2] / "docs" / "errors.md"


def all_errors() -> list[type[AppError]]:
    """Every class of expected errors in the product."""
    for package in (app, catalog_loader):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    ours = {error for error in descendants(AppError) if error.__module__.startswith(("app.", "catalog_loader."))}
    return sorted(ours, key=lambda error: (error.code, error.__name__))


def descendants(error: type[AppError]) -> Iterator[type[AppError]]:
    """The class and all below it."""
    yield error
    for below in error.__subclasses__():
        yield from descendants(below)


def documented(cell: str) -> dict[str, str]:
    """code -> the cell after it, of every table row of docs/errors.md whose second cell has that form."""
    row = re.compile(rf"^\| `([a-z0-9-]+)` \| ({cell}) \|", re.MULTILINE)
    return dict(row.findall(DOCS.read_text(encoding="utf-8")))


def over_http() -> list[type[AppError]]:
    """Errors a caller of the HTTP interface can meet."""
    return [error for error in all_errors() if not error.__module__.startswith(COMMAND_LINE_ONLY)]


@pytest.mark.parametrize("error", over_http(), ids=lambda error: error.__name__)
def test_every_error_has_a_status_and_a_sensible_one(error: type[AppError]) -> None:
    assert error.code in STATUS, f"{error.__module__}.{error.__name__}: add {error.code!r} to app/edge/errors.py"
    status = status_for(error)
    if issubclass(error, NotFound):
        assert status == 404
    elif issubclass(error, Conflict):
        assert status == 409
    elif issubclass(error, Unavailable):
        assert status == 503
    elif issubclass(error, BadRequest) and error.code not in OPERATORS_FAULT:
        assert 400 <= status < 500


def test_codes_are_kebab_case() -> None:
    assert [error for error in all_errors() if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", error.code)] == []


def test_the_page_lists_exactly_the_table() -> None:
    assert documented(r"\d{3}") == {code: str(status) for code, status in STATUS.items()}


def test_the_table_has_no_code_that_nothing_raises() -> None:
    assert set(STATUS) == {error.code for error in over_http()}


def test_errors_of_the_command_line_are_documented_too() -> None:
    assert {error.code for error in all_errors()} - set(STATUS) == set(documented(r"(?:akin|catalog-loader)[^|]*?"))
