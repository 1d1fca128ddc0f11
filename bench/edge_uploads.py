"""Hostile, cut, mislabeled and talkative photos posted to a real server (T3, T6, T8, T9 of the reliability promises).

python -m bench.edge_uploads
"""

import io
import json
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import httpx
import numpy as np
import pillow_heif
import psutil
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bench.edge_server import EdgeServer, edge_server
from bench.mutations import healthy
from tests.builders import a_photo_file
from tests.unit.photos.pictures import card, chunk, encoded, png

CUTS, TALKERS = 500, 40
_MARK = "PLANTED-7f3a"
_FOREIGN = {
    "bmp": b"BM" + bytes(60), "tiff": b"II*\0" + bytes(60), "pdf": b"%PDF-1.7\n", "svg": b"<svg xmlns='x'/>",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n", "psd": b"8BPS\0\1" + bytes(60),
    "fpx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60),
}  # fmt: skip


def measure() -> Mapping[str, float]:
    """For `make prove`, each of the figures below."""
    with edge_server() as server, httpx.Client(base_url=server.address, timeout=60, trust_env=False) as client:
        warm_up(client)
        return {**bombs(server, client), **sniffing(server, client), **cuts(client), **talkers(server, client)}


def post(client: httpx.Client, data: bytes, name: str = "photo.jpg", kind: str = "image/jpeg") -> httpx.Response:
    """Search with these bytes."""
    return client.post("/search-by-photo", files={"photo": (name, data, kind)})


def warm_up(client: httpx.Client) -> None:
    """Let every decoding process have seen honest photos, of 12 megapixels and 10 MB: what it keeps of those is no
    bomb's doing."""
    noise = np.random.default_rng(1).integers(0, 256, (3000, 4000, 3), dtype=np.uint8)
    large = encoded(Image.fromarray(noise), "JPEG", quality=88)
    with ThreadPoolExecutor(4) as callers:
        list(callers.map(lambda _: post(client, large), range(16)))


def bombs(server: EdgeServer, client: httpx.Client) -> Mapping[str, float]:
    """t3_ms: the slowest refusal (best of three tries). t3_mb: what any process of the server has grown by afterwards,
    at most. t3_wrong: answers that were no refusal nor, for a picture that only carries much else, a result."""
    before, slowest, wrong = _resident(server), 0.0, 0
    for data in BOMBS.values():
        tries, status = [], 0
        for _ in range(3):
            began = time.perf_counter()
            status = post(client, data).status_code
            tries.append(time.perf_counter() - began)
            wrong += not (status == 200 or 400 <= status < 500)
        if status != 200:
            slowest = max(slowest, min(tries))
    grown = max(now - before.get(pid, 0.0) for pid, now in _resident(server).items())
    return {"t3_ms": slowest * 1000, "t3_mb": grown, "t3_wrong": float(wrong)}


def sniffing(server: EdgeServer, client: httpx.Client) -> Mapping[str, float]:
    """Every content under every name and declared type. t6_wrong: contents that were judged otherwise for those, and
    foreign ones not refused with 415. t6_programs: programs that were started meanwhile."""
    kinds = {kind: healthy(kind)[0][1] for kind in ("jpeg", "png", "webp", "heif", "avif")}
    kinds |= _FOREIGN
    names = [f"a.{ending}" for ending in (*kinds, "jpg")]
    types = [f"image/{ending}" for ending in (*kinds, "octet-stream")]
    before, wrong = _programs(server), 0
    with ThreadPoolExecutor(3) as callers:
        for kind, data in kinds.items():
            posted = [callers.submit(post, client, data, name, declared) for name in names for declared in types]
            answers = {_said(one.result()) for one in posted}
            wrong += answers != {"photo-unsupported-format" if kind in _FOREIGN else "ok"}
    return {"t6_wrong": float(wrong), "t6_programs": float(len(_programs(server) - before))}


def _said(response: httpx.Response) -> str:
    return "ok" if response.status_code == 200 else str(response.json()["code"])


def cuts(client: httpx.Client) -> Mapping[str, float]:
    """t9_wrong: photos cut off anywhere that were answered with anything but 200, or 422 (415 for a few bytes)."""
    files = [healthy(kind)[0][1] for kind in ("jpeg", "png", "webp", "heif", "avif")]
    wrong = 0
    for number, data in enumerate(islice(cycle(files), CUTS)):
        offset = 1 + number * 7919 % (len(data) - 1)
        status = post(client, data[:offset]).status_code
        wrong += not (status in (200, 422) or (status == 415 and offset < 32))
    return {"t9_wrong": float(wrong)}


def talkers(server: EdgeServer, client: httpx.Client) -> Mapping[str, float]:
    """t8_hits: files of the server, its log and its answers in which something planted in a photo was found."""
    said = b""
    for number, make in enumerate(islice(cycle(_TALKATIVE), TALKERS)):
        response = post(client, make(), f"{_MARK}-{number}.jpg")
        said += response.content + str(response.headers).encode()
    places = [said, *(path.read_bytes() for path in server.folder.rglob("*") if path.is_file())]
    return {"t8_hits": float(sum(_MARK.encode() in place or _MARK.encode("utf-16-le") in place for place in places))}


def _talking_jpeg() -> bytes:
    picture, exif = card(400, 300), Image.Exif()
    for tag in (0x010E, 0x010F, 0x0110, 0x0131, 0x013B, 0x8298, 0xA431, 0xC62F):
        exif[tag] = _MARK
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0), 27: _MARK.encode()})
    exif.get_ifd(0x8769)[0x927C] = b"maker " + _MARK.encode()
    xmp = f"<x:xmpmeta><dc:creator>{_MARK}</dc:creator></x:xmpmeta>".encode()
    data = encoded(picture, "JPEG", exif=exif, comment=_MARK.encode(), xmp=xmp)
    iptc = b"Photoshop 3.0\0 8BIM\4\4\0\0\0\0\0\x20" + _MARK.encode()
    return data[:2] + b"\xff\xed" + (len(iptc) + 2).to_bytes(2, "big") + iptc + data[2:]


def _talking_png() -> bytes:
    told = PngInfo()
    told.add_text("Author", _MARK)
    told.add_itxt("Location", _MARK)
    told.add_text("Serial", _MARK, zip=True)
    return encoded(card(400, 300), "PNG", pnginfo=told)


def _talking_webp() -> bytes:
    return encoded(card(400, 300), "WEBP", xmp=f"<x>{_MARK}</x>".encode())


def _talking_tail() -> bytes:
    return a_photo_file("ring", "teal", side=400) + _MARK.encode() * 20


_TALKATIVE: tuple[Callable[[], bytes], ...] = (_talking_jpeg, _talking_png, _talking_webp, _talking_tail)


def _oversized_jpeg(width: int, height: int) -> bytes:
    """A JPEG whose header says so."""
    data = bytearray(a_photo_file())
    frame = data.index(b"\xff\xc0") + 5
    data[frame : frame + 4] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(data)


def _zeros(count: int) -> bytes:
    """So many zero bytes, compressed."""
    packer = zlib.compressobj(9)
    return b"".join([packer.compress(bytes(2**20)) for _ in range(count // 2**20)]) + packer.flush()


def _png_of(width: int, height: int, depth: int, color: int, *before: bytes) -> bytes:
    return png(width, height, depth, color, *before, chunk(b"IDAT", _zeros(4 * 2**20)), chunk(b"IEND", b""))


def _made() -> dict[str, bytes]:
    gif = b"GIF89a\xff\xff\xff\xff\x00\x00\x00" + b"\x2c\0\0\0\0\xff\xff\xff\xff\0\x08" + b"\xff" * 200
    webp = bytearray(healthy("webp")[0][1])
    text = chunk(b"zTXt", b"a\0\0" + _zeros(2**20))
    small, photo, much = encoded(card(400, 300), "PNG"), a_photo_file(), bytes(13 * 2**20)
    heif = io.BytesIO()
    pillow_heif.from_pillow(card(400, 300)).save(heif, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0" + much)
    made = {f"png {side}": _png_of(side, side, 8, 2) for side in (5_100, 13_000, 30_000, 65_535, 2**31 - 1)}
    made |= {f"png 1 bit {side}": _png_of(side, side, 1, 0) for side in (5_100, 30_000, 100_000)}
    made |= {f"jpeg {side}": _oversized_jpeg(side, side) for side in (7_100, 20_000, 65_500)}
    made |= {
        "gif": gif,
        "gif frames": gif[:13] + gif[13:] * 500,
        "webp canvas": b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff" + bytes(webp[12:]),
        "ico": b"\0\0\1\0\1\0\0\0\0\0\1\0\x20\0\xff\xff\xff\x7f\x16\0\0\0" + bytes(64),
        "64 texts": small[:33] + text * 64 + small[33:],
        "profile": small[:33] + chunk(b"iCCP", b"a\0\0" + _zeros(8 * 2**20)) + small[33:],
        "large text": small[:33] + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + much) + small[33:],
        "wide": _png_of(1_000_000, 70, 8, 2),
        "svg": b"<svg>" + b"<g>" * 100_000,
        "tiff": b"II*\0\x08\0\0\0\xff\xff" + bytes(100),
        "exif": photo[:2] + (b"\xff\xe1\xff\xffExif\0\0" + bytes(65_527)) * 200 + photo[2:],
        "pieces": photo[:2] + b"\xff\xe5\x00\x04ab" * 2_000_000 + photo[2:],
        "heic exif": heif.getvalue(),
        "webp exif": encoded(card(400, 300), "WEBP", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0" + much),
    }
    padding = {"ff": b"\xff", "ff00": b"\xff\0", "bare": b"\xff\xd0", "no length": b"\xff\xe5\0\0"}
    made |= {f"padding {name}": photo[:2] + one * (12_000_000 // len(one)) + photo[2:] for name, one in padding.items()}
    made |= {"zeros": photo[:2] + b"\xff" + bytes(12_000_000)}
    screen = b"GIF89a\x90\x01\x2c\x01\0\0\0"
    made |= {
        "gif comment": screen + b"!\xfe" + b"\1a" * 6_000_000 + b"\0;",
        "gif extensions": screen + b"!\1\0" * 4_000_000 + b";",
    }
    return made


BOMBS = _made()


def _resident(server: EdgeServer) -> dict[int, float]:
    """MiB of each process that serves or decodes."""
    return {one.pid: one.memory_info().rss / 2**20 for one in server.processes()}


def _programs(server: EdgeServer) -> set[str]:
    found = set()
    for one in server.processes():
        try:
            found.add(one.exe())
        except psutil.Error:
            continue
    return found


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
    sys.exit(0)
