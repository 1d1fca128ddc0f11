"""Events: what was answered and what shoppers did with it. No photo, no free text, nobody's name or address."""

from app.events.errors import EventsUnavailable, InteractionMismatch, SearchNotFound
from app.events.log import EventLog
from app.events.model import Answered, Asked, Deed, Failed, Impression, InteractionKind, Pulse, StageTimes

__all__ = [
    "Answered",
    "Asked",
    "Deed",
    "EventLog",
    "EventsUnavailable",
    "Failed",
    "Impression",
    "InteractionKind",
    "InteractionMismatch",
    "Pulse",
    "SearchNotFound",
    "StageTimes",
]
