"""The keyset cursor of a result set: after which (score, product id) the next page starts, of which search."""

import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite

from app.search.errors import CursorExpired, InvalidCursor

LONGEST = 2048
"""Cursors of ours are 150 to 700 characters, by the length of the product id; a longer one is refused unread."""
START_ANEW = "Start again without a cursor."


@dataclass(frozen=True, slots=True)
class Cursor:
    """generation: id the page before was taken from. search: see search_key. score, product_id: its last item."""

    generation: str
    search: str
    score: float
    product_id: str

    def encoded(self) -> str:
        """An opaque URL-safe word."""
        whole = [self.generation, self.search, self.score.hex(), self.product_id]
        return urlsafe_b64encode(json.dumps(whole, separators=(",", ":")).encode()).rstrip(b"=").decode()

    def starts_after(self, score: float, product_id: str) -> bool:
        """Whether an item with this score and id comes on a page after the cursor."""
        return (-score, product_id) > (-self.score, self.product_id)


def read_cursor(text: str, *, search: str, generation: str) -> Cursor:
    """Read a cursor and check that it continues this search of this generation.

    Raises InvalidCursor when it is not ours or of another search, CursorExpired when it is of another generation.
    """
    cursor = _decoded(text)
    if cursor is None or cursor.search != search:
        raise InvalidCursor(
            "The cursor is not one that this search gave.",
            fix="Send the cursor with the same photo, crop, words and filters as the page before. " + START_ANEW,
        )
    if cursor.generation != generation:
        raise CursorExpired("The catalog was published anew since the page before.", fix=START_ANEW)
    return cursor


def search_key(*parts: bytes | str) -> str:
    """What makes two searches the same one: a short digest of all that decides the result set."""
    digest = sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return b64encode(digest.digest()[:12], altchars=b"-_").decode()


def _decoded(text: str) -> Cursor | None:
    if not 0 < len(text) <= LONGEST:
        return None
    try:
        whole = json.loads(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
        generation, search, score, product_id = whole
        cursor = Cursor(generation, search, float.fromhex(score), product_id)
    except (ValueError, TypeError, RecursionError, OverflowError):
        return None
    words = (cursor.generation, cursor.search, cursor.product_id)
    return cursor if isfinite(cursor.score) and all(isinstance(word, str) for word in words) else None
