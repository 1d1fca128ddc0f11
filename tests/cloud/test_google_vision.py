"""google_vision over its real gRPC wire against a fake on this machine."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from google.api_core import exceptions as gone_wrong

from app.analysis.providers.google_vision import FEATURES, GoogleVision
from app.analysis.providers.google_wire import reason_of
from app.analysis.sighting import Sighting
from app.analysis.source import Reason, SourceFailure
from app.errors import BadRequest
from tests.cloud.builders import a_picture, until
from tests.cloud.fakes.google import FakeVision, serving

pytestmark = pytest.mark.anyio
SET = "projects/p/locations/us-west1/productSets/s"


@pytest.fixture
async def fake() -> FakeVision:
    return FakeVision()


@pytest.fixture
async def endpoint(fake: FakeVision) -> AsyncIterator[str]:
    async with serving(fake) as address:
        yield address


async def look(source: GoogleVision, name: str = "one", timeout_s: float = 5.0) -> Sighting:
    try:
        return await source.look(a_picture(name), timeout_s=timeout_s)
    finally:
        await source.close()


async def test_everything_asked_for_comes_in_one_request(fake: FakeVision, endpoint: str) -> None:
    everything = GoogleVision(
        tuple(FEATURES), endpoint=endpoint, product_set=SET, product_categories=("homegoods-v2",),
        attributes=frozenset({"material"}),
    )  # fmt: skip
    seen = await look(everything)
    assert fake.script.calls == 1
    assert fake.script.pictures == [b"jpeg of one"]
    words = {word.text: word for word in seen.words}
    assert (words["Chair"].mid, round(words["Chair"].confidence, 4)) == ("/m/01mzpv", 0.97)
    assert words["teal velvet armchair"].language == "en"
    assert "Vera armchair" in words
    assert seen.things[0].box.as_tuple() == pytest.approx((0.1, 0.2, 0.5, 0.6))
    assert [(shade.hex, round(shade.share, 4)) for shade in seen.shades] == [("#c81e14", 0.3)]
    claims = {(claim.attribute, claim.value) for claim in seen.claims}
    assert claims == {
        ("brand", "Nordhem"), ("text", "AIR MAX"), ("text", "90"), ("unsafe", "racy"), ("material", "velvet"),
    }  # fmt: skip
    (request,) = fake.script.asked[0].requests
    assert request.image_context.product_search_params.product_set == SET
    assert everything.units["vision.product_search"] == 1
    assert sum(everything.units.values()) == fake.script.units == 8


async def test_only_what_the_setting_names_is_asked_and_paid(fake: FakeVision, endpoint: str) -> None:
    source = GoogleVision(("labels",), endpoint=endpoint)
    seen = await look(source)
    assert len(fake.script.asked[0].requests[0].features) == 1
    assert source.units == {"vision.label": 1}
    assert seen.words
    assert not seen.things


async def test_a_loader_sends_up_to_sixteen_pictures_at_once_and_each_has_its_own_fate(
    fake: FakeVision, endpoint: str
) -> None:
    source = GoogleVision(("labels",), endpoint=endpoint, batch=99)
    names = [f"p{n}" for n in range(40)]
    pictures = [a_picture(name, b"BAD" if name == "p7" else None) for name in names]
    answers = await asyncio.gather(
        *(source.look(picture, timeout_s=5.0) for picture in pictures), return_exceptions=True
    )
    await source.close()
    assert [len(request.requests) for request in fake.script.asked] == [16, 16, 8]
    failed = [name for name, answer in zip(names, answers, strict=True) if isinstance(answer, SourceFailure)]
    assert failed == ["p7"]
    failure = answers[7]
    assert isinstance(failure, SourceFailure)
    assert failure.reason is Reason.REFUSED


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("unavailable", Reason.UNAVAILABLE),
        ("throttled", Reason.THROTTLED),
        ("denied", Reason.CREDENTIALS),
        ("unauthenticated", Reason.CREDENTIALS),
        ("missing", Reason.MISSING_MODEL),
        ("refused", Reason.REFUSED),
        ("garbage", Reason.BAD_ANSWER),
    ],
)
async def test_a_fault_is_told_by_its_reason_after_exactly_one_call(
    fake: FakeVision, endpoint: str, fault: str, reason: Reason
) -> None:
    """The library's own retries would go on for ten minutes and ignore the timeout."""
    fake.script.then = fault
    with pytest.raises(SourceFailure) as failure:
        await look(GoogleVision(("labels",), endpoint=endpoint))
    assert failure.value.reason is reason
    assert fake.script.calls == 1


async def test_a_hung_server_is_left_at_the_timeout_and_hears_of_it(fake: FakeVision, endpoint: str) -> None:
    fake.script.then = "hang"
    with pytest.raises(SourceFailure) as failure:
        await look(GoogleVision(("labels",), endpoint=endpoint), timeout_s=0.2)
    assert failure.value.reason is Reason.DEADLINE


async def test_a_cancelled_call_is_cancelled_at_the_server_too(fake: FakeVision, endpoint: str) -> None:
    fake.script.then = "hang"
    source = GoogleVision(("labels",), endpoint=endpoint)
    task = asyncio.create_task(source.look(a_picture(), timeout_s=60.0))
    await until(lambda: fake.script.calls == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: fake.script.cancelled == 1)
    await source.close()


async def test_nobody_there_is_unavailable() -> None:
    async with serving(FakeVision()) as address:
        pass
    with pytest.raises(SourceFailure) as failure:
        await look(GoogleVision(("labels",), endpoint=address))
    assert failure.value.reason is Reason.UNAVAILABLE


@pytest.mark.parametrize(("fault", "odd"), [("nan", "no number"), ("flood", "more than 60")])
async def test_what_cannot_be_used_is_left_out_and_named(fake: FakeVision, endpoint: str, fault: str, odd: str) -> None:
    fake.script.then = fault
    seen = await look(GoogleVision(("labels", "objects"), endpoint=endpoint))
    assert seen.words
    assert len(seen.words) <= 60
    assert any(odd in one for one in seen.oddities)
    assert all(0.0 <= word.confidence <= 1.0 for word in seen.words)


async def test_an_empty_answer_is_an_empty_sighting(fake: FakeVision, endpoint: str) -> None:
    fake.script.then = "nothing"
    assert (await look(GoogleVision(("labels", "objects"), endpoint=endpoint))).empty


def test_every_error_of_the_library_has_a_reason() -> None:
    """An update of the library cannot let a new error slip through unmapped."""
    kinds = [kind for kind in vars(gone_wrong).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) > 20
    for kind in kinds:
        if issubclass(kind, gone_wrong.GoogleAPIError):
            assert reason_of(kind.__new__(kind)) is not None, kind


def test_unknown_features_and_far_plain_endpoints_are_refused() -> None:
    with pytest.raises(BadRequest, match="faces"):
        GoogleVision(("labels", "faces"))
    for address in ("http://vision.example:80", "vision.example", "ftp://127.0.0.1"):
        with pytest.raises(BadRequest, match="neither encrypted nor on this machine"):
            GoogleVision(("labels",), endpoint=address)
