"""One load's folder: what was ordered, the feed, and what its process writes. The disk is the only truth, so that any
server process can tell of any load, also after a restart of all of them."""

import json
import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.catalog import has_ended, running_pid
from app.loads.model import Load, LoadState, Order, Trouble

TAIL_BYTES = 256 * 1024
"""Of the process's events; the last of them is enough."""

_STARTS_WITHIN = timedelta(seconds=60)
_SILENT_S = 120.0
"""A process of another machine (or of a container that is gone) that was not heard for longer has ended; it says that
it is alive every 30 s."""

_CRASH = "Traceback (most recent call last)"
_ENDED_EARLY = Trouble(
    "load-ended-early",
    "The loader ended without a word: it was killed, or the machine or container was restarted.",
    "Send the same feed again: it goes on where it was.",
)
_CRASHED = Trouble(
    "internal", "The loader crashed.", "The operator finds its last words in the log of the load's folder."
)


class LoadFolder:
    """order.json, feed, holder, events.jsonl (what the process prints), log (its errors), rejects, cancelled."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self.feed = path / "feed"
        self.events = path / "events.jsonl"
        self.log = path / "log"
        self.rejects = path / "rejects"
        self.problems = path / "rejects.problems.jsonl"
        self._order = path / "order.json"
        self._holder = path / "holder"
        self._cancelled = path / "cancelled"

    def create(self, order: Order, at: datetime) -> None:
        """Make the folder and note what was ordered."""
        self.path.mkdir(parents=True)
        _write(self._order, json.dumps({"created_at": at.isoformat(), **asdict(order)}))

    def note_holder(self, holder: str) -> None:
        """Note which process loads."""
        _write(self._holder, holder)

    def note_cancelled(self) -> None:
        """Note that somebody wants it to stop."""
        self._cancelled.touch()

    @property
    def exists(self) -> bool:
        """Whether there is such a load."""
        return self._order.is_file()

    def forget_feed(self) -> None:
        """Give its space back; a load that has ended needs it no more."""
        self.feed.unlink(missing_ok=True)

    def remove(self) -> None:
        """Forget the whole load."""
        shutil.rmtree(self.path, ignore_errors=True)

    def read(self) -> Load:
        """The load as it is now."""
        ordered = json.loads(self._order.read_text(encoding="utf-8"))
        created_at = datetime.fromisoformat(ordered.pop("created_at"))
        holder = self._holder.read_text(encoding="utf-8") if self._holder.exists() else ""
        # Asked before the events are read, so that what an ended process wrote last is among them.
        works = running_pid(holder) is not None
        gone = not works and (has_ended(holder) if holder else datetime.now(UTC) - created_at > _STARTS_WITHIN)
        gone = gone or (not works and self._silent_s() > _SILENT_S)
        said = self._said()
        last = said[-1] if said else {}
        # A process that has said its last word holds the catalog until it is gone: the load is over then, not before.
        state, trouble = self._judged({} if works else last, gone=gone)
        stage: Mapping[str, Any] = next((line for line in reversed(said) if "stage" in line), {})
        return Load(
            id=self.id,
            order=Order(**ordered),
            state=state,
            created_at=created_at,
            ended_at=self._ended_at(last) if state not in {LoadState.RUNNING, LoadState.CANCELLING} else None,
            holder=holder,
            stage=str(stage.get("stage", "Starting")),
            done=int(stage.get("done", 0)),
            total=stage.get("total"),
            pictures=int(stage.get("pictures", 0)),
            summary=None if works else last.get("summary"),
            trouble=trouble,
            has_rejects=self.rejects.is_file(),
        )

    def _judged(self, last: Mapping[str, Any], *, gone: bool) -> tuple[LoadState, Trouble | None]:
        """The state its last line and its process tell, and what went wrong."""
        cancelled = self._cancelled.exists()
        if last.get("event") == "ended":
            summary = last["summary"]
            state = LoadState(summary["outcome"])
            if state is LoadState.INTERRUPTED:
                return (LoadState.CANCELLED if cancelled else state), Trouble("interrupted", summary["message"], None)
            return state, Trouble("load-refused", summary["message"], None) if state is LoadState.REFUSED else None
        if last.get("event") == "failed":
            return LoadState.FAILED, Trouble(last["code"], last["detail"], last["fix"])
        if not gone:
            return (LoadState.CANCELLING if cancelled else LoadState.RUNNING), None
        if cancelled:
            return LoadState.CANCELLED, None
        if self.log.exists() and _CRASH in self.log.read_text(encoding="utf-8", errors="replace"):
            return LoadState.FAILED, _CRASHED
        return LoadState.INTERRUPTED, _ENDED_EARLY

    def _said(self) -> list[dict[str, Any]]:
        """The last whole lines of the process, in order."""
        try:
            with self.events.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - TAIL_BYTES))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return []
        lines = text.split("\n")[:-1]  # behind the last line end stands what is still being written
        return [told for line in lines if (told := _event(line))]

    def _silent_s(self) -> float:
        """Seconds since the process was heard last; 0 before its first word."""
        return time.time() - self.events.stat().st_mtime if self.events.exists() else 0.0

    def _ended_at(self, last: Mapping[str, Any]) -> datetime:
        if last.get("event") in {"ended", "failed"}:
            return datetime.fromisoformat(last["at"])
        newest = self.path.stat().st_mtime
        for path in self.path.iterdir():
            with suppress(FileNotFoundError):  # another server process tidies: the feed may go in this moment
                newest = max(newest, path.stat().st_mtime)
        return datetime.fromtimestamp(newest, UTC)


def _event(line: str) -> dict[str, Any]:
    """The event of a line; {} for what is none, such as the rest of a line that begins before the tail."""
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) and told.get("event", "alive") != "alive" else {}


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
