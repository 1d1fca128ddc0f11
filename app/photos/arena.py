"""Memory that the server and its decoding or looking processes share: a photo or its pixels cross without being piped.

Through the pool's pipes an upload of 3.5 MB and 2.3 MB of pixels are copied six times each, piece by piece, under both
processes' locks; here each is written once and read once (docs/decisions/0190).
"""

import fcntl
import mmap
import os
import time
from contextlib import suppress
from multiprocessing import reduction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.photos.photo import MAX_SIDE

UPLOAD_BYTES = 15 * 1024 * 1024
"""Largest upload that is handed over here, which is the largest that is taken where nobody set more; what is larger
takes the pipe."""
_KEPT_BYTES = 6 * 1024 * 1024
"""Room for most of what phones make stays in memory between photos; what a larger one took is given back."""
PIXEL_BYTES = MAX_SIDE * MAX_SIDE * 3
_BYTES = UPLOAD_BYTES + PIXEL_BYTES


class Arena:
    """Room for one upload and the pixels of one photo, in memory without a name that workers inherit.

    Its size is sealed: nobody can cut it short under the other's hands. What a worker leaves in it is as little to be
    trusted as what it says.
    """

    def __init__(self, file: int) -> None:
        """file: descriptor of the memory; it is the arena's from now on."""
        self._file = file
        self._memory = mmap.mmap(file, _BYTES)
        self._held = 0

    @classmethod
    def new(cls) -> "Arena":
        """An empty one. Raises OSError when the system has no memory or descriptor for it."""
        file = os.memfd_create("akin-photo", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(file, _BYTES)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
        return cls(file)

    def put_upload(self, data: bytes) -> None:
        """Lay an upload down; `len(data)` <= UPLOAD_BYTES."""
        self._memory[: len(data)] = data
        self._held = len(data)

    def upload(self, size: int) -> bytes:
        """A copy of the first `size` bytes."""
        return self._memory[:size]

    def put_pixels(self, pixels: NDArray[np.uint8]) -> bool:
        """Lay pixels down, (height, width, 3) uint8; False when they do not fit."""
        if pixels.nbytes > PIXEL_BYTES:
            return False
        np.copyto(self._room(pixels.shape[0], pixels.shape[1]), pixels)
        return True

    def pixels(self, height: int, width: int) -> NDArray[np.uint8]:
        """A copy of the pixels, (height, width, 3) uint8. Raises ValueError for a size that has no room here."""
        return self.view(height, width).copy()

    def view(self, height: int, width: int) -> NDArray[np.uint8]:
        """The pixels where they lie, read-only: they are others' as soon as the arena is given back. Raises ValueError
        as `pixels`."""
        if not (0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE):
            raise ValueError(f"no room for {width} x {height} pixels")
        room = self._room(height, width)
        room.flags.writeable = False
        return room

    def let_go(self) -> None:
        """Give back the memory that only a large upload needed."""
        if self._held > _KEPT_BYTES and hasattr(mmap, "MADV_REMOVE"):
            self._memory.madvise(mmap.MADV_REMOVE, _KEPT_BYTES, UPLOAD_BYTES - _KEPT_BYTES)
        self._held = 0

    def close(self) -> None:
        """Give the memory back when the workers have let go of it too."""
        self._memory.close()
        os.close(self._file)

    def __reduce__(self) -> tuple[Any, ...]:
        """How it is handed to a process that is being started; at any other time this raises."""
        return _inherited, (reduction.DupFd(self._file),)

    def _room(self, height: int, width: int) -> NDArray[np.uint8]:
        flat = np.frombuffer(self._memory, dtype=np.uint8, count=height * width * 3, offset=UPLOAD_BYTES)
        return flat.reshape(height, width, 3)


class Arenas:
    """The arenas of a pool of workers, lent one a photo."""

    def __init__(self, count: int) -> None:
        """count: of them, or as many as the system gives; where it has no such memory, none is ever lent."""
        arenas: list[Arena] = []
        with suppress(OSError):  # what was made before is used, and closed with the rest
            for _ in range(count if hasattr(os, "memfd_create") else 0):
                arenas.append(Arena.new())
        self.all = tuple(arenas)
        self._free = list(range(len(self.all)))
        self._resting: list[tuple[float, int]] = []

    def lend(self, size: int) -> int | None:
        """The number of one that nobody uses and that holds `size` bytes; None when there is none."""
        now = time.monotonic()
        self._free += [number for until, number in self._resting if until <= now]
        self._resting = [(until, number) for until, number in self._resting if until > now]
        return self._free.pop() if self._free and size <= UPLOAD_BYTES else None

    def give_back(self, number: int, *, after_s: float = 0.0) -> None:
        """Take it back; lend it again no sooner than in `after_s` seconds, where a worker may still write to it."""
        if after_s > 0.0:
            self._resting.append((time.monotonic() + after_s, number))
        else:
            for arena in self.all[number : number + 1]:  # none is left once all were closed
                arena.let_go()
            self._free.append(number)

    def close(self) -> None:
        """Give all memory back. Calling it twice is harmless."""
        arenas, self.all = self.all, ()
        self._free, self._resting = [], []
        for arena in arenas:
            arena.close()


def _inherited(file: Any) -> Arena:
    """In the worker: the arena that the server handed over."""
    return Arena(file.detach())
