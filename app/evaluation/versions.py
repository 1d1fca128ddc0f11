"""The file a fit is written to, its earlier versions beside it, and the way back.

`calibration.json` serves; `calibration.v3.json` beside it is what served as version 3 until version 4 replaced it.
Files are put in place whole (written beside, then renamed), so a server that starts meanwhile reads one or the other.
"""

import os
from pathlib import Path

from app.errors import Conflict
from app.search import Calibration, read_calibration


class NothingToUndo(Conflict):
    """There is no earlier version of the calibration beside the file."""

    code = "nothing-to-undo"
    title = "There is no earlier calibration"


def keep(path: Path, calibration: Calibration, before: Calibration) -> Path:
    """Put a calibration in place; what served before stays beside it. Returns where that is. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    earlier = _beside(path, before.version)
    _put(earlier, before)
    _put(path, calibration)
    return earlier


def undo(path: Path) -> tuple[Calibration, Calibration]:
    """Put the version before back in place; returns it, and the one taken away, which stays beside the file too.

    Raises NothingToUndo, and what read_calibration raises.
    """
    present = read_calibration(path) if path.is_file() else None
    earlier = _beside(path, present.version - 1) if present is not None else path
    if present is None or not earlier.is_file():
        raise NothingToUndo(
            f"There is no earlier version beside {path}.", fix="Unset AKIN_CALIBRATION to use the shipped weights."
        )
    restored = read_calibration(earlier)
    _put(_beside(path, present.version), present)
    _put(path, restored)
    return restored, present


def _beside(path: Path, version: int) -> Path:
    return path.with_name(f"{path.stem}.v{version}{path.suffix}")


def _put(path: Path, calibration: Calibration) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(calibration.to_json(), encoding="utf-8")
    part.replace(path)
