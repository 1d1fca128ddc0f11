"""Every error Akin raises on purpose descends from AppError and carries a stable code.

    AppError
    ├── BadRequest               the caller's words are wrong; mending them helps
    ├── NotAuthenticated         nobody knows who calls
    ├── Forbidden                who calls is known, and may not do this
    ├── NotFound                 the thing named does not exist (here, or for this caller)
    ├── Conflict                 the thing is in a state that forbids this
    ├── Unavailable              a part is missing or busy now; the same call may work later
    └── MissingDependency        an optional package is not installed (also an ImportError)

Rooms subclass these (`app/photos/errors.py`, `app/catalog/errors.py`, …). No class here knows HTTP: the one table
from error to status is `app/edge/errors.py`. Programmer errors stay what Python raises (ValueError, TypeError).
"""

from typing import ClassVar


class AppError(Exception):
    """Base of all expected errors.

    code: stable, kebab-case, documented in docs/errors.md; clients branch on it.
    detail: one sentence about this case, safe to show to the caller.
    fix: one sentence that says how to mend it, or None where nobody but us can.
    extra: small JSON-able facts (limits, found values), safe to show.
    """

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, detail: str, *, fix: str | None = None, **extra: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fix = fix
        self.extra = extra


class BadRequest(AppError):
    """The caller's input cannot be used as it is."""

    code = "bad-request"
    title = "The request cannot be used"


class NotAuthenticated(AppError):
    """The call needs a key, and comes without a usable one."""

    code = "not-authenticated"
    title = "Nobody knows who calls"


class Forbidden(AppError):
    """Who calls is known, and may not do this."""

    code = "forbidden"
    title = "This caller may not do this"


class NotFound(AppError):
    """What was named does not exist."""

    code = "not-found"
    title = "Not found"


class Conflict(AppError):
    """The state of the thing forbids the change."""

    code = "conflict"
    title = "The current state forbids this"


class Unavailable(AppError):
    """A part is missing, busy or too late; trying again later may work.

    retry_after_s: seconds after which a retry makes sense.
    """

    code = "unavailable"
    title = "Temporarily unavailable"

    def __init__(self, detail: str, *, fix: str | None = None, retry_after_s: float = 1.0, **extra: object) -> None:
        super().__init__(detail, fix=fix, **extra)
        self.retry_after_s = retry_after_s


class MissingDependency(AppError, ImportError):
    """An optional package is needed for what the settings ask; the fix names the install command."""

    code = "missing-dependency"
    title = "An optional package is not installed"
