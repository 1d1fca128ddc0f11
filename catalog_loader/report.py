"""What a load did: counts while it runs, a summary in words and as JSON at the end."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from app.intake import Problem


class Outcome(StrEnum):
    """How a command ended."""

    PUBLISHED = "published"
    VERIFIED = "verified"  # it lies ready beside what is published, as was asked
    UNCHANGED = "unchanged"  # the feed says what is published already
    CHECKED = "checked"  # nothing was to be written
    REFUSED = "refused"  # a gate or a verification stopped it
    INTERRUPTED = "interrupted"


@dataclass(slots=True)
class Told:
    """Problems counted by code, and the first of them to show, errors rather than warnings."""

    codes: Counter[str] = field(default_factory=Counter)
    samples: list[Problem] = field(default_factory=list)

    def note(self, problems: Iterable[Problem], *, keep: int = 20) -> None:
        """Count problems and keep some."""
        for problem in problems:
            self.codes[problem.code] += 1
            if len(self.samples) < keep:
                self.samples.append(problem)
            elif problem.refuses:
                warning = next((at for at, kept in enumerate(self.samples) if not kept.refuses), None)
                if warning is not None:
                    self.samples[warning] = problem


@dataclass(slots=True)
class Summary:
    """All that is told at the end.

    rows: of the feed. analyzed: products whose pictures were looked at in this run. reused: those whose pictures were
    known. unchanged: taken over from the published generation. resumed: kept from an earlier, interrupted run.
    refused: rows that gave no product. warned: rows taken with a warning. departed: rows that say a product goes.
    gone: products that were published before and are not afterwards. images_*: pictures; kept: could not be fetched
    now and are as they were published. products: in the published generation afterwards. told: the problems. rejects:
    path of the rejects file.
    """

    feed: str
    outcome: Outcome = Outcome.INTERRUPTED
    generation: str = ""
    rows: int = 0
    analyzed: int = 0
    reused: int = 0
    unchanged: int = 0
    resumed: int = 0
    refused: int = 0
    warned: int = 0
    departed: int = 0
    gone: int = 0
    products: int = 0
    images_analyzed: int = 0
    images_reused: int = 0
    images_failed: int = 0
    images_kept: int = 0
    seconds: float = 0.0
    told: Told = field(default_factory=Told)
    rejects: str = ""
    message: str = ""

    @property
    def exit_code(self) -> int:
        """0 done, 1 some rows refused, 3 nothing done."""
        if self.outcome in {Outcome.REFUSED, Outcome.INTERRUPTED}:
            return 3
        return 1 if self.refused else 0

    def as_json(self) -> dict[str, object]:
        """Plain values under stable names."""
        return {
            "outcome": self.outcome.value,
            "exit_code": self.exit_code,
            "feed": self.feed,
            "generation": self.generation or None,
            "products": self.products,
            "rows": {
                "total": self.rows,
                "analyzed": self.analyzed,
                "reused": self.reused,
                "unchanged": self.unchanged,
                "resumed": self.resumed,
                "refused": self.refused,
                "warned": self.warned,
                "departed": self.departed,
            },
            "gone": self.gone,
            "images": {
                "analyzed": self.images_analyzed,
                "reused": self.images_reused,
                "failed": self.images_failed,
                "kept": self.images_kept,
                "per_second": round(self.images_analyzed / self.seconds, 2) if self.seconds else 0.0,
            },
            "seconds": round(self.seconds, 3),
            "problems": dict(self.told.codes.most_common()),
            "samples": [problem.as_json() for problem in self.told.samples],
            "rejects": self.rejects or None,
            "message": self.message,
        }

    def in_words(self) -> str:
        """The summary as a person reads it."""
        lines = [self.message] if self.message else []
        parts = [
            (self.analyzed, "looked at"),
            (self.reused, "changed, with pictures known before"),
            (self.unchanged, "unchanged"),
            (self.resumed, "done in an earlier run"),
            (self.departed, "to be taken out"),
            (self.refused, "refused"),
        ]
        told = ", ".join(f"{count:,} {what}" for count, what in parts if count)
        lines.append(f"Rows: {self.rows:,}{f' ({told})' if told else ''}.")
        if self.images_analyzed and self.seconds:
            rate = self.images_analyzed / self.seconds
            lines.append(
                f"Pictures: {self.images_analyzed:,} looked at in {spoken(self.seconds)} ({rate:.1f} a second)."
            )
        if self.gone:
            lines.append(f"Products that were published before and are gone now: {self.gone:,}.")
        if self.images_kept:
            lines.append(
                f"Pictures that cannot be fetched now and were kept as they were published: {self.images_kept:,}."
                " The next load tries them again."
            )
        if self.images_failed:
            lines.append(f"Pictures that could not be used: {self.images_failed:,}.")
        if self.told.codes:
            lines.append(
                "Problems: " + ", ".join(f"{count:,} {code}" for code, count in self.told.codes.most_common()) + "."
            )
            lines += [f"  {problem.severity.value}: {problem}" for problem in self.told.samples[:10]]
            if len(self.told.samples) > 10 or self.told.codes.total() > len(self.told.samples):
                lines.append("  …")
        if self.rejects:
            lines.append(
                f"The refused rows are in {self.rejects}, the reasons in {self.rejects}.problems.jsonl beside it.\n"
                f"Mend them and load them alone: catalog-loader load --delta {self.rejects}"
            )
        return "\n".join(lines)


def spoken(seconds: float) -> str:
    """A duration as people say it."""
    if seconds < 90:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


class Progress(Protocol):
    """Shown while a command runs."""

    def stage(self, name: str, total: int | None = None) -> None:
        """A new stage begins; total: rows it has, None when that is unknown."""
        ...

    def rows(self, done: int, images: int) -> None:
        """So many rows are done in all in this stage, and so many pictures were analyzed."""
        ...


class Silent:
    """A Progress that shows nothing."""

    def stage(self, name: str, total: int | None = None) -> None:
        """Nothing."""

    def rows(self, done: int, images: int) -> None:
        """Nothing."""
