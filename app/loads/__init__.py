"""Loads that are started over HTTP: ordered here, done by the loader's own process, remembered on the disk."""

from app.loads.desk import LoadDesk
from app.loads.errors import LoadNotFound, LoadOver, LoadRunning, LoadsUnavailable, NoRejects
from app.loads.model import Load, LoadState, Order, Trouble

__all__ = [
    "Load",
    "LoadDesk",
    "LoadNotFound",
    "LoadOver",
    "LoadRunning",
    "LoadState",
    "LoadsUnavailable",
    "NoRejects",
    "Order",
    "Trouble",
]
