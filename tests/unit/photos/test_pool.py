"""Decoding in processes that can be killed: one photo's trouble is never another's."""

import asyncio
import os
import sys
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from app.photos import (
    DecoderBusy,
    DecoderClosed,
    PhotoDecodeCrashed,
    PhotoDecodeMemory,
    PhotoDecoder,
    PhotoDecodeTimeout,
    PhotoUnsupportedFormat,
    decode_now,
)
from tests.builders import a_photo_file
from tests.unit.photos.hostile import CRASH, DIE, HANG, HOARD, STOP, decode_or_misbehave
from tests.unit.photos.pictures import chunk, png

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]
GOOD = a_photo_file()
PATIENCE_S = 20.0


@pytest.fixture
async def decoder() -> AsyncIterator[PhotoDecoder]:
    """One slot, a short wall limit, and workers that can be told to misbehave."""
    async with PhotoDecoder(1, timeout_s=1.0, decode=decode_or_misbehave) as decoder:
        yield decoder


def processes() -> set[int]:
    """All processes below this one."""
    return {process.pid for process in psutil.Process().children(recursive=True)}


async def ends(pid: int) -> bool:
    """Whether the process is gone soon."""
    try:
        await asyncio.to_thread(psutil.Process(pid).wait, PATIENCE_S)
    except psutil.NoSuchProcess:
        return True
    return not psutil.pid_exists(pid)


async def test_a_worker_decodes_what_this_process_would() -> None:
    """Pixels, clean JPEG and digest are the same."""
    async with PhotoDecoder(1) as decoder:
        there, here = await decoder.decode(GOOD), decode_now(GOOD)
    assert np.array_equal(there.pixels, here.pixels)
    assert (there.jpeg, there.sha256, there.format) == (here.jpeg, here.sha256, here.format)


async def test_what_is_no_photo_is_refused_without_a_worker() -> None:
    """Size and format are decided before any process is started."""
    decoder = PhotoDecoder(1)
    before = processes()
    with pytest.raises(PhotoUnsupportedFormat):
        await decoder.decode(b"no photo")
    assert processes() == before
    await decoder.close()


@pytest.mark.parametrize(
    ("trouble", "refusal"),
    [
        (HANG, PhotoDecodeTimeout),
        (HOARD, PhotoDecodeMemory),
        (DIE, PhotoDecodeCrashed),
        (CRASH, PhotoDecodeCrashed),
        (STOP, PhotoDecodeTimeout),
    ],
    ids=["hangs", "hoards memory", "is killed", "crashes", "is stopped"],
)
async def test_trouble_costs_only_the_photo_that_made_it(
    decoder: PhotoDecoder, trouble: bytes, refusal: type[Exception]
) -> None:
    """It is refused with its own code; the next photo is decoded."""
    with pytest.raises(refusal):
        await decoder.decode(trouble)
    assert (await decoder.decode(GOOD)).format == "jpeg"


async def test_trouble_does_not_touch_photos_decoded_beside_it() -> None:
    """Two slots: crashes and hangs in between, every good photo comes back."""
    async with PhotoDecoder(2, timeout_s=1.0, waiting=30, decode=decode_or_misbehave) as decoder:
        batch = [GOOD, DIE, GOOD, CRASH, GOOD, HANG, GOOD, DIE, GOOD, GOOD]
        answers = await asyncio.gather(*(decoder.decode(data) for data in batch), return_exceptions=True)
    assert [isinstance(answer, BaseException) for answer in answers] == [data != GOOD for data in batch]


async def test_a_worker_killed_while_idle_is_replaced(decoder: PhotoDecoder) -> None:
    """The system may kill it when memory is short."""
    killed = (await decoder.decode(GOOD)).original_width
    psutil.Process(killed).kill()
    assert await ends(killed)
    assert (await decoder.decode(GOOD)).original_width != killed


async def test_a_worker_is_replaced_after_its_share_of_photos() -> None:
    """So that a slow leak never grows old."""
    async with PhotoDecoder(1, photos_per_worker=3, decode=decode_or_misbehave) as decoder:
        used = [(await decoder.decode(GOOD)).original_width for _ in range(8)]
    assert len(set(used)) >= 3
    assert max(used.count(pid) for pid in used) <= 3


async def test_too_many_at_once_are_refused_and_the_others_served() -> None:
    """One decodes, one waits, the third hears when to come back."""
    async with PhotoDecoder(1, timeout_s=1.0, waiting=1, decode=decode_or_misbehave) as decoder:
        first = asyncio.create_task(decoder.decode(HANG))
        second = asyncio.create_task(decoder.decode(GOOD))
        await asyncio.sleep(0)
        with pytest.raises(DecoderBusy) as refusal:
            await decoder.decode(GOOD)
        assert refusal.value.retry_after_s > 0
        assert (await second).format == "jpeg"
        with pytest.raises(PhotoDecodeTimeout):
            await first


async def test_cancelling_the_call_kills_the_work() -> None:
    """A shopper who went away keeps no process busy."""
    async with PhotoDecoder(1, timeout_s=600, decode=decode_or_misbehave) as decoder:
        worker = (await decoder.decode(GOOD)).original_width
        call = asyncio.create_task(decoder.decode(HANG))
        await asyncio.sleep(0.3)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await ends(worker)
        assert (await decoder.decode(GOOD)).original_width != worker


async def test_a_closed_decoder_leaves_no_process_and_says_so(decoder: PhotoDecoder) -> None:
    """Closing kills what hangs, and can be done twice."""
    worker = (await decoder.decode(GOOD)).original_width
    hanging = asyncio.create_task(decoder.decode(HANG))
    await asyncio.sleep(0.1)
    await decoder.close()
    await decoder.close()
    assert await ends(worker)
    with pytest.raises((DecoderClosed, PhotoDecodeTimeout, PhotoDecodeCrashed)):
        await hanging
    with pytest.raises(DecoderClosed):
        await decoder.decode(GOOD)


LOOK_AROUND = """
import asyncio
from app.photos import PhotoCorrupt, PhotoDecoder
from tests.unit.photos.hostile import look
from tests.unit.photos.pictures import chunk, png
print("script")
async def main():
    async with PhotoDecoder(1, decode=look) as decoder:
        try:
            await decoder.decode(b"\\xff\\xd8\\xff")
        except PhotoCorrupt as refusal:
            print(refusal.detail)
if __name__ == "__main__":
    asyncio.run(main())
"""


ORPHAN = """
import asyncio
from app.photos import PhotoDecoder
from tests.unit.photos.hostile import HANG, decode_or_misbehave
from tests.unit.photos.pictures import chunk, png
from tests.builders import a_photo_file
async def main():
    async with PhotoDecoder(1, decode=decode_or_misbehave, timeout_s=1.0) as decoder:
        print((await decoder.decode(a_photo_file())).original_width, flush=True)
        await decoder.decode(HANG)
if __name__ == "__main__":
    asyncio.run(main())
"""


async def test_a_hanging_worker_does_not_outlive_a_killed_server(tmp_path: Path) -> None:
    """kill -9 leaves nobody to enforce the wall limit; the worker's own alarm does."""
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN, encoding="utf-8")
    server = await asyncio.create_subprocess_exec(
        sys.executable, script, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    worker = int(await server.stdout.readline())
    await asyncio.sleep(0.3)
    server.kill()
    await server.wait()
    assert await ends(worker)


async def test_workers_know_neither_the_servers_secrets_nor_its_program(tmp_path: Path) -> None:
    """No secret in their variables nor in the block the kernel keeps, and the start script is not imported."""
    script = tmp_path / "look_around.py"
    script.write_text(LOOK_AROUND, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "AKIN_SOME_KEY": "planted", "AWS_SECRET": "planted"}
    program = await asyncio.create_subprocess_exec(
        sys.executable, script, env=environment, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await program.communicate()
    assert said.split() == [b"script", b"False", b"False", b"True"]  # the workers did not run the script again


async def test_a_worker_does_not_keep_what_a_large_photo_took() -> None:
    """Else each worker would soon be as large as the largest photo it ever saw."""
    rows = zlib.compress(bytes((5000 // 8 + 1) * 4990))
    large = png(5000, 4990, 1, 0, chunk(b"IDAT", rows), chunk(b"IEND", b""))
    async with PhotoDecoder(1) as decoder:
        await decoder.decode(GOOD)
        before = {one: psutil.Process(one).memory_info().rss for one in processes()}
        await decoder.decode(large)
        grown = {one: psutil.Process(one).memory_info().rss - before[one] for one in before}
    assert max(grown.values()) < 30 * 2**20, grown
