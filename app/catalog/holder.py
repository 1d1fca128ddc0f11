"""Who loads a generation: a name that tells people which program it is, and this machine whether it still runs."""

import os
import re
import socket
from pathlib import Path

_FORM = re.compile(r"(?P<host>[^\s:]+):(?P<pid>\d+):(?P<started>\d+) ")


def holder_name(what: str) -> str:
    """The holder of this process: "host:pid:started what". started: clock ticks since boot, 0 where unknown."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())} {what}"


def has_ended(holder: str) -> bool:
    """Whether the holder's process is known to have ended.

    False for processes of other machines, for names of another form, and whenever it cannot be told. A process that has
    the number of the old one, but another start, is not it.
    """
    found = _FORM.match(holder)
    if found is None or found["host"] != socket.gethostname():
        return False
    pid, started = int(found["pid"]), int(found["started"])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:  # it exists and is somebody else's
        return False
    now = _started(pid)
    return bool(started and now) and started != now


def _started(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    # The program's name stands in brackets and may hold spaces; field 22 is counted from behind it.
    fields = stat.rpartition(")")[2].split()
    return int(fields[19]) if len(fields) > 19 else 0
