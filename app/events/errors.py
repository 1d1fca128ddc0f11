"""What can go wrong with events.

AppError
├── NotFound: SearchNotFound
├── BadRequest: InteractionMismatch
└── Unavailable: EventsUnavailable
"""

from app.errors import BadRequest, NotFound, Unavailable


class SearchNotFound(NotFound):
    """No answered search has this id: it is older than events are kept, or never was."""

    code = "search-not-found"
    title = "The search is not known here"


class InteractionMismatch(BadRequest):
    """An interaction names a product, or a position, that the search did not answer."""

    code = "interaction-mismatch"
    title = "The interaction does not fit the search's answer"


class EventsUnavailable(Unavailable):
    """The file of events cannot be opened, read or written: a full disk, missing rights, a foreign file."""

    code = "events-unavailable"
    title = "Events cannot be kept or read now"
