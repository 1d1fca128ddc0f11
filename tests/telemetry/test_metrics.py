"""GET /metrics: by route template, for all server processes, bounded, and only for whoever runs the server."""

import asyncio
import random
import shutil
import string
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.benchmark import RunningServer, running_server
from app.identity import Scope
from app.main import create_app
from tests.builders import a_photo_file
from tests.edge.conftest import WithState, serving, settings_in
from tests.edge.problems import assert_problem
from tests.edge.test_server import server_processes, settings_of
from tests.identity.builders import a_key, bearer

pytestmark = pytest.mark.anyio


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """(name, labels) -> value of an exposition."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(text: str, name: str, **labels: str) -> float:
    """Sum over all series of the name with these labels."""
    return sum(value for (one, got), value in samples(text).items() if one == name and labels.items() <= set(got))


async def scraped(client: httpx.AsyncClient) -> str:
    """What Prometheus would get."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    return answer.text


async def scraped_once_observed(client: httpx.AsyncClient) -> str:
    """With the figures of the parts, which are looked at first a moment after the start."""
    async with asyncio.timeout(20):
        while "akin_loads{" not in (text := await scraped(client)):  # noqa: ASYNC110 - it is asked over HTTP
            await asyncio.sleep(0.02)
    return text


async def test_the_load_counts_those_who_found_no_place(shop_file: Path, tmp_path: Path) -> None:
    shutil.copy(shop_file, tmp_path / "akin.db")
    async with serving(settings_in(tmp_path, search_slots=1, search_queue=0)) as client:

        async def search() -> int:
            photo = {"photo": ("x.jpg", a_photo_file("ring", "teal", seed=7))}
            return (await client.post("/search-by-photo", files=photo)).status_code

        answers = await asyncio.gather(*(search() for _ in range(12)))
        assert set(answers) == {200, 503}
        highest, text = 0.0, ""
        for _ in range(100):
            text = await scraped(client)
            highest = max(highest, total(text, "akin_search_load"))
            if total(text, "akin_searches_refused_total") == answers.count(503) and highest:
                break
            await asyncio.sleep(0.1)
    assert total(text, "akin_searches_refused_total") == answers.count(503)
    assert highest > 0


async def test_requests_searches_and_parts_are_told_by_template(shop_file: Path, tmp_path: Path) -> None:
    shutil.copy(shop_file, tmp_path / "akin.db")
    async with serving(settings_in(tmp_path)) as client:
        photo = {"photo": ("x.jpg", a_photo_file("ring", "teal", seed=7))}
        assert (await client.post("/search-by-photo", files=photo)).status_code == 200
        assert (await client.get("/search", params={"text": "teal ring"})).status_code == 200
        assert (await client.get("/search", params={"text": "qqqqzzz"})).json()["total"] == 0
        for product in ("ring-teal", "ball-red"):
            await client.get(f"/products/{product}")
        await client.get("/products/not-there")
        text = await scraped(client)
    assert total(text, "akin_http_requests_total", route="/search-by-photo", method="POST", status="200") == 1
    assert total(text, "akin_http_requests_total", route="/products/{product_id:path}", status="200") == 2
    assert total(text, "akin_problems_total", code="product-not-found") == 1
    assert total(text, "akin_searches_total", kind="photo", outcome="found") == 1
    assert total(text, "akin_searches_total", kind="words", outcome="empty") == 1
    assert total(text, "akin_search_stage_seconds_count", stage="decode") == 1
    assert total(text, "akin_search_stage_seconds_count", stage="retrieve") == 3
    assert total(text, "akin_engine_seconds_count", engine="sqlite", operation="retrieve") == 3
    assert total(text, "akin_generation_products") > 0
    assert total(text, "akin_decode_slots") == 1
    assert total(text, "akin_http_requests_in_progress") == 1, "the scrape itself"


async def test_paths_and_methods_made_up_by_callers_make_no_series(shop_file: Path, tmp_path: Path) -> None:
    shutil.copy(shop_file, tmp_path / "akin.db")
    rng = random.Random(11)
    async with serving(settings_in(tmp_path)) as client:
        await client.get("/nothing/here")
        before = len(samples(await scraped_once_observed(client)))
        for _ in range(300):
            path = "".join(rng.choices(string.ascii_letters + "/.%40", k=rng.randint(1, 60)))
            await client.request(rng.choice(["GET", "GET", "BREW", "PROPFIND"]), f"/x{path}")
        text = await scraped(client)
    assert total(text, "akin_http_requests_total", route="(none)", status="404") >= 301
    assert len(samples(text)) <= min(200, before + 40)


@pytest.mark.parametrize("forwarded", ["x-forwarded-for", "forwarded", "via"])
async def test_figures_are_not_for_callers_behind_a_proxy(client: httpx.AsyncClient, forwarded: str) -> None:
    assert_problem(await client.get("/metrics", headers={forwarded: "203.0.113.9"}), "operators-only")


async def test_on_other_machines_figures_are_for_keys_that_may(shop_file: Path, tmp_path: Path) -> None:
    shutil.copy(shop_file, tmp_path / "akin.db")
    reads, searches = a_key(tmp_path / "keys.db", Scope.INSIGHTS_READ), a_key(tmp_path / "keys.db", Scope.SEARCH)
    stranger = a_key(tmp_path / "keys.db", Scope.ADMIN, shop="another")
    app = create_app(settings_in(tmp_path))
    async with app.router.lifespan_context(app) as state:
        transport = httpx.ASGITransport(WithState(app, state or {}), client=("203.0.113.9", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            assert_problem(await client.get("/metrics"), "operators-only")
            assert_problem(await client.get("/metrics", headers=bearer(searches)), "operators-only")
            assert (await client.get("/metrics", headers=bearer(stranger))).status_code in {401, 403}
            assert (await client.get("/metrics", headers=bearer(reads))).status_code == 200


@pytest.fixture(scope="module")
def server(shop_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Two server processes on one catalog."""
    folder = tmp_path_factory.mktemp("metrics")
    shutil.copy(shop_file, folder / "akin.db")
    with running_server(settings_of(folder) | {"AKIN_WORKERS": "2"}, folder / "server.log") as made:
        yield made


def test_any_process_answers_for_all_and_no_counter_goes_back(server: RunningServer) -> None:
    def counted() -> float:
        return total(
            httpx.get(f"{server.address}/metrics", timeout=10).text, "akin_http_requests_total", route="/search"
        )

    def asked(times: int) -> None:
        for _ in range(times):
            assert httpx.get(f"{server.address}/search", params={"text": "ring"}, timeout=30).status_code == 200

    asked(40)
    assert [counted() for _ in range(10)] == [40.0] * 10
    text = httpx.get(f"{server.address}/metrics", timeout=10).text
    assert total(text, "akin_processes") == 2
    assert total(text, "akin_decode_slots") == 2

    dies = server_processes(server)[0]
    dies.kill()
    dies.wait(10)
    seen = [0.0]
    while seen[-1] != 2.0 and len(seen) < 600:  # until its successor has started
        time.sleep(0.2)
        seen.append(total(httpx.get(f"{server.address}/metrics", timeout=60).text, "akin_processes"))
    assert max(seen) == 2.0, "the dead one is left out"
    assert counted() == 40.0, "what it did is not forgotten"
