"""From a path or URL to a feed that can be read: its bytes' digest, compression, encoding and format, by content."""

import codecs
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from app.intake import Problem, Severity
from catalog_loader.delimited import Delimited
from catalog_loader.errors import FeedBroken, FeedUnreachable, NotAFeed
from catalog_loader.feed import FeedFormat
from catalog_loader.json_lines import JsonLines
from catalog_loader.markup import Markup

CHUNK = 1 << 20
MAX_FEED_BYTES = 8 << 30
"""Unpacked bytes of a feed: some million products. More is a gzip bomb or a mistake."""

_MAGIC = (
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook or Word document"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a WebP picture or a sound"),
    (b"SQLite format 3", "an SQLite database"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"PAR1", "a Parquet file"),
    (b"\x7fELF", "a program"),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_XML_DECLARED = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed that was recognized.

    path: the local file. name: what the caller called it. digest: SHA-256 of the file's bytes. folder: where relative
    picture paths begin, None when the feed came from elsewhere; base_url: its address when that is the web. warnings:
    about the whole.
    """

    path: Path
    name: str
    digest: str
    encoding: str
    format: FeedFormat
    folder: Path | None
    base_url: str | None = None
    warnings: tuple[Problem, ...] = ()

    @property
    def errors(self) -> str:
        """How undecodable bytes are kept: as surrogates standing for them, so that rejects are written as they were."""
        return "surrogateescape" if "16" not in self.encoding else "replace"


def open_feed(path: Path, *, name: str | None = None, base_url: str | None = None, untrusted: bool = False) -> Feed:
    """Recognize the feed. Raises FeedUnreachable, FeedBroken, NotAFeed.

    untrusted: it was sent by somebody else, so it may not name this machine's files though it lies here.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        content = _Content(path, packed)
        warnings, encoding = _encoding(content)
    except OSError as error:
        raise FeedUnreachable(
            f"{path} cannot be read: {error.strerror or error}.", fix="Give the path of a file."
        ) from error

    def open_text() -> TextIO:
        errors = "surrogateescape" if "16" not in encoding else "replace"
        return io.TextIOWrapper(content.open(), encoding=encoding, errors=errors, newline="")

    return Feed(
        path=path,
        name=name or str(path),
        digest=content.digest,
        encoding=encoding,
        format=_format(content.head, encoding, open_text),
        folder=None if base_url or untrusted else path.resolve().parent,
        base_url=base_url,
        warnings=warnings,
    )


class _Content:
    """The unpacked bytes of a file, looked through once: digest of the file, head, and how much of it is UTF-8."""

    def __init__(self, path: Path, packed: bool) -> None:
        self._path = path
        self._packed = packed
        self.digest = self._digest()
        self.head = b""
        self.utf8_letters = 0  # non-ASCII characters, when read as UTF-8 …
        self.not_utf8 = 0  # … and bytes that are none
        decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        size = 0
        for chunk in self._chunks():
            self.head = self.head or chunk[:8192]
            size += len(chunk)
            if size > MAX_FEED_BYTES:
                raise FeedBroken(
                    f"The feed has more than {MAX_FEED_BYTES >> 30} GiB.", fix="Split it and load the parts."
                )
            text = decoder.decode(chunk)
            if not text.isascii():
                broken = len(re.findall("[\udc80-\udcff]", text))
                self.not_utf8 += broken
                self.utf8_letters += len(re.findall("[^\x00-\x7f]", text)) - broken
        self.not_utf8 += len(decoder.decode(b"", final=True))

    def open(self) -> BinaryIO:
        """The unpacked bytes from the beginning."""
        return cast("BinaryIO", gzip.open(self._path, "rb")) if self._packed else self._path.open("rb")

    def _chunks(self) -> Iterator[bytes]:
        try:
            with self.open() as file:
                while chunk := file.read(CHUNK):
                    yield chunk
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise FeedBroken(
                f"The gzip file is damaged or ends too early: {error}", fix="Export or download it again."
            ) from error

    def _digest(self) -> str:
        with self._path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def _encoding(content: _Content) -> tuple[tuple[Problem, ...], str]:
    """The text encoding, with a warning where it is a guess."""
    head = content.head
    _refuse_binary(head)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return (), name
    if b"\0" in head:
        pairs = max(1, len(head) // 2)
        for name, offset in (("utf-16-le", 1), ("utf-16-be", 0)):
            if head[offset::2].count(0) > 0.4 * pairs and head[1 - offset :: 2].count(0) < 0.1 * pairs:
                return (), name
        raise NotAFeed("The file is binary, not text.", fix="Export the feed as TSV, CSV or XML.", found="binary data")
    declared = _XML_DECLARED.match(head.lstrip())
    if declared:
        return (), _declared(declared[1].decode("ascii"))
    if content.not_utf8 > content.utf8_letters:
        cause = f"The feed is not UTF-8 ({content.not_utf8:,} bytes do not fit); it was read as Windows-1252."
        fix = "Look whether accented letters came out right; better, export it as UTF-8."
        return (Problem("not-utf8", "", cause, fix, severity=Severity.WARNING),), "cp1252"
    return (), "utf-8"


def _declared(name: str) -> str:
    """The codec an XML declaration names; UTF-8 where UTF-16 is declared over single bytes, as broken exports do."""
    try:
        codec = codecs.lookup(name)
        "text".encode(codec.name)
    except (LookupError, UnicodeError, TypeError) as unknown:
        raise FeedBroken(
            f'The feed says its encoding is "{name}", which is none.', fix="Export it as UTF-8."
        ) from unknown
    return "utf-8" if codec.name.startswith(("utf-16", "utf-32")) else codec.name


def _refuse_binary(head: bytes) -> None:
    """Say what the file is when it is no text. Raises NotAFeed."""
    found = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
    if head.startswith(b"PK\x03\x04"):
        workbook = b"[Content_Types].xml" in head or b"xl/" in head
        found = "an Excel workbook" if workbook else "a ZIP archive"
    if head[4:8] == b"ftyp":
        found = "a HEIC or AVIF picture, or a video"
    if found is None:
        return
    fixes = {
        "an Excel workbook": "In Excel, use Save As with the type CSV UTF-8.",
        "an old Excel workbook or Word document": "In Excel, use Save As with the type CSV UTF-8.",
        "a ZIP archive": "Unpack it and load the feed inside; gzip (.gz) is read as it is.",
    }
    raise NotAFeed(
        f"This is {found}, not a feed.",
        fix=fixes.get(found, "Give the product feed: TSV, CSV, RSS, Atom or JSON Lines."),
        found=found,
    )


def _format(head: bytes, encoding: str, open_text: Callable[[], TextIO]) -> FeedFormat:
    text = head.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
    if not text and not head.strip(b"\0"):
        raise NotAFeed("The feed is empty.", fix="Export it again, with its header line.", found="nothing")
    lower = text[:2048].lower()
    if re.match(r"(?:<\?xml[^>]*>|<!--.*?-->|\s)*<(?:!doctype\s+html|html|head|body)\b", lower, re.S):
        raise NotAFeed(
            "This is a web page, not a feed.",
            fix="Use the address of the feed itself; a page often stands for a log-in or an error.",
            found="a web page",
        )
    if text.startswith("<"):
        return Markup(open_text)
    if text.startswith("["):
        raise NotAFeed(
            "This is one JSON list, not JSON Lines.",
            fix="Write one product per line; jq -c '.[]' does that.",
            found="a JSON document",
        )
    if text.startswith("{"):
        return JsonLines(open_text)
    return Delimited(open_text)
