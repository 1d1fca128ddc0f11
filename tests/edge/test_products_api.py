"""Single products over HTTP: read, look-alikes, put, patch, delete."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests.builders import a_photo_file
from tests.edge.conftest import serving
from tests.edge.problems import assert_problem

pytestmark = pytest.mark.anyio

LAMP = {
    "title": "A yellow plank lamp",
    "brand": "Solvik",
    "type": "lamp",
    "category": ["Things", "Lamps"],
    "price": {"amount": "77.00", "currency": "USD"},
    "color": "yellow",
}


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a shop whose pictures lie in its own network."""
    async with serving(settings.model_copy(update={"fetch_private": True})) as made:
        yield made


async def test_a_product_is_shown_whole(client: httpx.AsyncClient) -> None:
    response = await client.get("/products/ring-teal")
    product = response.json()
    assert response.status_code == 200
    assert product["title"] == "A teal ring"
    assert product["images"] == ["ring-teal-1.jpg", "ring-teal-2.jpg"]
    assert product["image"] == "/media/ring-teal-1.jpg"
    assert {"name": "color", "value": "teal", "confidence": 1.0, "source": "feed"} in product["attributes"]


async def test_similar_products_leave_the_product_itself_out(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/products/ring-teal/similar", params={"limit": "3"})).json()
    ids = [item["product"]["id"] for item in answer["items"]]
    assert "ring-teal" not in ids
    assert ids
    assert answer["analysis"] is None


async def test_similar_takes_the_same_filters_as_a_search(client: httpx.AsyncClient) -> None:
    response = await client.get("/products/ring-teal/similar", params={"filters": '{"brand": ["Nordhem"]}'})
    assert {item["product"]["brand"] for item in response.json()["items"]} == {"Nordhem"}


@pytest.mark.parametrize("path", ["/products/none", "/products/none/similar"])
async def test_an_unknown_product_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    assert_problem(await client.get(path), "product-not-found")


async def test_a_put_product_is_found_by_photo_and_by_words_at_once(client: httpx.AsyncClient, pictures: str) -> None:
    put = await client.put("/products/lamp-1", json={**LAMP, "images": [f"{pictures}/plank-yellow-1.jpg"]})
    assert put.status_code == 201, put.text
    assert put.json()["created"] is True
    assert put.json()["warnings"] == []
    shown = (await client.get("/products/lamp-1")).json()
    assert shown == put.json()["product"]
    assert shown["type"] == "lamp"
    assert shown["price"] == {"amount": "77.00", "currency": "USD"}
    photo = {"photo": ("x.jpg", a_photo_file("plank", "yellow", seed=3))}
    by_photo = (await client.post("/search-by-photo", files=photo)).json()
    assert by_photo["items"][0]["product"]["id"] == "lamp-1"
    by_words = (await client.get("/search", params={"text": "yellow lamp"})).json()
    assert by_words["items"][0]["product"]["id"] == "lamp-1"


async def test_putting_again_replaces(client: httpx.AsyncClient, pictures: str) -> None:
    stated = {**LAMP, "images": [f"{pictures}/plank-yellow-1.jpg"]}
    await client.put("/products/lamp-1", json=stated)
    again = await client.put("/products/lamp-1", json={**stated, "title": "Another lamp", "brand": ""})
    assert again.status_code == 200
    assert again.json()["created"] is False
    assert (await client.get("/products/lamp-1")).json()["brand"] == ""


async def test_an_id_may_hold_a_slash(client: httpx.AsyncClient, pictures: str) -> None:
    stated = {**LAMP, "images": [f"{pictures}/plank-yellow-1.jpg"]}
    assert (await client.put("/products/a%2Fb%20c", json=stated)).status_code == 201
    assert (await client.get("/products/a%2Fb%20c")).json()["id"] == "a/b c"
    assert (await client.get("/products/a%2Fb%20c/similar")).status_code == 200


async def test_a_picture_that_cannot_be_had_is_a_warning_while_another_can(
    client: httpx.AsyncClient, pictures: str
) -> None:
    images = [f"{pictures}/plank-yellow-1.jpg", f"{pictures}/absent.jpg", f"{pictures}/broken.jpg"]
    put = await client.put("/products/lamp-1", json={**LAMP, "images": images})
    assert put.status_code == 201, put.text
    warnings = put.json()["warnings"]
    assert [warning["field"] for warning in warnings] == ["images", "images"]
    assert all(warning["fix"] for warning in warnings)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"images": []}, "images"),
        ({"images": ["ftp://shop.example/a.jpg"]}, "images"),
        ({"images": ["file:///etc/passwd"]}, "images"),
        ({"images": ["ring-teal-1.jpg"]}, "images"),
        ({"images": ["{pictures}/absent.jpg"]}, "images"),
        ({"images": ["{pictures}/broken.jpg"]}, "images"),
    ],
)
async def test_a_product_without_a_usable_picture_is_refused(
    client: httpx.AsyncClient, pictures: str, changes: dict[str, list[str]], field: str
) -> None:
    images = [url.replace("{pictures}", pictures) for url in changes["images"]]
    response = await client.put("/products/lamp-1", json={**LAMP, "images": images})
    problem = assert_problem(response, "invalid-product")
    assert field in {entry["field"] for entry in problem["extra"]["errors"]}
    assert_problem(await client.get("/products/lamp-1"), "product-not-found")


async def test_pictures_from_private_addresses_are_refused_by_default(settings: Settings, pictures: str) -> None:
    async with serving(settings) as client:
        response = await client.put("/products/lamp-1", json={**LAMP, "images": [f"{pictures}/plank-yellow-1.jpg"]})
        assert_problem(response, "invalid-product")


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": 7},
        {"price": {"amount": 12.5, "currency": "USD"}},
        {"price": {"amount": "-1", "currency": "USD"}},
        {"price": {"amount": "1", "currency": "dollars"}},
        {"availability": "maybe"},
        {"colour": "yellow"},
        {"images": "a.jpg"},
    ],
)
async def test_members_with_wrong_values_are_named(client: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    stated = {**LAMP, "images": ["https://shop.example/a.jpg"], **wrong}
    problem = assert_problem(await client.put("/products/lamp-1", json=stated), "invalid-request")
    (name,) = wrong
    assert any(entry["field"].startswith(name) for entry in problem["extra"]["errors"])


async def test_a_patch_changes_what_it_names_and_keeps_the_pictures(client: httpx.AsyncClient) -> None:
    before = (await client.get("/products/ring-teal")).json()
    patch = {"sale_price": {"amount": "9.00", "currency": "USD"}, "color": "petrol", "brand": None}
    response = await client.patch(
        "/products/ring-teal", json=patch, headers={"content-type": "application/merge-patch+json"}
    )
    assert response.status_code == 200, response.text
    after = (await client.get("/products/ring-teal")).json()
    assert after["sale_price"] == patch["sale_price"]
    assert after["brand"] == ""
    assert ("color", "petrol") in {(one["name"], one["value"]) for one in after["attributes"]}
    assert ("color", "teal") not in {(one["name"], one["value"]) for one in after["attributes"]}
    unchanged = set(before) - {"sale_price", "brand", "color", "attributes"}
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}
    photo = {"photo": ("x.jpg", a_photo_file("ring", "teal", seed=7))}
    found = (await client.post("/search-by-photo", files=photo)).json()
    assert found["items"][0]["product"]["id"] == "ring-teal"


async def test_a_patch_with_new_pictures_looks_at_them(client: httpx.AsyncClient, pictures: str) -> None:
    patch = {"images": [f"{pictures}/cross-yellow-1.jpg"]}
    response = await client.patch("/products/ring-teal", json=patch)
    assert response.status_code == 200, response.text
    photo = {"photo": ("x.jpg", a_photo_file("cross", "yellow", seed=4))}
    found = (await client.post("/search-by-photo", files=photo)).json()
    assert found["items"][0]["product"]["id"] == "ring-teal"


@pytest.mark.parametrize(
    ("patch", "code"),
    [
        ({"title": None}, "invalid-request"),
        ({"price": {"amount": "1e9"}}, "invalid-request"),
        ({"colour": "red"}, "invalid-request"),
        ({"images": []}, "invalid-product"),
        ([], "invalid-request"),
    ],
)
async def test_a_patch_that_cannot_be_applied_changes_nothing(client: httpx.AsyncClient, patch: Any, code: str) -> None:
    before = (await client.get("/products/ring-teal")).json()
    assert_problem(await client.patch("/products/ring-teal", json=patch), code)
    assert (await client.get("/products/ring-teal")).json() == before


async def test_patching_an_unknown_product_is_not_found(client: httpx.AsyncClient) -> None:
    assert_problem(await client.patch("/products/none", json={"brand": "x"}), "product-not-found")


async def test_a_deleted_product_is_gone(client: httpx.AsyncClient) -> None:
    assert (await client.delete("/products/ring-teal")).status_code == 204
    assert_problem(await client.get("/products/ring-teal"), "product-not-found")
    assert_problem(await client.delete("/products/ring-teal"), "product-not-found")
    photo = {"photo": ("x.jpg", a_photo_file("ring", "teal", seed=7))}
    found = (await client.post("/search-by-photo", files=photo)).json()
    assert "ring-teal" not in {item["product"]["id"] for item in found["items"]}
