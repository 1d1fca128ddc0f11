"""How fast the loader is, and how much of its time is analysis: the rest is feed, files, catalog, teaching, publishing.

python -m bench.loader_rate
"""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from app import wiring
from app.analysis import picture_quality
from app.errors import AppError
from app.intake import TypeFrom
from app.settings import load_settings
from bench.drawn_shop import run_loader, write_shop
from bench.promise import NotMeasurable
from bench.shops import DEMO
from catalog_loader.check import checked_rows
from catalog_loader.cli import at_once
from catalog_loader.sources import open_feed

DRAWN = 600


def measure() -> Mapping[str, float]:
    """images_per_s: pictures of the demo shop (drawn ones where it is absent) the loader takes in a second, from
    reading the feed to publishing. analysis_share: time for decoding, analyzing and judging (sharpness, writing) the
    same pictures alone, in the same processes, as a share of the loader's time; 1 means that the loader does nothing
    else. Alone is measured before and after the load, so that a machine that grows busier or calmer meanwhile favors
    neither.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        feed = DEMO / "feed.tsv" if (DEMO / "feed.tsv").exists() else write_shop(folder, DRAWN, side=384)
        pictures = pictures_of(feed)
        before_s = asyncio.run(bare(pictures))
        done = run_loader(folder, "load", str(feed), "--json", "--rejects", str(folder / "rejects.tsv"))
        if done.returncode not in {0, 1}:
            raise NotMeasurable(f"catalog-loader ended with {done.returncode}: {done.stderr[-400:]}")
        seconds = float(json.loads(done.stdout)["seconds"])
        looked_at = int(json.loads(done.stdout)["images"]["analyzed"])
        bare_s = (before_s + asyncio.run(bare(pictures))) / 2
    return {
        "images_per_s": looked_at / seconds,
        "analysis_share": min(1.0, bare_s / len(pictures) * looked_at / seconds),
        "bare_images_per_s": len(pictures) / bare_s,
        "images": looked_at,
    }


def pictures_of(feed: Path) -> list[bytes]:
    """The bytes of every different picture of a feed of local files."""
    found: dict[bytes, None] = {}
    for checked in checked_rows(open_feed(feed).format, TypeFrom.PRODUCT_TYPE):
        for image in checked.product.images if checked.product else ():
            found[(feed.parent / image.url).read_bytes()] = None
    return list(found)


async def bare(pictures: list[bytes]) -> float:
    """Seconds to decode, analyze and judge the pictures with nothing around it; starting the processes counts, as it
    does for the loader."""
    settings = load_settings()
    began = time.monotonic()
    decoder, analyzer = wiring.build_decoder(settings), wiring.build_analyzer(settings, processes=True)
    slots = asyncio.Semaphore(at_once(os.cpu_count() or 1))

    async def look(data: bytes) -> None:
        async with slots:
            try:
                photo = await decoder.decode(data)
                await analyzer.analyze(photo)
                await asyncio.to_thread(picture_quality, photo.pixels)
            except AppError as failure:
                raise NotMeasurable(f"a picture cannot be used: {failure.detail}") from failure

    try:
        async with asyncio.TaskGroup() as tasks:
            for data in pictures:
                tasks.create_task(look(data))
        return time.monotonic() - began
    finally:
        await analyzer.close()
        await decoder.close()


if __name__ == "__main__":
    for figure, value in measure().items():
        print(f"{figure:<18} {value:.3g}")
