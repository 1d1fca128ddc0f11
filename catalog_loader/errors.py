"""What can be wrong with a feed as a whole; what is wrong with single rows is an intake Problem.

AppError
└── FeedError
    ├── FeedUnreachable     no such file, or the download failed
    ├── NotAFeed            the content is something else: a web page, a workbook, a picture, …
    ├── FeedBroken          the file is damaged: a gzip cut short, an encoding that cannot be told
    ├── LoadRefused         the feed could be read, but must not be published as it is
    └── ContradictoryOptions    two options cannot both be meant
"""

from typing import ClassVar

from app.errors import AppError


class FeedError(AppError):
    """The feed cannot be loaded; nothing was changed."""

    code: ClassVar[str] = "feed-error"
    title: ClassVar[str] = "The feed cannot be loaded"


class FeedUnreachable(FeedError):
    """The feed's bytes cannot be had."""

    code = "feed-unreachable"
    title = "The feed cannot be read"


class NotAFeed(FeedError):
    """The content is of another kind. extra: found (what it is)."""

    code = "not-a-feed"
    title = "This is no product feed"


class FeedBroken(FeedError):
    """The file is damaged."""

    code = "feed-broken"
    title = "The feed is damaged"


class LoadRefused(FeedError):
    """Publishing this would take away more than a mistake may; --yes overrides."""

    code = "load-refused"
    title = "The load was refused"


class ContradictoryOptions(FeedError):
    """Two options of the command line exclude each other."""

    code = "contradictory-options"
    title = "The options contradict each other"
