"""Fits a calibration that ships: `python -m training.calibration SHOP SHARED OUT [--embedder onnx:PATH]`.

OUT is app/search/calibration.json, or with an embedder app/search/calibration_led.json, for any bigger model in front.

SHOP: a folder with feed.tsv, pictures and queries.jsonl (demo_shop builds it); its photos of the split "fit" are used.
SHARED: the measuring photos (../shared/data); every second photo of `household` and every tenth of `grocery` are used,
so that the weights also know real phone photos, where types that were learned from studio pictures fit badly. Of those
only the ranking and what is certainly unlike counts: they have no colors and materials to judge likeness by
(judgments.similarity).
"""

import argparse
import asyncio
import csv
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.analysis.local import Teaching
from app.analysis.providers.local import LocalAnalyzer
from app.catalog import ImageEvidence, Product, ProductImage, SeenAttribute, SeenColor
from app.catalog.sqlite import SqliteCatalog, open_catalog, open_writer
from app.evaluation import (
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
REAL = {"household": 2, "grocery": 10}
"""Data set -> every how many of its photos is used."""
REAL_TURNS = 3
"""A real photo counts as so many rendered ones: there are fewer, and shoppers' photos are real."""


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


def real_stock(shared: Path) -> tuple[Stock, list[JudgedPhoto]]:
    """Household and grocery products in one shop, and some of their photos."""
    sold: dict[str, tuple[Product, list[Path]]] = {}
    photos: list[JudgedPhoto] = []
    with (shared / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] in REAL and row["product"]]
    for row in rows:
        name, kind = f"{row['dataset']}:{row['product']}", row["type"].casefold() or "thing"
        if row["kind"] == "catalog":
            sold.setdefault(name, (Product(name, row["title"] or row["product"], type=kind), []))[1].append(
                shared / row["path"]
            )
        elif row["kind"] == "query":
            photos.append(JudgedPhoto(len(photos) + 1, shared / row["path"], name, type=kind, split="fit"))
    photos = [photo for photo in photos if photo.product in sold]
    chosen = [photo for number, photo in enumerate(photos) if number % REAL[(photo.product or "").split(":")[0]] == 0]
    return list(sold.values()), chosen


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


async def open_stocked(path: Path, analyzer: LocalAnalyzer, stock: Stock) -> SqliteCatalog:
    """A catalog with the stock published, its teaching learned by the analyzer."""
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
    analyzer.learn(teaching)
    return catalog


def show(done: int, whole: int) -> None:
    """Progress on one line."""
    print(f"\r{done} of {whole} photos", end="" if done < whole else "\n", flush=True)


async def fit(shop: Path, shared: Path, embedder: str) -> Calibration:
    """Collect pairs in both shops, fit, measure on the demo photos that were not used."""
    led = embedder != "local"
    start, collector = shipped_calibration(), PairCollector()
    real, real_photos = real_stock(shared)
    judged = read_judged_photos(shop / "queries.jsonl")
    with ThreadPoolExecutor(2) as threads, tempfile.TemporaryDirectory() as folder:
        analyzer = LocalAnalyzer(threads, embedder)
        catalog = await open_stocked(Path(folder) / "real.db", analyzer, real)
        real_count = 0
        for _ in range(REAL_TURNS):
            real_count = await gather(
                VisualSearch(catalog, analyzer, start), decode, real_photos, collector, progress=show
            )
        await catalog.close()
        phones_end = collector.photos
        catalog = await open_stocked(Path(folder) / "shop.db", analyzer, shop_stock(shop))
        count = await gather(VisualSearch(catalog, analyzer, start), decode, judged, collector, progress=show)
        phones = f"{real_count} phone photos of {' and '.join(REAL)}, each {REAL_TURNS} times"
        front = ", with a bigger model in front" if led else ""
        data = f"{count} photos of the demo shop (split fit) and {phones}{front}"
        calibration = await fitted(
            collector, start, data=data, embedder=analyzer.embedder, priors=LED_PRIOR if led else PRIOR
        )
        calibration = with_cuts(calibration, collector, phones_end)
        held_out = [photo for photo in judged if photo.split == "test"]
        search = VisualSearch(catalog, analyzer, calibration)
        report = await evaluate(search, catalog, decode, held_out, calibration=calibration, progress=show)
        await catalog.close()
    measures = {f"demo test photos: {name}": round(one.value, 4) for name, one in report.measures.items()}
    return replace(calibration, measures=measures)


def with_cuts(calibration: Calibration, collector: PairCollector, phones_end: int) -> Calibration:
    """The calibration with the cuts that its own photos ask for. phones_end: number of the last photo of the real shop;
    what follows is of the demo shop."""
    pairs = collector.pairs(Stage.FINE)
    shops = [only(pairs, pairs.photo <= phones_end), only(pairs, pairs.photo > phones_end)]
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
