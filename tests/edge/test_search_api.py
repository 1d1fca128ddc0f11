"""Searching over HTTP, against the real application with a real catalog, decoder and eyes."""

import json
from typing import Any

import anyio
import httpx
import pytest

from app.analysis import Box, PhotoAnalysis
from app.catalog import Catalog
from app.photos import Photo
from app.search import VisualSearch, shipped_calibration
from app.settings import Settings
from app.wiring import open_catalog
from tests.builders import a_photo_file
from tests.edge.conftest import BRANDS, INKS, serving, settings_in
from tests.edge.problems import assert_problem

pytestmark = pytest.mark.anyio


async def search(client: httpx.AsyncClient, shape: str = "ring", ink: str = "teal", **fields: str) -> dict[str, Any]:
    """Search with a drawing the shop has not seen."""
    response = await post(client, {"photo": ("x.jpg", a_photo_file(shape, ink, seed=7))}, **fields)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def post(client: httpx.AsyncClient, files: dict[str, Any] | None = None, **fields: str) -> httpx.Response:
    """Post a form; httpx only makes it multipart when every field is given as a part."""
    parts: dict[str, Any] = {name: (None, value) for name, value in fields.items()}
    return await client.post("/search-by-photo", files={**parts, **(files or {})})


async def test_a_photo_finds_the_product_with_reasons(client: httpx.AsyncClient) -> None:
    answer = await search(client, "ring", "teal")
    best = answer["items"][0]
    assert best["product"]["id"] == "ring-teal"
    assert best["product"]["price"] == {"amount": "40.50", "currency": "USD"}
    assert best["product"]["category"] == ["Things", "Rings"]
    assert best["product"]["image"].startswith("/media/ring-teal-")
    assert best["product"]["link"] == "https://shop.example/p/ring-teal"
    assert best["match"] in {"exact", "close", "loose"}
    for item in answer["items"]:
        assert sum(reason["weight"] for reason in item["reasons"]) == pytest.approx(item["score"], abs=1e-6)
    assert [item["score"] for item in answer["items"]] == sorted((i["score"] for i in answer["items"]), reverse=True)
    assert answer["analysis"]["colors"][0]["hex"].startswith("#")
    assert answer["generation"]["published_at"]
    assert answer["degraded"] == []
    assert {"decode", "analyze", "retrieve", "rank"} <= set(answer["timings_ms"])


async def test_what_the_catalog_taught_reaches_the_answer(client: httpx.AsyncClient) -> None:
    answer = await search(client, "ring", "red")
    assert answer["analysis"]["type"]["name"] == "ring"


async def test_total_and_facets_count_the_whole_result_set(client: httpx.AsyncClient) -> None:
    answer = await search(client, limit="1")
    assert len(answer["items"]) == 1
    assert answer["total"] > 1
    assert sum(one["count"] for one in answer["facets"]["brand"]) == answer["total"]


async def test_filters_narrow_items_total_and_facets_together(client: httpx.AsyncClient) -> None:
    answer = await search(client, filters=json.dumps({"brand": "fjell", "price_max": "45"}))
    assert {item["product"]["brand"] for item in answer["items"]} == {BRANDS["teal"]}
    assert all(float(item["product"]["price"]["amount"]) <= 45 for item in answer["items"])
    assert [one["value"] for one in answer["facets"]["brand"]] == [BRANDS["teal"]]
    assert answer["total"] == len(answer["items"])


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({"type": ["ring"]}, {f"ring-{ink}" for ink in INKS}),
        ({"category": "Things > Rings"}, {f"ring-{ink}" for ink in INKS}),
        ({"color": ["teal"], "type": ["ring", "ball"]}, {"ring-teal", "ball-teal"}),
        ({"availability": "in_stock", "type": "ring"}, {"ring-red"}),
        ({"price_min": 40, "price_max": 41}, {f"ring-{ink}" for ink in INKS}),
        ({"attributes": {"material": ["felt"]}, "type": "ring"}, {f"ring-{ink}" for ink in INKS}),
        ({"material": "felt", "pattern": "striped"}, set()),
    ],
)
async def test_each_filter_works_by_words(client: httpx.AsyncClient, filters: dict[str, Any], ids: set[str]) -> None:
    response = await client.get("/search", params={"text": "felt ring ball", "filters": json.dumps(filters)})
    assert response.status_code == 200, response.text
    found = {item["product"]["id"] for item in response.json()["items"]}
    assert found <= ids
    assert bool(found) == bool(ids)


async def test_pages_continue_with_photo_id_and_hold_every_product_once(client: httpx.AsyncClient) -> None:
    whole = await search(client, limit="100")
    page = await search(client, limit="2")
    photo_id, seen = page["photo_id"], [item["product"]["id"] for item in page["items"]]
    while page["next_cursor"]:
        response = await post(client, photo_id=photo_id, limit="2", cursor=page["next_cursor"])
        assert response.status_code == 200, response.text
        page = response.json()
        assert page["photo_id"] == photo_id
        assert page["total"] == whole["total"]
        seen += [item["product"]["id"] for item in page["items"]]
    assert len(seen) == len(set(seen)) == whole["total"]


async def test_a_search_by_photo_id_answers_what_the_photo_itself_did(client: httpx.AsyncClient) -> None:
    """To the last digit: a page that begins where another ended must be a page of the same order."""
    for crop in ("0,0,1,1", "0.1,0.1,0.8,0.8"):
        first = await search(client, limit="100", crop=crop)
        again = await post(client, photo_id=first["photo_id"], limit="100", crop=crop)
        assert again.json()["items"] == first["items"]
        assert again.json()["analysis"] == first["analysis"]


async def test_a_crop_is_the_region_of_the_answer(client: httpx.AsyncClient) -> None:
    answer = await search(client, crop="0.25,0.25,0.5,0.5")
    assert answer["analysis"]["region"] == {"x": 0.25, "y": 0.25, "width": 0.5, "height": 0.5}


async def test_search_by_words_finds_and_explains(client: httpx.AsyncClient) -> None:
    response = await client.get("/search", params={"text": "teal ring"})
    answer = response.json()
    assert answer["items"][0]["product"]["id"] == "ring-teal"
    assert "text" in {reason["code"] for reason in answer["items"][0]["reasons"]}
    assert (answer["photo_id"], answer["analysis"]) == (None, None)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"crop": "0.5,0.5,0.9,0.2"}, "invalid-crop"),
        ({"crop": "nan,0,1,1"}, "invalid-crop"),
        ({"crop": "0,0,1"}, "invalid-crop"),
        ({"limit": "0"}, "invalid-request"),
        ({"limit": "101"}, "invalid-request"),
        ({"limit": "ten"}, "invalid-request"),
        ({"filters": "{"}, "invalid-json"),
        ({"filters": "[" * 100_0}, "invalid-json"),
        ({"filters": "[]"}, "invalid-request"),
        ({"filters": '{"colour": "red"}'}, "unknown-filter"),
        ({"filters": '{"price_min": "cheap"}'}, "invalid-request"),
        ({"filters": '{"price_min": 1e999999999}'}, "invalid-request"),
        ({"filters": '{"price_min": 9, "price_max": 3}'}, "invalid-request"),
        ({"filters": '{"brand": []}'}, "invalid-request"),
        ({"filters": '{"availability": "soon"}'}, "invalid-request"),
        ({"filters": '{"attributes": ["shape"]}'}, "invalid-request"),
        ({"cursor": "nonsense"}, "invalid-cursor"),
        ({"brand": "Fjell"}, "invalid-request"),
        ({"text": "x" * 501}, "invalid-request"),
        ({"photo_id": "abc"}, "invalid-request"),
    ],
)
async def test_a_wish_that_cannot_be_met_is_refused(
    client: httpx.AsyncClient, fields: dict[str, str], code: str
) -> None:
    photo = {"photo": ("x.jpg", a_photo_file())}
    assert_problem(await post(client, photo, **fields), code)


async def test_an_unknown_filter_names_the_known_ones(client: httpx.AsyncClient) -> None:
    response = await client.get("/search", params={"text": "ring", "filters": '{"colour": "red"}'})
    problem = assert_problem(response, "unknown-filter")
    assert "colour" in problem["detail"]
    assert "color" in problem["extra"]["known"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "photo-empty"),
        (b"hello world, I am no picture at all", "photo-unsupported-format"),
        (a_photo_file(side=240)[:700], "photo-truncated"),
        (a_photo_file(side=40), "photo-too-small"),
    ],
)
async def test_a_photo_that_cannot_be_used_is_refused(client: httpx.AsyncClient, data: bytes, code: str) -> None:
    assert_problem(await post(client, {"photo": ("chair.jpg", data)}), code)


async def test_neither_photo_nor_photo_id_is_refused(client: httpx.AsyncClient) -> None:
    problem = assert_problem(await post(client, text="chair"), "invalid-request")
    assert problem["extra"]["errors"][0]["field"] == "photo"


async def test_a_photo_id_that_is_not_kept_is_refused(client: httpx.AsyncClient) -> None:
    assert_problem(await post(client, photo_id="AAAAAAAAAAAAAAAAAAAAAA"), "photo-not-found")


async def test_no_words_are_refused(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/search"), "empty-query")


async def test_a_filter_as_query_parameter_is_refused_not_ignored(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/search", params={"text": "ring", "brand": "Fjell"}), "invalid-request")


async def test_nothing_published_is_said_plainly(tmp_path: Any) -> None:
    async with serving(settings_in(tmp_path)) as client:
        assert_problem(await post(client, {"photo": ("x.jpg", a_photo_file())}), "nothing-published")
        assert_problem(await client.get("/search", params={"text": "ring"}), "nothing-published")
        assert_problem(await client.get("/products/ring-teal"), "nothing-published")


async def test_no_photo_is_kept_when_the_operator_says_so(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"photo_ttl_s": 0})) as client:
        assert (await search(client))["photo_id"] is None


class Stuck:
    """An analyzer that never answers, and tells whether it was stopped."""

    name = "stuck"

    def __init__(self) -> None:
        self.stopped = anyio.Event()

    async def analyze(self, photo: Photo, crop: Box | None = None) -> PhotoAnalysis:
        """Wait for ever."""
        try:
            await anyio.sleep_forever()
            raise AssertionError("for ever has ended")
        finally:
            self.stopped.set()

    async def close(self) -> None:
        """Nothing to close."""


def search_with(settings: Settings, analyzer: Stuck) -> tuple[VisualSearch, Catalog]:
    """The real search around a scripted analyzer."""
    catalog = open_catalog(settings)
    return VisualSearch(catalog, analyzer, shipped_calibration()), catalog


async def test_a_search_that_takes_too_long_is_ended(settings: Settings) -> None:
    stuck = Stuck()
    found, catalog = search_with(settings, stuck)
    try:
        async with serving(settings.model_copy(update={"deadline_ms": 200}), search=found) as client:
            assert_problem(await post(client, {"photo": ("x.jpg", a_photo_file())}), "deadline")
        assert stuck.stopped.is_set()
    finally:
        await catalog.close()
