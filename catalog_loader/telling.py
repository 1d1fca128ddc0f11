"""How a command tells what it does: words and a bar for people, a summary or events as JSON for programs."""

import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import NoReturn

import typer
from rich.console import Console

from app.errors import AppError
from catalog_loader.events import Events
from catalog_loader.report import Progress, Summary
from catalog_loader.terminal import progress_on


@dataclass(frozen=True, slots=True)
class Told:
    """as_json: only the summary, as one JSON object. events: everything, as JSON Lines (catalog_loader.events)."""

    as_json: bool = False
    events: bool = False
    _lines: Events = field(init=False, default_factory=lambda: Events(_line))

    @property
    def quiet(self) -> bool:
        """Whether nothing is said to people."""
        return self.as_json or self.events

    def progress(self) -> AbstractContextManager[Progress]:
        """Where progress goes."""
        return self._lines if self.events else progress_on(on_stderr(), quiet=self.quiet)

    @contextmanager
    def failures(self, holder: str, feed: str) -> Iterator[None]:
        """Tell who begins, and an expected error that ends the block; it goes on to the caller."""
        if self.events:
            self._lines.begun(holder, feed)
        try:
            with self._lines.alive() if self.events else nullcontext():
                yield
        except AppError as error:
            if self.events:
                self._lines.failed(error)
            raise

    def tell(self, summary: Summary) -> NoReturn:
        """Print the summary and leave with its exit code."""
        if self.events:
            self._lines.ended(summary)
        else:
            typer.echo(json.dumps(summary.as_json(), indent=2) if self.as_json else summary.in_words())
        raise typer.Exit(summary.exit_code)


def on_stderr() -> Console:
    """Where people are told of progress."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def _line(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
