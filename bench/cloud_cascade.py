"""A cascade on the demo photos with a Vision that knows the truth: calls saved, and types lost by not asking.

python -m bench.cloud_cascade
"""

import asyncio
import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import wiring
from app.photos import Photo
from app.search import VisualSearch, Wishes
from app.settings import Settings, load_settings
from bench.shops import Shop, demo_shop
from tests.cloud.fakes import google

BELOW = 0.75
"""The setting that docs/cloud.md recommends."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One demo photo: decoded, with its type and the box of the thing."""

    photo: Photo
    type: str
    box: tuple[float, float, float, float]


def measure() -> Mapping[str, float]:
    """ "saved": share of calls a cascade did not make, "always" and "cascade": share of types right, "lost": what the
    cascade has less, "alone": without any source. On the held-out photos of things that are sold."""
    with demo_shop() as shop:
        return asyncio.run(_measure(shop))


async def _measure(shop: Shop) -> Mapping[str, float]:
    alone = load_settings(catalog=shop.catalog)
    judged = await _judged(alone, shop)
    truth = {hashlib.sha256(one.photo.jpeg).digest(): one for one in judged}
    vision = google.FakeVision()

    def known(content: bytes) -> Judged:
        return truth[hashlib.sha256(content).digest()]

    vision.labels = lambda content: [("", known(content).type.title(), 0.95)]
    vision.things = lambda content: [("", known(content).type.title(), 0.93, known(content).box)]
    async with google.serving(vision) as endpoint:
        right: dict[str, float] = {"alone": await _accuracy(alone, judged)}
        calls: dict[str, int] = {}
        for name, below in (("always", 1.0), ("cascade", BELOW)):
            with tempfile.TemporaryDirectory() as folder:
                settings = alone.model_copy(
                    update={
                        "analyzers": ("google_vision", "local"),
                        "google_endpoint": endpoint,
                        "cloud_store": Path(folder) / "cloud.db",
                        "cascade": below,
                        "sources_ms": 20_000,
                    }
                )
                before = vision.script.calls
                right[name] = await _accuracy(settings, judged)
                calls[name] = vision.script.calls - before
    return {
        **right, "saved": 1.0 - calls["cascade"] / calls["always"], "lost": right["always"] - right["cascade"],
    }  # fmt: skip


async def _judged(settings: Settings, shop: Shop) -> list[Judged]:
    decoder = wiring.build_decoder(settings)
    found = []
    try:
        for line in shop.queries.read_text(encoding="utf-8").splitlines():
            row: dict[str, Any] = json.loads(line)
            if row["split"] == "test" and row["sold"]:
                photo = await decoder.decode(await asyncio.to_thread(Path(row["photo"]).read_bytes))
                box = row["box"]
                found.append(Judged(photo, row["type"], (box["x"], box["y"], box["width"], box["height"])))
    finally:
        await decoder.close()
    return found


async def _accuracy(settings: Settings, judged: list[Judged]) -> float:
    catalog = wiring.open_catalog(settings)
    analyzer = wiring.build_analyzer(settings)
    try:
        await wiring.Tutor(catalog, analyzer).catch_up()
        search = wiring.build_search(settings, catalog, analyzer)
        return sum([await _right(search, one) for one in judged]) / len(judged)
    finally:
        await analyzer.close()
        await catalog.close()


async def _right(search: VisualSearch, one: Judged) -> bool:
    analysis = (await search.by_photo(one.photo, Wishes(limit=1))).analysis
    return analysis is not None and analysis.type is not None and analysis.type.name == one.type


if __name__ == "__main__":
    print(dict(measure()))
