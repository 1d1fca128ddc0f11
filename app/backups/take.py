"""Taking a backup: each place copied aside, checked, and the whole given its name only when all of it is there."""

import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from app.backups.database import BESIDE, copy_database, is_database, problem_of
from app.backups.errors import BackupExists, BackupFailed
from app.backups.manifest import NAME, KeptFile, Manifest, digest


def take(places: Mapping[str, Path], into: Path, *, version: str) -> Manifest:
    """Copy every place that exists into the folder `into`, which must not exist; blocks.

    places: name -> file or folder, which may be in use. Databases are copied at one moment each, other files as they
    are read; what vanishes meanwhile is left out. Readable by the owner only. A backup that failed leaves no folder
    of its name. Raises BackupExists, BackupFailed.
    """
    if into.exists():
        raise BackupExists(f"{into} exists.", fix="Name a folder that does not; a date in its name helps.")
    partial = into.with_name(f".{into.name}.partial-{os.getpid()}")
    try:
        partial.mkdir(parents=True, mode=0o700)
        manifest = _taken(places, partial, version)
        _write_durably(partial / NAME, manifest.to_json())
        partial.rename(into)
        _sync_folder(into.parent)
    except (OSError, sqlite3.Error) as failure:
        raise BackupFailed(
            f"The backup was not made: {failure}.", fix="Check room and rights of the backup's disk, then try again."
        ) from failure
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def _taken(places: Mapping[str, Path], folder: Path, version: str) -> Manifest:
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    there = {name: path for name, path in places.items() if path.exists()}
    files: list[KeptFile] = []
    for name, path in there.items():
        if not path.is_dir():
            files.append(_kept(path, folder, name))
            continue
        (folder / name).mkdir(mode=0o700)
        for inner in _files_under(path):
            try:
                files.append(_kept(inner, folder, f"{name}/{inner.relative_to(path).as_posix()}"))
            except FileNotFoundError:
                (folder / name / inner.relative_to(path)).unlink(missing_ok=True)  # gone since it was listed
    folders = tuple(name for name, path in there.items() if path.is_dir())
    return Manifest(made_at, version, tuple(there), folders, tuple(files))


def _files_under(folder: Path) -> Iterator[Path]:
    """Regular files, links not followed; without locks and what belongs to open databases."""
    for where, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(where) / name
            if path.is_file() and not path.is_symlink() and not name.endswith((*BESIDE, ".lock")):
                yield path


def _kept(source: Path, folder: Path, name: str) -> KeptFile:
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    sqlite = is_database(source)
    os.close(os.open(target, os.O_CREAT | os.O_RDWR | os.O_EXCL, 0o600))
    if sqlite:
        copy_database(source, target)
        problem = problem_of(target)
        if problem:
            raise BackupFailed(
                f"{source} is damaged: {problem}.", fix="Restore the last good backup; this one was not kept."
            )
    else:
        shutil.copyfile(source, target, follow_symlinks=False)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    return KeptFile(name, target.stat().st_size, digest(target), sqlite)


def _write_durably(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
