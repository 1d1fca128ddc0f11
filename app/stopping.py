"""Stopping in order: first /ready says no, requests are taken for a while longer, then the server stops as it does.

What sends requests (a load balancer, Kubernetes) notices only some seconds later that a server is not ready. A server
that stops listening at once fails whatever is sent meanwhile. Part of the server's composition root.
"""

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

logger = logging.getLogger("akin.stopping")


@contextmanager
def stopping_in_order(delay_s: float, begin: Callable[[], None]) -> Iterator[None]:
    """While inside, SIGTERM calls `begin` and reaches the server's own handler only `delay_s` seconds later.

    More SIGTERMs change nothing: a service manager may send one to every process, and our parent sends another. SIGINT
    is left as it is: a person at the keyboard does not want to wait. Without a handler of the server's own (a test)
    nothing is done. Where the parent process that shares out the port dies, its child stops too instead of serving on
    unseen.
    """
    servers_own = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread() or not callable(servers_own):
        yield
        return
    loop = asyncio.get_running_loop()
    told = False

    def stop_now() -> None:
        servers_own(signal.SIGTERM, None)

    def on_term(_: int, __: FrameType | None) -> None:
        nonlocal told
        if told:
            return
        told = True
        loop.call_soon_threadsafe(begin_to_stop)  # not here: a handler runs between any two steps of whatever runs

    def begin_to_stop() -> None:
        begin()
        logger.info("Told to stop: not ready from now on, stopping in %g s", delay_s)
        loop.call_later(delay_s, stop_now)

    signal.signal(signal.SIGTERM, on_term)
    parent = multiprocessing.parent_process()
    if parent is not None:
        loop.add_reader(parent.sentinel, _orphaned, loop, parent.sentinel)
    try:
        yield
    finally:
        if parent is not None:
            loop.remove_reader(parent.sentinel)
        signal.signal(signal.SIGTERM, servers_own)


def _orphaned(loop: asyncio.AbstractEventLoop, sentinel: int) -> None:
    loop.remove_reader(sentinel)
    logger.error("The parent process is gone: stopping")
    os.kill(os.getpid(), signal.SIGTERM)
