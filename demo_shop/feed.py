"""Writes the shop down: a Google Merchant feed and the ground truth of the shopper photos."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from demo_shop import texts
from demo_shop.shop import Product

COLUMNS = (
    "id", "title", "description", "link", "image_link", "additional_image_link", "availability", "price", "sale_price",
    "brand", "gtin", "product_type", "google_product_category", "color", "material", "pattern", "size", "item_group_id",
    "custom_label_0", "custom_label_1",
)  # fmt: skip


def picture_path(product: Product, view: int) -> str:
    """Where a catalog picture lies, relative to the feed; ``view`` counts from 0."""
    return f"pictures/{product.id}-{view + 1}.jpg"


def row(product: Product, views: int) -> dict[str, str]:
    """One feed line. custom_label_0 is the plain type word, custom_label_1 the main color."""
    price, sale = texts.prices(product)
    pictures = [picture_path(product, view) for view in range(views)]
    main = product.main
    return {
        "id": product.id,
        "title": texts.title(product),
        "description": texts.description(product),
        "link": f"https://shop.example/products/{product.id}",
        "image_link": pictures[0],
        "additional_image_link": ",".join(pictures[1:]),
        "availability": texts.availability(product),
        "price": price,
        "sale_price": sale,
        "brand": texts.brand(product.design),
        "gtin": texts.gtin(product),
        "product_type": product.design.type.path,
        "google_product_category": product.design.type.google_category,
        "color": "/".join(product.colors),
        "material": main.kind,
        "pattern": main.pattern,
        "size": texts.size(product),
        "item_group_id": product.design.group,
        "custom_label_0": product.design.type.word,
        "custom_label_1": main.color,
    }


def write_feed(path: Path, products: Sequence[Product], views: int) -> None:
    """Writes the tab-separated feed, products in order."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(row(product, views) for product in products)


def write_queries(path: Path, truths: Iterable[dict[str, Any]]) -> None:
    """Writes one JSON object a line, ordered by photo."""
    lines = [json.dumps(truth, ensure_ascii=False) for truth in sorted(truths, key=lambda truth: str(truth["photo"]))]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
