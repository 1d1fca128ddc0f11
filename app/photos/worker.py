"""What a decoding process does before its first photo: give up all it does not need.

Preloaded by the fork server, so that workers are born with the codecs in memory.
"""

import ctypes
import os
import resource
import signal
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app.photos.admission import PhotoLimits
from app.photos.arena import Arena
from app.photos.clean import clean_jpeg
from app.photos.decode import decode_in_one_thread, decode_now
from app.photos.fork_server import be_called
from app.photos.memory import Thrift, keep_freed_memory
from app.photos.photo import Photo

_OPEN_FILES = 64
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TZ")
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_ELSEWHERE = np.empty((0, 0, 3), dtype=np.uint8)


_arenas: list[Arena] = []
"""What this process shares with the server, by number."""


def enter_worker(memory_mb: int, arenas: Sequence[Arena] = ()) -> None:
    """Become a decoding worker: called by the pool in each new process, before its first photo.

    memory_mb: MiB of address space the process may map on top of what it maps now. arenas: memory shared with the
    server.
    """
    _arenas[:] = arenas
    be_called("akin-decode")
    # The pool's own handler for SIGTERM is Python code: it would never run while a codec does not come back.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")  # they would quote file contents on the server's standard error
    _say_nothing()
    _forget_environment()
    decode_in_one_thread()
    keep_freed_memory()
    decode_now(tiny_picture())
    _Worker.thrift = Thrift()
    _give_up_rights()
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _limit(resource.RLIMIT_AS, _mapped_bytes() + memory_mb * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class Worked:
    """A decoded photo and when this process worked on it, in nanoseconds since the epoch. A worker can tell nobody
    else: it has no network and no files.

    size: (height, width) of the pixels where they lie in the arena and not in the photo.
    """

    photo: Photo
    began_ns: int
    ended_ns: int
    size: tuple[int, int] | None = None


class _Worker:
    """What this process is besides: the pool hands its workers nothing but tasks."""

    thrift: Thrift | None = None


def run_with_alarm(
    seconds: int, decode: Callable[[bytes, PhotoLimits], Photo], data: bytes, limits: PhotoLimits
) -> Worked:
    """Decode, or die of SIGALRM: for the day the server that should have killed this process is gone itself."""
    signal.alarm(seconds)
    began_ns = time.time_ns()
    try:
        return Worked(decode(data, limits), began_ns, time.time_ns())
    finally:
        signal.alarm(0)
        if _Worker.thrift is not None:
            _Worker.thrift.give_back()


def run_in_arena(
    seconds: int, decode: Callable[[bytes, PhotoLimits], Photo], number: int, size: int, limits: PhotoLimits
) -> Worked:
    """As `run_with_alarm`, with the upload of `size` bytes taken from an arena and the pixels laid down there."""
    arena = _arenas[number]
    worked = run_with_alarm(seconds, decode, arena.upload(size), limits)
    pixels = worked.photo.pixels
    if not arena.put_pixels(pixels):
        return worked
    return replace(worked, photo=replace(worked.photo, pixels=_ELSEWHERE), size=pixels.shape[:2])


def tiny_picture() -> bytes:
    """A picture just large enough to be accepted, for warming up."""
    return clean_jpeg(np.full((96, 96, 3), 255, dtype=np.uint8))


def _limit(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (value, value))


def _mapped_bytes() -> int:
    """Address space this process maps now; libraries and reserved arenas make it far larger than what is resident."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def _say_nothing() -> None:
    """Codecs' own words go nowhere: into the server's log they would quote file contents, and where that log is a
    file, the first byte would exceed RLIMIT_FSIZE and kill the process."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _forget_environment() -> None:
    """Drop every variable that decoding does not need, also from the block the kernel shows in /proc/PID/environ."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    os.environ.clear()
    fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    start, end = int(fields[47]), int(fields[48])
    if 0 < start < end:
        ctypes.memset(start, 0, end - start)
    os.environ.update(kept)


def _give_up_rights() -> None:
    """No new privileges; no network where the kernel lets a process give it up (the pool works either way)."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
