"""Log lines for people (plain) or for a log store (JSON), both without what would name a shopper or open a door.

A line tells when, how grave, who speaks, for which request; never file names, keys, places, e-mail addresses or what a
shopper typed. The text of an unexpected exception may quote what a caller sent, so its type and the lines of code it
passed are told, and its text is not.
"""

import asyncio
import json
import logging
import re
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, TextIO

from uvicorn.logging import DefaultFormatter

from app.errors import AppError
from app.telemetry.request_id import current_request_id
from app.tracing import current_trace_id

Form = Literal["plain", "json"]

_MOST_FRAMES = 30
PATIENCE_S = 0.05
"""How long a line may wait to be written together with others."""
_SECRETS = (
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), "(e-mail)"),
    (re.compile(r"(?i)\b(bearer|basic|apikey)\s+[\w.~+/=-]{8,}"), r"\1 (secret)"),
    (re.compile(r"\bakin?_[A-Za-z0-9_-]{16,}"), "(key)"),
    (re.compile(r"(?<![\w.])-?\d{1,3}\.\d{4,},\s*-?\d{1,3}\.\d{4,}"), "(place)"),
    (re.compile(r"(https?://[^\s?'\"]*)\?[^\s'\"]*"), r"\1?(query)"),
    (re.compile(r"(https?://)[^\s/@'\"]+@"), r"\1(user)@"),
)
"""The second wall: nobody should log these, and where somebody does, they do not reach the line."""


def without_secrets(text: str) -> str:
    """The text with e-mail addresses, keys, places and queries of addresses taken out."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request_id, trace_id, the record's `fields`, error."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of one record."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
        }
        line |= {"request_id": current_request_id(), "trace_id": current_trace_id()}
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = {"type": type(record.exc_info[1]).__name__, "at": told(record.exc_info[1])}
        return json.dumps({name: value for name, value in line.items() if value != ""}, default=str)


class PlainLines(DefaultFormatter):
    """The server's own form, with the request's id at the end and exceptions told as `told` does."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line without what is appended to it."""
        request_id = current_request_id()
        text = without_secrets(super().formatMessage(record)).replace("\n", "\\n").replace("\r", "\\r")
        return f"{text} ({request_id})" if request_id and request_id not in text else text

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        """The exception and the lines of code it passed, without its text."""
        return "" if ei[1] is None else "\n".join(f"  {step}" for step in told(ei[1]))


def told(error: BaseException) -> list[str]:
    """What is told of an exception, its causes first: where it passed, innermost last, and its type.

    An AppError's detail is made by us to be shown; the text of any other may quote what a caller sent.
    """
    steps: list[str] = []
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        steps += [*told(before), "then"]
    trace = error.__traceback__
    frames = []
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename}:{trace.tb_lineno} in {code.co_name}")
        trace = trace.tb_next
    said = f"{type(error).__name__}: {without_secrets(error.detail)}" if isinstance(error, AppError) else ""
    return [*steps, *frames[-_MOST_FRAMES:], said or type(error).__name__]


class Lines(logging.StreamHandler[TextIO]):
    """Writes each line at once, but those of records that may wait (`patient=True`) together, soon after.

    Writing lets another thread take over. A server that refuses a hundred searches a second while its threads compute
    would lose several of the searches it serves to that. Lines stay in order; a process that is killed loses what
    waited.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._waiting: list[str] = []
        self._due = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record's line, or keep it for soon."""
        try:
            self._waiting.append(self.format(record) + self.terminator)
            if not (getattr(record, "patient", False) and self._flushes_soon()):
                self.flush()
        except Exception:  # noqa: BLE001 - as every handler: a line that cannot be written breaks nothing
            self.handleError(record)

    def _flushes_soon(self) -> bool:
        now = time.monotonic()
        if now < self._due:
            return True  # together with those before
        try:
            asyncio.get_running_loop().call_later(PATIENCE_S, self.flush)
        except RuntimeError:
            return False  # nothing runs that could write it later
        self._due = now + PATIENCE_S
        return True

    def flush(self) -> None:
        """Write what waits."""
        with self.lock or nullcontext():
            lines, self._waiting = self._waiting, []
            if lines:
                self.stream.write("".join(lines))
            super().flush()


def log_config(form: Form) -> dict[str, Any]:
    """What `logging.config.dictConfig` takes, for the server and everything in it, also in its child processes."""
    formatter: dict[str, Any] = (
        {"()": JsonLines} if form == "json" else {"()": PlainLines, "fmt": "%(levelprefix)s %(message)s"}
    )
    speaks = {"handlers": ["default"], "level": "INFO", "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"default": formatter},
        "handlers": {"default": {"()": Lines, "formatter": "default", "stream": "ext://sys.stderr"}},
        "loggers": {"uvicorn": dict(speaks), "akin": dict(speaks)},
        "root": {"handlers": ["default"], "level": "WARNING"},
    }
