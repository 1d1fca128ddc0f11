"""/live touches nothing; /ready tries every part for real and says what to do."""

from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from app.edge.health import Readiness
from app.errors import Unavailable
from app.settings import Settings
from app.wiring import open_catalog, open_catalog_writer
from tests.builders import a_photo_file
from tests.edge.conftest import load_shop, serving, settings_in

pytestmark = pytest.mark.anyio

PARTS = {"catalog", "generation", "embedder", "decoder", "eyes", "queue"}


async def ready(client: httpx.AsyncClient) -> tuple[int, dict[str, Any]]:
    """Status and parts of /ready."""
    response = await client.get("/ready")
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, response.json()["parts"]


async def test_a_well_server_is_live_and_ready(client: httpx.AsyncClient) -> None:
    assert (await client.get("/live")).json() == {"status": "live"}
    status, parts = await ready(client)
    assert status == 200
    assert set(parts) == PARTS
    assert all(part["ok"] for part in parts.values())


async def test_an_empty_catalog_is_live_but_not_ready_and_says_what_to_do(tmp_path: Path) -> None:
    async with serving(settings_in(tmp_path)) as client:
        assert (await client.get("/live")).status_code == 200
        status, parts = await ready(client)
    assert status == 503
    assert {name for name, part in parts.items() if part["ok"]} == {"catalog", "decoder", "eyes", "queue"}
    assert "catalog-loader load" in parts["generation"]["fix"]


async def test_a_catalog_loaded_while_the_server_runs_makes_it_ready_and_taught(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    async with serving(settings) as client:
        assert (await ready(client))[0] == 503
        await load_shop(settings)
        assert (await ready(client))[0] == 200
        photo = {"photo": ("x.jpg", a_photo_file("ring", "red", seed=7))}
        with anyio.fail_after(20):  # taught by the next look at the catalog, half a second later
            while (await client.post("/search-by-photo", files=photo)).json()["analysis"]["type"] is None:
                await anyio.lowlevel.checkpoint()


async def test_another_embedder_than_the_catalogs_is_named(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    writer, catalog = open_catalog_writer(settings), open_catalog(settings)
    try:
        generation = await writer.begin(embedder="other/7", dims=16, source="s", holder="tests")
        await writer.verify(generation.id, expected_products=0)
        await catalog.publish(generation.id)
    finally:
        await writer.close()
        await catalog.close()
    async with serving(settings) as client:
        status, parts = await ready(client)
    assert status == 503
    assert "other/7" in parts["embedder"]["detail"]
    assert parts["embedder"]["fix"]


async def test_a_dead_decoder_is_not_ready(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"decode_memory_mb": 1})) as client:
        status, parts = await ready(client)
    assert status in {200, 503}
    assert set(parts) == PARTS


async def test_every_sick_part_is_told_whatever_it_raises() -> None:
    async def well() -> str:
        return "fine"

    async def away() -> str:
        raise Unavailable("It is away.", fix="Call it back.")

    async def crashed() -> str:
        raise RuntimeError("password=hunter2")

    async def stuck() -> str:
        await anyio.sleep_forever()
        raise AssertionError("for ever has ended")

    report = await Readiness({"a": well, "b": away, "c": crashed, "d": stuck}, patience_s=0.05).report()
    assert list(report) == ["a", "b", "c", "d"]
    assert [part.ok for part in report.values()] == [True, False, False, False]
    assert report["b"].fix == "Call it back."
    assert "hunter2" not in report["c"].detail
    assert all(part.fix for part in report.values() if not part.ok)


async def test_a_cluster_that_cannot_be_reached_keeps_no_server_from_starting(tmp_path: Path) -> None:
    """It lives, says what is missing, and answers searches with a coded 503 until the cluster is back."""
    async with serving(settings_in(tmp_path, catalog="http://127.0.0.1:9")) as client:
        assert (await client.get("/live")).status_code == 200
        assert (await client.get("/ready")).status_code == 503
        answer = await client.get("/search", params={"text": "red mug"})
        assert answer.status_code == 503
        assert answer.json()["code"] == "catalog-unavailable"
        assert int(answer.headers["Retry-After"]) >= 1
