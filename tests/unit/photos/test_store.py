"""The store of searched photos: shared by processes, short-lived, bounded."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.photos import Photo, PhotoNotFound, PhotoStore, PhotoStoreUnavailable, decode_now
from tests.builders import a_photo_file

pytestmark = pytest.mark.anyio


class Clock:
    """A clock that stands until it is told to go on."""

    now = 1_000_000.0

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock of its own for each test."""
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[PhotoStore]:
    """An empty store that keeps photos for an hour."""
    store = PhotoStore(tmp_path / "photos.db", ttl_s=3600, clock=clock)
    yield store
    await store.close()


def a_photo(seed: int = 0) -> Photo:
    """A decoded drawing."""
    return decode_now(a_photo_file(seed=seed))


def contents(folder: Path) -> list[bytes]:
    """What stands in the files of a folder."""
    return [path.read_bytes() for path in folder.iterdir()]


def modes(folder: Path) -> set[int]:
    """The access rights of the files of a folder."""
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


async def test_a_kept_photo_comes_back_in_every_process(store: PhotoStore, tmp_path: Path, clock: Clock) -> None:
    """A second store on the same file stands for a second server process."""
    photo = a_photo()
    photo_id = await store.put(photo)
    other = PhotoStore(tmp_path / "photos.db", ttl_s=3600, clock=clock)
    assert await other.get(photo_id) == photo.jpeg
    await other.close()


async def test_ids_are_unguessable_and_differ_for_the_same_photo(store: PhotoStore) -> None:
    """Knowing an id is the permission to use the photo, so it says nothing about the photo."""
    ids = {await store.put(a_photo()) for _ in range(20)}
    assert len(ids) == 20
    assert {len(photo_id) for photo_id in ids} == {22}


async def test_an_unknown_id_is_not_found(store: PhotoStore) -> None:
    """The answer says what to do."""
    with pytest.raises(PhotoNotFound) as refusal:
        await store.get("never-was")
    assert refusal.value.code == "photo-not-found"
    assert refusal.value.fix == "Send the photo again."


async def test_a_photo_expires(store: PhotoStore, clock: Clock) -> None:
    """Found within its time, not after it."""
    photo_id = await store.put(a_photo())
    clock.now += 3599
    await store.get(photo_id)
    clock.now += 2
    with pytest.raises(PhotoNotFound):
        await store.get(photo_id)


async def test_expired_photos_leave_no_trace_in_the_file(tmp_path: Path, clock: Clock) -> None:
    """The next photo removes expired ones; once the store is closed their bytes are gone from the disk."""
    store = PhotoStore(tmp_path / "photos.db", ttl_s=60, clock=clock)
    photo = a_photo(1)
    await store.put(photo)
    clock.now += 61
    await store.put(a_photo(2))
    await store.close()
    needle = photo.jpeg[-300:-200]
    assert needle not in b"".join(contents(tmp_path))


async def test_the_oldest_make_room(tmp_path: Path, clock: Clock) -> None:
    """The store stays within its size, newest photos kept."""
    photo = a_photo()
    store = PhotoStore(tmp_path / "photos.db", max_bytes=3 * len(photo.jpeg), clock=clock)
    ids = []
    for _ in range(5):
        clock.now += 1
        ids.append(await store.put(photo))
    for gone in ids[:2]:
        with pytest.raises(PhotoNotFound):
            await store.get(gone)
    assert [await store.get(kept) for kept in ids[2:]] == [photo.jpeg] * 3
    await store.close()


async def test_a_deleted_photo_is_gone_and_deleting_twice_is_harmless(store: PhotoStore) -> None:
    """Deleting is about the state after it."""
    photo_id = await store.put(a_photo())
    await store.delete(photo_id)
    await store.delete(photo_id)
    with pytest.raises(PhotoNotFound):
        await store.get(photo_id)


async def test_no_time_to_live_keeps_nothing(tmp_path: Path) -> None:
    """With 0 seconds a photo is never written."""
    store = PhotoStore(tmp_path / "photos.db", ttl_s=0)
    photo_id = await store.put(a_photo())
    with pytest.raises(PhotoNotFound):
        await store.get(photo_id)
    await store.close()


async def test_parallel_writers_of_two_processes_lose_nothing(tmp_path: Path) -> None:
    """Writers wait for each other instead of failing with a locked database."""
    stores = [PhotoStore(tmp_path / "photos.db") for _ in range(3)]
    photo = a_photo()
    ids = await asyncio.gather(*(stores[turn % 3].put(photo) for turn in range(60)))
    assert {await stores[0].get(photo_id) for photo_id in ids} == {photo.jpeg}
    for store in stores:
        await store.close()
        await store.close()


async def test_only_the_owner_may_read_the_file(store: PhotoStore, tmp_path: Path) -> None:
    """Photos show people's homes."""
    await store.put(a_photo())
    assert modes(tmp_path) == {0o600}


async def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    """A file that is no database is reported, not overwritten."""
    path = tmp_path / "photos.db"
    path.write_bytes(b"somebody's letters" * 100)
    with pytest.raises(PhotoStoreUnavailable):
        PhotoStore(path)
    assert path.read_bytes() == b"somebody's letters" * 100


async def test_what_was_seen_is_kept_as_long_as_photos_are_and_forgotten_with_its_photo(
    store: PhotoStore, clock: Clock
) -> None:
    photo, other = a_photo(1), a_photo(2)
    photo_id = await store.put(photo)
    store.keep_look(photo, "eyes/1 None", b"a chair")
    store.keep_look(other, "eyes/1 None", b"a lamp")
    assert await store.look(photo, "eyes/1 None") == b"a chair"
    assert await store.look(photo, "eyes/2 None") is None
    assert await store.look(a_photo(3), "eyes/1 None") is None
    await store.delete(photo_id)
    assert await store.look(photo, "eyes/1 None") is None
    clock.now += 3601
    assert await store.look(other, "eyes/1 None") is None


async def test_what_was_seen_takes_no_more_than_an_eighth(tmp_path: Path, clock: Clock) -> None:
    store = PhotoStore(tmp_path / "photos.db", max_bytes=8 * 100, clock=clock)
    for turn in range(5):
        clock.now += 1
        store.keep_look(a_photo(), f"eyes/{turn}", bytes(40))
    kept = [await store.look(a_photo(), f"eyes/{turn}") is not None for turn in range(5)]
    assert kept == [False, False, False, True, True]
    await store.close()


async def test_without_a_time_to_live_nothing_that_was_seen_is_kept(tmp_path: Path) -> None:
    store = PhotoStore(tmp_path / "photos.db", ttl_s=0)
    store.keep_look(a_photo(), "eyes/1", b"a chair")
    assert await store.look(a_photo(), "eyes/1") is None
    await store.close()
    assert b"a chair" not in b"".join(contents(tmp_path))
