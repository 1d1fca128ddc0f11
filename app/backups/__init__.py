"""Backups of everything embedded: taken while it is used, checked, and put back without overwriting by mistake."""

from app.backups.errors import BackupDamaged, BackupExists, BackupFailed, PlaceInUse, PlaceTaken
from app.backups.manifest import KeptFile, Manifest
from app.backups.restore import check, restore
from app.backups.take import take

__all__ = [
    "BackupDamaged",
    "BackupExists",
    "BackupFailed",
    "KeptFile",
    "Manifest",
    "PlaceInUse",
    "PlaceTaken",
    "check",
    "restore",
    "take",
]
