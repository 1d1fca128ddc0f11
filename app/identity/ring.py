"""KeyRing: the keys as one server process knows them, a second old at most."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hmac import compare_digest

from app.errors import AppError
from app.identity.errors import KeyInvalid, KeysUnavailable
from app.identity.model import ANYBODY, Caller, Key, KeyState
from app.identity.secret import digest, id_in
from app.identity.store import KeptKey, KeyStore

LOOK_EVERY_S = 1.0
OLDEST_S = 3.0
"""Knowledge older than this is renewed before it is used: a revoked key opens nothing 5 s later, in any process, also
while a busy process does not come to look in time."""
NOTE_EVERY_S = 10.0
NEW_EVERY_S = 0.2
_NOBODY = bytes(32)

logger = logging.getLogger("akin.identity")


class KeyRing:
    """Tells who calls, from memory. `begin` before the first question, `keep_up` as long as questions come.

    clock: seconds since the epoch. Open (nobody needs a key) until the first key was ever made, and never again.
    """

    def __init__(self, store: KeyStore, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._kept: dict[str, KeptKey] = {}
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()
        self._used: dict[str, float] = {}

    @property
    def store(self) -> KeyStore:
        """Where the keys are; whoever changes it calls `begin` to have the change taken up here at once."""
        return self._store

    @property
    def is_open(self) -> bool:
        """Whether no key was ever made, so that nobody needs one."""
        return not self._kept

    async def begin(self) -> None:
        """Read the keys now. Raises KeysUnavailable."""
        await self._look(time.monotonic())

    async def keep_up(self) -> None:
        """Read the keys again every second, for ever; and write down every ten when each was used last."""
        noted_at = time.monotonic()
        trouble = ""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self._look(time.monotonic())
                if time.monotonic() - noted_at >= NOTE_EVERY_S:
                    noted_at = time.monotonic()
                    await self.note()
                trouble = ""
            except AppError as failure:
                if failure.detail != trouble:
                    logger.warning("%s", failure.detail)
                trouble = failure.detail

    async def note(self) -> None:
        """Write down when keys were used last. Raises KeysUnavailable; what was not written is written next time."""
        if not self._used:
            return
        used, self._used = self._used, {}
        try:
            await asyncio.to_thread(self._store.note_used, used)
        except AppError:
            self._used = used | self._used
            raise

    async def close(self) -> None:
        """Write down what is not yet written; a server that stops is not kept from it by a full disk."""
        try:
            await self.note()
        except AppError as failure:
            logger.warning("%s", failure.detail)

    async def caller(self, text: str | None) -> Caller | None:
        """Who calls with this key; None without one, unless nobody needs one.

        Raises KeyInvalid, KeysUnavailable.
        """
        await self._look(time.monotonic() - OLDEST_S)
        if text is None:
            return ANYBODY if self.is_open else None
        key_id = id_in(text)
        if key_id is not None and key_id not in self._kept:
            await self._look_for_a_new_one()
        key = self._matching(key_id, text)
        self._used[key.id] = self._clock()
        return Caller(key.id, key.name, key.shop, key.scopes, key.origins)

    def knows_origin(self, origin: str) -> bool:
        """Whether some key may be used from pages of this origin: the answer to a browser's preflight, which names no
        key."""
        now = self._now()
        return any(
            origin in kept.key.origins and kept.key.state(now) is KeyState.ACTIVE for kept in self._kept.values()
        )

    def _matching(self, key_id: str | None, text: str) -> Key:
        if key_id is None:
            raise KeyInvalid(
                "This is no whole key: something is missing or mistyped.",
                fix="Copy the key again, from akin_live_ to its last character.",
            )
        kept = self._kept.get(key_id)
        # An unknown id is compared too, so that the time taken does not tell which ids exist.
        same = compare_digest(digest(text), kept.digest if kept is not None else _NOBODY)
        if kept is None or not same or kept.key.state(self._now()) is not KeyState.ACTIVE:
            raise KeyInvalid(
                "The key is unknown, revoked or expired.",
                fix="Ask whoever runs the shop for a new one: akin keys create.",
            )
        return kept.key

    async def _look(self, since: float) -> None:
        """Read the keys, unless somebody has begun to read them after that moment (of time.monotonic)."""
        async with self._looking:
            if self._looked_at >= since:
                return
            began = time.monotonic()
            found = {kept.key.id: kept for kept in await asyncio.to_thread(self._store.kept)}
            if self._kept and not found:
                raise KeysUnavailable(
                    "The keys are gone: the file AKIN_KEYS names is empty or was taken away.",
                    fix="Put it back from a backup; until then nobody is let in.",
                )
            self._kept, self._looked_at = found, began

    async def _look_for_a_new_one(self) -> None:
        """A key works from the moment it is made. Whoever tries many has the file read five times a second, no more."""
        asked = time.monotonic()
        await asyncio.sleep(max(0.0, self._looked_at + NEW_EVERY_S - asked))
        await self._look(asked)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)
