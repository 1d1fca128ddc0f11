"""The local analyzer at the port: looks in its executor, answers what it was taught, forgets on demand."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from app.analysis import Box, PhotoAnalysis
from app.analysis.local import Teaching, TeachingMismatch
from app.analysis.providers.local import LocalAnalyzer
from app.analysis.registry import Means, UnknownAnalyzer, analyzer_named
from app.errors import Unavailable
from app.photos import CleanJpeg, Photo, reread_now
from tests.builders import SHAPES, a_drawing

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture
def analyzer(threads: Executor) -> LocalAnalyzer:
    return LocalAnalyzer(threads)


def photo_of(shape: str = "ball", ink: str = "red", seed: int = 0) -> Photo:
    pixels = a_drawing(shape, ink, seed=seed)
    return Photo(pixels, CleanJpeg(), "jpeg", pixels.shape[1], pixels.shape[0])


async def taught_by(analyzer: LocalAnalyzer, seeds: int = 3, *, usual: float | None = None) -> bytes:
    """What a shop of drawn shapes teaches: the shape is the type, the ink the material."""
    rows = [(shape, ink, seed) for shape in SHAPES for ink in ("red", "teal") for seed in range(seeds)]
    looks = []
    for row in rows:
        embedding = (await analyzer.analyze(photo_of(*row))).embedding
        assert embedding is not None
        looks.append(embedding.values)
    materials = [{"material": f"{ink} stuff"} for _, ink, _ in rows]
    groups = [f"{shape}{ink}{seed}" for shape, ink, seed in rows]
    types = [shape for shape, _, _ in rows]
    project = usual is not None
    return Teaching.fit(np.stack(looks), types, materials, groups, project=project, usual=usual or 0.0).to_bytes()


def same(first: PhotoAnalysis, second: PhotoAnalysis) -> bool:
    assert first.embedding is not None
    assert second.embedding is not None
    equal = np.array_equal(first.embedding.values, second.embedding.values)
    return equal and replace(first, embedding=None) == replace(second, embedding=None)


async def test_the_same_photo_gives_the_same_answer_with_region_colors_and_a_unit_vector(
    analyzer: LocalAnalyzer,
) -> None:
    first, second = await analyzer.analyze(photo_of()), await analyzer.analyze(photo_of())
    assert same(first, second)
    assert first.colors[0].name == "red"
    assert first.region.width < 1.0
    assert first.embedding is not None
    assert first.embedding.model == analyzer.embedder
    assert first.embedding.values.shape == (analyzer.dims,)
    assert np.linalg.norm(first.embedding.values) == pytest.approx(1.0, abs=1e-5)
    assert first.features


async def test_before_it_is_taught_it_makes_nothing_up(analyzer: LocalAnalyzer) -> None:
    analysis = await analyzer.analyze(photo_of())
    assert (analysis.type, analysis.type_alternatives, analysis.attributes, analysis.novelty) == (None, (), (), None)


async def test_the_catalog_teaches_types_and_attributes_and_none_makes_it_forget(analyzer: LocalAnalyzer) -> None:
    analyzer.learn(await taught_by(analyzer))
    for shape in SHAPES:
        analysis = await analyzer.analyze(photo_of(shape, "teal", seed=77))
        assert analysis.type is not None
        assert analysis.type.name == shape
        assert sum(one.confidence for one in analysis.type_alternatives) <= 1.0 + 1e-3
        assert [one.type for one in analysis.objects].count(shape) == 1
        assert {one.value for one in analysis.attributes} == {"teal stuff"}
        assert analysis.novelty is not None
    analyzer.learn(None)
    assert (await analyzer.analyze(photo_of())).type is None


async def test_what_another_embedder_was_taught_is_refused_and_the_old_kept(analyzer: LocalAnalyzer) -> None:
    analyzer.learn(await taught_by(analyzer, seeds=2))
    other = Teaching.fit(np.eye(4, dtype=np.float32), list("abcd"), [{}] * 4, list("wxyz"), embedder="other/1")
    for foreign in (b"", b"not a teaching", other.to_bytes()):
        with pytest.raises(TeachingMismatch):
            analyzer.learn(foreign)
    assert (await analyzer.analyze(photo_of("ring"))).type is not None


async def test_a_crop_is_the_region_whatever_lies_beside_it(analyzer: LocalAnalyzer) -> None:
    both = np.concatenate([a_drawing("ball", "red"), a_drawing("cross", "teal")], axis=1)
    photo = Photo(both, CleanJpeg(), "jpeg", both.shape[1], both.shape[0])
    for crop, color in ((Box(0.0, 0.0, 0.5, 1.0), "red"), (Box(0.5, 0.0, 0.5, 1.0), "teal")):
        analysis = await analyzer.analyze(photo, crop)
        assert analysis.region == crop
        assert color in [one.name for one in analysis.colors[:2]]


class Kept:
    """Looks in memory. broken: it cannot be read. Not a fake of anything that runs elsewhere: the port is two calls."""

    def __init__(self, *, broken: bool = False) -> None:
        self.seen: dict[tuple[str, str], bytes] = {}
        self.broken = broken

    async def look(self, photo: Photo, how: str) -> bytes | None:
        """What was kept."""
        if self.broken:
            raise Unavailable("no disk")
        return self.seen.get((photo.sha256, how))

    def keep_look(self, photo: Photo, how: str, seen: bytes) -> None:
        """Keep it."""
        self.seen[photo.sha256, how] = seen


@pytest.mark.parametrize("crop", [None, Box(0.1, 0.2, 0.6, 0.7)])
async def test_a_photo_read_again_is_seen_as_it_was_when_it_was_sent(threads: Executor, crop: Box | None) -> None:
    """Its clean JPEG has other pixels, which alone would be seen a little differently."""
    analyzer = LocalAnalyzer(threads, looks=Kept())
    photo = photo_of("ring", "teal", 5)
    again = reread_now(photo.jpeg)
    assert not np.array_equal(photo.pixels, again.pixels)
    assert not same(await LocalAnalyzer(threads).analyze(again, crop), await analyzer.analyze(photo, crop))
    assert same(await analyzer.analyze(again, crop), await analyzer.analyze(photo, crop))


@pytest.mark.parametrize("kept", [Kept(), Kept(broken=True)])
async def test_a_photo_read_again_is_looked_at_where_nothing_was_kept(threads: Executor, kept: Kept) -> None:
    again = reread_now(photo_of().jpeg)
    assert same(await LocalAnalyzer(threads, looks=kept).analyze(again), await LocalAnalyzer(threads).analyze(again))


async def test_what_was_kept_and_cannot_be_read_is_seen_anew(threads: Executor) -> None:
    kept = Kept()
    analyzer = LocalAnalyzer(threads, looks=kept)
    again = reread_now(photo_of().jpeg)
    first = await analyzer.analyze(again)
    for damaged in (b"", b"{}", b"[1]", b'{"region": [1, 2]}', b"\xff"):
        kept.seen = dict.fromkeys(kept.seen, damaged)
        assert same(await analyzer.analyze(again), first)


@pytest.mark.parametrize("level", [0, 127, 255])
async def test_an_empty_picture_is_no_error(analyzer: LocalAnalyzer, level: int) -> None:
    flat = Photo(np.full((90, 120, 3), level, np.uint8), CleanJpeg(), "png", 120, 90)
    analysis = await analyzer.analyze(flat)
    assert analysis.embedding is not None
    assert np.isfinite(analysis.embedding.values).all()


async def test_processes_see_what_threads_see(analyzer: LocalAnalyzer) -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as processes:
        other = LocalAnalyzer(processes)
        assert same(await other.analyze(photo_of("plank")), await analyzer.analyze(photo_of("plank")))


async def test_closing_twice_is_harmless_and_leaves_the_executor_to_its_owner(threads: Executor) -> None:
    analyzer = LocalAnalyzer(threads)
    await analyzer.close()
    await analyzer.close()
    assert threads.submit(int, "7").result() == 7


async def test_the_registry_builds_by_name_and_names_what_it_knows(threads: Executor) -> None:
    built = analyzer_named("local", Means(threads))
    assert built.name == "local"
    with pytest.raises(UnknownAnalyzer) as unknown:
        analyzer_named("google_visoin", Means(threads))
    assert "local" in str(unknown.value.fix)


async def test_a_taught_likeness_goes_with_every_photo_and_knows_shapes(analyzer: LocalAnalyzer) -> None:
    assert (await analyzer.analyze(photo_of())).likeness is None
    for heads_only in (None, 0.0):
        analyzer.learn(await taught_by(analyzer, usual=heads_only))
        assert (await analyzer.analyze(photo_of())).likeness is None
    analyzer.learn(await taught_by(analyzer, usual=0.4))
    likeness = (await analyzer.analyze(photo_of("ball", "red", 7))).likeness
    assert likeness is not None
    assert likeness.usual == 0.4
    shown = [(await analyzer.analyze(photo_of(shape, "red", 8))).embedding for shape in SHAPES]
    alike = likeness.of(np.stack([one.values for one in shown if one is not None]))
    assert SHAPES[int(np.argmax(alike))] == "ball"
    assert float(np.abs(alike).max()) <= 1.0 + 1e-5
