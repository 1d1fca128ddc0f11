"""Why a call is not let in, or a key not made.

AppError
├── BadRequest: KeyRefused
├── NotAuthenticated: KeyMissing, KeyInvalid
├── Forbidden: ScopeMissing, OriginNotAllowed
├── NotFound: KeyNotFound
└── Unavailable: KeysUnavailable
"""

from app.errors import BadRequest, Forbidden, NotAuthenticated, NotFound, Unavailable


class KeyMissing(NotAuthenticated):
    """The call needs a key and comes without one."""

    code = "key-missing"
    title = "A key is needed"


class KeyInvalid(NotAuthenticated):
    """The key is mistyped, unknown, revoked or expired."""

    code = "key-invalid"
    title = "The key is not valid"


class ScopeMissing(Forbidden):
    """The key is valid, and lacks the scope this call needs."""

    code = "scope-missing"
    title = "The key does not allow this"


class OriginNotAllowed(Forbidden):
    """The call comes from a web page of an origin that it may not come from."""

    code = "origin-not-allowed"
    title = "Not from this web page"


class KeyNotFound(NotFound):
    """There is no key of that id."""

    code = "key-not-found"
    title = "No such key"


class KeyRefused(BadRequest):
    """A key like this is not made: its scopes, origins or times do not go together."""

    code = "key-refused"
    title = "Such a key is not made"


class KeysUnavailable(Unavailable):
    """The file of keys cannot be read or written, so nobody with a key is let in."""

    code = "keys-unavailable"
    title = "Keys cannot be checked"
