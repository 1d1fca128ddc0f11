"""What shoppers do: from a real search to a report of it, over HTTP."""

import sqlite3
from contextlib import closing
from typing import Any

import httpx
import pytest

from app.events import EventsUnavailable
from app.search import EVIDENCE_BYTES, Evidence, Stage
from app.settings import Settings
from tests.builders import a_photo_file
from tests.edge.conftest import serving
from tests.edge.problems import assert_problem

pytestmark = pytest.mark.anyio


async def searched(client: httpx.AsyncClient, **fields: str) -> dict[str, Any]:
    response = await client.post("/search-by-photo", files={"photo": a_photo_file("ring", "teal", seed=9)}, data=fields)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def test_a_click_on_a_found_product_is_kept_once(client: httpx.AsyncClient) -> None:
    answer = await searched(client)
    first = answer["items"][0]["product"]["id"]
    report = {"interactions": [{"kind": kind, "product_id": first, "position": 1} for kind in ("view", "click")]}
    path = f"/searches/{answer['search_id']}/interactions"
    assert (await client.post(path, json=report)).json() == {"recorded": 2}
    assert (await client.post(path, json=report)).json() == {"recorded": 0}


async def test_the_log_keeps_what_the_scores_were_made_of(settings: Settings) -> None:
    async with serving(settings) as client:
        answer = await searched(client)
    with closing(sqlite3.connect(settings.events)) as db:
        (kept,) = db.execute("SELECT evidence FROM search WHERE id = ?", (answer["search_id"],)).fetchone()
    assert len(kept) == EVIDENCE_BYTES * len(answer["items"])
    assert Evidence.unpacked(kept[:EVIDENCE_BYTES]).stage is Stage.FINE


async def test_positions_count_over_all_pages(client: httpx.AsyncClient) -> None:
    first = await searched(client, limit="2")
    second = await searched(client, limit="2", cursor=first["next_cursor"])
    product = second["items"][0]["product"]["id"]
    path = f"/searches/{second['search_id']}/interactions"
    wrong = {"interactions": [{"kind": "click", "product_id": product, "position": 1}]}
    problem = assert_problem(await client.post(path, json=wrong), "interaction-mismatch")
    assert problem["extra"]["shown_at"] == 3
    right = {"interactions": [{"kind": "click", "product_id": product, "position": 3}]}
    assert (await client.post(path, json=right)).json() == {"recorded": 1}


async def test_searches_by_words_and_by_likeness_take_interactions_too(client: httpx.AsyncClient) -> None:
    for found in (await client.get("/search", params={"text": "teal"}), await client.get("/products/ring-red/similar")):
        answer = found.json()
        report = {"interactions": [{"kind": "reject", "product_id": answer["items"][0]["product"]["id"]}]}
        response = await client.post(f"/searches/{answer['search_id']}/interactions", json=report)
        assert response.json() == {"recorded": 1}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"interactions": [{"kind": "click", "product_id": "never-sold"}]}, "interaction-mismatch"),
        ({"interactions": [{"kind": "stare", "product_id": "ring-teal"}]}, "invalid-request"),
        ({"interactions": [{"kind": "click", "product_id": "ring-teal", "shopper": "Ada"}]}, "invalid-request"),
        ({"interactions": []}, "invalid-request"),
        ({"interactions": [{"kind": "click", "product_id": "ring-teal"}] * 201}, "invalid-request"),
    ],
)
async def test_a_report_that_cannot_be_true_is_refused(client: httpx.AsyncClient, body: object, code: str) -> None:
    answer = await searched(client)
    assert_problem(await client.post(f"/searches/{answer['search_id']}/interactions", json=body), code)


async def test_an_unknown_search_is_not_found(client: httpx.AsyncClient) -> None:
    report = {"interactions": [{"kind": "click", "product_id": "ring-teal"}]}
    assert_problem(await client.post("/searches/nope/interactions", json=report), "search-not-found")


async def test_nothing_of_the_shopper_is_in_the_file(settings: Settings) -> None:
    async with serving(settings) as client:
        await client.get("/search", params={"text": "teal zanzibar"}, headers={"user-agent": "SecretPhone/1"})
        await searched(client)
    with sqlite3.connect(settings.events) as file:
        kept = "".join(str(row) for row in file.execute("SELECT * FROM search"))
    assert "ring-teal" in kept
    assert "zanzibar" not in kept
    assert "SecretPhone" not in kept
    assert "127.0.0.1" not in kept


class BrokenLog:
    """A log whose disk is full."""

    async def answered(self, _: object) -> None:
        """Fails."""
        raise EventsUnavailable("Events cannot be kept.", fix="Free some space.")


async def test_a_broken_log_costs_no_search(settings: Settings) -> None:
    async with serving(settings, events=BrokenLog()) as client:
        answer = await searched(client)
    assert answer["items"]
    assert {"part": "events", "reason": "unavailable"} in answer["degraded"]


async def test_a_log_that_somebody_holds_costs_the_answer_a_moment_only(settings: Settings) -> None:
    async with serving(settings) as client:
        await searched(client)
        held = sqlite3.connect(settings.events, isolation_level=None)
        held.execute("BEGIN IMMEDIATE")
        answer = await searched(client)
        held.execute("ROLLBACK")
        held.close()
    assert answer["items"]
    assert {"part": "events", "reason": "deadline"} in answer["degraded"]
