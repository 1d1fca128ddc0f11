"""Loaded by the fork server alone, before it forks anything (app/photos/fork_server.py names it, nobody imports it).

Brings the codecs into memory once, and keeps workers from running the server's own start script: multiprocessing would
import it in every child, which costs seconds and brings the whole web server into the process that meets hostile bytes.
"""

from multiprocessing import spawn

from app.photos.worker import enter_worker

__all__ = ["enter_worker"]


def _leave_main_alone(_: str) -> None:
    """Workers run functions of importable modules only."""


# Where a later Python has no such names, workers merely start slower (tests/unit/photos/test_pool.py would tell).
vars(spawn).update(_fixup_main_from_name=_leave_main_alone, _fixup_main_from_path=_leave_main_alone)
