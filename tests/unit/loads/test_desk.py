"""Loads on the disk: what is told of a process by what it wrote and whether it lives; a small program stands in for the
loader, and does what its feed says."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.catalog import running_pid
from app.loads import (
    Load,
    LoadDesk,
    LoadNotFound,
    LoadOver,
    LoadRunning,
    LoadState,
    LoadsUnavailable,
    NoRejects,
    Order,
)
from app.loads.desk import MOST_RECEIVED

pytestmark = pytest.mark.anyio

ORDER = Order(name="shop.tsv")

PROGRAM = """
import json, os, signal, sys, time
def say(event, **facts):
    print(json.dumps({"event": event, "at": "2026-11-21T03:04:10+00:00", **facts}), flush=True)
stopped = []
signal.signal(signal.SIGTERM, lambda *_: (stopped.append(1), signal.signal(signal.SIGTERM, signal.SIG_DFL)))
say("begun", holder="x", feed="y")
say("stage", stage="Looking at pictures", total=9)
say("rows", stage="Looking at pictures", total=9, done=4, pictures=7)
script = open(sys.argv[-1]).read().split()
for step in script:
    if step == "wait":
        while not stopped:
            time.sleep(0.01)
    elif step == "crash":
        raise RuntimeError("out of ideas")
    elif step == "noise":
        sys.stdout.write('{"event": "rows", "half a li')
        sys.stdout.flush()
    elif step == "rejects":
        path = next(word for word in sys.argv if word.startswith("--rejects=")).removeprefix("--rejects=")
        open(path, "w").write("bad row")
        open(path + ".problems.jsonl", "w").write("why")
    elif step == "failed":
        say("failed", code="not-a-feed", detail="This is a PDF.", fix="Send a feed.")
    elif step == "arguments":
        say("arguments", arguments=sys.argv[1:], environment=dict(os.environ))
    elif step == "outlive":
        os.read(0, 1)
        time.sleep(30)
    else:
        say("ended", summary={"outcome": step, "message": f"It ended {step}."})
"""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[LoadDesk]:
    """A desk whose program is PROGRAM; what still runs at the end is killed."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    desk = LoadDesk(tmp_path / "loads", (sys.executable, "-S", str(program)), {"PATH": os.environ["PATH"]})
    yield desk
    for load in await desk.loads():
        pid = running_pid(load.holder)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)


async def start(desk: LoadDesk, script: str, order: Order = ORDER) -> Load:
    """Send a script as the feed."""
    with desk.receiving() as (path, file):
        file.write(script.encode())
        file.flush()
        return await desk.start(order, path)


async def over(desk: LoadDesk, load: Load) -> Load:
    """The load when its process has ended."""
    for _ in range(3000):
        now = await desk.load(load.id)
        if not now.under_way:
            return now
        await asyncio.sleep(0.01)
    raise AssertionError(await desk.load(load.id))


async def at(desk: LoadDesk, load: Load, done: int) -> Load:
    """The load when its process has told of so many rows."""
    for _ in range(3000):
        now = await desk.load(load.id)
        if now.done == done:
            return now
        await asyncio.sleep(0.01)
    raise AssertionError(await desk.load(load.id))


@pytest.mark.parametrize(
    ("script", "state", "code"),
    [
        ("published", LoadState.PUBLISHED, None),
        ("unchanged", LoadState.UNCHANGED, None),
        ("checked", LoadState.CHECKED, None),
        ("refused", LoadState.REFUSED, "load-refused"),
        ("interrupted", LoadState.INTERRUPTED, "interrupted"),
        ("failed", LoadState.FAILED, "not-a-feed"),
        ("crash", LoadState.FAILED, "internal"),
        ("", LoadState.INTERRUPTED, "load-ended-early"),
        ("noise", LoadState.INTERRUPTED, "load-ended-early"),
    ],
)
async def test_how_a_load_ended(desk: LoadDesk, script: str, state: LoadState, code: str | None) -> None:
    """By its last whole line; by its silence when there is none."""
    load = await over(desk, await start(desk, script))
    assert (load.state, load.trouble and load.trouble.code) == (state, code)
    assert load.ended_at is not None
    assert (load.stage, load.done, load.total, load.pictures) == ("Looking at pictures", 4, 9, 7)
    assert (load.summary is not None) == (script in {"published", "unchanged", "checked", "refused", "interrupted"})
    with pytest.raises(LoadOver):
        await desk.cancel(load.id)


async def test_a_running_load_is_told_and_holds_the_place(desk: LoadDesk, tmp_path: Path) -> None:
    """For every desk on the folder; a dry run has a place of its own."""
    load = await at(desk, await start(desk, "wait published"), 4)
    assert (load.state, load.ended_at, load.total) == (LoadState.RUNNING, None, 9)
    assert load.holder.endswith(" catalog-loader load shop.tsv")
    other = LoadDesk(tmp_path / "loads", ("false",), {})
    with pytest.raises(LoadRunning) as refusal:
        await start(other, "published")
    assert refusal.value.extra == {"load": load.id, "holder": load.holder}
    assert load.holder in refusal.value.detail
    with pytest.raises(LoadRunning):
        await other.refuse_when_busy(dry_run=False)
    dry = await start(desk, "wait checked", replace(ORDER, dry_run=True))
    with pytest.raises(LoadRunning):
        await start(desk, "checked", replace(ORDER, dry_run=True))
    await desk.cancel((await at(desk, dry, 4)).id)
    assert (await over(desk, dry)).state is LoadState.CHECKED


async def test_of_many_orders_at_once_one_is_taken(desk: LoadDesk, tmp_path: Path) -> None:
    """And nothing of the others stays behind."""
    answers = await asyncio.gather(*(start(desk, "wait published") for _ in range(6)), return_exceptions=True)
    taken = [answer for answer in answers if isinstance(answer, Load)]
    assert len(taken) == 1
    refused = [answer for answer in answers if not isinstance(answer, Load)]
    assert {type(answer) for answer in refused} <= {LoadRunning, LoadsUnavailable}
    assert sum(isinstance(answer, LoadsUnavailable) for answer in refused) == 6 - MOST_RECEIVED
    assert [load.id for load in await desk.loads()] == [taken[0].id]
    assert list((tmp_path / "loads" / "incoming").iterdir()) == []


async def test_a_cancelled_load_stops_and_stops_at_once_when_told_twice(desk: LoadDesk) -> None:
    load = await at(desk, await start(desk, "wait interrupted"), 4)
    assert (await desk.cancel(load.id)).state in {LoadState.CANCELLING, LoadState.CANCELLED}
    assert (await over(desk, load)).state is LoadState.CANCELLED
    stubborn = await at(desk, await start(desk, "wait outlive"), 4)
    await desk.cancel(stubborn.id)
    while (await desk.load(stubborn.id)).under_way:
        try:
            await desk.cancel(stubborn.id)
        except LoadOver:
            break
        await asyncio.sleep(0.05)
    assert (await desk.load(stubborn.id)).state is LoadState.CANCELLED


async def test_a_killed_load_frees_the_place_at_once(desk: LoadDesk) -> None:
    load = await at(desk, await start(desk, "wait"), 4)
    pid = running_pid(load.holder)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    ended = await over(desk, load)
    assert (ended.state, ended.trouble and ended.trouble.fix) == (
        LoadState.INTERRUPTED,
        "Send the same feed again: it goes on where it was.",
    )
    assert (await over(desk, await start(desk, "published"))).state is LoadState.PUBLISHED


async def test_a_load_of_a_container_that_is_gone_holds_the_place_for_two_minutes_at_most(
    desk: LoadDesk, tmp_path: Path
) -> None:
    """Whether its process lives cannot be asked from here; it says so itself every 30 seconds."""
    load = await over(desk, await start(desk, ""))
    folder = tmp_path / "loads" / load.id
    (folder / "holder").write_text("gone-container:7:1234 catalog-loader load shop.tsv")
    with (folder / "events.jsonl").open("a") as events:
        events.write('{"event": "alive", "at": "2026-11-21T03:04:10+00:00"}\n')
    assert (await desk.load(load.id)).state is LoadState.RUNNING
    with pytest.raises(LoadRunning):
        await start(desk, "published")
    two_minutes_ago = time.time() - 121
    os.utime(folder / "events.jsonl", (two_minutes_ago, two_minutes_ago))
    gone = await desk.load(load.id)
    assert (gone.state, gone.trouble and gone.trouble.code) == (LoadState.INTERRUPTED, "load-ended-early")
    assert (gone.stage, gone.done) == ("Looking at pictures", 4)
    assert (await over(desk, await start(desk, "published"))).state is LoadState.PUBLISHED


async def test_rejects_are_files_of_the_load(desk: LoadDesk) -> None:
    load = await over(desk, await start(desk, "rejects published"))
    assert load.has_rejects
    assert (await desk.rejects(load.id)).read_text() == "bad row"
    assert (await desk.rejects(load.id, reasons=True)).read_text() == "why"
    clean = await over(desk, await start(desk, "published"))
    with pytest.raises(NoRejects):
        await desk.rejects(clean.id)
    for name in ("nothing", "incoming", "../loads", "", "."):
        with pytest.raises(LoadNotFound):
            await desk.load(name)


async def test_what_the_process_is_told(desk: LoadDesk, tmp_path: Path) -> None:
    """Arguments that cannot be taken for options, the desk's environment and nothing else of ours."""
    order = Order(name="--yes", type_from="custom_label_0", delta=True, max_reject_share=0.5, limit_rate=7.5)
    load = await over(desk, await start(desk, "arguments published", order))
    folder = tmp_path / "loads" / load.id
    said = told(folder)
    assert said["arguments"][:5] == ["load", "--events", "--untrusted", "--name=--yes", f"--rejects={folder}/rejects"]
    assert set(said["arguments"][5:-2]) == {
        *("--type-from=custom_label_0", "--limit-rate=7.5", "--delta", "--max-reject-share=0.5")
    }
    assert said["arguments"][-2:] == ["--", f"{folder}/feed"]
    assert set(said["environment"]) <= {"PATH", "LC_CTYPE"}
    check = Order(name="a", dry_run=True, images=True, yes=True)
    said = told(tmp_path / "loads" / (await over(desk, await start(desk, "arguments checked", check))).id)
    assert said["arguments"][0] == "check"
    assert "--images" in said["arguments"]
    assert "--yes" not in said["arguments"]


def told(folder: Path) -> dict[str, Any]:
    """What PROGRAM said of its arguments."""
    lines = (json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines())
    said: dict[str, Any] = next(line for line in lines if line["event"] == "arguments")
    return said


async def test_old_loads_are_forgotten_and_feeds_of_ended_ones_first(
    desk: LoadDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.loads.desk.KEPT", 3)
    begun = []
    for _ in range(6):
        begun.append((await over(desk, await start(desk, "published"))).id)
        await asyncio.sleep(0.01)
    kept = {load.id for load in await desk.loads()}
    assert len(kept) == 4
    assert begun[-1] in kept
    feeds = sorted(path.parent.name for path in (tmp_path / "loads").glob("*/feed"))
    assert feeds == [begun[-1]]


async def test_what_goes_while_it_is_looked_at_costs_nobody_an_order(desk: LoadDesk, tmp_path: Path) -> None:
    """A feed received beside an order is gone between being listed and being looked at; so is a link to nowhere."""
    incoming = tmp_path / "loads" / "incoming"
    incoming.mkdir(parents=True)
    (incoming / "going").symlink_to("nowhere")
    left = incoming / "left-by-a-killed-server"
    left.touch()
    os.utime(left, (0, 0))
    assert (await over(desk, await start(desk, "published"))).state is LoadState.PUBLISHED
    assert not left.exists()


async def test_a_load_that_is_forgotten_while_all_are_told_is_left_out(
    desk: LoadDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = await over(desk, await start(desk, "published"))
    (tmp_path / "loads" / "20200101-000000-000000-0000").mkdir()
    looked = property(lambda folder: folder.id.startswith("20"))  # the look at which the load was still there
    monkeypatch.setattr("app.loads.desk.LoadFolder.exists", looked)
    assert [one.id for one in await desk.loads()] == [load.id]
