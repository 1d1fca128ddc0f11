"""Shops and judged photos in a folder, made ready for measuring the whole product: feed, catalog file, queries.

Everything goes the way a retailer's data goes: a feed file, `catalog-loader load`, `akin evaluate`.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.promise import NotMeasurable

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "data"
DEMO = ROOT / "demo_shop"


@dataclass(frozen=True, slots=True)
class Shop:
    """A loaded catalog and the photos to search it with.

    catalog: the AKIN_CATALOG setting. queries: judged photos in the format of docs/evaluation.md. settings: other
    settings that load and search have in common.
    """

    catalog: str
    queries: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def environment(self, **more: str) -> dict[str, str]:
        """The environment for our programs, with this catalog."""
        folder = self.queries.parent
        return {
            **clean_environment(),
            **self.settings,
            "AKIN_CATALOG": self.catalog,
            "AKIN_PHOTO_STORE": str(folder / "photos.db"),
            "AKIN_EVENTS": str(folder / "events.db"),
            "AKIN_INSIGHTS": str(folder / "insights"),
        } | more


def clean_environment() -> dict[str, str]:
    """This process's environment without anybody's AKIN_ settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AKIN_")}


@contextmanager
def demo_shop() -> Iterator[Shop]:
    """The demo shop, loaded into a catalog file of its own."""
    if not (DEMO / "feed.tsv").exists():
        raise NotMeasurable("demo_shop/feed.tsv is missing; make render makes it")
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(f"sqlite:///{folder}/akin.db", Path(folder) / "queries.jsonl")
        rows = [json.loads(line) for line in (DEMO / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
        _write_lines(shop.queries, ({**row, "photo": str(DEMO / row["photo"])} for row in rows))
        load(shop, DEMO / "feed.tsv", "--type-from", "custom_label_0")
        yield shop


@contextmanager
def shared_shop(name: str, *, unloaded: bool = False, **settings: str) -> Iterator[Shop]:
    """One of the measuring sets beside the checkout ("grocery", "household", "clothing"), loaded as a shop.

    unloaded: only its feed.jsonl is written, beside the queries.
    """
    if not SHARED.is_dir():
        raise NotMeasurable("../shared/data is not beside the checkout")
    with (SHARED / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] == name and _promised(name, row)]
    products = [row for row in rows if row["kind"] == "catalog"]
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(f"sqlite:///{folder}/akin.db", Path(folder) / "queries.jsonl", settings)
        _write_lines(Path(folder) / "feed.jsonl", _feed_rows(products))
        _write_lines(shop.queries, (_judged(row, products) for row in rows if row["kind"] == "query"))
        if not unloaded:
            load(shop, Path(folder) / "feed.jsonl")
        yield shop


def load(shop: Shop, feed: Path, *options: str) -> None:
    """Run `catalog-loader load` on a feed. Raises NotMeasurable with its last words when it does not end well."""
    command = [sys.executable, "-m", "catalog_loader", "load", str(feed), *options]
    done = subprocess.run(command, cwd=ROOT, env=shop.environment(), check=False, capture_output=True, text=True)
    if done.returncode not in {0, 1}:
        raise NotMeasurable(f"catalog-loader ended with {done.returncode}: {(done.stderr or done.stdout)[-400:]}")


def evaluate(shop: Shop, *options: str) -> dict[str, object]:
    """Run `akin evaluate` and return its JSON. Raises NotMeasurable with its last words when it fails."""
    report = shop.queries.parent / "evaluation.json"
    command = [sys.executable, "-m", "app.cli", "evaluate", str(shop.queries), "--json", str(report), *options]
    done = subprocess.run(command, cwd=ROOT, env=shop.environment(), check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise NotMeasurable(f"akin evaluate ended with {done.returncode}: {(done.stderr or done.stdout)[-400:]}")
    found: dict[str, object] = json.loads(report.read_text(encoding="utf-8"))
    return found


def _feed_rows(rows: Sequence[Mapping[str, str]]) -> Iterator[Mapping[str, object]]:
    """One product per identity, with all its catalog pictures; clothing has no identities, so each photo is one."""
    products: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        products.setdefault(_identity(row), []).append(row)
    for identity, pictures in products.items():
        first = pictures[0]
        links = [(SHARED / picture["path"]).as_uri() for picture in pictures]
        category = " > ".join(part for part in (first["department"], first["type"]) if part)
        yield {
            "id": identity,
            "title": first["title"] or identity.replace("_", " ").replace("-", " "),
            "description": first["description"],
            "image_link": links[0],
            "additional_image_link": links[1:],
            "product_type": category,
            "availability": "in_stock",
        }


def _judged(row: Mapping[str, str], products: Sequence[Mapping[str, str]]) -> Mapping[str, object]:
    """Where a photo shows a known product, that one is right; else every product of its type is (grade 1)."""
    truth: dict[str, object] = {"photo": str(SHARED / row["path"]), "type": row["type"], "sold": True, "split": "test"}
    if row["product"]:
        return truth | {"product": row["product"]}
    return truth | {"judgments": {_identity(one): 1 for one in products if one["type"] == row["type"]}}


def _identity(row: Mapping[str, str]) -> str:
    return row["product"] or Path(row["path"]).stem


def _promised(name: str, row: Mapping[str, str]) -> bool:
    """Household's promise is about 30 phone photos of 91 products: its 500 x 500 photos were taken in a studio, and
    three products of another collection (Amazon ids) stand beside the 91."""
    if name != "household":
        return True
    studio = row["kind"] == "query" and row["width"] == row["height"] == "500"
    return not studio and not row["product"].startswith("B0")


def _write_lines(path: Path, rows: Iterator[Mapping[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
