"""A load as it is asked for and as it is told of. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class LoadState(StrEnum):
    """Life of a load: running, perhaps cancelling, then one of the others for good."""

    RUNNING = "running"
    CANCELLING = "cancelling"  # told to stop; it finishes what is in work
    PUBLISHED = "published"
    VERIFIED = "verified"  # it lies ready beside what is published, as was asked
    UNCHANGED = "unchanged"  # the feed says what is published already
    CHECKED = "checked"  # a dry run
    REFUSED = "refused"  # a gate or a verification stopped it; nothing was published
    INTERRUPTED = "interrupted"  # stopped before its end; the same feed sent again goes on where it was
    CANCELLED = "cancelled"
    FAILED = "failed"  # it could not do its work; the problem says why


UNDER_WAY = (LoadState.RUNNING, LoadState.CANCELLING)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be loaded, and how. Names and meanings are those of the loader's command line.

    name: what the feed is called; a load goes on only under the name it began with. url: its address, None for one that
    was sent. dry_run: check only. images: a dry run fetches and decodes the pictures too. publish: False leaves the
    verified version beside the published one.
    """

    name: str
    url: str | None = None
    dry_run: bool = False
    images: bool = False
    type_from: str = "product_type"
    delta: bool = False
    delete_missing: bool = False
    yes: bool = False
    refetch: bool = False
    fresh: bool = False
    publish: bool = True
    max_reject_share: float = 0.2
    limit_rate: float | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a load did not come to a good end."""

    code: str
    detail: str
    fix: str | None


@dataclass(frozen=True, slots=True)
class Load:
    """One load as it is now. Times are UTC.

    holder: the process that loads ("host:pid:started what"). stage: what it does. done, total: rows of the stage, total
    None while unknown. pictures: looked at so far. summary: what the loader says at the end, else None. trouble: why
    it failed or was interrupted, else None. has_rejects: whether refused rows can be fetched.
    """

    id: str
    order: Order
    state: LoadState
    created_at: datetime
    ended_at: datetime | None
    holder: str
    stage: str
    done: int
    total: int | None
    pictures: int
    summary: Mapping[str, Any] | None
    trouble: Trouble | None
    has_rejects: bool

    @property
    def under_way(self) -> bool:
        """Whether its process still works."""
        return self.state in UNDER_WAY
