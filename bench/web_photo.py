"""What shrinking a photo on the shopper's device costs in answers: the same judged photos as they are, and shrunk.

python -m bench.web_photo [--set household|demo] [--side 800] [--quality 70]
"""

import argparse
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

from PIL import Image, ImageOps
from pillow_heif import register_heif_opener

from bench.shops import Shop, demo_shop, evaluate, shared_shop

SETS: dict[str, Callable[[], AbstractContextManager[Shop]]] = {
    "household": lambda: shared_shop("household"),
    "demo": demo_shop,
}
MEASURES = ("hit@1", "hit@5", "type_accuracy", "no_match_recall")


def measure(name: str, side: int, quality: int) -> dict[str, dict[str, float]]:
    """{"original", "shrunk"} -> measures of the set's held-out photos; shrunk to `side` pixels, WebP of `quality`."""
    with SETS[name]() as shop:
        return {"original": _measured(shop), "shrunk": _measured(_shrunk(shop, side, quality))}


def _measured(shop: Shop) -> dict[str, float]:
    measures = evaluate(shop)["measures"]
    assert isinstance(measures, dict)
    return {one: round(float(measures[one]["value"]), 3) for one in MEASURES if one in measures}


def _shrunk(shop: Shop, side: int, quality: int) -> Shop:
    """The same shop asked with what a browser would send: upright, small, WebP, without EXIF."""
    register_heif_opener()
    folder = shop.queries.parent / "shrunk"
    folder.mkdir()
    lines = []
    for number, line in enumerate(shop.queries.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        path = folder / f"{number}.webp"
        with Image.open(row["photo"]) as picture:
            upright = ImageOps.exif_transpose(picture).convert("RGB")
        upright.thumbnail((side, side), Image.Resampling.LANCZOS)
        upright.save(path, "WEBP", quality=quality)
        lines.append(json.dumps({**row, "photo": str(path)}))
    queries = shop.queries.parent / "shrunk.jsonl"
    queries.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sizes = sorted(path.stat().st_size for path in folder.iterdir())
    print(f"bytes of a shrunk photo: median {sizes[len(sizes) // 2]:,}, largest {sizes[-1]:,}")
    return replace(shop, queries=queries)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=SETS, default="household", dest="name")
    parser.add_argument("--side", type=int, default=800)
    parser.add_argument("--quality", type=int, default=70)
    options = parser.parse_args()
    for kind, found in measure(options.name, options.side, options.quality).items():
        print(f"{options.name} {kind:9} {found}")
