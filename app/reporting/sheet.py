"""The HTML sheet: figures, and the photos that failed beside what was found and why. One file, nothing fetched."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, PackageLoader, select_autoescape

from app.evaluation import Outcome, Report, Shown, failures_of

Picture = Callable[[str], bytes | None]
"""From a picture's url (or a photo's path) to its bytes, None where they cannot be had."""

MOST_FAILURES = 60
ITEMS_SHOWN = 4
LARGEST = 400_000
"""Bytes of a picture that is still put into the sheet."""


def to_html(report: Report, picture: Picture) -> str:
    """The sheet as one self-contained document."""
    failures = failures_of(report)
    environment = Environment(loader=PackageLoader("app.reporting"), autoescape=select_autoescape())
    environment.filters["percent"] = lambda value: f"{100 * value:.1f}"
    environment.filters["data_uri"] = lambda url: data_uri(picture(url))
    return environment.get_template("sheet.html").render(
        report=report,
        failures=[(kind, outcome, expected(outcome), outcome.shown[:ITEMS_SHOWN]) for kind, outcome in failures][
            :MOST_FAILURES
        ],
        failed=len(failures),
    )


def expected(outcome: Outcome) -> Shown | None:
    """The right product, where it was shown at all."""
    return next((item for item in outcome.shown if item.right), None)


def data_uri(data: bytes | None) -> str:
    """The picture inside the page; "" where there is none or it is too large."""
    if not data or len(data) > LARGEST:
        return ""
    kind = "png" if data.startswith(b"\x89PNG") else "webp" if data[8:12] == b"WEBP" else "jpeg"
    return f"data:image/{kind};base64,{b64encode(data).decode()}"


def pictures_under(folder: Path | None) -> Picture:
    """Pictures read from disk: absolute paths as they are, relative ones from the folder, and nothing outside both."""

    def read(url: str) -> bytes | None:
        path = Path(url)
        if not path.is_absolute():
            if folder is None or "://" in url:
                return None
            path = folder / path
        try:
            return path.read_bytes()
        except (OSError, ValueError):
            return None

    return read
