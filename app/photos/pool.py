"""PhotoDecoder: decoding in worker processes that are bounded in memory and time and can be killed per photo."""

import asyncio
import concurrent.futures
import math
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from pebble import CONSTS, ProcessExpired, ProcessFuture, ProcessPool

from app.photos.admission import PhotoLimits, admit
from app.photos.arena import Arenas
from app.photos.decode import decode_now, out_of_memory, reread_now
from app.photos.errors import (
    EXPORT_FIX,
    DecoderBusy,
    DecoderClosed,
    PhotoDecodeCrashed,
    PhotoDecodeTimeout,
    PhotoRejected,
)
from app.photos.fork_server import fork_server
from app.photos.photo import Photo
from app.photos.worker import Worked, enter_worker, run_in_arena, run_with_alarm, tiny_picture
from app.tracing import past_span, span

Decode = Callable[[bytes, PhotoLimits], Photo]

_WAITING_PER_SLOT = 4
# How long beyond the wall limit an answer is waited for before the whole pool is given up: workers that ran before are
# quick or dead, first ones may have to be started on a machine that is just coming up.
_GRACE_S = 5.0
_START_S = 60.0
# A worker dies of SIGTERM at once, unless it stands still (SIGSTOP, a frozen container): then it is killed, and whoever
# waits for the photo should not wait 3 s longer for that.
CONSTS.term_timeout = 0.2


@dataclass(frozen=True, slots=True)
class DecoderState:
    """How busy a decoder is. slots: photos decoded at once. busy: photos in them. waiting: photos in the queue.
    most_waiting: places of the queue."""

    slots: int
    busy: int
    waiting: int
    most_waiting: int


class PhotoDecoder:
    """Decodes photos in `slots` worker processes; safe to use from one event loop.

    slots: photos decoded at once; None means one per core. timeout_s: wall limit of one photo, after which its process
    is killed. memory_mb: MiB one photo may take on top of what an idle worker maps. waiting: photos that may wait for a
    slot; None means 4 x slots. photos_per_worker: after as many a worker is replaced, so that no leak grows old.
    decode: what the workers run, a function of an importable module; the default is the real thing.

    Workers start with the first photo or with `warm_up` and hold none of the caller's threads, locks or environment.
    Whatever a photo does to its worker, the other photos are not touched.
    """

    def __init__(
        self,
        slots: int | None = None,
        *,
        limits: PhotoLimits | None = None,
        timeout_s: float = 3.0,
        memory_mb: int = 768,
        waiting: int | None = None,
        photos_per_worker: int = 1000,
        decode: Decode = decode_now,
    ) -> None:
        self._slots = slots or os.cpu_count() or 1
        self._limits = limits or PhotoLimits()
        self._timeout_s = timeout_s
        self._memory_mb = memory_mb
        self._photos_per_worker = photos_per_worker
        self._decode = decode
        self._most_waiting = _WAITING_PER_SLOT * self._slots if waiting is None else waiting
        self._waiting = 0
        self._free = asyncio.Semaphore(self._slots)
        self._pool_lock = threading.Lock()
        self._pool: ProcessPool | None = None
        self._arenas: Arenas | None = None
        self._proven: ProcessPool | None = None
        self._closed = False
        self._running: set[ProcessFuture[Worked]] = set()

    async def decode(self, data: bytes) -> Photo:
        """Decode one photo.

        Raises a PhotoRejected for what the photo is, DecoderBusy when too many wait, DecoderClosed after `close` or
        when no worker can be started. Cancelling the call kills the work. The event loop is not blocked.
        """
        return await self._take_turn(self._decode, data)

    async def reread(self, jpeg: bytes) -> Photo:
        """The Photo of a clean JPEG that was kept, with the digest it had. Raises as `decode`."""
        return await self._take_turn(reread_now, jpeg)

    async def _take_turn(self, decode: Decode, data: bytes) -> Photo:
        admit(data, self._limits)
        if self._closed:
            raise _closed()
        if self._free.locked() and self._waiting >= self._most_waiting:
            raise DecoderBusy(
                f"{self._slots} photos are being decoded and {self._waiting} wait.",
                fix="Try again in a second.",
                slots=self._slots,
                waiting=self._waiting,
            )
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            with span("decode", {"akin.bytes": len(data)}):
                return await self._run((decode, data, self._limits))
        finally:
            self._free.release()

    def state(self) -> DecoderState:
        """How busy it is now."""
        return DecoderState(self._slots, len(self._running), self._waiting, self._most_waiting)

    async def warm_up(self) -> None:
        """Start all workers and return when one can decode; the others follow at once."""
        await self._run((decode_now, tiny_picture(), PhotoLimits()))

    async def close(self) -> None:
        """Kill the workers and give everything back. Calling it twice is harmless."""
        self._closed = True
        with self._pool_lock:
            pool, self._pool = self._pool, None
        for future in self._running:
            _cancel(future)
        if pool is not None:
            await asyncio.to_thread(_discard, pool)
        if self._arenas is not None:
            self._arenas.close()

    async def __aenter__(self) -> Self:
        """Warm up."""
        await self.warm_up()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    async def _run(self, task: tuple[Decode, bytes, PhotoLimits]) -> Photo:
        """Run one decode in a worker; a pool that broke is replaced once and the photo tried again."""
        for _ in range(2):
            pool = self._current_pool()
            try:
                return await self._run_in(pool, task)
            except _PoolBroken:
                await asyncio.to_thread(self._replace, pool)
        raise DecoderClosed("The processes that decode photos cannot be started.", retry_after_s=5.0)

    async def _run_in(self, pool: ProcessPool, task: tuple[Decode, bytes, PhotoLimits]) -> Photo:
        """Run one decode in a worker of this pool, by way of an arena where one is free and the photo fits."""
        decode, data, limits = task
        alarm_s = math.ceil(self._timeout_s) + 1  # later than the pool's own limit
        arenas = self._arenas
        number = arenas.lend(len(data)) if arenas is not None else None
        if arenas is None or number is None:
            return (await self._outcome(pool, run_with_alarm, (alarm_s, *task))).photo
        rests_s = alarm_s + 1.0  # a worker that is given up is killed soon, and its alarm ends it in any case
        try:
            arena = arenas.all[number]
            arena.put_upload(data)
            worked = await self._outcome(pool, run_in_arena, (alarm_s, decode, number, len(data), limits))
            photo = worked.photo if worked.size is None else replace(worked.photo, pixels=arena.pixels(*worked.size))
            rests_s = 0.0
            return photo
        except PhotoRejected as refusal:
            rests_s = rests_s if isinstance(refusal, PhotoDecodeTimeout) else 0.0
            raise
        except ValueError as error:  # no worker of ours names such a size
            raise _crashed() from error
        finally:
            arenas.give_back(number, after_s=rests_s)

    async def _outcome(self, pool: ProcessPool, work: Callable[..., Worked], arguments: tuple[object, ...]) -> Worked:
        try:
            future: ProcessFuture[Worked]
            if self._proven is pool:
                future = pool.schedule(work, arguments, {}, self._timeout_s)
            else:  # the first one starts the workers and waits for them
                future = await asyncio.to_thread(pool.schedule, work, arguments, {}, self._timeout_s)
        except RuntimeError as error:  # pebble's word for a pool that lost its processes or was stopped
            raise _PoolBroken from error
        self._running.add(future)
        try:
            async with asyncio.timeout(self._timeout_s + (_GRACE_S if self._proven is pool else _START_S)):
                answer = asyncio.wrap_future(future)
                await asyncio.wait([answer])
        except TimeoutError as error:
            raise _PoolBroken from error
        finally:
            self._running.discard(future)
            _cancel(future)
        if answer.cancelled():
            raise _PoolBroken
        self._proven = pool
        failure = answer.exception()
        if isinstance(failure, MemoryError):
            raise out_of_memory() from failure
        if failure is None:
            worked = answer.result()
            past_span("decode in worker", worked.began_ns, worked.ended_ns)
            return worked
        if isinstance(failure, ProcessExpired):
            raise _crashed() from failure
        if isinstance(failure, concurrent.futures.BrokenExecutor):
            raise _PoolBroken from failure
        if isinstance(failure, TimeoutError):
            raise PhotoDecodeTimeout(
                f"Decoding the photo takes longer than {self._timeout_s:g} s.",
                fix="Send a smaller version, or export it as a JPEG.",
                timeout_s=self._timeout_s,
            ) from failure
        raise failure

    def _current_pool(self) -> ProcessPool:
        with self._pool_lock:
            if self._closed:
                raise _closed()
            if self._arenas is None:
                self._arenas = Arenas(self._slots)
            if self._pool is None:
                self._pool = ProcessPool(
                    max_workers=self._slots,
                    max_tasks=self._photos_per_worker,
                    initializer=enter_worker,
                    initargs=(self._memory_mb, self._arenas.all),
                    context=fork_server(),
                )
            return self._pool

    def _replace(self, broken: ProcessPool) -> None:
        """Blocking: give up a pool that lost its processes; the next photo starts a new one."""
        with self._pool_lock:
            first = self._pool is broken  # of all the photos that met the broken pool
            if first:
                self._pool = None
        if first:
            _discard(broken)


class _PoolBroken(Exception):
    """The pool, not the photo, is at fault."""


def _cancel(future: ProcessFuture[Worked]) -> None:
    future.cancel()  # type: ignore[no-untyped-call]  # pebble's types stop here


def _discard(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]  # pebble's types stop here
    pool.join()


def _crashed() -> PhotoDecodeCrashed:
    return PhotoDecodeCrashed("Decoding the photo took its process down.", fix=EXPORT_FIX)


def _closed() -> DecoderClosed:
    return DecoderClosed("Photos are no longer decoded here: the server stops.", retry_after_s=1.0)
