"""google_automl (gRPC), vertex and rekognition (HTTP) over their real wires against fakes on this machine."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import numpy as np
import pytest

from app.analysis.providers.google_automl import GoogleAutoML
from app.analysis.providers.rekognition import Rekognition
from app.analysis.providers.vertex import Vertex
from app.analysis.sighting import Sighting
from app.analysis.source import Reason, Source, SourceFailure
from tests.cloud.builders import a_card, a_picture
from tests.cloud.fakes import google, http

pytestmark = pytest.mark.anyio


class Wire:
    """One provider with its fake."""

    def __init__(self, fake: Any, build: Callable[..., Source]) -> None:
        self.fake = fake
        self.script = fake.script
        self.build = build

    async def look(self, kind: str = "classification", timeout_s: float = 5.0, **card: object) -> Sighting:
        """One picture through a new source."""
        source = self.build(kind, **card)
        try:
            return await source.look(a_picture(), timeout_s=timeout_s)
        finally:
            await source.close()


@pytest.fixture(params=["google_automl", "vertex", "rekognition"])
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[Wire]:
    """Every provider that runs a retailer's own models."""
    async with AsyncExitStack() as stack:
        if request.param == "google_automl":
            automl = google.FakeAutoML()
            at = await stack.enter_async_context(google.serving(automl))
            yield Wire(automl, lambda kind, **card: GoogleAutoML(a_card("google_automl", kind, **card), endpoint=at))
        elif request.param == "vertex":
            fake = http.FakeVertex()
            at = await stack.enter_async_context(http.serving(fake))
            yield Wire(fake, lambda kind, **card: Vertex(a_card("vertex", kind, **card), endpoint=at))
        else:
            aws = http.FakeRekognition()
            at = await stack.enter_async_context(http.serving(aws))
            yield Wire(aws, lambda kind, **card: Rekognition(a_card("rekognition", **card), endpoint=at))


@pytest.fixture
async def vertex() -> AsyncIterator[Wire]:
    fake = http.FakeVertex()
    async with http.serving(fake) as at:
        yield Wire(fake, lambda kind, **card: Vertex(a_card("vertex", kind, **card), endpoint=at))


async def test_labels_mean_what_the_card_says(wire: Wire) -> None:
    seen = await wire.look()
    assert ("material", "velvet") in {(claim.attribute, claim.value) for claim in seen.claims}
    assert "linen" not in {claim.value for claim in seen.claims}  # below the threshold
    assert wire.script.pictures == [b"jpeg of one"]


async def test_a_meaning_of_its_own_wins_and_nothing_means_nothing(wire: Wire) -> None:
    seen = await wire.look(meanings={"velvet": ("pattern", "plain")})
    assert ("pattern", "plain") in {(claim.attribute, claim.value) for claim in seen.claims}
    assert not (await wire.look(meanings={"velvet": None})).claims


async def test_boxes_are_fractions_of_the_photo(wire: Wire) -> None:
    seen = await wire.look("detection")
    (thing,) = seen.things
    assert thing.word.text == "armchair"
    assert thing.box.as_tuple() == pytest.approx((0.1, 0.2, 0.5, thing.box.height))
    assert thing.box.height == pytest.approx(0.7, abs=0.11)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("unavailable", Reason.UNAVAILABLE),
        ("throttled", Reason.THROTTLED),
        ("denied", Reason.CREDENTIALS),
        ("missing", Reason.MISSING_MODEL),
        ("refused", Reason.REFUSED),
        ("reset", Reason.UNAVAILABLE),
        ("garbage", Reason.BAD_ANSWER),
    ],
)
async def test_a_fault_is_told_by_its_reason_after_exactly_one_call(wire: Wire, fault: str, reason: Reason) -> None:
    wire.script.then = fault
    with pytest.raises(SourceFailure) as failure:
        await wire.look()
    assert failure.value.reason is reason
    assert wire.script.calls == 1


async def test_a_hung_server_does_not_hold_the_caller(wire: Wire) -> None:
    wire.script.then = 1.0
    source = wire.build("classification")
    with pytest.raises((SourceFailure, TimeoutError)) as failure:
        async with asyncio.timeout(0.3):
            await source.look(a_picture(), timeout_s=0.2)
    if isinstance(failure.value, SourceFailure):
        assert failure.value.reason is Reason.DEADLINE
    await source.close()


async def test_no_labels_are_an_empty_sighting(wire: Wire) -> None:
    wire.script.then = "nothing"
    assert (await wire.look()).empty


async def test_a_card_that_changes_makes_another_pipeline(wire: Wire) -> None:
    first, second = wire.build("classification"), wire.build("classification", fingerprint="other")
    assert first.pipeline != second.pipeline
    assert first.name == second.name
    await first.close()
    await second.close()


async def test_an_embedding_is_a_unit_vector_that_carries_its_model(vertex: Wire) -> None:
    seen = await vertex.look("embedding", dims=512)
    assert seen.vector is not None
    assert seen.vector.model == "vertex/materials/1"
    assert seen.vector.values.shape == (512,)
    assert np.linalg.norm(seen.vector.values) == pytest.approx(1.0, abs=1e-5)
    assert vertex.script.asked[0][1] == {"dimension": 512}


async def test_a_number_that_is_none_is_left_out_and_named(vertex: Wire) -> None:
    vertex.script.then = "nan"
    seen = await vertex.look()
    assert seen.oddities
    assert all(np.isfinite(claim.confidence) for claim in seen.claims)


async def test_a_vector_with_such_a_number_is_no_answer_to_be_kept(vertex: Wire) -> None:
    vertex.script.then = "nan"
    with pytest.raises(SourceFailure) as failure:
        await vertex.look("embedding")
    assert failure.value.reason is Reason.BAD_ANSWER


async def test_ten_thousand_labels_are_cut(vertex: Wire) -> None:
    vertex.script.then = "flood"
    seen = await vertex.look()
    assert len(seen.claims) == 60
    assert seen.oddities


async def test_vertex_sends_no_credentials_in_the_clear(vertex: Wire) -> None:
    await vertex.look()
    assert "authorization" not in vertex.script.asked[0][2]


async def test_detect_labels_gives_words_boxes_and_the_colors_of_the_foreground() -> None:
    fake = http.FakeRekognition()
    async with http.serving(fake) as at:
        source = Rekognition(endpoint=at)
        seen = await source.look(a_picture(), timeout_s=5.0)
        await source.close()
    assert {word.text: round(word.confidence, 2) for word in seen.words} == {"Chair": 0.97, "Velvet": 0.8}
    assert seen.things[0].box.as_tuple() == pytest.approx((0.1, 0.2, 0.5, 0.6))
    assert [(shade.hex, round(shade.share, 4)) for shade in seen.shades] == [("#1d7f86", 0.62)]
    target, document, headers = fake.script.asked[0]
    assert (target, document["Features"]) == ("DetectLabels", ["GENERAL_LABELS", "IMAGE_PROPERTIES"])
    assert "authorization" in headers  # signed, with keys that open nothing
