"""What can go wrong in a search, beyond what photos, analysis and catalog raise themselves.

AppError
├── BadRequest: EmptyQuery, InvalidLimit, InvalidCursor
├── Conflict: CursorExpired
└── Unavailable: DeadlineExceeded
"""

from app.errors import BadRequest, Conflict, Unavailable


class EmptyQuery(BadRequest):
    """A search by words holds no words."""

    code = "empty-query"
    title = "There is nothing to search for"


class InvalidLimit(BadRequest):
    """The page size is outside what a page may hold."""

    code = "invalid-limit"
    title = "The page size is out of range"


class InvalidCursor(BadRequest):
    """The cursor was not made by Akin, or was made for another search."""

    code = "invalid-cursor"
    title = "The cursor does not fit this search"


class CursorExpired(Conflict):
    """The catalog was published anew since the page before; scores of two generations do not continue each other."""

    code = "cursor-expired"
    title = "The catalog has changed since the page before"


class DeadlineExceeded(Unavailable):
    """The search did not finish in the time it was given."""

    code = "deadline"
    title = "The search took too long"
