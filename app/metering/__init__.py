"""Metering: what outside calls cost, what may still be spent, and what need not be paid for twice.

One SQLite file, shared by all processes and kept over restarts: the ledger, the answers already paid for, and the words
nobody could place.
"""

from app.metering.answers import Answers, Turn
from app.metering.errors import BudgetSpent, MeterUnavailable, UnknownPrice
from app.metering.ledger import Budget, DayOfSource, Ledger
from app.metering.prices import Prices, read_prices, shipped_prices
from app.metering.store import MeterStore
from app.metering.words import UnplacedWord, UnplacedWords

__all__ = [
    "Answers",
    "Budget",
    "BudgetSpent",
    "DayOfSource",
    "Ledger",
    "MeterStore",
    "MeterUnavailable",
    "Prices",
    "Turn",
    "UnknownPrice",
    "UnplacedWord",
    "UnplacedWords",
    "read_prices",
    "shipped_prices",
]
