"""What an operator may choose: several nodes, compression, how vectors are kept, the language, the synonyms."""

import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from elasticsearch import AsyncElasticsearch

from app.catalog import CatalogUnavailable, Product, Query, QueryVector, elasticsearch
from app.catalog.elasticsearch import ElasticsearchCatalog, ElasticsearchOptions
from app.settings import Settings, load_settings
from app.wiring import catalog_place, open_catalog, open_catalog_writer
from tests.builders import a_product, a_vector
from tests.elasticsearch.killer import watched
from tests.elasticsearch.proxy import proxy_to
from tests.real_elasticsearch import cleared

pytestmark = pytest.mark.anyio

DIMS = 64  # the least bbq_hnsw takes
TEMPLATES = Path(__file__).parents[2] / "es_templates"


@pytest.fixture
async def client(real_elasticsearch: str, anyio_backend: str) -> AsyncIterator[tuple[AsyncElasticsearch, str]]:
    """A client, and a prefix whose indices are gone afterwards."""
    prefix = f"o{secrets.token_hex(6)}"
    async with cleared(real_elasticsearch, prefix) as made:
        yield made, prefix


async def publish(settings: Settings, *products: Product) -> None:
    """Load these products with the settings' own writer."""
    writer, catalog = open_catalog_writer(settings), open_catalog(settings)
    try:
        begun = await writer.begin(embedder="test/1", dims=DIMS, source="feed", holder="tester")
        await writer.add(begun.id, products)
        await writer.verify(begun.id, expected_products=len(products))
        await catalog.publish(begun.id)
    finally:
        await writer.close()
        await catalog.close()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[ElasticsearchCatalog]:
    place = catalog_place(settings)
    assert isinstance(place, ElasticsearchOptions)
    catalog = elasticsearch.open_catalog(place)
    try:
        yield catalog
    finally:
        await catalog.close()


async def found(catalog: ElasticsearchCatalog, query: Query) -> list[str]:
    return [item.product_id for item in (await (await catalog.snapshot()).retrieve(query)).items]


def some(count: int = 6) -> list[Product]:
    return [a_product(f"p{number}", seed=number, dims=DIMS) for number in range(count)]


async def test_one_of_several_nodes_is_enough(client: tuple[AsyncElasticsearch, str], real_elasticsearch: str) -> None:
    """One that never was there, one that goes away between two searches, and one that answers."""
    _, prefix = client
    async with proxy_to(real_elasticsearch) as proxy:
        nodes = f"http://127.0.0.1:9, {proxy.address}, {real_elasticsearch}"
        settings = load_settings(catalog=nodes, elasticsearch_prefix=prefix)
        await publish(settings, *some())
        async with opened(settings) as catalog:
            for mode in ("pass", "refuse", "pass", "reset"):
                await proxy.turn(mode)
                for _ in range(6):
                    assert len(await found(catalog, Query(text="armchair"))) == 6
                    await catalog.put(a_product("p1", seed=1, dims=DIMS))
        async with opened(load_settings(catalog="http://127.0.0.1:9,http://127.0.0.1:10")) as catalog:
            with pytest.raises(CatalogUnavailable, match="cannot be reached"):
                await catalog.ping()
        async with opened(load_settings(catalog="http://127.1:9200")) as catalog:
            with pytest.raises(CatalogUnavailable, match="no address"):
                await catalog.ping()


async def test_what_leaves_the_machine_is_compressed(
    client: tuple[AsyncElasticsearch, str], real_elasticsearch: str
) -> None:
    _, prefix = client
    async with watched(real_elasticsearch) as proxy:
        for host, is_packed in (("0.0.0.0", True), ("127.0.0.1", False)):  # noqa: S104 - this machine too, but it looks far
            proxy.asked.clear()
            address = f"http://{host}:{urlsplit(proxy.address).port}"
            settings = load_settings(catalog=address, elasticsearch_prefix=prefix)
            await publish(settings, *some())
            async with opened(settings) as catalog:
                assert len(await found(catalog, Query(text="armchair"))) == 6
            large = [one for one in proxy.asked if len(one.body) > 2_000]
            assert large
            assert {one.headers.get("content-encoding") == "gzip" for one in large} == {is_packed}
            assert {"gzip" in one.headers.get("accept-encoding", "") for one in proxy.asked} == {is_packed}


@pytest.mark.parametrize("kind", ["bbq_hnsw", "hnsw", "int8_hnsw"])
async def test_vectors_are_kept_as_chosen(
    client: tuple[AsyncElasticsearch, str], real_elasticsearch: str, kind: str
) -> None:
    """And searched through the graph."""
    direct, prefix = client
    settings = load_settings(catalog=real_elasticsearch, elasticsearch_prefix=prefix, elasticsearch_vectors=kind)
    await publish(settings, *some(40))
    (mapping,) = (await direct.indices.get_mapping(index=f"{prefix}-products")).values()
    vector = mapping["mappings"]["properties"]["images"]["properties"]["vector"]
    assert (vector["index_options"]["type"], vector["dims"]) == (kind, DIMS)
    place = catalog_place(settings)
    assert isinstance(place, ElasticsearchOptions)
    catalog = elasticsearch.open_catalog(ElasticsearchOptions(hosts=place.hosts, prefix=prefix, exact_pictures=0))
    for number in (3, 17, 39):
        look = QueryVector("test/1", a_vector(number, DIMS))
        assert (await found(catalog, Query(look, limit=3)))[0] == f"p{number}"
    await catalog.close()


@pytest.mark.parametrize(
    ("language", "title", "asked"),
    [("german", "Grüne Stühle", "stuhl"), ("french", "Chaises rouges", "chaise rouge"), ("english", "Chairs", "chair")],
)
async def test_words_are_read_in_the_shops_language(
    client: tuple[AsyncElasticsearch, str], real_elasticsearch: str, language: str, title: str, asked: str
) -> None:
    _, prefix = client
    settings = load_settings(catalog=real_elasticsearch, elasticsearch_prefix=prefix, elasticsearch_language=language)
    plain = a_product("other", dims=DIMS, title="Lampe", description="", type=None, category=())
    named = a_product("p1", dims=DIMS, title=title, description="", type=None, category=())
    await publish(settings, named, plain)
    async with opened(settings) as catalog:
        assert await found(catalog, Query(text=asked)) == ["p1"]


async def test_synonyms_are_a_file_the_shop_edits(
    client: tuple[AsyncElasticsearch, str], real_elasticsearch: str, tmp_path: Path
) -> None:
    """A change counts from the next load on."""
    _, prefix = client
    folder = tmp_path / "es_templates"
    shutil.copytree(TEMPLATES, folder)
    where = {"catalog": real_elasticsearch, "elasticsearch_prefix": prefix}
    products = [a_product("p1", dims=DIMS, title="Zabuton"), a_product("p2", dims=DIMS, title="Lamp")]
    for words, expected in (("", []), ("zabuton, floor pillow\n", ["p1"])):
        (folder / "synonyms.txt").write_text(words, encoding="utf-8")
        settings = load_settings(**where, elasticsearch_templates=folder)
        await publish(settings, *products)
        async with opened(settings) as catalog:
            assert await found(catalog, Query(text="floor pillow")) == expected


def _drop_index_templates(folder: Path) -> None:
    shutil.rmtree(folder / "index")


def _break_json(folder: Path) -> None:
    (folder / "index" / "products.json").write_text("{", encoding="utf-8")


@pytest.mark.parametrize("harm", [_drop_index_templates, _break_json, shutil.rmtree])
async def test_templates_that_cannot_be_read_are_named(
    client: tuple[AsyncElasticsearch, str], real_elasticsearch: str, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    direct, prefix = client
    folder = tmp_path / "es_templates"
    shutil.copytree(TEMPLATES, folder)
    harm(folder)
    settings = load_settings(catalog=real_elasticsearch, elasticsearch_prefix=prefix, elasticsearch_templates=folder)
    writer = open_catalog_writer(settings)
    with pytest.raises(CatalogUnavailable, match="es_templates") as told:
        await writer.begin(embedder="test/1", dims=DIMS, source="feed", holder="tester")
    assert "AKIN_ELASTICSEARCH_TEMPLATES" in (told.value.fix or "")
    await writer.close()
    assert not (await direct.indices.get(index=f"{prefix}-*")).body
