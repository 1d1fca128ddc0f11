"""Who holds a load, and whether that process lives: told from its number, its start, and whether it is a zombie."""

import os
import socket
import subprocess
import sys
import time

from app.catalog import has_ended, holder_name, running_pid


def test_this_process_runs() -> None:
    holder = holder_name("tests")
    assert holder == holder_name("tests", os.getpid())
    assert (has_ended(holder), running_pid(holder)) == (False, os.getpid())


def test_a_process_that_ended_is_known_to_have() -> None:
    """At once, also while its parent has not asked for it: kill -9 leaves a zombie behind for a moment."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        holder = holder_name("loader", process.pid)
        assert running_pid(holder) == process.pid
        process.kill()
        deadline = time.monotonic() + 30
        while not has_ended(holder) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert has_ended(holder)
        assert process.returncode is None  # nobody has waited for it yet
        assert running_pid(holder) is None
    assert has_ended(holder)


def test_a_number_that_another_process_has_now_is_not_it() -> None:
    host, pid, started = holder_name("x").split(" ")[0].split(":")
    assert has_ended(f"{host}:{pid}:{int(started) + 1} x")
    assert running_pid(f"{host}:{pid}:{int(started) + 1} x") is None


def test_of_other_machines_and_other_names_nothing_is_known() -> None:
    for holder in (f"not-{socket.gethostname()}:1:1 x", "tests", "", "a b:1:1"):
        assert not has_ended(holder)
        assert running_pid(holder) is None
