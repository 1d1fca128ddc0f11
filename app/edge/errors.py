"""The one table from error to HTTP status, and the errors that only exist because there is HTTP.

AppError
├── BadRequest: InvalidRequest, InvalidForm, InvalidJson, InvalidProduct, BodyTooLarge, BodyTimeout,
│               UnsupportedMediaType, MethodNotAllowed, BadHttp, HeadTooLarge, HeadTimeout, OperatorsOnly,
│               RateLimited, PhotoUrlsOff, PreconditionFailed
├── Forbidden: ShopNotServed
└── Unavailable: Busy, Overloaded

docs/errors.md tells callers about every code; tests/edge/test_error_table.py keeps code, table and page together.
"""

from collections.abc import Mapping
from types import MappingProxyType

from app.errors import AppError, BadRequest, Conflict, Forbidden, NotAuthenticated, NotFound, Unavailable


class InvalidRequest(BadRequest):
    """Parameters, form fields or members of a JSON body have values that cannot be used; `errors` lists each."""

    code = "invalid-request"
    title = "Some values cannot be used"


class InvalidForm(BadRequest):
    """The body is no form as it claims to be, or has parts it should not have."""

    code = "invalid-form"
    title = "The form cannot be read"


class InvalidJson(BadRequest):
    """The body, or a field that holds JSON, is no JSON."""

    code = "invalid-json"
    title = "The JSON cannot be read"


class InvalidProduct(BadRequest):
    """A product that was sent cannot be taken; `errors` lists what is wrong, member by member."""

    code = "invalid-product"
    title = "The product cannot be taken"


class BodyTooLarge(BadRequest):
    """The request body is larger than this server takes."""

    code = "body-too-large"
    title = "The request body is too large"


class BodyTimeout(BadRequest):
    """The request body did not arrive in time."""

    code = "body-timeout"
    title = "The request body came too slowly"


class UnsupportedMediaType(BadRequest):
    """The body's Content-Type is not what this call takes."""

    code = "unsupported-media-type"
    title = "The body is of another type than this call takes"


class MethodNotAllowed(BadRequest):
    """The path exists, but not with this method."""

    code = "method-not-allowed"
    title = "This method is not offered here"


class BadHttp(BadRequest):
    """What came over the connection is no HTTP request."""

    code = "bad-http"
    title = "This is no HTTP request"


class HeadTooLarge(BadRequest):
    """The request line and the headers are larger than this server takes."""

    code = "head-too-large"
    title = "The headers are too large"


class HeadTimeout(BadRequest):
    """The headers did not arrive in time."""

    code = "head-timeout"
    title = "The headers came too slowly"


class Overloaded(Unavailable):
    """As much is worked on as can be, and as many wait as may."""

    code = "overloaded"
    title = "Too many searches at this moment"


class OperatorsOnly(BadRequest):
    """The call is for whoever runs the server, and comes from elsewhere."""

    code = "operators-only"
    title = "This is for whoever runs the server"


class PhotoUrlsOff(BadRequest):
    """A photo is named by its address, and this server does not follow addresses."""

    code = "photo-urls-off"
    title = "Photos are not fetched here"


class RateLimited(BadRequest):
    """The caller asked for more than he may in a minute.

    retry_after_s: seconds after which some of it comes back.
    """

    code = "rate-limited"
    title = "Too many requests from this caller"

    def __init__(self, detail: str, *, fix: str, retry_after_s: float, **extra: object) -> None:
        super().__init__(detail, fix=fix, **extra)
        self.retry_after_s = retry_after_s


class ShopNotServed(Forbidden):
    """The key is of a shop that this server does not serve."""

    code = "shop-not-served"
    title = "This shop is not served here"


class PreconditionFailed(BadRequest):
    """If-Match or If-None-Match names another version than there is; nothing was changed."""

    code = "precondition-failed"
    title = "It is not as you expect it"


class Busy(Unavailable):
    """The server holds as many uploads as it can."""

    code = "busy"
    title = "Too many uploads at this moment"


STATUS: Mapping[str, int] = MappingProxyType(
    {
        # anybody
        "internal": 500,
        "bad-request": 400,
        "not-authenticated": 401,
        "forbidden": 403,
        "not-found": 404,
        "conflict": 409,
        "unavailable": 503,
        "missing-dependency": 500,
        "invalid-settings": 500,
        # edge
        "invalid-request": 422,
        "invalid-form": 400,
        "invalid-json": 400,
        "invalid-product": 422,
        "body-too-large": 413,
        "body-timeout": 408,
        "unsupported-media-type": 415,
        "method-not-allowed": 405,
        "bad-http": 400,
        "head-too-large": 431,
        "head-timeout": 408,
        "operators-only": 403,
        "rate-limited": 429,
        "photo-urls-off": 422,
        "busy": 503,
        "overloaded": 503,
        "shop-not-served": 403,
        "precondition-failed": 412,
        # idempotency
        "idempotency-mismatch": 422,
        "repeat-running": 409,
        "write-outcome-unknown": 409,
        "repeats-unavailable": 503,
        # identity
        "key-missing": 401,
        "key-invalid": 401,
        "scope-missing": 403,
        "origin-not-allowed": 403,
        "key-not-found": 404,
        "key-refused": 422,
        "keys-unavailable": 503,
        # photos
        "photo-rejected": 422,
        "photo-empty": 422,
        "photo-too-large": 413,
        "photo-too-many-pixels": 422,
        "photo-too-small": 422,
        "photo-unsupported-format": 415,
        "photo-truncated": 422,
        "photo-corrupt": 422,
        "photo-decode-timeout": 422,
        "photo-decode-memory": 422,
        "photo-decode-crashed": 422,
        "photo-not-found": 404,
        "photo-decoder-busy": 503,
        "photo-decoder-closed": 503,
        "photo-store-unavailable": 503,
        "image-not-fetched": 422,
        "image-url-invalid": 422,
        "image-forbidden-address": 422,
        "image-not-found": 422,
        "image-refused": 422,
        "image-too-large": 422,
        "image-timeout": 422,
        "image-unreachable": 422,
        # analysis
        "invalid-crop": 422,
        "unknown-analyzer": 500,
        "bad-embedder": 500,
        "teaching-mismatch": 409,
        "looking-failed": 503,
        "source-failed": 503,
        "embedder-away": 503,
        "bad-card": 500,
        "bad-vocabulary": 500,
        "bad-trust": 500,
        "bad-face-model": 500,
        # metering
        "budget-spent": 503,
        "meter-unavailable": 503,
        "unknown-price": 500,
        # intake
        "image-unavailable": 422,
        "picture-refused": 422,
        "image-local-refused": 422,
        "image-outside-feed": 422,
        "image-missing": 422,
        # loads
        "load-not-found": 404,
        "no-rejects": 404,
        "load-running": 409,
        "load-over": 409,
        "loads-unavailable": 503,
        # search
        "bad-rules": 500,
        "empty-query": 422,
        "invalid-limit": 422,
        "invalid-cursor": 422,
        "cursor-expired": 409,
        "deadline": 503,
        # events
        "search-not-found": 404,
        "interaction-mismatch": 422,
        "events-unavailable": 503,
        # insights
        "invalid-judged-set": 422,
        "invalid-weights": 422,
        "judged-photo-not-found": 404,
        "evaluation-not-found": 404,
        "pair-not-found": 404,
        "nothing-judged": 409,
        "evaluation-running": 409,
        "insights-unavailable": 503,
        # catalog
        "unknown-filter": 422,
        "products-rejected": 422,
        "embedder-mismatch": 409,
        "product-not-found": 404,
        "generation-not-found": 404,
        "generation-conflict": 409,
        "verification-failed": 409,
        "catalog-unavailable": 503,
        "nothing-published": 503,
    }
)
"""code -> status. 400: cannot be parsed. 422: parsed, but a value cannot be used."""

_FAMILIES: tuple[tuple[type[AppError], int], ...] = (
    (BadRequest, 400),
    (NotAuthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Unavailable, 503),
)


def status_of(error: AppError) -> int:
    """The HTTP status of an error."""
    return status_for(type(error))


def status_for(error: type[AppError]) -> int:
    """The HTTP status of a class of errors; one missing from the table still gets its family's, never a crash."""
    if error.code in STATUS:
        return STATUS[error.code]
    return next((status for family, status in _FAMILIES if issubclass(error, family)), 500)
