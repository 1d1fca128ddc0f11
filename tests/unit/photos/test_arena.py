"""Memory shared with the decoding workers: what goes in comes out, nothing is mixed up, nobody can cut it short."""

import asyncio
import os
import time

import numpy as np
import psutil
import pytest

from app.photos import PhotoDecoder, PhotoLimits, decode_now, encode_jpeg
from app.photos.arena import UPLOAD_BYTES, Arena, Arenas

pytestmark = pytest.mark.anyio


def a_jpeg(seed: int, *, side: int = 256) -> bytes:
    """A picture like no other."""
    low = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return encode_jpeg(np.kron(low, np.ones((side // 8, side // 8, 1), dtype=np.uint8)), 90)


def shared_mb() -> float:
    """Shared memory that is resident in this process, in MiB."""
    return float(psutil.Process().memory_info().shared) / 2**20


async def test_photos_decoded_at_once_keep_their_own_pixels() -> None:
    """Many pictures over two slots, larger and smaller in turn, each answer what this process would decode."""
    pictures = [a_jpeg(seed, side=128 << seed % 4) for seed in range(24)]
    async with PhotoDecoder(2, waiting=len(pictures)) as decoder:
        there = await asyncio.gather(*(decoder.decode(data) for data in pictures))
    for data, photo in zip(pictures, there, strict=True):
        here = decode_now(data)
        assert np.array_equal(photo.pixels, here.pixels)
        assert (photo.jpeg, photo.sha256) == (here.jpeg, here.sha256)


async def test_a_photo_too_large_for_an_arena_is_decoded_all_the_same() -> None:
    """It takes the pipe. What follows the end of a JPEG's picture is no part of it."""
    small = a_jpeg(1)
    async with PhotoDecoder(1, limits=PhotoLimits(max_bytes=2 * UPLOAD_BYTES)) as decoder:
        large = await decoder.decode(small + bytes(UPLOAD_BYTES))
    assert np.array_equal(large.pixels, decode_now(small).pixels)


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="shared memory without a name is Linux's")
class TestArenas:
    """Linux's shared memory, without the pool."""

    def test_pixels_are_copied_out(self) -> None:
        """What is written later does not change an answer."""
        arena = Arena.new()
        first, second = (np.full((3, 4, 3), value, dtype=np.uint8) for value in (1, 2))
        assert arena.put_pixels(first)
        out = arena.pixels(3, 4)
        assert arena.put_pixels(second)
        assert np.array_equal(out, first)
        arena.close()

    def test_a_large_upload_leaves_no_memory_behind(self) -> None:
        """Else every slot would hold 15 MB for good after the first of them."""
        arenas = Arenas(1)
        number = arenas.lend(UPLOAD_BYTES)
        assert number == 0
        before = shared_mb()
        arenas.all[number].put_upload(bytes(UPLOAD_BYTES))
        held = shared_mb()
        arenas.give_back(number)
        assert held - before > 14
        assert shared_mb() - before < 7
        arenas.close()

    @pytest.mark.parametrize("size", [(0, 4), (4, 0), (-1, 4), (2048, 2048), (1, 10**9)])
    def test_a_size_that_has_no_room_is_refused(self, size: tuple[int, int]) -> None:
        """A worker that was taken over may claim any."""
        arena = Arena.new()
        with pytest.raises(ValueError, match="no room"):
            arena.pixels(*size)
        arena.close()

    def test_its_size_is_sealed(self) -> None:
        """A worker that could cut it short would kill the server at its next look."""
        arena = Arena.new()
        for size in (0, 1 << 30):
            with pytest.raises(PermissionError):
                os.ftruncate(arena._file, size)
        arena.close()

    def test_one_that_may_still_be_written_to_is_not_lent(self) -> None:
        """Not before its time has passed."""
        arenas = Arenas(1)
        number = arenas.lend(10)
        assert number == 0
        assert arenas.lend(10) is None
        arenas.give_back(number, after_s=0.05)
        assert arenas.lend(10) is None
        time.sleep(0.06)
        assert arenas.lend(UPLOAD_BYTES + 1) is None
        assert arenas.lend(10) == number
        arenas.close()
        arenas.close()
