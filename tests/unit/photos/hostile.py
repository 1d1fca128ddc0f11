"""What a codec might do when it has been taken over or has lost its way: run in the workers instead of decode_now."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

from app.photos import Photo, PhotoCorrupt, PhotoLimits, decode_now

HANG = b"\xff\xd8\xff hang"
HOARD = b"\xff\xd8\xff hoard"
DIE = b"\xff\xd8\xff die"
CRASH = b"\xff\xd8\xff crash"
STOP = b"\xff\xd8\xff stop"


def decode_or_misbehave(data: bytes, limits: PhotoLimits) -> Photo:
    """Obey the marker the bytes start with; decode anything else. original_width is the process that did it."""
    if data == HANG:
        time.sleep(600)
    if data == HOARD:
        return decode_now(bytes(4 * 1024**3), limits)
    if data == DIE:
        os.kill(os.getpid(), signal.SIGKILL)
    if data == CRASH:
        os.kill(os.getpid(), signal.SIGSEGV)
    if data == STOP:
        os.kill(os.getpid(), signal.SIGSTOP)
    os.kill(os.getpid(), signal.SIGINT)  # a terminal sends it to the whole group; workers do not care
    return replace(decode_now(data, limits), original_width=os.getpid())


def look(data: bytes, limits: PhotoLimits) -> Photo:
    """Tell what a worker can see of the server's environment: planted in os.environ, in the kernel's copy; PATH."""
    raw = Path("/proc/self/environ").read_bytes()
    raise PhotoCorrupt(f"{'planted' in str(os.environ)} {b'planted' in raw} {'PATH' in os.environ}")
