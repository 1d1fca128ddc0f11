"""Processes that look at photos: what one look computes in Python holds up nothing else.

In threads of a server two looks, and all the server answers meanwhile, wait for one interpreter lock many times a look
(docs/decisions/0240). Here a photo's pixels are laid into memory that both sides share, and what was seen comes back.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import numpy as np

from app.analysis.local import see_in_one_thread
from app.errors import Unavailable
from app.photos import Arena, Arenas, be_called, fork_server, keep_freed_memory

P = ParamSpec("P")
T = TypeVar("T")

_TRIES = 2
"""A process that ended takes all work of its pool with it, mostly without its doing: the system ran out of memory."""

_arenas: list[Arena] = []
"""In a looking process: what it shares with the one that asks, by number."""


class LookingFailed(Unavailable):
    """The processes that look at photos end, or cannot be started."""

    code = "looking-failed"
    title = "Photos cannot be looked at now"


class LookingProcesses(Executor):
    """An executor whose processes are handed arrays of pixels in shared memory instead of through a pipe.

    count: processes; they start when work comes, or with `begin`. first: what each does when it has started, so that
    the first photo does not wait for it. What is submitted is a function of an importable module; among its positional
    arguments, arrays (height, width, 3) of uint8 up to MAX_SIDE go the short way and cannot be written to.

    Processes that ended are replaced and their work is done anew, once. A future's result raises LookingFailed when
    they end again, cannot be started or were shut down. What runs is not stopped when its future is canceled.
    Thread-safe.
    """

    def __init__(self, count: int, *, first: Callable[[], object] | None = None) -> None:
        self.count = count
        self._first = first
        self._lock = threading.Lock()
        self._arenas = Arenas(2 * count)
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="looking")
        self._pool: ProcessPoolExecutor | None = None
        self._closed = False

    async def close(self) -> None:
        """`shutdown`, off the event loop."""
        await asyncio.to_thread(self.shutdown, cancel_futures=True)

    def begin(self) -> None:
        """Start the processes; returns at once."""
        self.submit(_nothing)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """See Executor. Raises RuntimeError after `shutdown`."""
        result: Future[T] = Future()
        result.set_running_or_notify_cancel()
        work = _Work(result, fn, *self._lay(args), kwargs)
        pool = self._pool
        if pool is not None:
            self._hand(work, pool, _TRIES)
        else:  # to start processes may take its time: the event loop does not wait for that
            self._starter.submit(self._start, work, _TRIES)
        return result

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See Executor."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
        self._starter.shutdown(wait, cancel_futures=cancel_futures)
        if pool is not None:
            pool.shutdown(wait, cancel_futures=cancel_futures)
        with self._lock:
            self._arenas.close()

    def _lay(self, args: Sequence[Any]) -> tuple[tuple[Any, ...], tuple[int, ...]]:
        """The arguments as they are handed over, and the numbers of the arenas in which some lie."""
        handed, taken = list(args), []
        with self._lock:
            for place, value in enumerate(args):
                number = self._arenas.lend(0) if _is_picture(value) else None
                if number is None:
                    continue
                taken.append(number)
                if self._arenas.all[number].put_pixels(value):
                    handed[place] = _Laid(number, *value.shape[:2])
        return tuple(handed), tuple(taken)

    def _start(self, work: "_Work", tries: int) -> None:
        """Hand it to a pool that runs; in a thread of its own, as the pool may have to be made."""
        try:
            pool = self._pool or self._new_pool()
        except (RuntimeError, OSError) as failure:
            self._refuse(work, failure)
        else:
            self._hand(work, pool, tries)

    def _new_pool(self) -> ProcessPoolExecutor:
        """A pool whose processes are all being started: later they would be by whoever submits something. Raises
        RuntimeError, OSError."""
        pool = ProcessPoolExecutor(
            self.count, mp_context=fork_server(), initializer=_enter, initargs=(self._arenas.all, self._first)
        )
        try:
            for _ in range(self.count):
                pool.submit(_nothing)
            with self._lock:
                if self._closed:
                    raise RuntimeError("what looks was shut down")
                self._pool = pool
        except BaseException:
            pool.shutdown(wait=False)
            raise
        return pool

    def _hand(self, work: "_Work", pool: ProcessPoolExecutor, tries: int) -> None:
        try:
            running = pool.submit(_worked, work.fn, work.args, work.kwargs)
        except RuntimeError as failure:  # it broke, or was shut down meanwhile
            self._retry(work, pool, tries, failure)
        else:
            running.add_done_callback(lambda ended: self._end(work, pool, tries, ended))

    def _end(self, work: "_Work", pool: ProcessPoolExecutor, tries: int, ended: "Future[Any]") -> None:
        failure = CancelledError() if ended.cancelled() else ended.exception()
        if isinstance(failure, BrokenProcessPool):
            self._retry(work, pool, tries, failure)
        elif isinstance(failure, CancelledError):
            self._refuse(work, failure)
        else:
            self._give_back(work)
            if failure is not None:
                work.result.set_exception(failure)
            else:
                work.result.set_result(ended.result())

    def _retry(self, work: "_Work", pool: ProcessPoolExecutor, tries: int, failure: Exception) -> None:
        with self._lock:
            first = self._pool is pool  # of all the work that met the broken pool
            if first:
                self._pool = None
        if first:
            pool.shutdown(wait=False)
        try:
            if tries == 1:
                raise failure
            self._starter.submit(self._start, work, tries - 1)
        except RuntimeError as last:  # the failure itself, or the starter was shut down
            self._refuse(work, last)

    def _refuse(self, work: "_Work", cause: BaseException) -> None:
        self._give_back(work)
        failure = LookingFailed("The processes that look at photos end or cannot be started.", retry_after_s=5.0)
        failure.__cause__ = cause
        work.result.set_exception(failure)

    def _give_back(self, work: "_Work") -> None:
        with self._lock:
            for number in work.arenas:
                self._arenas.give_back(number)


@dataclass(frozen=True, slots=True)
class _Work:
    """Something to be done, and where its result goes."""

    result: "Future[Any]"
    fn: Callable[..., Any]
    args: tuple[Any, ...]
    arenas: tuple[int, ...]
    kwargs: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Laid:
    """In place of a picture: the arena it lies in."""

    arena: int
    height: int
    width: int


def _is_picture(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim == 3 and value.shape[2] == 3


def _worked(fn: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """In the process: do it, with the pictures read where they lie."""
    whole = (_arenas[one.arena].view(one.height, one.width) if isinstance(one, _Laid) else one for one in args)
    return fn(*whole, **kwargs)


def _nothing() -> None:
    """What a process is started with."""


def _enter(arenas: Sequence[Arena], first: Callable[[], object] | None) -> None:
    """What a process that only looks does first.

    Ctrl-C reaches every process of a terminal, but the loader wants to finish what is in work. And an executor's
    process whose parent was killed would wait for work for ever, with all its memory.
    """
    _arenas[:] = arenas
    be_called("akin-look")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    see_in_one_thread()
    keep_freed_memory()
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    if first is not None:
        first()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
