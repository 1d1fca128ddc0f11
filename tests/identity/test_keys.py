"""Keys: what they look like, what is kept of them, how long each lives."""

import re
import stat
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.identity import (
    KeyInvalid,
    KeyNotFound,
    KeyRefused,
    KeyRing,
    KeyState,
    KeyStore,
    KeysUnavailable,
    Scope,
    is_well_formed,
    web_origin,
)
from app.identity.store import KeptKey

pytestmark = pytest.mark.anyio

FORM = re.compile(r"akin_live_[0-9A-Za-z]{10}_[0-9A-Za-z]{49}")


class Clock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> KeyStore:
    return KeyStore(tmp_path / "keys.db", clock=clock)


async def ring_of(store: KeyStore, clock: Clock) -> KeyRing:
    """A ring that has looked just now."""
    ring = KeyRing(store, clock=clock)
    await ring.begin()
    return ring


def test_a_key_has_the_form_that_scanners_look_for(store: KeyStore) -> None:
    texts = {store.create(name="a", shop="default", scopes=[Scope.SEARCH]).text for _ in range(50)}
    assert len(texts) == 50
    assert all(FORM.fullmatch(text) and is_well_formed(text) for text in texts)


@given(place=st.integers(0, 69), other=st.sampled_from("0aZ-_ é"))
def test_one_wrong_character_is_noticed(place: int, other: str) -> None:
    """Made by another run; the checksum is part of what is promised to scanners."""
    known = "akin_live_Hk4CL7XvKA_UPgLXFBnpH8KVrEsOqePHDQJp6U6yTnolFBC0jAHsPj2RQ9Y4"
    changed = known[:place] + other + known[place + 1 :]
    assert is_well_formed(known)
    assert is_well_formed(changed) == (changed == known)


def test_only_the_hash_is_kept_and_only_the_owner_reads_it(store: KeyStore, tmp_path: Path) -> None:
    issued = [store.create(name=f"k{n}", shop="default", scopes=[Scope.ADMIN]) for n in range(20)]
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    secrets = [one.text.rpartition("_")[2] for one in issued]
    assert all(one.key.id.encode() in kept for one in issued)
    assert not any(secret.encode() in kept for secret in secrets)
    assert not any(secret in repr(one) for one, secret in zip(issued, secrets, strict=True))
    assert stat.S_IMODE((tmp_path / "keys.db").stat().st_mode) == 0o600


async def test_a_key_opens_its_own_shop_with_its_own_scopes(store: KeyStore, clock: Clock) -> None:
    text = store.create(name="app", shop="nordhem", scopes=[Scope.SEARCH]).text
    caller = await (await ring_of(store, clock)).caller(text)
    assert caller is not None
    assert (caller.shop, caller.may(Scope.SEARCH), caller.may(Scope.CATALOG_WRITE)) == ("nordhem", True, False)


async def test_what_is_no_valid_key_opens_nothing(store: KeyStore, clock: Clock) -> None:
    """Mistyped, unknown though well formed, revoked, and expired at the very second."""
    revoked = store.create(name="a", shop="default", scopes=[Scope.ADMIN])
    expiring = store.create(name="b", shop="default", scopes=[Scope.ADMIN], lives_for=timedelta(hours=1))
    elsewhere = KeyStore(Path(str(store._path) + ".other"), clock=clock)
    foreign = elsewhere.create(name="c", shop="default", scopes=[Scope.ADMIN])
    ring = await ring_of(store, clock)
    assert (await ring.caller(revoked.text), await ring.caller(expiring.text)) != (None, None)
    store.revoke(revoked.key.id)
    clock.now += 3600
    ring = await ring_of(store, clock)
    mixed = revoked.text[:20] + expiring.text[20:]
    for text in ("", "x", revoked.text, expiring.text, foreign.text, mixed, expiring.text[:-1]):
        with pytest.raises(KeyInvalid):
            await ring.caller(text)


async def test_rotation_keeps_two_keys_alive_for_the_overlap(store: KeyStore, clock: Clock) -> None:
    old = store.create(name="widget", shop="nordhem", scopes=[Scope.SEARCH], origins=["https://Shop.example:443/"])
    new = store.rotate(old.key.id, overlap=timedelta(hours=2))
    assert (new.key.name, new.key.shop, new.key.scopes) == ("widget", "nordhem", frozenset({Scope.SEARCH}))
    assert new.key.origins == ("https://shop.example",)
    assert (new.key.replaces, new.text != old.text) == (old.key.id, True)
    ring = await ring_of(store, clock)
    assert await ring.caller(old.text)
    assert await ring.caller(new.text)
    clock.now += 7200
    assert await ring.caller(new.text)
    with pytest.raises(KeyInvalid):
        await ring.caller(old.text)
    with pytest.raises(KeyRefused, match="expired"):
        store.rotate(old.key.id, overlap=timedelta(0))


async def test_when_a_key_was_used_last_is_written_down(store: KeyStore, clock: Clock) -> None:
    issued = store.create(name="a", shop="default", scopes=[Scope.ADMIN])
    ring = await ring_of(store, clock)
    assert store.keys()[0].last_used_at is None
    clock.now += 60
    await ring.caller(issued.text)
    await ring.close()
    found = store.keys()[0].last_used_at
    assert found is not None
    assert found.timestamp() == clock.now


async def test_revoking_twice_keeps_the_first_time(store: KeyStore, clock: Clock) -> None:
    issued = store.create(name="a", shop="default", scopes=[Scope.ADMIN])
    first = store.revoke(issued.key.id)
    clock.now += 60
    assert store.revoke(issued.key.id) == first
    assert first.state(first.created_at) is KeyState.REVOKED
    with pytest.raises(KeyNotFound):
        store.revoke("nothing")


async def test_keys_that_are_gone_let_nobody_in(store: KeyStore, clock: Clock, tmp_path: Path) -> None:
    """Not the file taken away, not the file emptied, not the file broken: never open again."""
    store.create(name="a", shop="default", scopes=[Scope.ADMIN])
    ring = await ring_of(store, clock)
    path = tmp_path / "keys.db"
    kept = path.read_bytes()
    for broken in (None, b"", b"no database at all, but something else" * 100):
        path.unlink() if broken is None else path.write_bytes(broken)
        with pytest.raises(KeysUnavailable):
            await ring.begin()
        assert not ring.is_open
    path.write_bytes(kept)
    await ring.begin()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"scopes": []}, "no scope"),
        ({"name": " "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"origins": ["https://shop.example"], "scopes": [Scope.CATALOG_WRITE]}, "browser"),
        ({"origins": ["https://shop.example"], "scopes": [Scope.SEARCH, Scope.ADMIN]}, "browser"),
        ({"lives_for": timedelta(0)}, "expired"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(store: KeyStore, wrong: dict[str, object], words: str) -> None:
    fine: dict[str, object] = {"name": "a", "shop": "default", "scopes": [Scope.SEARCH]}
    with pytest.raises(KeyRefused, match=words):
        store.create(**{**fine, **wrong})  # type: ignore[arg-type]
    assert store.keys() == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://shop.example", "https://shop.example"),
        ("HTTPS://Shop.Example/", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        *((wrong, None) for wrong in ("*", "null", "", "shop.example", "https://", "https://a@b.example")),
        *(
            (wrong, None)
            for wrong in ("https://a.example/path", "file:///x", "https://a.example?x", "https://*.a.example")
        ),
        ("https://a.example:99999", None),
    ],
)
def test_origins_are_exact(written: str, meant: str | None) -> None:
    if meant is None:
        with pytest.raises(KeyRefused):
            web_origin(written)
    else:
        assert web_origin(written) == meant


class CountedStore(KeyStore):
    """Says how often it was read."""

    reads = 0

    def kept(self) -> list[KeptKey]:
        """See KeyStore."""
        self.reads += 1
        return super().kept()


async def test_a_key_works_from_the_moment_it_is_made_and_guessing_costs_little(tmp_path: Path, clock: Clock) -> None:
    store = CountedStore(tmp_path / "keys.db", clock=clock)
    first = store.create(name="a", shop="default", scopes=[Scope.SEARCH])
    ring = await ring_of(store, clock)
    assert await ring.caller(store.rotate(first.key.id, overlap=timedelta(hours=1)).text)
    elsewhere = KeyStore(tmp_path / "other.db", clock=clock)
    guess = elsewhere.create(name="g", shop="default", scopes=[Scope.SEARCH]).text
    before = store.reads

    async def guessing() -> None:
        with pytest.raises(KeyInvalid):
            await ring.caller(guess)

    async with anyio.create_task_group() as group:
        for _ in range(200):
            group.start_soon(guessing)
    assert store.reads - before <= 2
