"""RepeatStore: which writes were begun under which key, and how they were answered; one file for all processes."""

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from app.idempotency.errors import RepeatsUnavailable
from app.private_file import PrivateFile

KEPT_S = 86_400.0
LEASE_S = 15.0
"""A process that has not said for so long that it works on a write has ended."""
TURN_WAIT_S = 10.0
_LOOK_AGAIN_S = 0.02
_SCHEMA = """
CREATE TABLE IF NOT EXISTS write (
    shop TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL, scope TEXT NOT NULL, begun_at REAL NOT NULL,
    until REAL NOT NULL, status INTEGER, headers TEXT, body BLOB, PRIMARY KEY (shop, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS write_by_age ON write (begun_at);
CREATE TABLE IF NOT EXISTS turn (
    shop TEXT NOT NULL, thing TEXT NOT NULL, holder TEXT NOT NULL, until REAL NOT NULL, PRIMARY KEY (shop, thing)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a write was answered. headers: those worth repeating."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A write that was begun. scope: what its caller needed. runs: its process is at it. answer: None until it is over,
    and for good where the process ended before it could say."""

    fingerprint: bytes
    scope: str
    runs: bool
    answer: Answer | None


class RepeatStore:
    """Keeps writes for a day, each bound to its shop.

    path: made if absent, readable by its owner only. clock: seconds since the epoch. Calls do not block the event loop.
    Raises RepeatsUnavailable when the file cannot be opened, read or written.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

        def trouble(why: str) -> RepeatsUnavailable:
            return RepeatsUnavailable(
                f"Writes cannot be told apart in {path.name}: {why}.",
                fix="Check the disk space and the rights of the file AKIN_WRITES names.",
            )

        # FULL: a claim must be on the disk before its write is done, or a power cut could let it be done twice.
        self._file = PrivateFile(path, _SCHEMA, trouble=trouble, synchronous="FULL")

    async def find(self, shop: str, key: str) -> Kept | None:
        """What is known of the write, None for one that was never begun, or so long ago that it is forgotten."""
        return await self._file.read(lambda db: self._find(db, shop, key))

    async def begin(self, shop: str, key: str, fingerprint: bytes, scope: str) -> Kept | None:
        """Claim the write before it is done; None when it is the caller's now, else what is known of it.

        Only one of all callers, in all processes, gets None. It must say `finish`, and `keep` every few seconds until
        then. Durable before the call returns.
        """
        return await self._file.write(lambda db: self._begin(db, shop, key, fingerprint, scope))

    async def keep(self, shop: str, key: str) -> None:
        """The write is still being done."""
        until = self._clock() + LEASE_S
        await self._write("UPDATE write SET until = ? WHERE shop = ? AND key = ?", until, shop, key)

    async def finish(self, shop: str, key: str, answer: Answer) -> None:
        """The write was answered so. Durable before the call returns."""
        sql = "UPDATE write SET status = ?, headers = ?, body = ? WHERE shop = ? AND key = ?"
        await self._write(sql, answer.status, json.dumps(dict(answer.headers)), answer.body, shop, key)

    @asynccontextmanager
    async def alone(self, shop: str, thing: str) -> AsyncIterator[None]:
        """Hold the thing, so that nobody else of all processes who asks so changes it between a look and a write.

        Waits up to ten seconds for who holds it; a process that ended holds nothing 15 s later.
        """
        holder = token_hex(8)
        give_up = time.monotonic() + TURN_WAIT_S
        while not await self._file.write(lambda db: self._take(db, shop, thing, holder)):
            if time.monotonic() > give_up:
                raise RepeatsUnavailable(f"'{thing}' is being changed by others.", fix="Try again in a moment.")
            await asyncio.sleep(_LOOK_AGAIN_S)
        keeping = asyncio.create_task(self._keep_turn(shop, thing, holder))
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.shield(
                self._write("DELETE FROM turn WHERE shop = ? AND thing = ? AND holder = ?", shop, thing, holder)
            )

    async def close(self) -> None:
        """Close the file. Calling it twice is harmless."""
        await self._file.close()

    def _find(self, db: sqlite3.Connection, shop: str, key: str) -> Kept | None:
        row = db.execute(
            "SELECT fingerprint, scope, until, status, headers, body FROM write"
            " WHERE shop = ? AND key = ? AND begun_at > ?",
            (shop, key, self._clock() - KEPT_S),
        ).fetchone()
        if row is None:
            return None
        fingerprint, scope, until, status, headers, body = row
        answer = None if status is None else Answer(status, json.loads(headers), body)
        return Kept(fingerprint, scope, answer is None and until > self._clock(), answer)

    def _begin(self, db: sqlite3.Connection, shop: str, key: str, fingerprint: bytes, scope: str) -> Kept | None:
        now = self._clock()
        known = self._find(db, shop, key)
        if known is None:
            db.execute("DELETE FROM write WHERE begun_at <= ?", (now - KEPT_S,))
            db.execute(
                "INSERT INTO write (shop, key, fingerprint, scope, begun_at, until) VALUES (?, ?, ?, ?, ?, ?)",
                (shop, key, fingerprint, scope, now, now + LEASE_S),
            )
        return known

    def _take(self, db: sqlite3.Connection, shop: str, thing: str, holder: str) -> bool:
        now = self._clock()
        db.execute("DELETE FROM turn WHERE shop = ? AND thing = ? AND until <= ?", (shop, thing, now))
        taken = db.execute("INSERT OR IGNORE INTO turn VALUES (?, ?, ?, ?)", (shop, thing, holder, now + LEASE_S))
        return taken.rowcount == 1

    async def _keep_turn(self, shop: str, thing: str, holder: str) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            sql = "UPDATE turn SET until = ? WHERE shop = ? AND thing = ? AND holder = ?"
            await self._write(sql, self._clock() + LEASE_S, shop, thing, holder)

    async def _write(self, sql: str, *values: object) -> None:
        await self._file.write(lambda db: db.execute(sql, values))
