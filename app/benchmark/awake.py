"""Cores that do not fall asleep while something is timed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

# Ends by itself when whoever started it is gone.
_SPIN = """
import os
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(100_000):
        pass
"""


@contextmanager
def cores_awake() -> Iterator[None]:
    """Keep every core busy with work that gives way to any other (SCHED_IDLE), for as long as the block runs.

    A virtual machine halts a core that has nothing to do, and waking it takes a tenth of a millisecond and a cold
    cache. A request passes from thread to thread and process to process some thirty times and waits for that each time;
    a bare part in one loop never does. In a shop that is visited no core sleeps. Does nothing where the system has no
    such class of work.
    """
    with ExitStack() as stack:
        for _ in range(os.cpu_count() or 1 if hasattr(os, "SCHED_IDLE") else 0):
            spinner = stack.enter_context(subprocess.Popen([sys.executable, "-c", _SPIN]))
            stack.callback(spinner.kill)
        yield
