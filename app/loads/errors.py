"""What can go wrong with loads that are started over HTTP.

AppError
├── NotFound: LoadNotFound, NoRejects
├── Conflict: LoadRunning, LoadOver
└── Unavailable: LoadsUnavailable
"""

from app.errors import Conflict, NotFound, Unavailable


class LoadNotFound(NotFound):
    """No load has this id, or it is so old that it was forgotten."""

    code = "load-not-found"
    title = "There is no such load"


class NoRejects(NotFound):
    """Nothing was refused, or nothing yet."""

    code = "no-rejects"
    title = "The load refused no rows"


class LoadRunning(Conflict):
    """Another load is running. extra: load (its id), holder."""

    code = "load-running"
    title = "Another load is running"


class LoadOver(Conflict):
    """The load has ended; there is nothing to cancel."""

    code = "load-over"
    title = "The load is over"


class LoadsUnavailable(Unavailable):
    """The folder of loads cannot be used, or the loader cannot be started."""

    code = "loads-unavailable"
    title = "Loads cannot be started now"
