"""An evaluation from judged photos to the sheet, over the embedded catalog and a scripted analyzer."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from app.analysis import Box, PhotoAnalysis
from app.catalog import Catalog
from app.errors import BadRequest
from app.evaluation import (
    InvalidQueries,
    JudgedPhoto,
    PairCollector,
    Report,
    evaluate,
    fitted,
    gather,
    gathered,
    to_json,
)
from app.evaluation.metrics import calibration_error
from app.photos import CleanJpeg, Photo
from app.reporting import pictures_under, to_html, to_table
from app.search import Calibration, Stage, VisualSearch, Wishes, probability
from tests.unit.search.shop import STEADY, open_shop, seen, stock

pytestmark = pytest.mark.anyio

SHOP = {product.id: product for product in stock()}


class Unreadable(BadRequest):
    """What a decoder says of such bytes."""

    code = "photo-corrupt"


async def decode(data: bytes) -> Photo:
    """A photo whose name says what is in it; empty bytes cannot be read."""
    if not data:
        raise Unreadable("The photo is empty.")
    return Photo(np.zeros((90, 90, 3), np.uint8), CleanJpeg(data), "jpeg", 90, 90)


class Reader:
    """Sees what a photo's name says: "p012" that product, "stranger" nothing that is sold."""

    name = "reader"

    async def analyze(self, photo: Photo, crop: Box | None = None) -> PhotoAnalysis:
        """See Analyzer."""
        product = SHOP.get(photo.jpeg.decode())
        if product is None:
            stranger = seen(novelty=1.0)
            assert stranger.embedding is not None
            away = replace(stranger.embedding, values=-stranger.embedding.values)
            return replace(stranger, embedding=away, type=None, type_alternatives=(), colors=())
        assert product.type is not None
        evidence = product.images[0].evidence
        assert evidence is not None
        analysis = seen(product.type, product.color)
        assert analysis.embedding is not None
        return replace(analysis, embedding=replace(analysis.embedding, values=evidence.embedding))

    async def close(self) -> None:
        """See Analyzer."""


def judged(folder: Path, names: list[str]) -> list[JudgedPhoto]:
    """Photos of these products, and of what is not sold."""
    photos = []
    for number, name in enumerate(names, start=1):
        path = folder / f"{number}.jpg"
        path.write_bytes(name.encode())
        product = SHOP.get(name)
        split = "fit" if number % 2 else "test"
        if product is None:
            photos.append(JudgedPhoto(number, path, sold=False, split=split))
        else:
            kind = product.type or ""
            photos.append(
                JudgedPhoto(
                    number, path, name, product.item_group_id, kind, product.color, split=split, conditions=("blur",)
                )
            )
    return photos


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(open_shop(tmp_path / "akin.db", stock()))


async def report_of(catalog: Catalog, photos: list[JudgedPhoto], calibration: Calibration = STEADY) -> Report:
    search = VisualSearch(catalog, Reader(), calibration)
    return await evaluate(search, catalog, decode, photos, calibration=calibration, source="judged.jsonl")


NAMES = ["p000", "p004", "p008", "p017", "p030", "p041", "stranger", "stranger"]


async def test_photos_like_the_catalog_pictures_are_all_found(catalog: Catalog, tmp_path: Path) -> None:
    report = await report_of(catalog, judged(tmp_path, NAMES))
    value = {name: figure.value for name, figure in report.measures.items()}
    for name in (
        "hit@1",
        "hit@5",
        "hit@10",
        "mrr",
        "type_accuracy",
        "color_accuracy",
        "no_match_precision",
        "no_match_recall",
    ):
        assert value[name] == 1.0, name
    assert 0.8 < value["ndcg@10"] <= 1.0
    assert report.measures["hit@1"].count == 6
    assert set(report.by_type) == {"armchair", "vase", "lamp"}
    assert {"decode", "analyze", "retrieve", "rank", "whole"} <= set(report.timings_ms)
    assert (report.complete, report.errors) == (True, 0)


async def test_a_wrong_truth_is_a_miss_and_shows_what_should_have_been_found(catalog: Catalog, tmp_path: Path) -> None:
    photos = judged(tmp_path, ["p000", "p004"])
    photos[0] = replace(photos[0], product="p053", type="lamp", group="g5-lamp")
    report = await report_of(catalog, photos)
    assert report.measures["hit@1"].value == 0.5
    assert report.measures["hit@10"].value == 0.5
    assert report.measures["type_accuracy"].value == 0.5
    page = to_html(report, pictures_under(None))
    assert "should have been found" in page
    assert SHOP["p053"].title in page


async def test_a_sold_thing_nothing_was_found_for_lowers_the_precision_of_no_match(
    catalog: Catalog, tmp_path: Path
) -> None:
    photos = judged(tmp_path, ["p000", "stranger", "stranger"])
    photos[1] = replace(photos[1], sold=True, product="p004", type="vase")
    report = await report_of(catalog, photos)
    assert report.measures["no_match_precision"].value == 0.5
    assert report.measures["no_match_recall"].value == 1.0


async def test_a_stranger_that_is_matched_lowers_the_recall(catalog: Catalog, tmp_path: Path) -> None:
    photos = [replace(photo, sold=False, product=None) for photo in judged(tmp_path, ["p000", "p004"])]
    report = await report_of(catalog, photos)
    assert report.measures["no_match_recall"].value == 0.0
    assert "hit@1" not in report.measures
    assert "not sold, yet called exact or close" in to_html(report, pictures_under(None))


async def test_photos_that_cannot_be_read_are_counted_not_raised(catalog: Catalog, tmp_path: Path) -> None:
    photos = judged(tmp_path, ["p000", "p004", "p008"])
    photos[0].photo.write_bytes(b"")
    photos[1].photo.unlink()
    report = await report_of(catalog, photos)
    assert report.errors == 2
    assert report.outcomes[0].error == "photo-corrupt: The photo is empty."
    assert report.measures["hit@1"].count == 1


async def test_an_interrupted_evaluation_reports_what_was_done(catalog: Catalog, tmp_path: Path) -> None:
    stop = asyncio.Event()
    search = VisualSearch(catalog, Reader(), STEADY)
    calls: list[tuple[int, int]] = []

    def progress(done: int, whole: int) -> None:
        calls.append((done, whole))
        if done == 2:
            stop.set()

    photos = judged(tmp_path, NAMES)
    report = await evaluate(search, catalog, decode, photos, calibration=STEADY, progress=progress, stop=stop)
    assert calls == [(1, 8), (2, 8)]
    assert (report.photos, report.complete) == (2, False)
    assert "interrupted" in to_html(report, pictures_under(None))


async def test_the_json_has_a_version_every_figure_and_every_item(catalog: Catalog, tmp_path: Path) -> None:
    whole = json.loads(to_json(await report_of(catalog, judged(tmp_path, NAMES))))
    assert (whole["schema"], whole["photos"], whole["complete"]) == (1, 8, True)
    assert set(whole["measures"]["hit@1"]) == {"value", "low", "high", "count"}
    first = whole["outcomes"][0]
    assert first["judged"]["photo"] == "1.jpg"
    assert first["shown"][0]["product_id"] == "p000"
    assert sum(weight for _, _, weight in first["shown"][0]["reasons"]) == pytest.approx(first["shown"][0]["score"])


async def test_the_sheet_is_one_file_with_the_pictures_in_it_and_nothing_from_outside(
    catalog: Catalog, tmp_path: Path
) -> None:
    photos = judged(tmp_path, ["p000"])
    photos[0] = replace(photos[0], product="p053", type="<b>lamp</b>")
    (tmp_path / "i").mkdir()
    (tmp_path / "i" / "0-0.jpg").write_bytes(b"\xff\xd8\xff picture")
    page = to_html(await report_of(catalog, photos), pictures_under(tmp_path))
    assert page.count("data:image/jpeg;base64,") >= 2
    assert "&lt;b&gt;lamp" in page
    assert "<b>lamp" not in page
    for outside in ("http:", "https:", 'src="/', "<script", "url("):
        assert outside not in page


async def test_the_table_fits_a_terminal(catalog: Catalog, tmp_path: Path) -> None:
    out = StringIO()
    Console(file=out, width=80).print(to_table(await report_of(catalog, judged(tmp_path, NAMES))))
    assert "hit@10" in out.getvalue()
    assert "armchair" in out.getvalue()
    assert max(len(line) for line in out.getvalue().splitlines()) <= 80


async def test_a_fit_to_several_shops_is_better_calibrated_and_keeps_the_cuts(catalog: Catalog, tmp_path: Path) -> None:
    photos = judged(tmp_path, [f"p{number:03d}" for number in range(0, 54, 2)] + ["stranger"] * 3)
    collector = PairCollector()
    count = await gather(VisualSearch(catalog, Reader(), STEADY), decode, photos, collector)
    fit = await fitted(collector, STEADY, data="drawn", embedder="test/1")
    assert count in (14, 15)
    assert (fit.exact, fit.close, fit.loose) == (STEADY.exact, STEADY.close, STEADY.loose)
    assert Calibration.from_json(fit.to_json()) == fit

    def error(report: Report) -> float:
        items = [item for one in report.outcomes if one.judged.split == "test" for item in one.shown]
        told = [item for item in items if item.similar is not None]
        scores, outcomes = [item.score for item in told], [float(bool(item.similar)) for item in told]
        return calibration_error(np.array(scores), np.array(outcomes))

    before, after = await report_of(catalog, photos), await report_of(catalog, photos, fit)
    assert error(after) < error(before)
    assert after.measures["hit@1"].value == 1.0
    assert set(fit.stages) == set(Stage)


async def test_without_photos_to_fit_on_there_is_no_fit(catalog: Catalog, tmp_path: Path) -> None:
    photos = [replace(photo, split="test") for photo in judged(tmp_path, NAMES)]
    with pytest.raises(InvalidQueries):
        await gather(VisualSearch(catalog, Reader(), STEADY), decode, photos, PairCollector())


async def test_the_lists_that_tuning_learns_from_rank_as_the_search_does(catalog: Catalog, tmp_path: Path) -> None:
    photos = judged(tmp_path, [f"p{number:03d}" for number in range(12)])
    search = VisualSearch(catalog, Reader(), STEADY)
    lists = await gathered(search, decode, [replace(one, text="red") for one in photos[:3]] + photos[3:])
    report = await report_of(catalog, photos[3:])
    for one, outcome in zip(lists[3:], report.outcomes, strict=True):
        scores = np.sort(one.scores(STEADY))[::-1]
        assert scores[: len(outcome.shown)] == pytest.approx([item.score for item in outcome.shown])
    shown = (await search.by_photo(await decode(b"p000"), Wishes(text="red"))).items
    assert np.sort(lists[0].scores(STEADY))[::-1][:3] == pytest.approx([item.score for item in shown[:3]])


async def test_tuning_keeps_the_order_of_the_photos_and_stops_at_one_that_cannot_be_read(
    catalog: Catalog, tmp_path: Path
) -> None:
    photos = judged(tmp_path, [f"p{number:03d}" for number in range(12)])
    search = VisualSearch(catalog, Reader(), STEADY)
    in_turn: list[int] = []

    async def uneven(data: bytes) -> Photo:
        await asyncio.sleep(0.02 if data == b"p000" else 0.0)  # the first is read last
        return await decode(data)

    lists = await gathered(search, uneven, photos, progress=lambda done, _: in_turn.append(done))
    assert [one.name for one in lists] == [f"line {one.number}" for one in photos]
    assert in_turn == list(range(1, 13))
    with pytest.raises(FileNotFoundError):
        await gathered(search, uneven, [*photos, replace(photos[0], photo=tmp_path / "gone.jpg")])


async def test_the_evidence_of_an_item_makes_its_score(catalog: Catalog) -> None:
    for item in (await VisualSearch(catalog, Reader(), STEADY).by_photo(await decode(b"p003"))).items:
        assert item.evidence is not None
        weights = STEADY.stages[item.evidence.stage]
        logit = weights.bias + sum(weights.weights[name] * value for name, value in item.evidence.features.items())
        assert probability(np.array(logit)) == pytest.approx(item.score)
