"""What can go wrong with backups.

AppError
├── BadRequest: BackupDamaged
├── Conflict: BackupExists, PlaceTaken, PlaceInUse
└── Unavailable: BackupFailed
"""

from app.errors import BadRequest, Conflict, Unavailable


class BackupDamaged(BadRequest):
    """The folder is no whole backup: something is missing, changed or cannot be read."""

    code = "backup-damaged"
    title = "The backup cannot be used"


class BackupExists(Conflict):
    """Something is where the backup should go."""

    code = "backup-exists"
    title = "There is something already"


class PlaceTaken(Conflict):
    """Something is where the backup should be restored to."""

    code = "place-taken"
    title = "Restoring would replace data"


class PlaceInUse(Conflict):
    """A server or a loader has the file open that would be replaced."""

    code = "place-in-use"
    title = "The data is in use"


class BackupFailed(Unavailable):
    """The disk or a file did not do what a backup needs."""

    code = "backup-failed"
    title = "The backup could not be made"
