"""Photos as phones and programs write them: every one is accepted, and looks the same whatever way it was held (T7).

python -m bench.edge_phones
"""

import io
import json
import sys
from collections.abc import Iterator, Mapping

import httpx
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

from app.analysis.local import LocalEyes
from app.photos import decode_now
from bench.edge_server import edge_server
from tests.builders import a_drawing, a_photo_file
from tests.unit.photos.pictures import FORMATS, STORED_FOR, animated, card, encoded

ORIENTATIONS = range(1, 9)


def measure() -> Mapping[str, float]:
    """ "files" posted; "refused" of them; "cosine": the least likeness of a turned photo's embedding to the upright."""
    files = dict(_files())
    with edge_server() as server, httpx.Client(base_url=server.address, timeout=60, trust_env=False) as client:
        refused = [
            name
            for name, data in files.items()
            if client.post("/search-by-photo", files={"photo": (name, data)}).status_code != 200
        ]
    for name in refused:
        print(f"  refused: {name}", file=sys.stderr)
    return {"files": float(len(files)), "refused": float(len(refused)), "cosine": _least_likeness(files)}


def _least_likeness(files: Mapping[str, bytes]) -> float:
    """Of each turned file to the upright one of its format."""
    seen = {name: _embedding(data) for name, data in files.items() if name.startswith("held ")}
    return min(float(vector @ seen[f"{name[:-1]}1"]) for name, vector in seen.items())


def _embedding(data: bytes) -> NDArray[np.float32]:
    return LocalEyes().see(decode_now(data).pixels).embedding


def _files() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each. What is held: "held FORMAT ORIENTATION"."""
    upright = Image.fromarray(a_drawing("cross", "teal", side=480, seed=3)).crop(
        (0, 40, 480, 392)
    )  # whole blocks, as sensors have
    for kind in FORMATS:
        for orientation in ORIENTATIONS:
            yield f"held {kind} {orientation}", _held(upright, kind, orientation)
    jpeg, heic = encoded(upright, "JPEG"), encoded(upright, "heif")
    yield "a HEIC.jpg", heic
    yield "a JPEG.heic", jpeg
    yield "48 megapixels.jpg", encoded(card(8000, 6000), "JPEG", quality=80)
    yield "HDR gain map.jpg", _with_gain_map(upright)
    yield "live photo.heic", _several(upright)
    yield "film behind it.jpg", jpeg + b"\0\0\0\x18ftypmp42" + bytes(200_000)
    for kind in ("png", "webp", "gif"):
        yield f"moving {kind}", animated(kind)
    yield "progressive.jpg", encoded(upright, "JPEG", progressive=True)
    yield "gray.jpg", encoded(upright.convert("L"), "JPEG")
    yield "printer's inks.jpg", encoded(upright.convert("CMYK"), "JPEG")
    yield "palette.png", encoded(upright.convert("P"), "PNG")
    yield "see-through.png", encoded(upright.convert("RGBA"), "PNG")
    yield "see-through.webp", encoded(upright.convert("RGBA"), "WEBP")
    yield "16 bits.png", encoded(Image.fromarray(np.asarray(upright.convert("L")).astype(np.uint16) * 257), "PNG")
    yield "lossless.webp", encoded(upright, "WEBP", lossless=True)
    yield "tiles.heic", _tiles(upright)
    yield "gray.heic", encoded(upright.convert("L"), "heif")
    yield "without a name", a_photo_file()


def _held(upright: Image.Image, kind: str, orientation: int) -> bytes:
    """The picture as a camera held in that orientation writes it."""
    turn = STORED_FOR[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = upright if turn is None else upright.transpose(turn)
    return encoded(stored, kind, quality=95, exif=exif.tobytes())


def _with_gain_map(upright: Image.Image) -> bytes:
    """Two JPEGs in one file, as phones append the map of what is brighter than white."""
    return encoded(upright, "MPO", save_all=True, append_images=[upright.convert("L").resize((120, 90))])


def _several(upright: Image.Image) -> bytes:
    out = io.BytesIO()
    file = pillow_heif.from_pillow(upright)
    file.add_from_pillow(upright.rotate(180))
    file.save(out)
    return out.getvalue()


def _tiles(upright: Image.Image) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(upright).save(out, tile_size=128)
    return out.getvalue()


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
