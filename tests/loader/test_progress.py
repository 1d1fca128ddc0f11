"""Progress for programs, and no more fetches a second than asked for."""

import asyncio
import json
import time

import pytest

from app.errors import Unavailable
from catalog_loader.events import Events
from catalog_loader.pace import PacedImages
from catalog_loader.report import Outcome, Summary
from tests.loader.shop import Shop, ids

pytestmark = pytest.mark.anyio


async def test_a_load_tells_its_stages_and_how_it_ended(shop: Shop) -> None:
    """One JSON object a line, in order, from the first word to the summary."""
    lines: list[str] = []
    events = Events(lines.append, every_s=0.0)
    shop.sell(*ids(30))
    events.begun("host:1:1 catalog-loader load feed", "feed")
    summary = await shop.load(progress=events)
    events.ended(summary)
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in lines)
    told = [json.loads(line) for line in lines]
    assert [told[0]["event"], told[0]["holder"]] == ["begun", "host:1:1 catalog-loader load feed"]
    stages = [one["stage"] for one in told if one["event"] == "stage"]
    assert stages == [
        "Checking the feed",
        "Looking at pictures",
        "Learning from the products",
        "Verifying",
        "Publishing",
    ]
    rows = [one for one in told if one["event"] == "rows" and one["stage"] == "Looking at pictures"]
    assert rows[-1] | {"at": ""} == {
        "event": "rows", "at": "", "stage": "Looking at pictures", "total": 30, "done": 30, "pictures": 30
    }  # fmt: skip
    assert [one["done"] for one in rows] == sorted(one["done"] for one in rows)
    assert told[-1]["summary"]["outcome"] == "published"


def test_rows_are_told_now_and_then_and_a_failure_at_once() -> None:
    lines: list[str] = []
    events = Events(lines.append, every_s=3600.0)
    events.stage("Looking at pictures", 1000)
    for done in range(1000):
        events.rows(done, 0)
    events.failed(Unavailable("The eyes are closed.", fix="Open them."))
    told = [json.loads(line) for line in lines]
    assert [one["event"] for one in told] == ["stage", "rows", "failed"]
    assert (told[-1]["code"], told[-1]["detail"], told[-1]["fix"]) == (
        "unavailable",
        "The eyes are closed.",
        "Open them.",
    )
    events.ended(Summary("feed", Outcome.REFUSED))
    assert json.loads(lines[-1])["summary"]["exit_code"] == 3


def test_a_program_that_is_busy_says_that_it_lives() -> None:
    lines: list[str] = []
    events = Events(lines.append)
    with events.alive(every_s=0.01):
        deadline = time.monotonic() + 30
        while len(lines) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    said = len(lines)
    assert said >= 3
    assert {json.loads(line)["event"] for line in lines} == {"alive"}
    time.sleep(0.05)
    assert len(lines) == said


async def test_fetches_begin_no_faster_than_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evenly, however many ask at once; a pause is not made up for by a burst."""
    clock = [100.0]
    begun: list[float] = []

    async def sleep(seconds: float) -> None:
        begun.append(round(clock[0] + seconds, 6))

    class Images:
        async def fetch(self, url: str) -> bytes:
            return url.encode()

    paced = PacedImages(Images(), 20.0, clock=lambda: clock[0])
    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "sleep", sleep)
        assert await paced.fetch("a") == b"a"
        for _ in range(4):
            await paced.fetch("b")
        assert begun == [100.05, 100.1, 100.15, 100.2]
        clock[0] = 200.0
        begun.clear()
        for _ in range(3):
            await paced.fetch("c")
        assert begun == [200.05, 200.1]
