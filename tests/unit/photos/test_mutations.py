"""Hurt files: whatever is done to a picture, the answer is a Photo or a refusal with a code."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.photos import FORMATS, MAX_SIDE, Photo, PhotoDecoder, PhotoLimits, PhotoRejected, decode_now
from bench.mutations import healthy, mutant, mutants

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

LIMITS = PhotoLimits(max_pixels=4_000_000, max_pixels_jpeg=4_000_000)
MAGIC = (
    b"\xff\xd8\xff\xe0",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"RIFF\0\1\0\0WEBPVP8 ",
    b"\0\0\0\x18ftypheic",
    b"\0\0\0\x18ftypavif",
)


def answered(data: bytes) -> Photo | PhotoRejected:
    """The photo or the refusal; anything else fails the test."""
    try:
        photo = decode_now(data, LIMITS)
    except PhotoRejected as refusal:
        assert refusal.fix  # noqa: PT017 - both outcomes are right, each with its own duties
        return refusal
    assert photo.pixels.ndim == 3
    assert photo.pixels.shape[2] == 3
    assert max(photo.width, photo.height) <= MAX_SIDE
    assert photo.format in FORMATS
    assert photo.jpeg.startswith(b"\xff\xd8\xff")
    return photo


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**9))
def test_a_hurt_file_is_a_photo_or_a_refusal(index: int) -> None:
    """Bits, lengths, chunks, splices, cuts in five formats."""
    answered(mutant(7, index)[1])


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(MAGIC), st.binary(max_size=400))
def test_noise_behind_a_magic_number_is_refused(magic: bytes, noise: bytes) -> None:
    """A beginning alone makes no picture."""
    assert isinstance(answered(magic + noise), PhotoRejected)


def test_the_unhurt_files_are_photos() -> None:
    """Else the mutants would prove nothing; and most mutants differ from them."""
    for kind in ("jpeg", "png", "webp", "heif", "avif"):
        for variant, data in healthy(kind):
            assert isinstance(answered(data), Photo), (kind, variant)
    outcomes = [isinstance(answered(data), Photo) for _, data in mutants(3, 100)]
    assert 5 <= sum(outcomes) <= 95


def test_mutants_are_the_same_for_the_same_seed() -> None:
    """A mutant that did harm can be made again."""
    first, again, other = list(mutants(1, 40)), list(mutants(1, 40)), list(mutants(2, 40))
    assert first == again
    assert first != other
    assert mutant(1, 17) == first[17]


@pytest.mark.anyio
async def test_hurt_files_kill_no_worker() -> None:
    """The process that decoded the first mutant decodes the last."""
    async with PhotoDecoder(1) as decoder:
        for name, data in mutants(11, 100):
            try:
                await decoder.decode(data)
            except PhotoRejected as refusal:
                assert refusal.code != "photo-decode-crashed", name  # noqa: PT017 - a photo is right as well
