"""The ensemble over eyes and sources that do as they are told: one deadline, a closer look, a cascade."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from app.analysis import Box, Gap, ObjectType, PhotoAnalysis, answering_by
from app.analysis.asking import Asker
from app.analysis.ensemble import Cascade, Ensemble
from app.analysis.outgoing import clean
from app.analysis.patience import time_left
from app.analysis.sighting import Sighting, Thing, Word
from app.analysis.source import Picture
from app.analysis.trust import read_trust
from app.analysis.vocabulary import read_vocabulary
from app.errors import Unavailable
from app.metering import UnplacedWords
from app.photos import Photo
from tests.cloud.builders import a_photo, metering

pytestmark = pytest.mark.anyio
SOFA = Sighting(things=(Thing(Word("Sofa", 0.9), Box(0.5, 0.5, 0.5, 0.5)),))


class Eyes:
    """The embedded eyes: an armchair in the upper left corner, or whatever the crop says."""

    name = "local"

    def __init__(self) -> None:
        self.looked: list[Box | None] = []
        self.had_left: list[float | None] = []

    async def analyze(self, photo: Photo, crop: Box | None = None) -> PhotoAnalysis:
        self.looked.append(crop)
        self.had_left.append(time_left())
        kinds = (ObjectType("armchair", 0.6, "local"),)
        return PhotoAnalysis(region=crop or Box(0.0, 0.0, 0.4, 0.4), type=kinds[0], type_alternatives=kinds)

    async def close(self) -> None:
        return None


class Far:
    """A source that says what it is told after a while."""

    pipeline = "1"
    units: Mapping[str, int] = {"vision.label": 1}

    def __init__(self, name: str, says: Sighting = SOFA, takes_s: float = 0.0) -> None:
        self.name, self.says, self.takes_s, self.calls = name, says, takes_s, 0

    async def look(self, picture: Picture, *, timeout_s: float) -> Sighting:
        self.calls += 1
        await asyncio.sleep(self.takes_s)
        return self.says

    async def open(self) -> None:
        return None

    async def check(self) -> str:
        return "well"

    async def close(self) -> None:
        return None


@asynccontextmanager
async def ensemble(folder: Path, eyes: Eyes, *sources: Far, **options: object) -> AsyncIterator[Ensemble]:
    async with metering(folder) as (ledger, answers, store):
        made = Ensemble(
            eyes,
            [Asker(source, answers=answers, ledger=ledger) for source in sources],
            **{
                "vocabulary": read_vocabulary(), "trust": read_trust(), "outgoing": clean,
                "words": UnplacedWords(store), "patience_s": 60.0, **options,
            },  # type: ignore[arg-type]
        )  # fmt: skip
        try:
            yield made
        finally:
            await made.close()


async def test_the_requests_deadline_is_the_sources_deadline(tmp_path: Path) -> None:
    hung, well = Far("rekognition", takes_s=3600.0), Far("google_vision")
    async with ensemble(tmp_path, Eyes(), hung, well) as made, asyncio.timeout(30):
        with answering_by(asyncio.get_running_loop().time() + 3.0):
            analysis = await made.analyze(a_photo())
    assert analysis.gaps == (Gap("rekognition", "deadline"),)
    assert any(label.source == "google_vision" for label in analysis.labels)


async def test_the_eyes_look_again_where_a_source_found_the_thing(tmp_path: Path) -> None:
    eyes = Eyes()
    async with ensemble(tmp_path, eyes, Far("google_vision")) as made:
        analysis = await made.analyze(a_photo())
        assert eyes.looked == [None, Box(0.5, 0.5, 0.5, 0.5)]
        assert analysis.region == Box(0.5, 0.5, 0.5, 0.5)
        eyes.looked.clear()
        crop = Box(0.1, 0.1, 0.3, 0.3)
        assert (await made.analyze(a_photo(), crop)).region == crop  # who chose a region gets that region
        assert eyes.looked == [crop]


async def test_the_second_look_has_no_more_time_than_the_sources_had(tmp_path: Path) -> None:
    """Its embedder may be far away too, and finding and ranking come after it."""
    eyes = Eyes()
    async with ensemble(tmp_path, eyes, Far("google_vision")) as made:
        with answering_by(asyncio.get_running_loop().time() + 100.0):
            await made.analyze(a_photo())
    first, second = eyes.had_left
    assert first is not None
    assert second is not None
    assert second <= 60.0 < first


async def test_nobody_looks_twice_when_all_see_the_same_or_the_box_is_unsure(tmp_path: Path) -> None:
    near = Sighting(things=(Thing(Word("Armchair", 0.9), Box(0.0, 0.0, 0.42, 0.4)),))
    unsure = Sighting(things=(Thing(Word("Sofa", 0.3), Box(0.5, 0.5, 0.5, 0.5)),))
    for number, seen in enumerate((near, unsure, Sighting())):
        eyes = Eyes()
        async with ensemble(tmp_path, eyes, Far(f"source{number}", seen)) as made:
            await made.analyze(a_photo())
        assert eyes.looked == [None]


@pytest.mark.parametrize(("sure", "material", "asked"), [(0.9, True, 0), (0.9, False, 1), (0.5, True, 1)])
async def test_a_cascade_asks_where_the_type_is_unsure_or_an_attribute_is_missing(
    tmp_path: Path, sure: float, material: bool, asked: int
) -> None:
    far = Far("google_vision")
    cascade = Cascade(0.75, () if material else ("material",))
    async with ensemble(tmp_path, Eyes(), far, cascade=cascade) as made:
        analysis = await made.analyze(a_photo())
        assert far.calls == 0
        deeper = await made.deepen(a_photo(), None, analysis, sure)
    assert far.calls == asked
    assert (deeper is None) == (asked == 0)
    async with metering(tmp_path) as (ledger, _, _):
        report = await ledger.report()
    assert sum(day.happened.get("spared", 0) for day in report) == 1 - asked


async def test_a_photo_that_cannot_be_made_fit_to_leave_does_not_leave(tmp_path: Path) -> None:
    async def unfit(_: Photo) -> Picture:
        raise Unavailable("Faces could not be looked for.")

    far = Far("google_vision")
    async with ensemble(tmp_path, Eyes(), far, outgoing=unfit) as made:
        analysis = await made.analyze(a_photo())
    assert far.calls == 0
    assert analysis.gaps == (Gap("google_vision", "unavailable"),)
    assert analysis.type is not None


async def test_a_source_that_could_not_be_built_is_named_every_time(tmp_path: Path) -> None:
    broken = (Gap("vertex", "bad-card"),)
    for cascade in (Cascade(), Cascade(0.0)):
        async with ensemble(tmp_path, Eyes(), broken=broken, cascade=cascade) as made:
            analysis = await made.analyze(a_photo())
        assert analysis.gaps == broken
        assert replace(analysis, gaps=()) == await Eyes().analyze(a_photo())
