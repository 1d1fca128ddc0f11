"""The label queries of docs/http.md, as a caller types them."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from app.catalog import SeenLabel
from app.catalog.sqlite import open_catalog, open_writer
from app.settings import Settings
from tests.builders import a_product
from tests.edge.conftest import serving
from tests.edge.problems import assert_problem

pytestmark = pytest.mark.anyio

DOCS = Path(__file__).parents[2] / "docs" / "http.md"
LABELS: dict[str, dict[str, float]] = {
    "lund-chair-teal": {"Chair": 0.95, "Furniture": 0.9, "Velvet": 0.4},
    "fjell-chair": {"chair": 0.6, "furniture": 0.8},
    "stool": {"seat": 0.97, "chair": 0.3},
    "lamp": {"lamp": 0.99},
}


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a shop whose four products were labeled by some vendor."""
    await publish_labeled(settings)
    async with serving(settings) as made:
        yield made


async def publish_labeled(settings: Settings) -> None:
    """Load and publish the labeled products."""
    assert settings.sqlite_path is not None
    writer = open_writer(settings.sqlite_path)
    try:
        begun = await writer.begin(embedder="test/1", dims=16, source="labels", holder="tests")
        products = [
            a_product(
                product_id,
                title=f"The {product_id}",
                seed=number,
                labels=tuple(SeenLabel(name, sure, "google_vision") for name, sure in labels.items()),
            )
            for number, (product_id, labels) in enumerate(LABELS.items())
        ]
        await writer.add(begun.id, products)
        await writer.verify(begun.id, expected_products=len(products))
        catalog = open_catalog(settings.sqlite_path)
        await catalog.publish(begun.id)
        await catalog.close()
    finally:
        await writer.close()


async def listed(client: httpx.AsyncClient, **parameters: Any) -> dict[str, Any]:
    """The answer of GET /products; filters as an object."""
    if "filters" in parameters:
        parameters["filters"] = json.dumps(parameters["filters"])
    response = await client.get("/products", params=parameters)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def ids(answer: dict[str, Any]) -> list[str]:
    return [item["id"] for item in answer["items"]]


async def test_products_by_label_and_confidence(client: httpx.AsyncClient) -> None:
    assert ids(await listed(client, filters={"label": ["chair"]})) == ["fjell-chair", "lund-chair-teal"]
    assert ids(await listed(client, filters={"label": "CHAIR", "label_confidence": 0.9})) == ["lund-chair-teal"]
    assert ids(await listed(client, filters={"label": ["chair"], "label_confidence": 0})) == [
        *("fjell-chair", "lund-chair-teal", "stool")
    ]
    assert ids(await listed(client, filters={"label": ["lamp", "seat"]})) == ["lamp", "stool"]
    nothing = await listed(client, filters={"label": ["sofa"]})
    assert (nothing["items"], nothing["total"], nothing["next_cursor"]) == ([], 0, None)


async def test_products_by_title(client: httpx.AsyncClient) -> None:
    found = (await client.get("/search", params={"text": "stool"})).json()
    assert found["items"][0]["product"]["id"] == "stool"


async def test_labels_of_a_product(client: httpx.AsyncClient) -> None:
    product = (await client.get("/products/lund-chair-teal")).json()
    assert {(label["name"], label["confidence"], label["source"]) for label in product["labels"]} == {
        ("Chair", 0.95, "google_vision"), ("Furniture", 0.9, "google_vision"), ("Velvet", 0.4, "google_vision"),
    }  # fmt: skip


async def test_label_counts_as_chart_data(client: httpx.AsyncClient) -> None:
    """Exact over all that passes, whatever the page; and true to the filter."""
    whole = await listed(client, facets="label", limit=1)
    assert whole["total"] == 4
    assert whole["facets"] == {
        "label": [
            {"value": "chair", "count": 2}, {"value": "furniture", "count": 2},
            {"value": "lamp", "count": 1}, {"value": "seat", "count": 1},
        ]
    }  # fmt: skip
    for bar in whole["facets"]["label"]:
        assert (await listed(client, filters={"label": [bar["value"]]}))["total"] == bar["count"]
    chairs = await listed(client, facets="label, brand", facet_limit=1, filters={"label": ["chair"]})
    assert chairs["facets"] == {
        "label": [{"value": "chair", "count": 2}],
        "brand": [{"value": "Nordhem", "count": 2}],
    }


async def test_a_list_goes_on_page_by_page(client: httpx.AsyncClient) -> None:
    seen: list[str] = []
    parameters: dict[str, Any] = {"limit": 3}
    while True:
        page = await listed(client, **parameters)
        assert page["total"] == 4
        seen += ids(page)
        if page["next_cursor"] is None:
            break
        parameters["cursor"] = page["next_cursor"]
    assert seen == sorted(LABELS)


async def test_a_photo_s_answer_counts_labels_too(client: httpx.AsyncClient) -> None:
    found = (await client.get("/search", params={"text": "chair", "filters": '{"label": ["furniture"]}'})).json()
    assert {facet["value"] for facet in found["facets"]["label"]} == {"chair", "furniture"}


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"text": "chair"}, "invalid-request"),
        ({"facets": "labels"}, "invalid-request"),
        ({"facet_limit": "0"}, "invalid-request"),
        ({"facet_limit": "1001"}, "invalid-request"),
        ({"limit": "0"}, "invalid-request"),
        ({"cursor": "é"}, "invalid-cursor"),
        ({"cursor": "_w"}, "invalid-cursor"),
        ({"filters": '{"labels": ["chair"]}'}, "unknown-filter"),
        ({"filters": '{"label_confidence": 0.9}'}, "invalid-request"),
        ({"filters": '{"label": ["chair"], "label_confidence": "0.9"}'}, "invalid-request"),
        ({"filters": '{"label": ["chair"], "label_confidence": 1.1}'}, "invalid-request"),
        ({"filters": '{"label": ["chair"], "label_confidence": true}'}, "invalid-request"),
        ({"filters": '{"label": []}'}, "invalid-request"),
        ({"filters": "{"}, "invalid-json"),
    ],
)
async def test_wrong_questions_are_told(client: httpx.AsyncClient, parameters: dict[str, str], code: str) -> None:
    assert_problem(await client.get("/products", params=parameters), code)


async def test_the_documented_questions_are_answered(client: httpx.AsyncClient) -> None:
    """Every `GET /…?…` of the manual's table, as it stands there."""
    section = DOCS.read_text(encoding="utf-8").partition("## Labels, lists, charts")[2].partition("\n## ")[0]
    questions = re.findall(r"`GET (/[a-z]+)\?([^`]+)`", section)
    assert len(questions) >= 6
    for path, query in questions:
        response = await client.get(path, params=parse_qsl(query))
        assert response.status_code == 200, (path, query, response.text)
        assert response.json()["total"] >= 1, (path, query)
