"""Putting a backup back: checked as a whole first, then place by place, and never over data by mistake."""

import os
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from app.backups.database import BESIDE, is_database, nobody_else, problem_of
from app.backups.errors import BackupDamaged, BackupFailed, PlaceInUse, PlaceTaken
from app.backups.manifest import Manifest, digest, read_manifest


def check(backup: Path) -> Manifest:
    """Read every byte of a backup: sizes, digests, and each database as a whole. Blocks. Raises BackupDamaged."""
    manifest = read_manifest(backup)
    for file in manifest.files:
        path = backup / file.path
        try:
            well = path.is_file() and path.stat().st_size == file.bytes and digest(path) == file.sha256
        except OSError as unreadable:
            raise BackupDamaged(f"{file.path} cannot be read: {unreadable.strerror}.") from unreadable
        if not well:
            raise BackupDamaged(f"{file.path} is missing or was changed since it was made.", fix="Use another backup.")
        problem = problem_of(path) if file.sqlite else ""
        if problem:
            raise BackupDamaged(f"{file.path} is damaged: {problem}.", fix="Use another backup.")
    return manifest


def restore(backup: Path, places: Mapping[str, Path], *, force: bool = False) -> tuple[Manifest, list[Path]]:
    """Put every place of the backup where `places` says; blocks. Returns the manifest and what was moved aside.

    Everything is checked and copied beside its place before anything is replaced. Without force nothing may be there
    already; with it, what is there is moved aside as NAME.replaced-DATE, never deleted. A database that any process has
    open is not replaced. Raises BackupDamaged, PlaceTaken, PlaceInUse, BackupFailed.
    """
    manifest = check(backup)
    wanted = {name: places[name] for name in manifest.places if name in places}
    taken = [path for path in wanted.values() if _is_something(path)]
    if taken and not force:
        raise PlaceTaken(
            f"There is data at {', '.join(str(path) for path in taken)}.",
            fix="Stop the servers, then use --force: what is there is moved aside, not deleted.",
        )
    _refuse_used(taken)
    ready: dict[str, Path] = {}
    try:
        for name, path in wanted.items():
            ready[name] = path.with_name(f".{path.name}.restoring-{os.getpid()}")
            _copy(backup, manifest, name, ready[name])
        moved = _moved_aside(taken)
        for name, path in wanted.items():
            ready[name].rename(path)
    except OSError as failure:
        raise BackupFailed(
            f"Restoring did not come to its end: {failure}.",
            fix="What was there lies beside its place as NAME.replaced-DATE; check room and rights, then try again.",
        ) from failure
    finally:
        for left in ready.values():
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
    return manifest, moved


def _is_something(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else path.exists()


def _refuse_used(taken: Sequence[Path]) -> None:
    for place in taken:
        for path in place.rglob("*.db") if place.is_dir() else [place]:
            if not is_database(path):
                continue
            with nobody_else(path) as alone:
                if not alone:
                    raise PlaceInUse(
                        f"A process has {path} open.", fix="Stop every server and loader of this shop, then try again."
                    )


def _copy(backup: Path, manifest: Manifest, name: str, copy: Path) -> None:
    """A copy of the place at `copy`, which lies on the disk it will stay on."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    if name in manifest.folders:
        copy.mkdir(mode=0o700)
    for file in manifest.of(name):
        target = copy / Path(file.path).relative_to(name) if name in manifest.folders else copy
        target.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_RDWR, 0o600))
        shutil.copyfile(backup / file.path, target)
        with target.open("rb") as copied:
            os.fsync(copied.fileno())


def _moved_aside(taken: Sequence[Path]) -> list[Path]:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    moved = []
    for place in taken:
        for path in (place, *(place.with_name(place.name + end) for end in BESIDE)):
            if path.exists():
                moved.append(path.rename(path.with_name(f"{path.name}.replaced-{stamp}")))
    return moved
