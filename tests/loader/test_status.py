"""`catalog-loader status` after a crash at any step of a load: what it says is to be done, and that it helps."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.catalog import Generation, GenerationState, holder_name
from catalog_loader.report import Outcome
from catalog_loader.status import advice, generation_json
from tests.loader.shop import Shop, ids

pytestmark = pytest.mark.anyio

COMMAND = "catalog-loader load feed.csv"


@pytest.fixture
def dead() -> str:
    """The holder of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return holder_name(COMMAND, process.pid)


@pytest.fixture
def alive() -> Iterator[str]:
    """The holder of a process that runs."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield holder_name(COMMAND, process.pid)
        process.kill()


class Killed(Exception):
    """Stands for the end of the process."""


STEPS = {
    "begin": GenerationState.LOADING,
    "add": GenerationState.LOADING,
    "examples": GenerationState.LOADING,
    "attach": GenerationState.LOADING,
    "verify": GenerationState.LOADING,
    "publish": GenerationState.VERIFIED,
}
"""A step that a kill comes at -> the state it leaves the new generation in."""


@pytest.mark.parametrize("step", STEPS)
async def test_a_crash_at_any_step_is_told_and_mended_by_the_same_command(shop: Shop, step: str, dead: str) -> None:
    """The old generation serves meanwhile; nothing is published but what is whole."""
    shop.sell(*ids(20))
    first = await shop.load()
    for product_id in ids(10):
        shop.change(product_id, title=f"Other {product_id}")
    shop.kill_at = step
    with pytest.raises(Killed):
        await shop.load(holder=dead, kill=Killed)
    snapshot = await shop.catalog.snapshot()
    assert snapshot.generation.id == first.generation
    found = await shop.catalog.generations()
    left = [one for one in found if one.state is STEPS[step] and one.id != first.generation]
    if step != "begin":
        (generation,) = left
        assert any(generation.id in line and f"`{COMMAND}`" in line for line in advice(found))
        assert generation_json(generation)["advice"] in advice(found)
    shop.kill_at = ""
    again = await shop.load()
    assert (again.outcome, again.products) == (Outcome.PUBLISHED, 20)
    assert advice(await shop.catalog.generations()) == [
        "No load is running.",
        "To go back to the generation before: catalog-loader rollback",
    ]


def told_of(generation: Generation, **changes: object) -> str:
    """The first line of the advice about one generation."""
    return advice([replace(generation, **changes)])[0]  # type: ignore[arg-type]


async def test_a_loader_that_runs_is_told_from_one_that_has_ended(shop: Shop, dead: str, alive: str) -> None:
    shop.sell(*ids(3))
    await shop.load()
    (generation,) = await shop.catalog.generations()
    loading = GenerationState.LOADING
    assert "its loader has ended before its time" in told_of(generation, state=loading, holder=dead)
    assert f"being loaded by {alive}" in told_of(generation, state=loading, holder=alive)
    elsewhere = told_of(generation, state=loading, holder="other-host:77:1 nightly job")
    assert "If that program has ended" in elsewhere
    assert "`catalog-loader load FEED`" in elsewhere
    assert "akin generations abandon" in told_of(generation, state=GenerationState.VERIFIED, holder=dead)
    assert "akin generations prune" in told_of(generation, state=GenerationState.ABANDONED, holder=dead)


def test_an_empty_catalog_is_told_how_to_begin() -> None:
    assert advice([]) == ["Nothing is published. Load a feed: catalog-loader load FEED"]
