"""`akin backup`, `akin restore`: everything embedded, in one folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from app import __version__, backups
from app.settings import Settings, load_settings
from app.shops import shops_of

FolderArgument = Annotated[Path, typer.Argument(help="Folder of the backup.", file_okay=False)]


def backup(
    folder: FolderArgument,
    photos: Annotated[bool, typer.Option("--photos", help="Searched photos too; they are shoppers'.")] = False,
) -> None:
    """Copy everything embedded into a new folder, while servers and loaders go on, and check the copy.

    Holds the catalog, keys (hashes), what outside calls cost, events, insights, loads, calibration and trust; settings
    are not in it.
    """
    settings = load_settings()
    made = backups.take(kept_places(settings, photos=photos), folder, version=__version__)
    _tell(made, f"Wrote {folder}")
    if settings.elasticsearch_hosts:
        typer.echo("The catalog is in Elasticsearch and not in this backup: take a snapshot (docs/production.md).")


def restore(
    folder: FolderArgument,
    force: Annotated[bool, typer.Option("--force", help="Move aside what is there already.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only check that the backup is whole.")] = False,
) -> None:
    """Check a backup and put everything in it where the settings say. Stop servers and loaders first.

    Without --force nothing is replaced; with it, what is there is kept as NAME.replaced-DATE.
    """
    if check:
        _tell(backups.check(folder), f"{folder} is whole")
        return
    settings = load_settings()
    manifest, moved = backups.restore(folder, kept_places(settings, photos=True), force=force)
    _tell(manifest, f"Restored {folder}")
    for path in moved:
        typer.echo(f"Moved aside: {path}")
    unplaced = sorted(set(manifest.places) - set(kept_places(settings, photos=True)))
    if unplaced:
        typer.echo(f"Left in the backup, as these settings have no place for it: {', '.join(unplaced)}.")


def kept_places(settings: Settings, *, photos: bool = False) -> Mapping[str, Path]:
    """What is backed up: name in the backup -> where the settings say it is. Of several shops (AKIN_SHOPS) each has its
    own, "SHOP.catalog" and so on; what all share is there once.

    Not kept: what is derived (the copy of an Elasticsearch catalog, rate counters), forgotten in a day (writes that may
    be repeated) or is configuration. tests/ops goes through all settings that are paths, so that none is forgotten.
    """
    places: dict[str, Path | None] = {"keys": settings.keys}
    for shop_id, own in shops_of(settings).items():
        before = "" if settings.shops is None else f"{shop_id}."
        places |= {f"{before}{name}": path for name, path in _places_of_one(own, photos=photos).items()}
    return {name: path for name, path in places.items() if path is not None}


def _places_of_one(settings: Settings, *, photos: bool) -> dict[str, Path | None]:
    return {
        "catalog": settings.sqlite_path,
        "cloud": settings.cloud_store,
        "events": settings.events,
        "insights": settings.insights,
        "loads": settings.loads,
        "calibration": settings.calibration,
        "trust": settings.trust,
        "photos": settings.photo_store if photos else None,
    }


def _tell(manifest: backups.Manifest, what: str) -> None:
    megabytes = manifest.bytes / 1e6
    places = ", ".join(manifest.places) or "nothing"
    typer.echo(f"{what}: {places}; {len(manifest.files)} files, {megabytes:.1f} MB, of {manifest.made_at}.")
