"""Who loads a generation: a name that tells people which program it is, and this machine whether it still runs."""

import os
import re
import socket
from pathlib import Path

from app.catalog.errors import GenerationConflict

LEASE_S = 60.0
"""A loader that was silent for longer is taken for dead."""

_FORM = re.compile(r"(?P<host>[^\s:]+):(?P<pid>\d+):(?P<started>\d+) ")


def holder_name(what: str, pid: int | None = None) -> str:
    """The holder of a process: "host:pid:started what". started: clock ticks since boot, 0 where unknown.

    pid: of a process of this machine; None is this one.
    """
    number = os.getpid() if pid is None else pid
    return f"{socket.gethostname()}:{number}:{_started(number)} {what}"


def running_pid(holder: str) -> int | None:
    """The number of the holder's process where it is known to run on this machine, else None."""
    found = _FORM.match(holder)
    if found is None or found["host"] != socket.gethostname() or has_ended(holder):
        return None
    return int(found["pid"])


def has_ended(holder: str) -> bool:
    """Whether the holder's process is known to have ended.

    False for processes of other machines, for names of another form, and whenever it cannot be told. A process that has
    the number of the old one, but another start, is not it. One that has ended and waits for its parent has ended.
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
    return (bool(started and now) and started != now) or _state(pid) in {"Z", "X"}


def _started(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[19]) if len(fields) > 19 else 0


def _state(pid: int) -> str:
    return next(iter(_stat(pid)), "")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state (field 3) on; [] where there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return []
    return stat.rpartition(")")[2].split()  # the program's name stands in brackets and may hold spaces


def refuse_while_alive(generation_id: str, holder: str, silent_s: float) -> None:
    """Raise GenerationConflict, naming the holder, while its load is alive. silent_s: seconds since it was heard."""
    if silent_s <= LEASE_S and not has_ended(holder):
        raise GenerationConflict(
            f"{holder} is loading generation '{generation_id}'; it was last heard {silent_s:.0f} s ago.",
            fix=f"Wait until it is done; a load that was silent for {LEASE_S:.0f} s can be taken over.",
            holder=holder,
            generation=generation_id,
        )
