"""KeyStore: the keys in one SQLite file, private to its owner, which the command line writes and all servers read."""

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.identity.errors import KeyNotFound, KeyRefused, KeysUnavailable
from app.identity.model import Issued, Key, KeyState, Scope, web_origin
from app.identity.secret import digest, new_id, new_text

LONGEST_NAME = 100
FOR_BROWSERS = frozenset({Scope.SEARCH})
"""What a key with origins may do: anybody who visits the page can read the key."""

_BUSY_S = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS key (
    id TEXT PRIMARY KEY, digest BLOB NOT NULL UNIQUE, name TEXT NOT NULL, shop TEXT NOT NULL, scopes TEXT NOT NULL,
    origins TEXT NOT NULL, created_at REAL NOT NULL, expires_at REAL, revoked_at REAL, last_used_at REAL, replaces TEXT
) WITHOUT ROWID;
"""
_READ = "SELECT id, name, shop, scopes, origins, created_at, expires_at, revoked_at, last_used_at, replaces, digest"


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key and the hash of its text."""

    key: Key
    digest: bytes


class KeyStore:
    """Keys by id. Every call opens the file anew, so that one that was put back from a backup is taken up.

    path: made by the first `create`; readable by its owner only. clock: seconds since the epoch. Calls block.
    Raises KeysUnavailable when the file cannot be opened, read or written.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock

    def create(
        self,
        *,
        name: str,
        shop: str,
        scopes: Iterable[Scope],
        origins: Iterable[str] = (),
        lives_for: timedelta | None = None,
    ) -> Issued:
        """Make a key. origins: of web pages, as a person types them. lives_for: None for one that does not expire.

        Raises KeyRefused.
        """
        now = self._now()
        made = Key(
            id=new_id(),
            name=name.strip(),
            shop=shop,
            scopes=frozenset(scopes),
            origins=tuple(dict.fromkeys(web_origin(one) for one in origins)),
            created_at=now,
            expires_at=None if lives_for is None else now + lives_for,
        )
        _refuse_nonsense(made, now)
        with self._writing() as connection:
            return _insert(connection, made)

    def rotate(self, key_id: str, *, overlap: timedelta) -> Issued:
        """Make a key like this one; the old one works on for `overlap`, or until it expires if that is sooner.

        Raises KeyNotFound, KeyRefused when the old one does not work any more.
        """
        now = self._now()
        with self._writing() as connection:
            old = _found(connection, key_id)
            if old.state(now) is not KeyState.ACTIVE:
                raise KeyRefused(f"The key {key_id} is {old.state(now)}.", fix="Make a new one: akin keys create.")
            last = now + overlap if old.expires_at is None else min(old.expires_at, now + overlap)
            lives_for = None if old.expires_at is None else old.expires_at - old.created_at
            made = Key(
                id=new_id(),
                name=old.name,
                shop=old.shop,
                scopes=old.scopes,
                origins=old.origins,
                created_at=now,
                expires_at=None if lives_for is None else now + lives_for,
                replaces=old.id,
            )
            connection.execute("UPDATE key SET expires_at = ? WHERE id = ?", (last.timestamp(), old.id))
            return _insert(connection, made)

    def revoke(self, key_id: str) -> Key:
        """Make a key useless for good; once more changes nothing. Raises KeyNotFound."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (self._clock(), key_id)
            )
            return _found(connection, key_id)

    def keys(self) -> list[Key]:
        """All keys that were ever made, newest first."""
        return [kept.key for kept in self.kept()]

    def kept(self) -> list[KeptKey]:
        """All keys with the hashes of their texts, newest first; [] while there is no file."""
        if not self._path.exists():
            return []
        with self._opened() as connection:
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'key'").fetchone() is None:
                return []  # the first key is being made in this moment
            rows = connection.execute(f"{_READ} FROM key ORDER BY created_at DESC, id").fetchall()
        return [KeptKey(_key(row), row[-1]) for row in rows]

    def note_used(self, last_used: Mapping[str, float]) -> None:
        """Write down when keys were used last: id -> seconds since the epoch."""
        with self._writing() as connection:
            connection.executemany(
                "UPDATE key SET last_used_at = max(?, coalesce(last_used_at, 0)) WHERE id = ?",
                [(at, key_id) for key_id, at in last_used.items()],
            )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise self._unavailable(error) from error
        with self._opened() as connection:
            connection.executescript(_SCHEMA)
            connection.execute("BEGIN IMMEDIATE")  # the busy timeout does not cover lock upgrades
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_S, isolation_level=None
            )
            try:
                yield connection
            finally:
                connection.close()
        except (sqlite3.Error, OSError) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> KeysUnavailable:
        return KeysUnavailable(
            f"The keys in {self._path.name} cannot be used now: {error}.",
            fix="Check the disk and the rights of the file AKIN_KEYS names; it must belong to Akin's user.",
        )


def _insert(connection: sqlite3.Connection, made: Key) -> Issued:
    text = new_text(made.id)
    connection.execute(
        "INSERT INTO key (id, digest, name, shop, scopes, origins, created_at, expires_at, replaces)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            made.id,
            digest(text),
            made.name,
            made.shop,
            json.dumps(sorted(made.scopes)),
            json.dumps(made.origins),
            made.created_at.timestamp(),
            made.expires_at.timestamp() if made.expires_at is not None else None,
            made.replaces,
        ),
    )
    return Issued(made, text)


def _found(connection: sqlite3.Connection, key_id: str) -> Key:
    row = connection.execute(f"{_READ} FROM key WHERE id = ?", (key_id,)).fetchone()
    if row is None:
        raise KeyNotFound(f"There is no key '{key_id}'.", fix="`akin keys list` shows all ids.")
    return _key(row)


def _key(
    row: tuple[str, str, str, str, str, float, float | None, float | None, float | None, str | None, bytes],
) -> Key:
    key_id, name, shop, scopes, origins, created_at, expires_at, revoked_at, last_used_at, replaces, _ = row
    return Key(
        id=key_id,
        name=name,
        shop=shop,
        scopes=frozenset(Scope(one) for one in json.loads(scopes)),
        origins=tuple(json.loads(origins)),
        created_at=datetime.fromtimestamp(created_at, UTC),
        expires_at=_moment(expires_at),
        revoked_at=_moment(revoked_at),
        last_used_at=_moment(last_used_at),
        replaces=replaces,
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _refuse_nonsense(key: Key, now: datetime) -> None:
    """Raise KeyRefused for a key that could do nothing, or that a browser must not have."""
    if not 1 <= len(key.name) <= LONGEST_NAME or not key.name.isprintable():
        raise KeyRefused(
            "The key needs a name that says who uses it.", fix=f"Give 1 to {LONGEST_NAME} printable characters."
        )
    if not key.scopes:
        raise KeyRefused("The key has no scope.", fix=f"Give at least one of: {', '.join(Scope)}.")
    if key.origins and not key.scopes <= FOR_BROWSERS:
        raise KeyRefused(
            "A key with origins is for a browser, where every visitor can read it.",
            fix="Give it the scope search only, and make another key for your own servers.",
        )
    if key.expires_at is not None and key.expires_at <= now:
        raise KeyRefused("The key would have expired already.", fix="Let it live longer.")
