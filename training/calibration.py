"""Fits a calibration that ships: `python -m training.calibration SHOP SHARED OUT [--embedder onnx:PATH]`.

OUT is app/search/calibration.json, or with an embedder app/search/calibration_led.json, for any bigger model in front.

SHOP: a folder with feed.tsv, pictures and queries.jsonl (demo_shop builds it); its photos of the split "fit" are used.
SHARED: the measuring photos (../shared/data). Photos of every second product of `household` and of `grocery` are used,
so that the weights also know real phone photos, where types that were learned from studio pictures fit badly; those of
the other products are only measured. Of them only the ranking and what is certainly unlike counts: they have no colors
and materials to judge likeness by (judgments.similarity).
"""

import argparse
import asyncio
import csv
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.analysis.local import Teaching
from app.analysis.providers.local import LocalAnalyzer
from app.catalog import ImageEvidence, Product, ProductImage, SeenAttribute, SeenColor
from app.catalog.sqlite import open_catalog, open_writer
from app.evaluation import (
    FIT,
    HELD_OUT,
    HELD_TYPES,
    LED_PRIOR,
    PRIOR,
    JudgedPhoto,
    PairCollector,
    Pairs,
    evaluate,
    fitted,
    gather,
    read_judged_photos,
)
from app.photos import Photo, decode_now
from app.search import Calibration, Stage, VisualSearch, shipped_calibration
from training.cuts import RULE, chosen

Stock = list[tuple[Product, list[Path]]]
REAL = {"household": 1, "grocery": 5}
"""Data set -> every how many of the photos of its products in the fit is used."""
REAL_TURNS = 3
"""A real photo counts as so many rendered ones: there are fewer, and shoppers' photos are real."""
TOLD_OF_REAL = ("hit@1", "hit@5")
"""Measures of the held-out photos that the file tells, where only the very product is known."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A shop that is fitted or measured on: its published catalog file, what that taught, and judged photos.

    turns: how often each photo of the fit counts.
    """

    name: str
    path: Path
    taught: bytes
    photos: Sequence[JudgedPhoto]
    turns: int

    @property
    def held_out(self) -> list[JudgedPhoto]:
        """The photos that are not fitted to."""
        return [photo for photo in self.photos if photo.split == HELD_OUT]


async def decode(data: bytes) -> Photo:
    """Decode beside the event loop."""
    return await asyncio.to_thread(decode_now, data)


def shop_stock(folder: Path) -> Stock:
    """The products of a Merchant feed with the pictures that are there."""
    stock: Stock = []
    with (folder / "feed.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            named = [row["image_link"], *row["additional_image_link"].split(",")]
            pictures = [folder / name for name in named if name and (folder / name).is_file()]
            told = tuple(SeenAttribute(name, row[name], 1.0, "feed") for name in ("material", "pattern") if row[name])
            product = Product(
                id=row["id"], title=row["title"], description=row["description"], type=row["custom_label_0"],
                color=row["color"], material=row["material"], pattern=row["pattern"],
                item_group_id=row["item_group_id"], attributes=told,
            )  # fmt: skip
            if pictures:
                stock.append((product, pictures))
    return stock


def real_stock(shared: Path, dataset: str) -> tuple[Stock, list[JudgedPhoto]]:
    """The products of a measuring set and its photos: of every second product in the fit, of the others held out."""
    sold: dict[str, tuple[Product, list[Path]]] = {}
    queries: dict[str, list[dict[str, str]]] = {}
    with (shared / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] == dataset and row["product"]]
    for row in rows:
        name, kind = row["product"], row["type"].casefold() or "thing"
        if row["kind"] == "catalog":
            sold.setdefault(name, (Product(name, row["title"] or name, type=kind), []))[1].append(shared / row["path"])
        elif row["kind"] == "query":
            queries.setdefault(name, []).append(row)
    photos: list[JudgedPhoto] = []
    for number, name in enumerate(sorted(queries.keys() & sold.keys())):
        split, every = (FIT, REAL[dataset]) if number % 2 == 0 else (HELD_OUT, 1)
        for row in queries[name][::every]:
            kind = row["type"].casefold() or "thing"
            photos.append(JudgedPhoto(len(photos) + 1, shared / row["path"], name, type=kind, split=split))
    return list(sold.values()), photos


async def seen_product(analyzer: LocalAnalyzer, product: Product, pictures: Sequence[Path]) -> Product:
    """The product with evidence of all its pictures."""
    images, shares = [], dict[str, SeenColor]()
    for picture in pictures:
        photo = await decode(await asyncio.to_thread(picture.read_bytes))
        analysis = await analyzer.analyze(photo)
        assert analysis.embedding is not None
        colors = tuple(SeenColor(one.name, one.hex, one.share) for one in analysis.colors)
        evidence = ImageEvidence(
            analyzer.embedder, analysis.embedding.values, analysis.region.as_tuple(), analysis.features, colors
        )
        images.append(ProductImage(str(picture), photo.sha256, evidence))
        for color in colors:
            before = shares[color.name].share if color.name in shares else 0.0
            shares[color.name] = replace(color, share=min(1.0, before + color.share / len(pictures)))
    return replace(product, images=tuple(images), colors=tuple(shares.values()))


async def stocked(path: Path, analyzer: LocalAnalyzer, stock: Stock) -> bytes:
    """Publish the stock in a catalog file; returns what it taught."""
    catalog, writer = open_catalog(path), open_writer(path)
    analyzer.learn(None)
    products = [await seen_product(analyzer, product, pictures) for product, pictures in stock]
    rows = [(product, image.evidence) for product in products for image in product.images if image.evidence]
    teaching = Teaching.fit(
        np.stack([evidence.embedding for _, evidence in rows]),
        [product.type for product, _ in rows],
        [{one.name: one.value for one in product.attributes} for product, _ in rows],
        [product.item_group_id or product.id for product, _ in rows],
        embedder=analyzer.embedder,
    ).to_bytes()
    generation = await writer.begin(
        embedder=analyzer.embedder, dims=analyzer.dims, source="training", holder="training"
    )
    await writer.add(generation.id, products)
    await writer.attach(generation.id, "teaching", teaching)
    await writer.verify(generation.id, expected_products=len(products))
    await catalog.publish(generation.id)
    await writer.close()
    await catalog.close()
    return teaching


async def grounds(folder: Path, analyzer: LocalAnalyzer, shop: Path, shared: Path) -> list[Ground]:
    """Every shop of its own, as retailers' are: a score is calibrated for a shop, not for a heap of all things."""
    opened = []
    for dataset in REAL:
        stock, photos = real_stock(shared, dataset)
        path = folder / f"{dataset}.db"
        opened.append(Ground(dataset, path, await stocked(path, analyzer, stock), photos, REAL_TURNS))
    judged, path = read_judged_photos(shop / "queries.jsonl"), folder / "demo.db"
    opened.append(Ground("demo", path, await stocked(path, analyzer, shop_stock(shop)), judged, 1))
    return opened


def show(done: int, whole: int) -> None:
    """Progress on one line."""
    print(f"\r{done} of {whole} photos", end="" if done < whole else "\n", flush=True)


async def fit(shop: Path, shared: Path, embedder: str) -> Calibration:
    """Collect pairs in all shops, fit, measure on the photos that were not used."""
    led = embedder != "local"
    start, collector = shipped_calibration(), PairCollector()
    with ThreadPoolExecutor(2) as threads, tempfile.TemporaryDirectory() as folder:
        analyzer = LocalAnalyzer(threads, embedder)
        shops = await grounds(Path(folder), analyzer, shop, shared)
        ends, counts = [0], []
        for ground in shops:
            counts.append(f"{await collected(ground, analyzer, start, collector)} of {ground.name}")
            ends.append(collector.photos)
        front = ", with a bigger model in front" if led else ""
        data = f"Photos of the split fit: {', '.join(counts)}; real ones count {REAL_TURNS} times{front}"
        calibration = await fitted(
            collector,
            start,
            data=data,
            embedder=analyzer.embedder,
            priors=LED_PRIOR if led else PRIOR,
            held=frozenset() if led else HELD_TYPES,
        )
        calibration = with_cuts(calibration, collector, ends)
        measures: dict[str, float] = {}
        for ground in shops:
            measures |= await measured(ground, analyzer, calibration)
    return replace(calibration, measures=measures)


async def collected(ground: Ground, analyzer: LocalAnalyzer, start: Calibration, collector: PairCollector) -> int:
    """Gather the pairs of a shop's photos of the fit; returns how many photos."""
    catalog, count = open_catalog(ground.path), 0
    analyzer.learn(ground.taught)
    for _ in range(ground.turns):
        search = VisualSearch(catalog, analyzer, start)
        count = await gather(search, decode, ground.photos, collector, progress=show)
    await catalog.close()
    return count


async def measured(ground: Ground, analyzer: LocalAnalyzer, calibration: Calibration) -> dict[str, float]:
    """How well the calibration does on a shop's held-out photos."""
    catalog = open_catalog(ground.path)
    analyzer.learn(ground.taught)
    search = VisualSearch(catalog, analyzer, calibration)
    report = await evaluate(search, catalog, decode, ground.held_out, calibration=calibration, progress=show)
    await catalog.close()
    told = {name: one for name, one in report.measures.items() if ground.turns == 1 or name in TOLD_OF_REAL}
    return {f"{ground.name}, held out: {name}": round(one.value, 4) for name, one in told.items()}


def with_cuts(calibration: Calibration, collector: PairCollector, ends: Sequence[int]) -> Calibration:
    """The calibration with the cuts that its own photos ask for. ends: numbers of each shop's last photo, from 0."""
    pairs = collector.pairs(Stage.FINE)
    shops = [only(pairs, (pairs.photo > before) & (pairs.photo <= last)) for before, last in pairwise(ends)]
    cuts = chosen(shops, collector.strangers, calibration.stages[Stage.FINE])
    return replace(calibration, close=cuts.close, loose=cuts.loose, how=f"{calibration.how} {RULE}")


def only(pairs: Pairs, rows: NDArray[np.bool_]) -> Pairs:
    """Some of the pairs."""
    return Pairs(pairs.features[rows], pairs.similar[rows], pairs.very[rows], pairs.told[rows], pairs.photo[rows])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shop", type=Path)
    parser.add_argument("shared", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--embedder", default="local")
    options = parser.parse_args()
    text = asyncio.run(fit(options.shop, options.shared, options.embedder)).to_json()
    options.out.write_text(text, encoding="utf-8")
    print(text)
