"""The demo shop that the repository ships: feed, pictures and ground truth agree. Needs no renderer."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

SHOP = Path(__file__).parents[2] / "demo_shop"


@pytest.fixture(scope="module")
def feed() -> list[dict[str, str]]:
    with (SHOP / "feed.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture(scope="module")
def queries() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SHOP / "queries.jsonl").read_text(encoding="utf-8").splitlines()]


def pictures(row: dict[str, str]) -> list[str]:
    return [row["image_link"], *filter(None, row["additional_image_link"].split(","))]


def test_the_shop_is_as_large_as_promised(feed: list[dict[str, str]], queries: list[dict[str, Any]]) -> None:
    assert len(feed) >= 420
    assert len({row["id"] for row in feed}) == len(feed)
    assert len({row["custom_label_0"] for row in feed}) >= 18
    assert len({row["item_group_id"] for row in feed}) >= 140
    assert sum(query["sold"] for query in queries) >= 320
    strangers = [query for query in queries if not query["sold"]]
    assert len(strangers) >= 44
    assert len({query["type"] for query in strangers}) >= 12


def test_every_picture_of_the_feed_exists_and_opens(feed: list[dict[str, str]]) -> None:
    for row in feed:
        assert len(pictures(row)) >= 2, row["id"]
        for link in pictures(row):
            with Image.open(SHOP / link) as picture:
                picture.load()
                assert min(picture.size) >= 256, link


def test_no_picture_is_left_over(feed: list[dict[str, str]], queries: list[dict[str, Any]]) -> None:
    named = {link for row in feed for link in pictures(row)} | {str(query["photo"]) for query in queries}
    lying = {f"{folder}/{path.name}" for folder in ("pictures", "photos") for path in (SHOP / folder).iterdir()}
    assert lying == named


def test_the_shop_stays_small_enough_to_ship() -> None:
    assert sum(path.stat().st_size for path in SHOP.rglob("*") if path.is_file()) < 25_000_000


def test_rows_are_fit_to_sell(feed: list[dict[str, str]]) -> None:
    for row in feed:
        assert row["price"].endswith(" USD"), row["id"]
        price = float(row["price"].split()[0])
        assert price > 0, row["id"]
        if row["sale_price"]:
            assert 0 < float(row["sale_price"].split()[0]) < price, row["id"]
        assert row["availability"] in {"in_stock", "out_of_stock", "backorder"}
        assert all(row[name] for name in ("title", "description", "brand", "material")), row["id"]
        assert row["custom_label_1"] == row["color"].split("/")[0], row["id"]
    assert {row["availability"] for row in feed} >= {"in_stock", "out_of_stock"}
    assert 8 <= len({row["brand"] for row in feed}) <= 14
    assert 0.05 < sum(bool(row["sale_price"]) for row in feed) / len(feed) < 0.4


def test_gtins_have_a_right_check_digit(feed: list[dict[str, str]]) -> None:
    for row in feed:
        if row["gtin"]:
            digits = [int(digit) for digit in row["gtin"]]
            assert len(digits) == 13, row["id"]
            assert sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0, row["id"]


def test_groups_hold_variants_of_one_type(feed: list[dict[str, str]]) -> None:
    groups = defaultdict(list)
    for row in feed:
        groups[row["item_group_id"]].append(row)
    for group, rows in groups.items():
        assert len({row["custom_label_0"] for row in rows}) == 1, group
        assert len({row["custom_label_1"] for row in rows}) == len(rows), group
        assert len(rows) <= 4, group
    assert Counter(len(rows) >= 2 for rows in groups.values())[True] / len(groups) > 0.95


def test_queries_speak_of_products_in_the_feed(feed: list[dict[str, str]], queries: list[dict[str, Any]]) -> None:
    products = {row["id"]: row for row in feed}
    words = {row["custom_label_0"] for row in feed}
    for query in queries:
        if query["sold"]:
            row = products[query["product"]]
            assert query["group"] == row["item_group_id"]
            assert query["type"] == row["custom_label_0"]
            assert query["color"] == row["custom_label_1"]
            assert query["material"] == row["material"]
        else:
            assert query["product"] is query["group"] is query["color"] is None
            assert query["type"] not in words


def test_boxes_lie_inside_the_upright_photo(queries: list[dict[str, Any]]) -> None:
    for query in queries:
        box = query["box"]
        assert min(box["width"], box["height"]) > 0.04, query["photo"]
        assert min(box.values()) >= 0, query["photo"]
        assert max(box["x"] + box["width"], box["y"] + box["height"]) <= 1.0001, query["photo"]


def test_splits_share_no_group_and_no_unsold_kind(queries: list[dict[str, Any]]) -> None:
    halves: dict[str, set[str]] = {"fit": set(), "test": set()}
    for query in queries:
        halves[query["split"]].add(query["group"] or query["type"])
    assert not halves["fit"] & halves["test"]
    share = sum(query["split"] == "fit" for query in queries) / len(queries)
    assert 0.35 < share < 0.65


def test_photos_are_taken_under_varied_conditions(queries: list[dict[str, Any]]) -> None:
    assert len({query["conditions"]["light"] for query in queries}) >= 4
    turned = [query for query in queries if query["conditions"]["orientation"] != 1]
    assert len(turned) >= 20
    for query in turned:
        with Image.open(SHOP / query["photo"]) as photo:
            upright = ImageOps.exif_transpose(photo)
            expected = query["conditions"]["aspect"]
            assert upright.width / upright.height == pytest.approx(expected, rel=0.02), query["photo"]
