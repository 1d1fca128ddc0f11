"""Idempotency: a write that is sent again under its key is not done again, and is answered as it was answered."""

from app.idempotency.errors import IdempotencyMismatch, RepeatRunning, RepeatsUnavailable, WriteOutcomeUnknown
from app.idempotency.fingerprint import Fingerprint
from app.idempotency.store import Answer, Kept, RepeatStore

__all__ = [
    "Answer",
    "Fingerprint",
    "IdempotencyMismatch",
    "Kept",
    "RepeatRunning",
    "RepeatStore",
    "RepeatsUnavailable",
    "WriteOutcomeUnknown",
]
