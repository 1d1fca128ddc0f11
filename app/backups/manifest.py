"""What a backup holds, written beside it: every file with its size and digest."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.backups.errors import BackupDamaged

NAME = "manifest.json"
FORMAT = 1
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class KeptFile:
    """One file. path: in the backup, `PLACE` or `PLACE/…`. sqlite: whether it is a database, checked as one."""

    path: str
    bytes: int
    sha256: str
    sqlite: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole backup. made_at: UTC, ISO 8601. version: of the Akin that made it. folders: places that are folders."""

    made_at: str
    version: str
    places: tuple[str, ...]
    folders: tuple[str, ...]
    files: tuple[KeptFile, ...]

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(file.bytes for file in self.files)

    def of(self, place: str) -> list[KeptFile]:
        """The files of one place."""
        return [file for file in self.files if file.path == place or file.path.startswith(f"{place}/")]

    def to_json(self) -> str:
        """As it is written."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n"


def read_manifest(backup: Path) -> Manifest:
    """The manifest of a backup. Raises BackupDamaged."""
    try:
        told: Mapping[str, Any] = json.loads((backup / NAME).read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise BackupDamaged(
                f"The backup has format {told['format']}, this version reads {FORMAT}.",
                fix="Restore it with the Akin that made it.",
            )
        files = tuple(KeptFile(**file) for file in told["files"])
        manifest = Manifest(told["made_at"], told["version"], tuple(told["places"]), tuple(told["folders"]), files)
    except (OSError, ValueError, KeyError, TypeError) as unreadable:
        raise BackupDamaged(
            f"{backup} holds no readable {NAME}.", fix="Name the folder that `akin backup` made."
        ) from unreadable
    for file in manifest.files:
        steps = Path(file.path).parts
        if Path(file.path).is_absolute() or ".." in steps or steps[0] not in manifest.places:
            raise BackupDamaged(f"The manifest names {file.path!r}, which lies outside of the backup.")
    return manifest


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        hashed = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            hashed.update(chunk)
    return hashed.hexdigest()
