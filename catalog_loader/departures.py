"""Rows that say a product goes: `delete` set, or the Merchant feed's `expiration_date` in the past. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime

from app.intake import Problem, RawRow, shown

_YES = {"yes", "true", "1", "y", "delete"}
_NO = {"", "no", "false", "0", "n"}


@dataclass(frozen=True, slots=True)
class Departure:
    """The product of this id is to go. A row that says so needs nothing but its id."""

    product_id: str


def departure(row: RawRow, *, now: datetime | None = None) -> Departure | Problem | None:
    """What the row says of going: that its product does, that it cannot be understood, or None for nothing.

    now: with a time zone. An expiration date without one is in UTC; one that is no date is left out.
    """
    word, product_id = _text(row, "delete").lower(), _text(row, "id")
    if word not in _YES | _NO:
        cause = f'"{shown(word)}" does not say whether the product goes.'
        return Problem("bad-delete", "delete", cause, "Write yes, or leave it empty.", product_id=product_id)
    if word not in _YES and not _expired(_text(row, "expiration_date"), now or datetime.now(UTC)):
        return None
    if not product_id:
        cause = "The row says that a product goes, but not which."
        return Problem("missing-id", "id", cause, "Give the product's id.")
    return Departure(product_id)


def _expired(text: str, now: datetime) -> bool:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return False
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) <= now


def _text(row: RawRow, name: str) -> str:
    found = row.get(name, "")
    return (found if isinstance(found, str) else next(iter(found), "")).strip()
