"""Insights over HTTP, of a real shop: what is hard to find, doubles, what was seen, how the server is."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests.builders import a_photo_file
from tests.edge.conftest import serving, settings_in
from tests.edge.problems import assert_problem

pytestmark = pytest.mark.anyio


async def get(client: httpx.AsyncClient, path: str, **parameters: Any) -> dict[str, Any]:
    response = await client.get(path, params=parameters)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.fixture
def open_settings(settings: Settings, tmp_path: Path) -> Settings:
    """A server that fetches pictures from this machine, with its own copy of the shop."""
    return settings_in(tmp_path, fetch_private=True)


async def put(client: httpx.AsyncClient, product_id: str, *images: str, **members: Any) -> None:
    body = {"title": f"The {product_id}", "type": "thing", "images": list(images), **members}
    response = await client.put(f"/products/{product_id}", json=body)
    assert response.status_code in (200, 201), response.text


async def test_what_is_wrong_with_a_product_is_told_with_the_fix(open_settings: Settings, pictures: str) -> None:
    async with serving(open_settings) as client:
        await put(client, "lone", f"{pictures}/ring-teal-5.jpg", color="orange")
        found = await get(client, "/insights/findability", anew=True)
        assert found["state"] == "ready"
        assert found["products"] == 11
        lone = next(item for item in found["items"] if item["product"]["id"] == "lone")
        told = {one["cause"]: one for one in lone["hindrances"]}
        assert {"tiny", "color", "one-picture"} <= set(told)
        assert "240 x 240" in told["tiny"]["detail"]
        assert "teal" in told["color"]["detail"]
        assert all(one["fix"] for one in told.values())
        assert found["items"][0]["product"]["id"] == "lone"
        assert found["unknown_pictures"] == 20, "the shop's own pictures were loaded without notes"
        only = await get(client, "/insights/findability", cause="color", limit=1)
        assert [item["product"]["id"] for item in only["items"]] == ["lone"]
        assert only["total"] == found["causes"]["color"] == 1
        assert_problem(await client.get("/insights/findability", params={"cause": "ugly"}), "invalid-request")


async def test_a_double_is_decided_once_and_remembered(open_settings: Settings, pictures: str) -> None:
    picture = f"{pictures}/cross-red-7.jpg"
    async with serving(open_settings) as client:
        await put(client, "first", picture)
        await put(client, "second", picture)
        assert (await get(client, "/insights/findability", anew=True))["state"] == "ready"
        (pair,) = (await get(client, "/insights/duplicates"))["pairs"]
        assert {pair["one"]["id"], pair["other"]["id"]} == {"first", "second"}
        assert pair["same"] is None
        assert pair["likeness"] > 0.999
        blamed = await get(client, "/insights/findability", cause="duplicate")
        assert {item["product"]["id"] for item in blamed["items"]} == {"first", "second"}
        decided = await client.put("/insights/duplicates", json={"one": "second", "other": "first", "same": False})
        assert decided.status_code == 204
        assert (await get(client, "/insights/duplicates"))["total"] == 0
        assert (await get(client, "/insights/duplicates", decided="different"))["total"] == 1
        assert (await get(client, "/insights/findability", cause="duplicate"))["total"] == 0
    async with serving(open_settings) as client:  # another start, and a product that was loaded again
        await put(client, "first", picture, brand="Nordhem")
        assert (await get(client, "/insights/findability", anew=True))["state"] == "ready"
        assert (await get(client, "/insights/duplicates"))["total"] == 0
        back = await client.put("/insights/duplicates", json={"one": "first", "other": "second", "same": None})
        assert back.status_code == 204
        assert (await get(client, "/insights/duplicates"))["total"] == 1
        for wrong in ({"one": "first", "other": "first"}, {"one": "first", "other": "never"}):
            assert_problem(await client.put("/insights/duplicates", json={**wrong, "same": True}), "pair-not-found")


async def test_what_was_seen_in_each_picture_is_told(open_settings: Settings, pictures: str) -> None:
    async with serving(open_settings) as client:
        await put(client, "two sides/x", f"{pictures}/ring-teal-5.jpg", f"{pictures}/ring-teal-6.jpg")
        seen = (await get(client, "/products/two sides/x/seen"))["pictures"]
        assert [one["width"] for one in seen] == [240, 240]
        assert all(0 <= one["blur"] <= 1 and one["writing"] < 0.01 for one in seen)
        assert all(one["analysis"]["colors"] and one["analysis"]["objects"] for one in seen)
        assert seen[0]["image"].endswith("ring-teal-5.jpg")
        unknown = (await get(client, "/products/ring-teal/seen"))["pictures"]
        assert [one["analysis"] for one in unknown] == [None, None]
        assert_problem(await client.get("/products/never/seen"), "product-not-found")


async def test_health_tells_parts_hours_and_problems(settings: Settings) -> None:
    async with serving(settings) as client:
        await client.post("/search-by-photo", files={"photo": a_photo_file("ring", "teal", seed=9)})
        await client.post("/search-by-photo", files={"photo": b"no picture at all, whatever it says" * 20})
        health = await get(client, "/insights/health", hours=3)
    assert all(part["ok"] for part in health["parts"].values())
    assert [hour["searches"] for hour in health["hours"]][-2:] in ([0, 1], [1, 0])
    stages = next(hour for hour in health["hours"] if hour["searches"])["stages"]
    assert {"decode", "analyze", "retrieve", "rank"} <= set(stages)
    assert [(one["code"], one["times"]) for one in health["failures"]] == [("photo-unsupported-format", 1)]
    assert health["queues"]["searches"]["slots"] >= 1
    assert health["products"] == 10
    assert health["spending"] is None


async def test_health_is_told_without_a_catalog(tmp_path: Path) -> None:
    async with serving(settings_in(tmp_path)) as client:
        health = await get(client, "/insights/health")
        assert_problem(await client.get("/insights/findability"), "nothing-published")
    assert health["generation"] is None
    assert health["parts"]["generation"]["ok"] is False
    assert health["parts"]["generation"]["fix"]
