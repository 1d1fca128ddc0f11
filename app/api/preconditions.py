"""ETag, If-Match, If-None-Match (RFC 9110): read only what is new, change only what one has seen."""

from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Header, Response
from pydantic import BaseModel

from app.edge import PreconditionFailed

_SEEN = "The version that was read, as its `ETag` said: another one is not changed (412), `*` is any that is there."
_NEW = "The version one has, as its `ETag` said: the answer is 304 when it is still the same."
_ABSENT = "`*`: only add, never replace (412 when it is there already)."


def etag_of(shown: BaseModel) -> str:
    """The version of what is shown: the same for the same content, in every process."""
    return f'"{sha256(shown.model_dump_json().encode()).hexdigest()[:32]}"'


class Preconditions:
    """What a caller expects of the thing he changes."""

    def __init__(self, if_match: str | None, if_none_match: str | None = None) -> None:
        self._if_match = if_match
        self._if_none_match = if_none_match

    @property
    def any(self) -> bool:
        """Whether there is something to check."""
        return self._if_match is not None or self._if_none_match is not None

    def check(self, current: str | None) -> None:
        """Raise PreconditionFailed unless the thing is as expected. current: its ETag, None where there is none."""
        if self._if_match is not None and not _names(self._if_match, current):
            raise PreconditionFailed(
                "It was changed since it was read, or is not there.",
                fix="Read it again, decide again, and send the ETag it has now.",
                etag=current,
            )
        if self._if_none_match is not None and _names(self._if_none_match, current):
            raise PreconditionFailed("It is there already.", fix="Leave If-None-Match out to replace it.", etag=current)


def unchanged(if_none_match: str | None, etag: str) -> Response | None:
    """The answer 304 where the reader has this version already, else None."""
    if if_none_match is None or not _names(if_none_match.replace("W/", ""), etag):
        return None
    return Response(status_code=304, headers=version_headers(etag))


def version_headers(etag: str) -> dict[str, str]:
    """The headers that tell a version; what is kept of the answer must be asked for again each time."""
    return {"etag": etag, "cache-control": "private, no-cache"}


def _names(header: str, etag: str | None) -> bool:
    """Whether a header's list of ETags names this one; weak ones never do where something is changed."""
    given = [one.strip() for one in header.split(",")]
    return etag is not None and (etag in given or given == ["*"])


async def _for_change(
    if_match: Annotated[str | None, Header(description=_SEEN, max_length=1000)] = None,
) -> Preconditions:
    return Preconditions(if_match)


async def _for_put(
    if_match: Annotated[str | None, Header(description=_SEEN, max_length=1000)] = None,
    if_none_match: Annotated[str | None, Header(description=_ABSENT, max_length=1000)] = None,
) -> Preconditions:
    return Preconditions(if_match, if_none_match)


IfMatchDep = Annotated[Preconditions, Depends(_for_change)]
PutConditionsDep = Annotated[Preconditions, Depends(_for_put)]
IfNoneMatch = Annotated[str | None, Header(description=_NEW, max_length=1000)]
