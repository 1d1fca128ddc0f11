"""Why a repeated write is not answered.

AppError
├── BadRequest: IdempotencyMismatch
├── Conflict: RepeatRunning, WriteOutcomeUnknown
└── Unavailable: RepeatsUnavailable
"""

from app.errors import BadRequest, Conflict, Unavailable


class IdempotencyMismatch(BadRequest):
    """The Idempotency-Key was used for another request."""

    code = "idempotency-mismatch"
    title = "The key belongs to another request"


class RepeatRunning(Conflict):
    """The same write, under the same Idempotency-Key, is being done in this moment."""

    code = "repeat-running"
    title = "The same write is under way"


class WriteOutcomeUnknown(Conflict):
    """The server ended while it did this write: it was done, or it was not."""

    code = "write-outcome-unknown"
    title = "Nobody knows whether this was done"


class RepeatsUnavailable(Unavailable):
    """Writes with an Idempotency-Key cannot be told apart now, so none is begun."""

    code = "repeats-unavailable"
    title = "Repeated writes cannot be recognized now"
