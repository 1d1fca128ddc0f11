"""A product and its pictures -> the product with evidence."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from app.analysis import Box, PhotoAnalysis
from app.catalog import ImageEvidence, Product, ProductImage, SeenAttribute, SeenLabel
from app.errors import Unavailable
from app.intake import INCOMPLETE, ImageUnavailable, Intake, Recalled, Severity
from app.photos import (
    CleanJpeg,
    ImageNotFetched,
    ImageNotFound,
    ImageTimeout,
    ImageUnreachable,
    Photo,
    PhotoDecodeTimeout,
    PhotoTruncated,
)
from tests.builders import a_product, an_analysis, evidence

pytestmark = pytest.mark.anyio


class Pictures:
    """Pictures by URL; an absent one cannot be had."""

    def __init__(self, **files: bytes | ImageNotFetched) -> None:
        self.files = files
        self.fetched: list[str] = []

    async def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        if url not in self.files:
            raise ImageUnavailable(f"{url} is not there.", fix="Put it there.")
        found = self.files[url]
        if isinstance(found, ImageNotFetched):
            raise found
        return found


class Decoder:
    """Takes any bytes but "broken" for a photo; busy, slow: how often it is unavailable, or too slow, first."""

    def __init__(self, busy: int = 0, slow: int = 0) -> None:
        self.busy = busy
        self.slow = slow

    async def decode(self, data: bytes) -> Photo:
        if self.busy:
            self.busy -= 1
            raise Unavailable("busy", retry_after_s=0.0)
        if self.slow:
            self.slow -= 1
            raise PhotoDecodeTimeout("It takes too long.", fix="Send a smaller one.")
        if data == b"broken":
            raise PhotoTruncated("It ends too early.", fix="Send it again.")
        return Photo(np.zeros((9, 9, 3), np.uint8), CleanJpeg(data), "jpeg", 9, 9)


class Eyes:
    """Sees a teal armchair in everything but b"blank"."""

    name = "eyes"

    def __init__(self) -> None:
        self.looked: list[bytes] = []

    async def analyze(self, photo: Photo, crop: Box | None = None) -> PhotoAnalysis:
        self.looked.append(photo.jpeg)
        return PhotoAnalysis(region=Box(0, 0, 1, 1)) if photo.jpeg == b"blank" else an_analysis(seed=len(photo.jpeg))

    async def close(self) -> None:
        """Nothing to release."""


def unseen(*urls: str, product_id: str = "p1") -> Product:
    """A product as validation gives it."""
    return a_product(product_id, images=tuple(ProductImage(url) for url in urls), labels=(), colors=())


async def test_every_picture_gets_its_evidence() -> None:
    """With the digest of its bytes; and the product what they show."""
    prepared = await Intake(Decoder(), Eyes(), Pictures(a=b"1", b=b"22")).prepare(unseen("a", "b"))
    assert prepared.product is not None
    assert prepared.problems == ()
    assert (prepared.analyzed, prepared.reused) == (2, 0)
    assert [image.sha256 for image in prepared.product.images] == [hashlib.sha256(b).hexdigest() for b in (b"1", b"22")]
    assert all(image.evidence for image in prepared.product.images)
    assert [label.name for label in prepared.product.labels] == ["chair"]
    assert prepared.product.content_hash == "hash-p1"


async def test_a_bad_picture_among_good_ones_is_a_warning() -> None:
    """The product is there; its hash says that something is missing, so that the next load tries again."""
    pictures = Pictures(a=b"broken", b=b"22", d=b"blank")
    prepared = await Intake(Decoder(), Eyes(), pictures).prepare(unseen("a", "b", "c", "d"), line=5)
    assert prepared.product is not None
    assert [bool(image.evidence) for image in prepared.product.images] == [False, True, False, False]
    assert [image.sha256 != "" for image in prepared.product.images] == [False, True, False, False]
    assert prepared.product.content_hash == "hash-p1" + INCOMPLETE
    assert [(p.code, p.field, p.line, p.product_id, p.severity) for p in prepared.problems] == [
        ("photo-truncated", "image_link", 5, "p1", Severity.WARNING),
        ("image-unavailable", "additional_image_link", 5, "p1", Severity.WARNING),
        ("image-blank", "additional_image_link", 5, "p1", Severity.WARNING),
    ]
    assert all(problem.cause and problem.fix for problem in prepared.problems)


async def test_a_product_without_a_usable_picture_is_refused() -> None:
    """Nothing could find it by a photo."""
    prepared = await Intake(Decoder(), Eyes(), Pictures(a=b"broken")).prepare(unseen("a", "b"))
    assert prepared.product is None
    assert [problem.severity for problem in prepared.problems] == [Severity.ERROR, Severity.ERROR]


async def test_the_same_bytes_are_looked_at_once() -> None:
    """Variants share pictures."""
    eyes = Eyes()
    intake = Intake(Decoder(), eyes, Pictures(a=b"1", b=b"1"), at_once=1)
    first = await intake.prepare(unseen("a"))
    second = await intake.prepare(unseen("b", product_id="p2"))
    assert eyes.looked == [b"1"]
    assert first.product is not None
    assert second.product is not None
    assert second.product.images[0].evidence is first.product.images[0].evidence
    assert (second.analyzed, second.reused) == (0, 1)
    assert second.product.labels == first.product.labels


async def test_a_part_that_is_busy_is_asked_again() -> None:
    """And the work stops when it stays away, instead of refusing every product."""
    prepared = await Intake(Decoder(busy=2), Eyes(), Pictures(a=b"1")).prepare(unseen("a"))
    assert prepared.product is not None
    with pytest.raises(Unavailable):
        await Intake(Decoder(busy=3), Eyes(), Pictures(a=b"1")).prepare(unseen("a"))


async def test_a_picture_that_decodes_too_slowly_is_tried_again() -> None:
    """An overloaded machine refuses no good picture at once; one that is always too slow is refused."""
    slow = Decoder(slow=2)
    prepared = await Intake(slow, Eyes(), Pictures(a=b"1")).prepare(unseen("a"))
    assert (prepared.problems, slow.slow) == ((), 0)
    refused = await Intake(Decoder(slow=99), Eyes(), Pictures(a=b"1")).prepare(unseen("a"))
    assert refused.product is None
    assert [problem.code for problem in refused.problems] == ["photo-decode-timeout"]


class Earlier:
    """A memory of one product with the pictures b"1" and b"22"."""

    known = tuple(hashlib.sha256(data).hexdigest() for data in (b"1", b"22"))

    def might_know(self, product_id: str) -> bool:
        return product_id == "p1"

    async def recall(self, product_id: str, sha256s: Sequence[str]) -> Recalled | None:
        if tuple(sha256s) != self.known:
            return None
        found: dict[str, ImageEvidence] = {sha256: evidence(seed) for seed, sha256 in enumerate(sha256s)}
        return Recalled(found, (SeenAttribute("shape", "round", 0.7, "eyes"),), (SeenLabel("seat", 0.8, "eyes"),))

    async def published(self, product_id: str) -> dict[str, ProductImage]:
        """The two pictures under the addresses "a" and "b"."""
        assert product_id == "p1"
        return {
            url: ProductImage(url, sha256, evidence(seed))
            for seed, (url, sha256) in enumerate(zip("ab", self.known, strict=True))
        }


DOWN = (ImageUnreachable("down", fix="x"), ImageTimeout("late", fix="x"))


@pytest.mark.parametrize("down", DOWN)
async def test_a_published_picture_whose_server_is_down_is_kept(down: ImageNotFetched) -> None:
    """With all that was seen in the pictures together; the next load tries again."""
    eyes = Eyes()
    for pictures in (Pictures(a=b"1", b=down), Pictures(a=down, b=down)):
        prepared = await Intake(Decoder(), eyes, pictures).prepare(unseen("a", "b"), line=3, memory=Earlier())
        product = prepared.product
        assert product is not None
        assert [image.sha256 for image in product.images] == list(Earlier.known)
        assert all(image.evidence for image in product.images)
        assert product.labels == (SeenLabel("seat", 0.8, "eyes"),)
        assert product.content_hash.endswith(INCOMPLETE)
        kept = sum(isinstance(found, ImageNotFetched) for found in pictures.files.values())
        assert (prepared.analyzed, prepared.reused, prepared.kept) == (0, 2 - kept, kept)
        assert {(problem.code, problem.severity, problem.line) for problem in prepared.problems} == {
            ("image-kept", Severity.WARNING, 3)
        }
    assert eyes.looked == []


async def test_a_kept_picture_stands_beside_a_new_one() -> None:
    prepared = await Intake(Decoder(), Eyes(), Pictures(a=DOWN[0], c=b"new")).prepare(
        unseen("a", "c"), memory=Earlier()
    )
    assert prepared.product is not None
    assert [image.sha256 for image in prepared.product.images] == [
        Earlier.known[0],
        hashlib.sha256(b"new").hexdigest(),
    ]
    assert (prepared.analyzed, prepared.reused, prepared.kept) == (1, 0, 1)


async def test_only_a_server_that_is_down_keeps_a_picture() -> None:
    """Not one that says the picture is gone; and nothing is kept of a picture or product nobody knows."""
    gone = Pictures(a=ImageNotFound("gone", fix="x"), b=b"22", c=DOWN[0])
    prepared = await Intake(Decoder(), Eyes(), gone).prepare(unseen("a", "b", "c"), memory=Earlier())
    assert prepared.product is not None
    assert [bool(image.evidence) for image in prepared.product.images] == [False, True, False]
    assert (prepared.kept, len(prepared.problems)) == (0, 2)
    unknown = replace(unseen("a"), id="p2")
    assert (await Intake(Decoder(), Eyes(), Pictures(a=DOWN[0])).prepare(unknown, memory=Earlier())).product is None


async def test_known_pictures_are_not_looked_at_again() -> None:
    """A changed price costs no analysis; the merchant's new words count, what was seen stays."""
    eyes = Eyes()
    intake = Intake(Decoder(), eyes, Pictures(a=b"1", b=b"22"))
    changed = replace(unseen("a", "b"), material="leather")
    prepared = await intake.prepare(changed, memory=Earlier())
    assert eyes.looked == []
    assert prepared.product is not None
    assert (prepared.analyzed, prepared.reused) == (0, 2)
    assert prepared.product.attributes == (
        SeenAttribute("color", "teal", 1.0, "feed"),
        SeenAttribute("material", "leather", 1.0, "feed"),
        SeenAttribute("shape", "round", 0.7, "eyes"),
    )
    assert [label.name for label in prepared.product.labels] == ["seat"]
    assert tuple(image.sha256 for image in prepared.product.images) == Earlier.known


@pytest.mark.parametrize("files", [{"a": b"1", "b": b"other"}, {"a": b"1"}])
async def test_a_changed_picture_is_looked_at(files: dict[str, bytes]) -> None:
    """Also when another one is missing now."""
    eyes = Eyes()
    prepared = await Intake(Decoder(), eyes, Pictures(**files)).prepare(unseen("a", "b"), memory=Earlier())
    assert prepared.product is not None
    assert sorted(eyes.looked) == sorted(files.values())
