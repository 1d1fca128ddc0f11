"""The same shop and the same questions on both engines; `make prove ONLY=es.congruence` asks many more."""

import logging
import secrets
from pathlib import Path

import numpy as np
import pytest

from app.catalog import Catalog, CatalogWriter, elasticsearch, sqlite
from tests.contracts.conftest import DIMS, EMBEDDER, Engine
from tests.contracts.congruence import a_question, a_shop, disagreements
from tests.real_elasticsearch import cleared

pytestmark = pytest.mark.anyio

logger = logging.getLogger(__name__)  # pytest shows the failing case


@pytest.mark.parametrize("exact_pictures", [4_000, 0], ids=["one by one", "through the graph"])
async def test_both_engines_answer_alike(real_elasticsearch: str, tmp_path: Path, exact_pictures: int) -> None:
    prefix = f"c{secrets.token_hex(6)}"
    options = elasticsearch.ElasticsearchOptions(
        hosts=(real_elasticsearch,), prefix=prefix, exact_pictures=exact_pictures
    )
    file = tmp_path / "akin.db"
    catalogs: tuple[Catalog, Catalog] = (sqlite.open_catalog(file), elasticsearch.open_catalog(options))
    embedded, remote = sqlite.open_writer(file), elasticsearch.open_writer(options)
    writers: tuple[CatalogWriter, CatalogWriter] = (embedded, remote)
    rng = np.random.default_rng([4, exact_pictures])
    async with cleared(real_elasticsearch, prefix):
        products = a_shop(rng)
        for catalog, writer in zip(catalogs, writers, strict=True):
            engine = Engine(catalog, writer, lambda: pytest.fail("one writer is enough"))
            await engine.publish(*products, embedder=EMBEDDER, dims=DIMS)
        one, other = [await catalog.snapshot() for catalog in catalogs]
        for _ in range(25):
            query = a_question(rng, products)
            logger.info("%s", query)
            assert await disagreements(query, one, other) == []
        await embedded.close()
        await remote.close()
        for catalog in catalogs:
            await catalog.close()
