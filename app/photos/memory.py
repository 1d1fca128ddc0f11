"""How this process's allocator treats memory that was freed: it keeps some, as the next photo needs it again."""

import ctypes
import os
import resource

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST_KEPT = 32 * 1024 * 1024
_MOST_KEPT = 64 * 1024 * 1024


def keep_freed_memory() -> None:
    """Let the C library keep up to 64 MiB of freed memory an arena instead of giving it back to the system at once.

    A switch for the whole process, for processes that handle one photo after another. By default every buffer of some
    megabytes is new memory that the system clears page by page: copying a 3.5 MB upload took 4.5 ms that way, 0.2 ms in
    memory that was kept; decoding it 56 ms and 46 (docs/decisions/0067). Where the C library has no such switch (it is
    glibc's), nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT)
        mallopt(_M_TRIM_THRESHOLD, _MOST_KEPT)


class Thrift:
    """Gives freed memory back once there is much of it: what one large photo took is not kept for those after it.

    spare_mb: MiB the process may stay larger than it was when this was made. For Linux.
    """

    def __init__(self, spare_mb: int = 24) -> None:
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        self._sizes = os.open("/proc/self/statm", os.O_RDONLY)  # kept open: looking then takes a microsecond
        self._most = self._own_bytes() + spare_mb * 1024 * 1024

    def give_back(self) -> None:
        """Call it after each photo."""
        if self._trim is not None and self._own_bytes() > self._most:
            self._trim(0)

    def _own_bytes(self) -> int:
        """Resident memory without what is shared with others: libraries, and what photos come in."""
        resident, shared = os.pread(self._sizes, 100, 0).split()[1:3]
        return (int(resident) - int(shared)) * resource.getpagesize()
