"""The processes that look at photos: what goes in is seen whole, and a process that ends costs nobody his answer."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from app.analysis.looking import LookingFailed, LookingProcesses
from app.analysis.providers.local import LocalAnalyzer, see
from app.photos import MAX_SIDE, CleanJpeg, Photo
from tests.builders import INKS, SHAPES, a_drawing

pytestmark = pytest.mark.anyio

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def processes() -> Iterator[LookingProcesses]:
    """Two, for all tests that leave them alive."""
    made = LookingProcesses(2)
    yield made
    made.shutdown()


def sums(first: Pixels, second: Pixels | None = None, *, times: int = 1) -> tuple[int, int]:
    """Something that tells pictures apart."""
    return int(first.sum()) * times, 0 if second is None else int(second.sum()) * times


def whose(_: Pixels) -> int:
    """The process this ran in."""
    return os.getpid()


def slowly(pixels: Pixels, seconds: float) -> tuple[int, int]:
    time.sleep(seconds)
    return sums(pixels)


def overwrite(pixels: Pixels) -> None:
    pixels[:] = 0


def end_once(pixels: Pixels, marker: Path) -> tuple[int, int]:
    """The first process that does this ends."""
    if not marker.exists():
        marker.touch()
        os._exit(1)
    return sums(pixels)


def end_always(_: Pixels) -> None:
    os._exit(1)


def noise(seed: int, side: int = 400) -> Pixels:
    return cast("Pixels", np.random.default_rng(seed).integers(0, 256, (side, side + 8, 3), dtype=np.uint8))


async def done(work: "asyncio.Future[object] | object") -> object:
    return await asyncio.wait_for(asyncio.wrap_future(work), 60)  # type: ignore[arg-type]


async def test_what_is_seen_there_is_what_is_seen_here(processes: LookingProcesses) -> None:
    """Many photos at once. This process may add up in more threads, and differ in the last bits."""
    drawings = [a_drawing(shape, ink, seed=3) for shape in SHAPES[:4] for ink in tuple(INKS)[:3]]
    analyzer = LocalAnalyzer(processes)
    photos = [Photo(one, CleanJpeg(), "jpeg", one.shape[1], one.shape[0]) for one in drawings]
    there = await asyncio.gather(*(analyzer.analyze(photo) for photo in photos))
    for drawing, analysis in zip(drawings, there, strict=True):
        here = see("local", drawing, None)
        assert analysis.embedding is not None
        np.testing.assert_allclose(analysis.embedding.values, here.embedding, atol=1e-6)
        assert analysis.features == here.features


async def test_pictures_that_cross_at_once_are_not_mixed_up(processes: LookingProcesses) -> None:
    """More than there are places in shared memory, and larger than those: the rest takes the pipe."""
    pictures = [noise(seed) for seed in range(20)] + [noise(99, side=MAX_SIDE + 1)]
    found = await asyncio.gather(*(done(processes.submit(sums, one, one[::2], times=2)) for one in pictures))
    assert found == [sums(one, one[::2], times=2) for one in pictures]


async def test_a_picture_cannot_be_written_to(processes: LookingProcesses) -> None:
    with pytest.raises(ValueError, match="read-only"):
        await done(processes.submit(overwrite, noise(1)))


async def test_what_the_work_raises_is_raised(processes: LookingProcesses) -> None:
    with pytest.raises(TypeError, match="unexpected"):
        await done(processes.submit(sums, noise(1), unexpected=1))  # type: ignore[call-arg]


async def test_who_no_longer_waits_takes_nobodys_place(processes: LookingProcesses) -> None:
    """The work ends all the same, and its place in shared memory is not lent meanwhile."""
    pictures = [noise(seed) for seed in range(12)]
    waiting = [asyncio.ensure_future(done(processes.submit(slowly, one, 0.05))) for one in pictures]
    await asyncio.sleep(0.02)
    for one in waiting[::2]:
        one.cancel()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert found[1::2] == [sums(one) for one in pictures[1::2]]
    assert await done(processes.submit(sums, pictures[0])) == sums(pictures[0])


async def test_a_process_that_was_killed_is_replaced_and_its_work_done() -> None:
    looking = LookingProcesses(1)
    try:
        first = cast("int", await done(looking.submit(whose, noise(1))))
        assert psutil.Process(first).name() == "akin-look"
        running = asyncio.ensure_future(done(looking.submit(slowly, noise(2), 0.5)))
        await asyncio.sleep(0.2)
        psutil.Process(first).kill()
        assert await running == sums(noise(2))
        assert await done(looking.submit(whose, noise(3))) != first
    finally:
        looking.shutdown()


async def test_work_that_ends_its_process_is_done_anew_once(tmp_path: Path) -> None:
    """What waited beside it is answered too."""
    looking = LookingProcesses(1)
    try:
        pictures = [noise(seed) for seed in range(4)]
        work = [looking.submit(end_once, pictures[0], tmp_path / "marker")]
        work += [looking.submit(sums, one) for one in pictures[1:]]
        assert await asyncio.gather(*map(done, work)) == [sums(one) for one in pictures]
        with pytest.raises(LookingFailed) as failure:
            await done(looking.submit(end_always, noise(5)))
        assert failure.value.retry_after_s > 0
        assert await done(looking.submit(sums, pictures[0])) == sums(pictures[0])
    finally:
        looking.shutdown()


async def test_after_the_end_nothing_is_left() -> None:
    looking = LookingProcesses(1)
    process = psutil.Process(cast("int", await done(looking.submit(whose, noise(1)))))
    work = [looking.submit(slowly, noise(seed), 0.2) for seed in range(6)]
    await looking.close()
    ends = await asyncio.gather(*map(done, work), return_exceptions=True)
    assert all(isinstance(one, LookingFailed) or one == sums(noise(seed)) for seed, one in enumerate(ends))
    assert not process.is_running()
    with pytest.raises(RuntimeError):
        looking.submit(whose, noise(1))
    looking.shutdown()
