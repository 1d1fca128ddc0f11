"""Why the picture behind a URL was not fetched.

BadRequest
└── ImageNotFetched              the picture behind the URL is not here
    ├── ImageUrlInvalid          the URL is not one we follow: scheme, port, user name, form
    ├── ImageForbiddenAddress    the host is, or resolves to, an address inside some private network
    ├── ImageNotFound            the server says there is no such picture (404, 410)
    ├── ImageRefused             the server will not give it to us (other 4xx, or a redirect too many)
    ├── ImageTooLarge            more bytes than allowed
    ├── ImageTimeout             no answer in time, also when asked again
    └── ImageUnreachable         no such host, no connection, a broken answer or a 5xx, also when asked again
"""

from app.errors import BadRequest


class ImageNotFetched(BadRequest):
    """The picture behind a URL is not here. extra: url, and status where a server answered."""

    code = "image-not-fetched"
    title = "The picture cannot be fetched"


class ImageUrlInvalid(ImageNotFetched):
    """The URL is not one we follow."""

    code = "image-url-invalid"
    title = "The URL of the picture cannot be used"


class ImageForbiddenAddress(ImageNotFetched):
    """The address lies in a network strangers must not reach through us."""

    code = "image-forbidden-address"
    title = "The address of the picture is not public"


class ImageNotFound(ImageNotFetched):
    """The server has no such picture."""

    code = "image-not-found"
    title = "There is no picture at this URL"


class ImageRefused(ImageNotFetched):
    """The server does not give the picture to us."""

    code = "image-refused"
    title = "The picture's server refuses"


class ImageTooLarge(ImageNotFetched):
    """More bytes than allowed. extra: url, max_bytes."""

    code = "image-too-large"
    title = "The picture has too many bytes"


class ImageTimeout(ImageNotFetched):
    """No answer in time."""

    code = "image-timeout"
    title = "The picture takes too long to fetch"


class ImageUnreachable(ImageNotFetched):
    """The host cannot be reached or answers nonsense."""

    code = "image-unreachable"
    title = "The picture's server cannot be reached"
