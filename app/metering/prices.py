"""The price table: what a unit costs, as data that a shop can replace (AKIN_PRICES)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from app.metering.errors import UnknownPrice

MICROS = 1_000_000
_SHIPPED = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per 1,000 units, by key ("vision.label"). as_of: when somebody last compared it with the vendors'.
    source: where the numbers are from, in words."""

    per_thousand: Mapping[str, Decimal]
    as_of: str
    source: str = ""

    def micros(self, units: Mapping[str, int]) -> int:
        """Price of these units in millionths of a dollar, rounded up. Raises UnknownPrice."""
        total = Decimal(0)
        for key, count in units.items():
            if key not in self.per_thousand:
                raise UnknownPrice(
                    f"The price table has no price for {key!r}.", fix="Add it to the file of AKIN_PRICES."
                )
            total += self.per_thousand[key] * count
        return int((total * MICROS / 1000).to_integral_value(rounding="ROUND_CEILING"))


def shipped_prices() -> Prices:
    """The list prices this version ships with."""
    return read_prices(_SHIPPED)


def read_prices(path: Path) -> Prices:
    """Read a price table. Raises UnknownPrice when it is none."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        prices = {f"{vendor}.{key}": Decimal(str(price)) for vendor, table in document["usd_per_1000"].items()
                  for key, price in table.items()}  # fmt: skip
        if any(not price.is_finite() or price < 0 for price in prices.values()):
            raise ValueError("a price is negative or no number")
        return Prices(prices, str(document["as_of"]), str(document.get("source", "")))
    except (OSError, ValueError, KeyError, AttributeError, InvalidOperation) as broken:
        raise UnknownPrice(
            f"The price table {path.name} cannot be read: {broken}.", fix="See app/metering/prices.toml for the form."
        ) from broken
