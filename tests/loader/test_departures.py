"""Products that go: what a row says, what a delta and a whole feed take away, and when that is refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.intake import Problem
from catalog_loader.departures import Departure, departure
from catalog_loader.report import Outcome
from tests.loader.shop import Shop, ids

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("word", ["yes", "TRUE", " 1 ", "y", "delete"])
def test_a_row_may_say_that_its_product_goes(word: str) -> None:
    assert departure({"id": " lamp ", "delete": word}) == Departure("lamp")


@pytest.mark.parametrize("word", ["", "no", "False", "0", "N"])
def test_or_that_it_stays(word: str) -> None:
    assert departure({"id": "lamp", "delete": word}) is None
    assert departure({"id": "lamp"}) is None


def test_what_is_neither_is_refused_with_its_reason() -> None:
    unclear = departure({"id": "lamp", "delete": "perhaps"})
    assert isinstance(unclear, Problem)
    assert (unclear.code, unclear.field, unclear.product_id, unclear.refuses) == ("bad-delete", "delete", "lamp", True)
    nameless = departure({"id": "", "delete": "yes"})
    assert isinstance(nameless, Problem)
    assert nameless.code == "missing-id"


@pytest.mark.parametrize(
    ("date", "goes"),
    [
        ("2026-11-21T11:59:59Z", True),
        ("2026-11-21T12:30+0100", True),
        ("2026-11-21", True),
        ("2026-11-21T12:00:01", False),
        ("2026-11-22", False),
        ("next week", False),
        ("", False),
    ],
)
def test_an_expired_product_goes(date: str, goes: bool) -> None:
    """The Merchant feed's own way; a date that is none says nothing."""
    assert (departure({"id": "lamp", "expiration_date": date}, now=NOW) is not None) == goes


async def test_a_delta_takes_out_what_its_rows_say_and_nothing_else(shop: Shop) -> None:
    shop.sell(*ids(12))
    await shop.load()
    shop.rows = [row for row in shop.rows if row["id"] in {"p1", "p2", "p3"}]
    shop.change("p1", delete="yes", title="", image_link="", price="")
    shop.change("p2", price="7.00 USD")
    shop.change("p3", expiration_date="2020-01-01")
    shop.say_gone("never-sold")
    shop.eyes.looks.clear()
    summary = await shop.load(delta=True)
    assert (summary.outcome, summary.exit_code) == (Outcome.PUBLISHED, 0)
    assert (summary.departed, summary.gone, summary.refused, summary.products) == (3, 2, 0, 10)
    assert shop.eyes.looks.total() == 0
    assert set(await shop.published()) == {*ids(12)} - {"p1", "p3"}
    again = await shop.load(delta=True)
    assert (again.outcome, again.departed) == (Outcome.UNCHANGED, 3)


async def test_a_delta_of_departures_alone_is_a_feed(shop: Shop) -> None:
    shop.sell(*ids(10))
    await shop.load()
    shop.rows = []
    shop.say_gone("p0", "p9")
    summary = await shop.load(delta=True)
    assert (summary.outcome, summary.products, summary.gone) == (Outcome.PUBLISHED, 8, 2)


async def test_a_delta_that_takes_out_too_much_is_refused(shop: Shop) -> None:
    """More than a fifth, unless --yes; not a row is looked at before."""
    shop.sell(*ids(10))
    await shop.load()
    shop.rows = []
    shop.say_gone("p0", "p1", "p2")
    refused = await shop.load(delta=True)
    assert (refused.outcome, refused.exit_code) == (Outcome.REFUSED, 3)
    assert "3 of 10 published products would go" in refused.message
    assert len(await shop.published()) == 10
    assert (await shop.load(delta=True, yes=True)).products == 7


async def test_all_may_go_when_it_is_said_so(shop: Shop) -> None:
    """An empty shop can be published, by rows that say it."""
    shop.sell("a", "b")
    await shop.load()
    shop.rows = []
    shop.say_gone("a", "b")
    summary = await shop.load(delta=True, yes=True)
    assert (summary.outcome, summary.products, summary.gone) == (Outcome.PUBLISHED, 0, 2)


async def test_a_product_stated_and_taken_out_in_one_feed_counts_once(shop: Shop) -> None:
    """The first row with the id is taken; the other is refused, as any repeated id."""
    shop.sell(*ids(10))
    await shop.load()
    shop.change("p4", price="8.00 USD")
    shop.say_gone("p4")
    summary = await shop.load()
    assert (summary.refused, summary.products, dict(summary.told.codes)) == (1, 10, {"duplicate-id": 1})


async def test_a_whole_feed_loses_at_most_a_fifth_without_asking(shop: Shop) -> None:
    """Counted by ids: as many other products do not make up for those that are gone."""
    shop.sell(*ids(20))
    await shop.load()
    shop.rows = shop.rows[4:]
    summary = await shop.load()
    assert (summary.outcome, summary.products, summary.gone) == (Outcome.PUBLISHED, 16, 4)
    shop.rows = shop.rows[4:]
    shop.sell(*(f"new{number}" for number in range(4)))
    refused = await shop.load()
    assert (refused.outcome, refused.exit_code) == (Outcome.REFUSED, 3)
    assert "--yes" in refused.message
    assert (await shop.load(yes=True)).products == 16


async def test_pictures_that_fail_count_as_gone_too(shop: Shop) -> None:
    """A fifth of the rows may be refused and a fifth of the products may go, but not both at once."""
    shop.sell(*ids(40))
    await shop.load()
    shop.rows = shop.rows[6:]
    for product_id in ids(40)[6:10]:
        shop.change(product_id, image_link="nowhere.jpg")
    refused = await shop.load()
    assert (refused.outcome, refused.refused) == (Outcome.REFUSED, 4)
    assert "10 of 40 published products would go" in refused.message
    assert (await shop.load(yes=True)).products == 30


async def test_a_departure_in_a_whole_feed_is_no_refusal(shop: Shop) -> None:
    shop.sell(*ids(10))
    await shop.load()
    shop.change("p5", delete="true")
    summary = await shop.load()
    assert (summary.outcome, summary.refused, summary.departed, summary.products) == (Outcome.PUBLISHED, 0, 1, 9)
    assert (await shop.load()).outcome is Outcome.UNCHANGED


async def test_an_interrupted_delta_goes_on_without_what_departed(shop: Shop, tmp_path: Path) -> None:
    shop.sell(*ids(30))
    await shop.load()
    for product_id in ids(30)[:20]:
        shop.change(product_id, image_link=f"{product_id}-new.jpg")
        (tmp_path / f"{product_id}-new.jpg").write_bytes(f"another picture of {product_id}".encode())
    shop.change("p25", delete="yes")
    shop.interrupt_after(5)
    assert (await shop.load(delta=True)).outcome is Outcome.INTERRUPTED
    shop.go_on()
    summary = await shop.load(delta=True)
    assert (summary.outcome, summary.products, summary.gone) == (Outcome.PUBLISHED, 29, 1)
    assert summary.resumed >= 1
    assert set(shop.eyes.looks.values()) == {1}
    assert "p25" not in await shop.published()
