"""What is wrong with one row of product data, in words its owner can act on."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error refuses the product (or ends the load, where it concerns the whole feed); a warning is only told."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with product data.

    code: stable, kebab-case, listed in docs/feeds.md. field: the attribute's name, "" for the row as a whole.
    cause: what was found. fix: how to mend it. line: 1-based line of the feed where the row begins, 0 for no line.
    product_id: the row's id where it has one.
    """

    code: str
    field: str
    cause: str
    fix: str
    line: int = 0
    product_id: str = ""
    severity: Severity = Severity.ERROR

    @property
    def refuses(self) -> bool:
        """Whether the product cannot be taken."""
        return self.severity is Severity.ERROR

    def as_json(self) -> dict[str, object]:
        """The problem as plain values, for reports."""
        return {**asdict(self), "severity": self.severity.value}

    def __str__(self) -> str:
        where = ", ".join(
            part for part in (f"line {self.line}" if self.line else "", self.product_id, self.field) if part
        )
        return f"{where}: {self.cause} {self.fix}".removeprefix(": ")
