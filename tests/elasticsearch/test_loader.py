"""The same programs with AKIN_CATALOG at an Elasticsearch: nothing else changes."""

import json
import secrets
from pathlib import Path

import pytest

from app.catalog import OneOf, Query, sqlite
from app.catalog.model import FacetField
from app.settings import load_settings
from app.wiring import open_catalog
from bench.drawn_shop import run_loader, write_shop
from tests.real_elasticsearch import cleared

pytestmark = pytest.mark.anyio


async def test_a_feed_is_loaded_loaded_again_added_to_and_rolled_back(real_elasticsearch: str, tmp_path: Path) -> None:
    """And after each of these the embedded copy is of what is published."""
    where = {
        "AKIN_CATALOG": real_elasticsearch,
        "AKIN_ELASTICSEARCH_PREFIX": f"l{secrets.token_hex(6)}",
        "AKIN_CATALOG_FALLBACK": f"sqlite:///{tmp_path / 'copy.db'}",
    }
    settings = load_settings(catalog=where["AKIN_CATALOG"], elasticsearch_prefix=where["AKIN_ELASTICSEARCH_PREFIX"])
    write_shop(tmp_path, 6)
    write_shop(tmp_path, 8, name="more.tsv")
    async with cleared(real_elasticsearch, settings.elasticsearch_prefix):
        loaded = run_loader(tmp_path, "load", "feed.tsv", "--type-from", "custom_label_0", "--json", **where)
        assert loaded.returncode == 0, loaded.stderr
        assert json.loads(loaded.stdout)["products"] == 6
        assert await products_in(tmp_path / "copy.db") == 6
        again = run_loader(tmp_path, "load", "feed.tsv", "--type-from", "custom_label_0", "--json", **where)
        assert json.loads(again.stdout)["outcome"] == "unchanged", again.stderr
        more = run_loader(tmp_path, "load", "--delta", "more.tsv", "--type-from", "custom_label_0", "--json", **where)
        assert json.loads(more.stdout)["products"] == 8, more.stderr
        assert await products_in(tmp_path / "copy.db") == 8

        catalog = open_catalog(settings)
        snapshot = await catalog.snapshot()
        assert await snapshot.artifact("teaching")
        found = await snapshot.retrieve(Query(text="red balls", filters=(OneOf(FacetField.TYPE, ("ball",)),)))
        assert found.items[0].product_id == "p0"
        await catalog.close()

        rolled_back = run_loader(tmp_path, "rollback", **where)
        assert rolled_back.returncode == 0, rolled_back.stderr
        assert await products_in(tmp_path / "copy.db") == 6
        status = run_loader(tmp_path, "status", "--json", **where)
        assert '"products": 6' in status.stdout, status.stdout


async def products_in(file: Path) -> int:
    """How many products a catalog file has on sale."""
    catalog = sqlite.open_catalog(file)
    try:
        return (await catalog.snapshot()).generation.products
    finally:
        await catalog.close()
