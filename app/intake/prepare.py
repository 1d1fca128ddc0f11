"""Intake: a checked product and its pictures -> the product with everything seen in them, ready for the catalog."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from app.analysis import Analyzer
from app.catalog import ImageEvidence, Product, ProductImage, SeenAttribute, SeenLabel
from app.errors import AppError, BadRequest, Unavailable
from app.intake.evidence import SeenImage, seen_image, with_seen
from app.intake.fields import shown
from app.intake.images import ImageSource
from app.intake.problem import Problem, Severity
from app.photos import Photo

INCOMPLETE = "!"
"""Ends the content hash of a product that lacks some of its pictures, so that the next load tries them again."""

REMEMBERED = 2_048
"""Pictures whose analysis is kept for products that share them; about 12 KB each."""

TRIES = 3
"""Tries of a part that says it is unavailable, before the whole work stops."""


class Decoder(Protocol):
    """Turns bytes into a Photo (app.photos.PhotoDecoder does)."""

    async def decode(self, data: bytes) -> Photo:
        """Raises BadRequest for what the photo is, Unavailable for what the decoder is."""
        ...


@dataclass(frozen=True, slots=True)
class Recalled:
    """What an earlier load saw in exactly these pictures. evidence: by sha256 of the picture."""

    evidence: Mapping[str, ImageEvidence]
    attributes: tuple[SeenAttribute, ...]
    labels: tuple[SeenLabel, ...]


class Memory(Protocol):
    """What earlier loads saw."""

    def might_know(self, product_id: str) -> bool:
        """Cheap: whether asking `recall` for this product can be worth it."""
        ...

    async def recall(self, product_id: str, sha256s: Sequence[str]) -> Recalled | None:
        """What was seen in this product's pictures; None unless it had exactly these, all of them with evidence."""
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """product: with evidence, or None when no picture could be used. analyzed: pictures that were analyzed for it."""

    product: Product | None
    problems: tuple[Problem, ...] = ()
    analyzed: int = 0
    reused: int = 0


@dataclass(frozen=True, slots=True)
class _Looked:
    """One picture after fetching and looking; `failure` says why `seen` is None."""

    sha256: str = ""
    seen: SeenImage | None = None
    failure: AppError | None = None
    analyzed: bool = False


class Intake:
    """Fetches, decodes and analyzes the pictures of products.

    images: where the bytes come from. at_once: pictures being decoded or analyzed at a time, over all products.
    Safe to use from many tasks of one event loop; it owns none of its parts and closes none of them.
    """

    def __init__(self, decoder: Decoder, analyzer: Analyzer, images: ImageSource, *, at_once: int = 4) -> None:
        self._decoder = decoder
        self._analyzer = analyzer
        self._images = images
        self._looking = asyncio.Semaphore(at_once)
        self._remembered: OrderedDict[str, SeenImage] = OrderedDict()

    async def prepare(self, product: Product, *, line: int = 0, memory: Memory | None = None) -> Prepared:
        """The product with evidence, attributes, labels and colors.

        A picture that cannot be had or read is a warning while another one can, else an error. The content hash of a
        product that lacks pictures ends in INCOMPLETE. Raises Unavailable when decoder or analyzer stay away.
        """
        if memory and memory.might_know(product.id):
            fetched = await asyncio.gather(*(self._fetched(image.url) for image in product.images))
            known = await self._recalled(product, fetched, memory)
            if known:
                return known
            looked = await asyncio.gather(*(self._looked(data) for data in fetched))
        else:
            looked = await asyncio.gather(*(self._fetch_and_look(image.url) for image in product.images))
        return _joined(product, looked, line)

    async def _recalled(self, product: Product, fetched: Sequence[bytes | AppError], memory: Memory) -> Prepared | None:
        sha256s = [hashlib.sha256(data).hexdigest() for data in fetched if isinstance(data, bytes)]
        known = await memory.recall(product.id, sha256s) if len(sha256s) == len(fetched) else None
        if known is None:
            return None
        images = tuple(
            ProductImage(image.url, sha256, known.evidence[sha256])
            for image, sha256 in zip(product.images, sha256s, strict=True)
        )
        # Averages over the same pictures are what they were; only the merchant's words may have changed.
        seen = with_seen(product, [SeenImage(known.evidence[sha256]) for sha256 in sha256s])
        again = replace(seen, images=images, attributes=seen.attributes + known.attributes, labels=known.labels)
        return Prepared(again, reused=len(images))

    async def _fetch_and_look(self, url: str) -> _Looked:
        return await self._looked(await self._fetched(url))

    async def _fetched(self, url: str) -> bytes | AppError:
        try:
            return await self._images.fetch(url)
        except AppError as failure:
            return failure

    async def _looked(self, data: bytes | AppError) -> _Looked:
        if isinstance(data, AppError):
            return _Looked(failure=data)
        sha256 = hashlib.sha256(data).hexdigest()
        async with self._looking:
            known = self._remembered.get(sha256)
            if known:
                self._remembered.move_to_end(sha256)
                return _Looked(sha256, known)
            try:
                seen = await self._see(data)
            except BadRequest as failure:
                return _Looked(sha256, failure=failure)
        if seen:
            self._remembered[sha256] = seen
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return _Looked(sha256, seen, analyzed=True)

    async def _see(self, data: bytes) -> SeenImage | None:
        for attempt in range(1, TRIES + 1):
            try:
                photo = await self._decoder.decode(data)
                return seen_image(await self._analyzer.analyze(photo))
            except Unavailable as later:
                if attempt == TRIES:
                    raise
                await asyncio.sleep(min(2.0, later.retry_after_s) * attempt)
        raise AssertionError("the loop returns or raises")


def _joined(product: Product, looked: Sequence[_Looked], line: int) -> Prepared:
    """One product out of its pictures, and what to tell about those that failed."""
    seen = [picture.seen for picture in looked if picture.seen]
    severity = Severity.WARNING if seen else Severity.ERROR
    problems = tuple(
        _problem(product, position, picture, line, severity)
        for position, picture in enumerate(looked)
        if picture.seen is None
    )
    analyzed = sum(picture.analyzed for picture in looked)
    if not seen:
        return Prepared(None, problems, analyzed)
    images = tuple(
        ProductImage(image.url, picture.sha256 if picture.seen else "", picture.seen.evidence if picture.seen else None)
        for image, picture in zip(product.images, looked, strict=True)
    )
    whole = replace(with_seen(product, seen), images=images)
    if problems:
        whole = replace(whole, content_hash=product.content_hash + INCOMPLETE)
    return Prepared(
        whole, problems, analyzed, reused=sum(picture.seen is not None and not picture.analyzed for picture in looked)
    )


def _problem(product: Product, position: int, picture: _Looked, line: int, severity: Severity) -> Problem:
    name = "additional_image_link" if position else "image_link"
    url = shown(product.images[position].url, 100)
    failure = picture.failure
    if failure is None:
        cause, fix, code = f"Nothing was recognized in {url}.", "Give a picture that shows the product.", "image-blank"
    else:
        cause = failure.detail if url in failure.detail else f"{url}: {failure.detail}"
        fix, code = failure.fix or "Give another picture.", failure.code
    return Problem(code, name, cause, fix, line, product.id, severity)
