"""Bounded multipart reading: a photo and a few small fields in memory, nothing spooled to disk; a feed to its place.

Starlette's own form parser bounds fields but not files, and moves files over 1 MiB to /tmp; a photo is decoded from
memory anyway, and a feed goes straight to where it will be loaded from. The body's size and time are capped before
this (middleware.BodyLimit); this bounds what is inside.
"""

import io
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

import anyio
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect, Request

from app.edge.errors import Busy, InvalidForm, UnsupportedMediaType

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks  # exists for type checkers only

MAX_PARTS = 12
MAX_FIELD_BYTES = 16 * 1024
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class Form:
    """What a form held. fields: name -> text. files: name -> bytes."""

    fields: Mapping[str, str]
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class SavedForm:
    """What a form held besides its file. fields: name -> text. file_name: as the caller says; None without one."""

    fields: Mapping[str, str]
    file_name: str | None


class UploadBudget:
    """Bytes of uploads one server process holds at once; beyond it callers are asked to come back."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes held now."""
        return self._held

    @property
    def max_bytes(self) -> int:
        """Bytes that may be held."""
        return self._max_bytes

    @contextmanager
    def hold(self) -> Iterator[Callable[[int], None]]:
        """Yield a function that counts bytes as held until the block ends. It raises Busy when there is no room."""
        mine = 0

        def take(count: int) -> None:
            nonlocal mine
            if self._held + count > self._max_bytes:
                raise Busy("The server holds as many uploads as it can.", fix="Try again in a second.")
            self._held += count
            mine += count

        try:
            yield take
        finally:
            self._held -= mine


async def read_form(request: Request, take: Callable[[int], None], *, file_fields: frozenset[str]) -> Form:
    """Read a multipart form whose fields named in `file_fields` are files and all others short texts.

    Which is which is decided by the field's name, not by whether the caller gave a file name.
    Raises UnsupportedMediaType, InvalidForm, Busy; ClientDisconnect when the caller went away.
    """
    collector = _Collector(file_fields)
    async for _ in _parsed(request, collector, take):
        pass
    return collector.form()


async def save_form(request: Request, file_field: str, into: BinaryIO) -> SavedForm:
    """`read_form` for one file that is too large for memory: its bytes go into `into` as they come.

    Raises UnsupportedMediaType, InvalidForm; OSError when the disk refuses.
    """
    collector = _Saver(file_field)
    async for _ in _parsed(request, collector, lambda _: None):
        if collector.unsaved:
            ready, collector.unsaved = collector.unsaved, bytearray()
            await anyio.to_thread.run_sync(into.write, ready)
    return SavedForm(collector.form().fields, collector.file_name)


async def _parsed(request: Request, collector: "_Collector", take: Callable[[int], None]) -> AsyncIterator[None]:
    """Feed the body to the collector, announcing each chunk's size to `take` before and yielding after it."""
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    if media_type != b"multipart/form-data":
        raise UnsupportedMediaType(
            "This call takes a multipart form.",
            fix="Send Content-Type: multipart/form-data, e.g. with curl -F NAME=@FILE.",
        )
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise InvalidForm("The Content-Type names no boundary.", fix="Let the HTTP library write the header itself.")
    try:
        parser = MultipartParser(boundary, collector.callbacks())  # its defaults bound the part headers
        async for chunk in _chunks(request):
            take(len(chunk))
            parser.write(chunk)
            yield
        parser.finalize()
    except FormParserError:
        raise InvalidForm("The form is broken.", fix="Let the HTTP library build the multipart body.") from None
    if not collector.ended:
        raise InvalidForm("The form ends too early.", fix="Send the whole body, with its closing boundary.")


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        if chunk:
            yield chunk


@dataclass(slots=True)
class _Part:
    """A part being read."""

    header: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    disposition: bytes = b""
    name: str = ""
    data: io.BytesIO = field(default_factory=io.BytesIO)  # hands its bytes out without a copy, which bytearray does not


class _Collector:
    """Takes the parser's events and keeps what is wanted, within the bounds."""

    def __init__(self, file_fields: frozenset[str]) -> None:
        self._file_fields = file_fields
        self._part = _Part()
        self._parts = 0
        self._fields: dict[str, str] = {}
        self._files: dict[str, bytes] = {}
        self.ended = False

    def form(self) -> Form:
        return Form(self._fields, self._files)

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._part_begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }

    def _part_begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise InvalidForm(f"The form has more than {MAX_PARTS} parts.", fix="Send each field once.")
        self._part = _Part()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._part.header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.value += data[start:end]

    def _header_end(self) -> None:
        if bytes(self._part.header).lower() == b"content-disposition":
            self._part.disposition = bytes(self._part.value)
        self._part.header.clear()
        self._part.value.clear()

    def _headers_finished(self) -> None:
        kind, options = parse_options_header(self._part.disposition)
        name = options.get(b"name", b"").decode("latin-1")
        if kind != b"form-data" or not _NAME.fullmatch(name):
            raise InvalidForm("A part of the form has no usable name.", fix="Name each field as docs/http.md does.")
        if name in self._fields or name in self._files:
            raise InvalidForm(f"The field {name} comes twice.", fix="Send each field once.")
        self._part.name = name

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        if part.name not in self._file_fields and part.data.tell() + end - start > MAX_FIELD_BYTES:
            raise InvalidForm(
                f"The field {part.name} is longer than {MAX_FIELD_BYTES} bytes.", fix="Only the photo may be large."
            )
        part.data.write(memoryview(data)[start:end])

    def _part_end(self) -> None:
        part = self._part
        if part.name in self._file_fields:
            self._files[part.name] = part.data.getvalue()
            return
        try:
            self._fields[part.name] = part.data.getvalue().decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidForm(f"The field {part.name} is not UTF-8 text.", fix="Encode text as UTF-8.") from None

    def _end(self) -> None:
        self.ended = True


class _Saver(_Collector):
    """A collector whose one file is not kept, but handed on piece by piece."""

    def __init__(self, file_field: str) -> None:
        super().__init__(frozenset({file_field}))
        self.unsaved = bytearray()
        self.file_name: str | None = None

    def _headers_finished(self) -> None:
        super()._headers_finished()
        if self._part.name in self._file_fields:
            _, options = parse_options_header(self._part.disposition)
            self.file_name = options.get(b"filename", b"").decode("utf-8", "replace")

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._part.name in self._file_fields:
            self.unsaved += memoryview(data)[start:end]
        else:
            super()._part_data(data, start, end)


__all__ = ["ClientDisconnect", "Form", "SavedForm", "UploadBudget", "read_form", "save_form"]
