"""Loads into the real embedded catalog; stand-ins at the ports decode and see pictures, and count their calls."""

import asyncio
import hashlib
import json
from collections import Counter
from typing import Any

import pytest

from app.catalog import Generation, GenerationState, ProductsRejected
from app.errors import Unavailable
from catalog_loader.report import Outcome
from tests.loader.shop import COLUMNS, Eyes, Shop, ids

pytestmark = pytest.mark.anyio


async def test_a_feed_becomes_the_published_generation(shop: Shop) -> None:
    """Every product with its evidence, and what they taught."""
    shop.sell(*ids(100))
    summary = await shop.load()
    assert (summary.outcome, summary.exit_code) == (Outcome.PUBLISHED, 0)
    assert (summary.rows, summary.analyzed, summary.images_analyzed, summary.products) == (100, 100, 100, 100)
    snapshot = await shop.catalog.snapshot()
    assert snapshot.generation.id == summary.generation
    assert snapshot.generation.embedder == "eyes/1"
    assert await snapshot.artifact("teaching") == b"taught"
    (evidence,) = await snapshot.evidence([("p7", 0)])
    assert evidence is not None
    product = (await shop.products())["p7"]
    assert (product.type, product.images[0].url) == ("vase", "p7.jpg")
    assert product.images[0].sha256 == hashlib.sha256(b"picture of p7").hexdigest()


async def test_unchanged_products_are_not_looked_at_again(shop: Shop) -> None:
    """One new, one gone, one with another price, one with another picture: two looks."""
    shop.sell(*ids(30))
    await shop.load()
    shop.eyes.looks.clear()
    shop.sell("new")
    shop.change("p1", price="6.00 USD")
    shop.change("p2", image_link="p2-new.jpg")
    (shop.folder / "p2-new.jpg").write_bytes(b"another picture")
    shop.rows = [row for row in shop.rows if row["id"] != "p3"]
    summary = await shop.load()
    assert shop.eyes.looks == {b"picture of new": 1, b"another picture": 1}
    assert (summary.analyzed, summary.reused, summary.unchanged) == (2, 1, 27)
    products = await shop.products()
    assert summary.products == len(products) == 30
    assert str(products["p1"].price.amount) == "6.00"  # type: ignore[union-attr]
    snapshot = await shop.catalog.snapshot()
    assert None not in await snapshot.evidence([(product_id, 0) for product_id in products])


async def test_a_feed_that_says_nothing_new_publishes_nothing(shop: Shop) -> None:
    """The same generation stays."""
    shop.sell(*ids(5))
    first = await shop.load()
    second = await shop.load()
    assert (second.outcome, second.exit_code, second.unchanged) == (Outcome.UNCHANGED, 0, 5)
    assert second.generation == first.generation
    assert len(await shop.catalog.generations()) == 1


async def test_pictures_that_changed_behind_their_name_are_seen_on_demand(shop: Shop) -> None:
    """--refetch fetches all, but looks only at new bytes."""
    shop.sell(*ids(5))
    await shop.load()
    (shop.folder / "p1.jpg").write_bytes(b"repainted")
    shop.eyes.looks.clear()
    summary = await shop.load(refetch=True)
    assert shop.eyes.looks == {b"repainted": 1}
    assert (summary.analyzed, summary.reused) == (1, 4)


async def test_another_embedder_looks_at_everything_anew(shop: Shop) -> None:
    """Vectors of two models must never stand side by side."""
    shop.sell(*ids(5))
    await shop.load()
    shop.eyes = Eyes(embedder="eyes/2")
    summary = await shop.load()
    assert (summary.outcome, summary.analyzed) == (Outcome.PUBLISHED, 5)
    assert (await shop.catalog.snapshot()).generation.embedder == "eyes/2"


async def test_one_bad_row_or_picture_of_each_kind_stops_nothing(shop: Shop) -> None:
    """Each refused row is in the rejects file with its reasons; the others are sold."""
    shop.sell(*ids(40))
    shop.sell("dear", price="much")
    shop.sell("p1")
    shop.sell("missing", image_link="nowhere.jpg")
    shop.sell("broken")
    (shop.folder / "broken.jpg").write_bytes(b"broken")
    shop.sell("outside", image_link="../x.jpg")
    shop.sell("half", additional_image_link="nowhere.jpg")
    summary = await shop.load()
    assert (summary.outcome, summary.exit_code) == (Outcome.PUBLISHED, 1)
    assert (summary.products, summary.refused, summary.warned) == (41, 5, 1)
    assert dict(summary.told.codes) == {
        "bad-price": 1, "duplicate-id": 1, "image-missing": 2, "photo-truncated": 1, "image-outside-feed": 1,
    }  # fmt: skip
    rejects = shop.folder / "feed.rejects.csv"
    assert summary.rejects == str(rejects)
    header, *lines = rejects.read_text(encoding="utf-8").splitlines()
    assert header == ",".join(COLUMNS)
    assert sorted(line.split(",")[0] for line in lines) == ["broken", "dear", "missing", "outside", "p1"]
    problems = shop.folder / "feed.rejects.csv.problems.jsonl"
    told = [json.loads(line) for line in problems.read_text(encoding="utf-8").splitlines()]
    assert {reject["problems"][0]["code"] for reject in told} >= {"bad-price", "duplicate-id", "photo-truncated"}
    assert all(
        problem["cause"] and problem["fix"] and problem["line"] == reject["line"]
        for reject in told
        for problem in reject["problems"]
    )
    for reject in told:
        assert lines[reject["rejects_line"] - 2].startswith(reject["problems"][0]["product_id"])


async def test_a_missing_picture_is_tried_again_by_the_next_load(shop: Shop) -> None:
    """Though its row did not change."""
    shop.sell("half", additional_image_link="late.jpg")
    assert (await shop.load()).warned == 1
    (shop.folder / "late.jpg").write_bytes(b"late")
    summary = await shop.load()
    assert (summary.outcome, summary.warned) == (Outcome.PUBLISHED, 0)
    assert all(image.sha256 for image in (await shop.products())["half"].images)
    assert (await shop.load()).outcome is Outcome.UNCHANGED


async def test_a_picture_server_that_is_down_takes_nothing_off_sale(shop: Shop) -> None:
    """Rows that changed, pictures to be fetched anew: what is published stays, and is compared again later."""
    shop.sell(*ids(10))
    await shop.load()
    shop.down = True
    shop.change("p1", price="6.00 USD")
    changed = await shop.load()
    assert (changed.outcome, changed.exit_code, changed.products) == (Outcome.PUBLISHED, 0, 10)
    assert (changed.images_kept, changed.images_failed, changed.refused) == (1, 0, 0)
    assert "kept as they were published: 1" in changed.in_words()
    assert str((await shop.products())["p1"].price.amount) == "6.00"  # type: ignore[union-attr]
    everything = await shop.load(refetch=True)
    assert (everything.products, everything.images_kept, everything.refused) == (10, 10, 0)
    snapshot = await shop.catalog.snapshot()
    assert None not in await snapshot.evidence([(product_id, 0) for product_id in ids(10)])
    shop.down = False
    shop.eyes.looks.clear()
    again = await shop.load()
    assert (again.outcome, again.reused, again.images_kept) == (Outcome.PUBLISHED, 10, 0)
    assert shop.eyes.looks.total() == 0
    assert (await shop.load()).outcome is Outcome.UNCHANGED


async def test_a_teaching_of_an_older_format_is_taught_anew(shop: Shop) -> None:
    """Though the feed says nothing new: the eyes of this version cannot read what the generation taught."""
    shop.sell(*ids(5))
    await shop.load()
    shop.eyes.looks.clear()
    shop.taught = b"taught as this version does"
    summary = await shop.load()
    assert (summary.outcome, summary.unchanged, shop.eyes.looks.total()) == (Outcome.PUBLISHED, 5, 0)
    assert await (await shop.catalog.snapshot()).artifact("teaching") == shop.taught
    assert (await shop.load()).outcome is Outcome.UNCHANGED


async def test_what_the_catalog_does_not_take_is_refused_and_the_others_are_sold(shop: Shop) -> None:
    """Row by row, with the engine's words; whatever call they came in."""
    shop.sell(*ids(100))
    shop.not_taken = {"p3": "a field is too long", "p4": "no number", "p99": "no number"}
    summary = await shop.load()
    assert (summary.outcome, summary.exit_code, summary.products, summary.refused) == (Outcome.PUBLISHED, 1, 97, 3)
    assert (dict(summary.told.codes), summary.images_failed) == ({"not-taken": 3}, 0)
    assert set(await shop.published()) == {*ids(100)} - {"p3", "p4", "p99"}
    rejects = (shop.folder / "feed.rejects.csv").read_text(encoding="utf-8").splitlines()
    assert sorted(line.split(",")[0] for line in rejects[1:]) == ["p3", "p4", "p99"]
    assert "a field is too long" in (shop.folder / "feed.rejects.csv.problems.jsonl").read_text(encoding="utf-8")
    shop.not_taken = {}
    assert (await shop.load(shop.folder / "feed.rejects.csv", delta=True)).products == 100


async def test_an_engine_that_names_no_product_ends_the_load(shop: Shop) -> None:
    shop.sell(*ids(3))
    shop.not_taken = {"p1": "no number"}
    shop.silent = True
    with pytest.raises(ProductsRejected):
        await shop.load()


async def test_mended_rejects_are_loaded_alone(shop: Shop) -> None:
    """With --delta: what is published stays, the mended rows join it."""
    shop.sell(*ids(10))
    shop.sell("dear", price="much")
    assert (await shop.load()).refused == 1
    rejects = shop.folder / "feed.rejects.csv"
    rejects.write_text(rejects.read_text(encoding="utf-8").replace("much", "9.00 USD"), encoding="utf-8")
    shop.eyes.looks.clear()
    summary = await shop.load(rejects, delta=True)
    assert (summary.outcome, summary.exit_code, summary.products) == (Outcome.PUBLISHED, 0, 11)
    assert shop.eyes.looks == {b"picture of dear": 1}
    assert set(await shop.products()) == {*ids(10), "dear"}
    assert not (shop.folder / "feed.rejects.rejects.csv").exists()


async def test_rejects_of_an_earlier_load_go_when_nothing_is_refused(shop: Shop) -> None:
    """A stale file would be mended for nothing."""
    shop.sell(*ids(10))
    shop.sell("dear", price="much")
    await shop.load()
    shop.change("dear", price="1 USD")
    assert (await shop.load()).rejects == ""
    assert list(shop.folder.glob("*rejects*")) == []


async def test_too_many_refused_rows_publish_nothing(shop: Shop) -> None:
    """Decided before any picture is looked at, unless the pictures are at fault; --yes overrides."""
    shop.sell(*ids(7))
    shop.sell("x", "y", "z", price="much")
    summary = await shop.load()
    assert (summary.outcome, summary.exit_code, shop.eyes.looks.total()) == (Outcome.REFUSED, 3, 0)
    assert "3 of 10" in summary.message
    assert "--yes" in summary.message
    assert await shop.catalog.generations() == []
    assert (await shop.load(max_reject_share=0.3)).outcome is Outcome.PUBLISHED
    shop.change("p1", price="2 USD")
    assert (await shop.load(yes=True)).outcome is Outcome.PUBLISHED


async def test_too_many_failed_pictures_publish_nothing_but_keep_the_work(shop: Shop) -> None:
    """The same command with --yes publishes what is there without looking again."""
    shop.sell(*ids(7))
    shop.sell("x", "y", "z", image_link="nowhere.jpg")
    summary = await shop.load()
    assert (summary.outcome, summary.exit_code) == (Outcome.REFUSED, 3)
    assert len((shop.folder / "feed.rejects.csv").read_text(encoding="utf-8").splitlines()) == 4
    shop.eyes.looks.clear()
    summary = await shop.load(yes=True)
    assert (summary.outcome, summary.resumed, summary.refused, summary.products) == (Outcome.PUBLISHED, 7, 3, 7)
    assert shop.eyes.looks.total() == 0


async def test_a_feed_that_lost_most_products_publishes_nothing(shop: Shop) -> None:
    """Half an export must not empty a shop; --delta says that a part is meant."""
    shop.sell(*ids(20))
    await shop.load()
    shop.rows = shop.rows[:9]
    summary = await shop.load()
    assert (summary.outcome, summary.exit_code) == (Outcome.REFUSED, 3)
    assert "--delta" in summary.message
    shop.change("p1", price="7 USD")
    assert (await shop.load(delta=True)).products == 20
    assert (await shop.load(yes=True)).products == 9


async def test_a_feed_without_a_single_product_is_never_published(shop: Shop) -> None:
    """Not even with --yes."""
    shop.sell("x", price="much")
    assert (await shop.load(yes=True)).outcome is Outcome.REFUSED


async def test_a_cut_xml_feed_is_not_published(shop: Shop) -> None:
    """It has fewer products than its shop."""
    shop.sell(*ids(3))
    items = "".join(
        f"<item><g:id>{n}</g:id><title>t</title><g:image_link>p{n}.jpg</g:image_link></item>" for n in range(3)
    )
    path = shop.folder / "feed.xml"
    path.write_text(f"<rss><channel>{items}", encoding="utf-8")
    summary = await shop.load(path)
    assert summary.outcome is Outcome.REFUSED
    assert "cut short" in summary.message
    path.write_text(f"<rss><channel>{items}</channel></rss>", encoding="utf-8")
    assert (await shop.load(path)).products == 3


async def test_a_stopped_load_goes_on_where_it_was(shop: Shop) -> None:
    """What was in work is finished and kept; nothing is looked at twice."""
    shop.sell(*ids(200))
    shop.eyes.stop_after = 90
    stopped = await shop.load()
    assert (stopped.outcome, stopped.exit_code) == (Outcome.INTERRUPTED, 3)
    assert "again" in stopped.message
    kept = stopped.analyzed
    assert 90 <= kept < 200
    assert (await shop.catalog.generations())[0].products == kept
    shop.eyes.stop, shop.eyes.stop_after = asyncio.Event(), 0
    resumed = await shop.load()
    assert (resumed.outcome, resumed.resumed, resumed.analyzed) == (Outcome.PUBLISHED, kept, 200 - kept)
    assert resumed.generation == stopped.generation
    assert set(shop.eyes.looks.values()) == {1}
    assert len(await shop.products()) == 200


async def test_an_interrupted_load_of_another_feed_is_given_up(shop: Shop) -> None:
    """Its rows may say other things; --fresh gives up that of the same feed, too."""
    shop.sell(*ids(100))
    runs: list[dict[str, Any]] = [{}, {"fresh": True}]
    for wishes in runs:
        shop.eyes.stop, shop.eyes.stop_after = asyncio.Event(), shop.eyes.looks.total() + 20
        stopped = await shop.load()
        assert stopped.outcome is Outcome.INTERRUPTED
        shop.eyes.stop, shop.eyes.stop_after = asyncio.Event(), 0
        if not wishes:
            shop.change("p1", price="6 USD")
        again = await shop.load(None, **wishes)
        assert (again.outcome, again.resumed, again.products) == (Outcome.PUBLISHED, 0, 100)
        assert again.generation != stopped.generation
        shop.change("p2", title=f"Other {len(wishes)}")
        shop.eyes = Eyes(embedder=f"eyes/{3 + len(wishes)}")


async def test_eyes_that_stay_closed_end_the_load_and_lose_nothing(shop: Shop) -> None:
    """The products written until then are there for the next run."""
    shop.sell(*ids(200))
    shop.eyes.fail_after = 150
    with pytest.raises(Unavailable):
        await shop.load()
    (generation,) = await shop.catalog.generations()
    assert generation.state is GenerationState.LOADING
    assert generation.products > 0
    shop.eyes.fail_after = 0
    summary = await shop.load()
    assert (summary.resumed, summary.products) == (generation.products, 200)


async def test_a_generation_that_was_verified_and_not_published_is_published(shop: Shop) -> None:
    """The kill came between the two."""
    shop.sell(*ids(5))
    publish, shop.catalog.publish = shop.catalog.publish, _killed  # type: ignore[method-assign]
    with pytest.raises(Killed):
        await shop.load()
    shop.catalog.publish = publish  # type: ignore[method-assign]
    shop.eyes.looks.clear()
    summary = await shop.load()
    assert (summary.outcome, summary.resumed, summary.products) == (Outcome.PUBLISHED, 5, 5)
    assert shop.eyes.looks.total() == 0


class Killed(Exception):
    """Stands for the end of the process."""


async def _killed(generation_id: str) -> Generation:
    raise Killed


async def test_old_generations_are_pruned(shop: Shop) -> None:
    """Three retired ones stay for rollback."""
    shop.sell("a", "b")
    for price in range(6):
        shop.change("a", price=f"{price}.00 USD")
        await shop.load()
    states = [generation.state for generation in await shop.catalog.generations()]
    assert Counter(states) == {GenerationState.PUBLISHED: 1, GenerationState.RETIRED: 3}


async def test_a_live_change_during_a_load_is_kept(shop: Shop) -> None:
    """A product that is deleted while a delta takes over what is published stays deleted."""
    shop.sell("a", "b", "c", "d")
    await shop.load()
    shop.change("a", price="8 USD")
    shop.eyes.looks.clear()
    feed = shop.write("delta.csv")
    await shop.catalog.delete("d")
    shop.rows = shop.rows[:1]
    feed = shop.write("delta.csv")
    summary = await shop.load(feed, delta=True)
    assert summary.products == 3
    assert set(await shop.products()) == {"a", "b", "c"}
