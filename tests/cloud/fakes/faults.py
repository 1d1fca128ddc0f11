"""What a fake does instead of answering, scripted call by call, and what it saw."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Script:
    """Shared by all fakes. Each call takes the next step; with none left, `then` goes for all calls.

    A step: None answers; a number sleeps so many seconds first; a string names the fault ("unavailable", "throttled",
    "denied", "missing", "refused", "reset", "garbage", "nan", "flood", "nothing", "hang", "german").
    """

    steps: list[str | float | None] = field(default_factory=list)
    then: str | float | None = None
    calls: int = 0
    pictures: list[bytes] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    cancelled: int = 0
    units: int = 0
    at: list[float] = field(default_factory=list)

    def next(self) -> str | float | None:
        """Count a call and say what to do."""
        self.calls += 1
        return self.steps.pop(0) if self.steps else self.then

    def plan(self, *steps: str | float | None) -> None:
        """The next calls."""
        self.steps = list(steps)

    def reset(self) -> None:
        """Forget everything."""
        self.steps, self.then, self.calls, self.cancelled, self.units = [], None, 0, 0, 0
        self.pictures, self.asked, self.at = [], [], []
