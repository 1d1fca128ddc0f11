"""Progress as people see it: a bar with rate and time left on a terminal, a plain line now and then elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from catalog_loader.report import spoken

PLAIN_EVERY_S = 10.0


class Bar:
    """A bar on a terminal."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[told]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._total: int | None = None
        self._began = time.monotonic()

    def stage(self, name: str, total: int | None = None) -> None:
        """Replace the bar."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._total, self._began = total, time.monotonic()
        self._task = self._progress.add_task(name, total=total, told="")

    def rows(self, done: int, images: int) -> None:
        """Move the bar."""
        if self._task is not None:
            told = told_of(done, self._total, images, time.monotonic() - self._began)
            self._progress.update(self._task, completed=done, told=told)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()


class Plain:
    """Lines for logs: one per stage, and one every ten seconds."""

    def __init__(self, console: Console, *, every_s: float = PLAIN_EVERY_S) -> None:
        self._console = console
        self._every_s = every_s
        self._name = ""
        self._total: int | None = None
        self._began = self._told_at = time.monotonic()

    def stage(self, name: str, total: int | None = None) -> None:
        """Tell the stage."""
        self._name, self._total = name, total
        self._began = self._told_at = time.monotonic()
        self._console.print(f"{name} …", markup=False)

    def rows(self, done: int, images: int) -> None:
        """Tell how far it is, when it is time."""
        now = time.monotonic()
        if now - self._told_at < self._every_s:
            return
        self._told_at = now
        taken = now - self._began
        left = f", {spoken(taken / done * (self._total - done))} left" if self._total and done else ""
        self._console.print(f"{self._name}: {told_of(done, self._total, images, taken)}{left}", markup=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to clear."""


def told_of(done: int, total: int | None, images: int, seconds: float) -> str:
    """ "320 of 900 rows, 25.3 pictures a second"."""
    rows = f"{done:,} rows" if total is None else f"{done:,} of {total:,} rows"
    return f"{rows}, {images / seconds:.1f} pictures a second" if images and seconds > 0 else rows


def progress_on(console: Console, *, quiet: bool = False) -> Bar | Plain:
    """What suits where the console leads."""
    if quiet:
        return Plain(Console(quiet=True))
    return Bar(console) if console.is_terminal else Plain(console)
