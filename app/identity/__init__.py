"""Identity: who calls, for which shop, and what they may do. Keys are shown once and kept as hashes."""

from app.identity.errors import (
    KeyInvalid,
    KeyMissing,
    KeyNotFound,
    KeyRefused,
    KeysUnavailable,
    OriginNotAllowed,
    ScopeMissing,
)
from app.identity.machine import is_loopback, is_served_here
from app.identity.model import ANYBODY, DEFAULT_SHOP, Caller, Issued, Key, KeyState, Scope, web_origin
from app.identity.ring import KeyRing
from app.identity.secret import PREFIX, id_in, is_well_formed
from app.identity.store import KeyStore

__all__ = [
    "ANYBODY",
    "DEFAULT_SHOP",
    "PREFIX",
    "Caller",
    "Issued",
    "Key",
    "KeyInvalid",
    "KeyMissing",
    "KeyNotFound",
    "KeyRefused",
    "KeyRing",
    "KeyState",
    "KeyStore",
    "KeysUnavailable",
    "OriginNotAllowed",
    "Scope",
    "ScopeMissing",
    "id_in",
    "is_loopback",
    "is_served_here",
    "is_well_formed",
    "web_origin",
]
