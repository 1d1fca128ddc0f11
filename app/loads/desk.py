"""Where loads are ordered: one at a time, each in a process of its own that outlives the server."""

import asyncio
import fcntl
import os
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

from app.catalog import holder_name, running_pid
from app.loads.errors import LoadNotFound, LoadOver, LoadRunning, LoadsUnavailable, NoRejects
from app.loads.folder import LoadFolder
from app.loads.model import Load, Order

KEPT = 50
"""Loads that are told of; older ones are forgotten when a new one begins."""

MOST_RECEIVED = 4
"""Feeds a server process receives at once."""

_INCOMING = "incoming"
_STALE_S = 86_400.0

P = ParamSpec("P")
R = TypeVar("R")


class LoadDesk:
    """Starts loads, tells of them and cancels them; all server processes share one folder.

    program: the loader's command, to which its arguments are added. environment: of its process. At most one load and
    one dry run are under way at a time. The desk itself holds nothing that would have to be closed.
    """

    def __init__(self, folder: Path, program: Sequence[str], environment: Mapping[str, str]) -> None:
        self._folder = folder.resolve()
        self._program = list(program)
        self._environment = dict(environment)
        self._receiving = 0

    async def refuse_when_busy(self, *, dry_run: bool) -> None:
        """Raise LoadRunning when an order like this would be refused now: worth asking before a feed is received."""
        await self._on_disk(self._refuse_when_busy, dry_run)

    @contextmanager
    def receiving(self) -> Iterator[tuple[Path, BinaryIO]]:
        """An empty file to receive a feed into, and its path for `start`; gone afterwards.

        Raises LoadsUnavailable, also when this process receives MOST_RECEIVED already: a disk is not for strangers to
        fill side by side.
        """
        if self._receiving >= MOST_RECEIVED:
            raise LoadsUnavailable(
                f"{self._receiving} feeds are being received already.", fix="Try again in a moment.", retry_after_s=10.0
            )
        with _told():
            incoming = self._folder / _INCOMING
            incoming.mkdir(parents=True, exist_ok=True)
            path = incoming / secrets.token_hex(8)
            file = path.open("wb")
        self._receiving += 1
        try:
            with file:
                yield path, file
        finally:
            self._receiving -= 1
            path.unlink(missing_ok=True)

    async def start(self, order: Order, feed: Path | None = None) -> Load:
        """Start the loader's process and return at once. feed: the received file, taken over; None for order.url.

        Raises LoadRunning, LoadsUnavailable.
        """
        return await self._on_disk(self._start, order, feed)

    async def load(self, load_id: str) -> Load:
        """One load as it is now. Raises LoadNotFound."""
        return await self._on_disk(lambda: self._named(load_id).read())

    async def loads(self) -> list[Load]:
        """All loads that are remembered, newest first."""
        return await self._on_disk(self._loads)

    async def cancel(self, load_id: str) -> Load:
        """Tell a load to stop; it finishes and keeps what is in work. Once more, and it stops at once.

        Raises LoadNotFound, LoadOver.
        """
        return await self._on_disk(self._cancel, load_id)

    async def rejects(self, load_id: str, *, reasons: bool = False) -> Path:
        """The file of refused rows, or of the reasons. Raises LoadNotFound, NoRejects."""
        return await self._on_disk(self._rejects, load_id, reasons)

    async def _on_disk(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        def told() -> R:
            with _told():
                return call(*args, **kwargs)

        return await asyncio.to_thread(told)

    def _start(self, order: Order, feed: Path | None) -> Load:
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._alone():
            self._refuse_when_busy(order.dry_run)
            self._tidy()
            now = datetime.now(UTC)
            folder = LoadFolder(self._folder / f"{now:%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}")
            folder.create(order, now)
            try:
                if feed is not None:
                    feed.replace(folder.feed)
                self._begin(folder, order, sent=feed is not None)
            except BaseException:
                folder.remove()
                raise
        return folder.read()

    def _begin(self, folder: LoadFolder, order: Order, *, sent: bool) -> None:
        arguments = _arguments(order, folder, sent=sent)
        with folder.events.open("ab") as events, folder.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program, and no shell
                [*self._program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=events,
                stderr=log,
                env=self._environment,
                start_new_session=True,  # a signal to the server, or its end, is none of the loader's business
            )
        folder.note_holder(holder_name(f"catalog-loader {arguments[0]} {order.name}", process.pid))
        # Somebody has to wait for it, or it stays a zombie for as long as the server lives.
        threading.Thread(target=process.wait, name=f"load-{folder.id}", daemon=True).start()

    def _refuse_when_busy(self, dry_run: bool) -> None:
        for load in self._loads():
            if load.under_way and load.order.dry_run == dry_run:
                what = "dry run" if dry_run else "load"
                raise LoadRunning(
                    f"{load.holder} works on the {what} {load.id} since {load.created_at:%Y-%m-%d %H:%M:%S} UTC.",
                    fix=f"Wait until it is done (GET /loads/{load.id}), or cancel it (DELETE /loads/{load.id}).",
                    load=load.id,
                    holder=load.holder,
                )

    def _loads(self) -> list[Load]:
        found = []
        for folder in self._folders():
            with suppress(FileNotFoundError):  # another server process forgot it in this moment
                found.append(folder.read())
        return found

    def _folders(self) -> list[LoadFolder]:
        if not self._folder.is_dir():
            return []
        found = (LoadFolder(path) for path in sorted(self._folder.iterdir(), reverse=True))
        return [folder for folder in found if folder.exists]

    def _named(self, load_id: str) -> LoadFolder:
        for folder in self._folders():  # never a path made of what a caller sent
            if folder.id == load_id:
                return folder
        raise LoadNotFound(f"There is no load '{load_id}'.", fix="GET /loads lists the newest ones.")

    def _cancel(self, load_id: str) -> Load:
        folder = self._named(load_id)
        load = folder.read()
        pid = running_pid(load.holder)
        if not load.under_way:
            raise LoadOver(
                f"The load '{load.id}' is over: {load.state.value}.",
                fix="Nothing is left to cancel; to undo it, publish the version before.",
                state=load.state.value,
            )
        if pid is None:
            raise LoadsUnavailable("The load runs on another machine.", fix="Cancel it there.")
        folder.note_cancelled()
        with suppress(ProcessLookupError):  # it may come to its end in this moment
            os.kill(pid, signal.SIGTERM)
        return folder.read()

    def _rejects(self, load_id: str, reasons: bool) -> Path:
        folder = self._named(load_id)
        path = folder.problems if reasons else folder.rejects
        if not path.is_file():
            raise NoRejects(
                f"The load '{load_id}' has no refused rows to fetch.",
                fix="Ask again when it is over; `summary.rows.refused` says how many there are.",
            )
        return path

    def _tidy(self) -> None:
        """Forget what nobody will ask for."""
        for place, folder in enumerate(self._folders()):
            if not folder.read().under_way:
                folder.forget_feed()
                if place >= KEPT:
                    folder.remove()
        incoming = self._folder / _INCOMING
        for path in incoming.iterdir() if incoming.is_dir() else ():
            with suppress(FileNotFoundError):  # a feed that comes no further is gone when its caller is answered
                if time.time() - path.stat().st_mtime > _STALE_S:
                    path.unlink()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Only one of all server processes at a time; the lock ends with the process that holds it."""
        with (self._folder / ".lock").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _arguments(order: Order, folder: LoadFolder, *, sent: bool) -> list[str]:
    """The loader's arguments. Values are parted by "=" so that none that begins with a dash is taken for an option."""
    said = ["check" if order.dry_run else "load", "--events", "--untrusted", f"--name={order.name}"]
    said += [f"--rejects={folder.rejects}", f"--type-from={order.type_from}"]
    if order.limit_rate is not None:
        said.append(f"--limit-rate={order.limit_rate}")
    if order.dry_run:
        said += ["--images"] if order.images else []
    else:
        wishes = {"--delta": order.delta, "--delete-missing": order.delete_missing, "--yes": order.yes}
        wishes |= {"--refetch": order.refetch, "--fresh": order.fresh, "--no-publish": not order.publish}
        said += [option for option, wanted in wishes.items() if wanted]
        said.append(f"--max-reject-share={order.max_reject_share}")
    return [*said, "--", str(folder.feed) if sent else str(order.url)]


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LoadsUnavailable(
            f"The folder of loads cannot be used now: {error.strerror or type(error).__name__}.",
            fix="Check AKIN_LOADS: there must be room, and Akin's user must be able to write there.",
            retry_after_s=10.0,
        ) from error
