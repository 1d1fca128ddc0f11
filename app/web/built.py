"""What `make web` built: every file with its compressed forms, read once, so that a request touches no disk."""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).parent / "static"
"""Where the build goes; never committed."""

ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""Content coding -> ending of the stored form, the better one first."""

_TYPES = {".webmanifest": "application/manifest+json", ".js": "text/javascript", ".woff2": "font/woff2"}


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """One file. path: where it is served, e.g. `/assets/shop-x1y2.js`. packed: content coding -> bytes."""

    path: str
    media_type: str
    data: bytes
    packed: Mapping[str, bytes]
    etag: str

    @property
    def is_page(self) -> bool:
        """Whether a person opens it, rather than a page."""
        return self.media_type.startswith("text/html")

    @property
    def is_hashed(self) -> bool:
        """Whether its name changes when its bytes do."""
        return self.path.startswith("/assets/")

    def best(self, accepted: str) -> tuple[str | None, bytes]:
        """The form to send for an Accept-Encoding header: (content coding, bytes); (None, data) where none fits."""
        offered = _codings(accepted)
        for coding in ENCODINGS:
            if coding in self.packed and offered.get(coding, 0.0) > 0:
                return coding, self.packed[coding]
        return None, self.data


def built_files(folder: Path = STATIC) -> tuple[BuiltFile, ...]:
    """Every built file; () where nothing was built. `index.html` is served as its folder."""
    if not (folder / "index.html").is_file():
        return ()
    return tuple(
        _read(folder, path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in ENCODINGS.values() and not path.name.startswith(".")
    )


def _read(folder: Path, path: Path) -> BuiltFile:
    data = path.read_bytes()
    name = "/" + path.relative_to(folder).as_posix()
    stored = {coding: path.with_name(path.name + ending) for coding, ending in ENCODINGS.items()}
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return BuiltFile(
        path=name.removesuffix("/index.html") or "/",
        media_type=f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
        data=data,
        packed={coding: one.read_bytes() for coding, one in stored.items() if one.is_file()},
        etag=hashlib.sha256(data).hexdigest()[:20],
    )


def _codings(header: str) -> dict[str, float]:
    """Content coding -> quality of an Accept-Encoding header; a quality that cannot be read counts as 0."""
    found: dict[str, float] = {}
    for part in header.lower().split(","):
        coding, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        try:
            found[coding] = float(quality)
        except ValueError:
            found[coding] = 0.0
    return found
