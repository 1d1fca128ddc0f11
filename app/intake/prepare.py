"""Intake: a checked product and its pictures -> the product with everything seen in them, ready for the catalog."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from app.analysis import Analyzer, PhotoAnalysis, Reason
from app.catalog import ImageEvidence, Product, ProductImage, SeenAttribute, SeenLabel
from app.errors import AppError, BadRequest, Unavailable
from app.intake.evidence import SeenImage, seen_image, with_seen
from app.intake.fields import shown
from app.intake.images import ImageSource
from app.intake.problem import Problem, Severity
from app.photos import ImageTimeout, ImageUnreachable, Photo, PhotoDecodeTimeout

INCOMPLETE = "!"
"""Ends the content hash of a product that lacks some of its pictures, so that the next load tries them again."""

REMEMBERED = 2_048
"""Pictures whose analysis is kept for products that share them; about 12 KB each."""

TRIES = 3
"""Tries of a part that says it is unavailable, before the work stops; and of a picture that decodes too slowly."""

PASSING = (ImageTimeout, ImageUnreachable)
"""Failures that say something of the picture's server, and nothing of the picture."""

WORTH_WAITING = frozenset({Reason.DEADLINE, Reason.UNAVAILABLE, Reason.THROTTLED, Reason.RESTING})
"""Why an embedder has no part now, and may have one later."""
LONGEST_PAUSE_S = 30.0


class EmbedderAway(Unavailable):
    """The embedder did not look at a product picture; a picture with half a vector would hardly be found."""

    code = "embedder-away"
    title = "The embedder did not look at a picture"


class PictureRefused(BadRequest):
    """The embedder does not take this picture."""

    code = "picture-refused"
    title = "The embedder does not take this picture"


class Decoder(Protocol):
    """Turns bytes into a Photo (app.photos.PhotoDecoder does)."""

    async def decode(self, data: bytes) -> Photo:
        """Raises BadRequest for what the photo is, Unavailable for what the decoder is."""
        ...


async def decoded(decoder: Decoder, data: bytes, *, wait_s: float = 0.5) -> Photo:
    """The Photo of a picture. Raises what the decoder raises.

    A time-out is tried again, because on a machine with too much to do it says little of the picture.
    """
    for attempt in range(1, TRIES):
        try:
            return await decoder.decode(data)
        except PhotoDecodeTimeout:
            await asyncio.sleep(wait_s * attempt)
    return await decoder.decode(data)


@dataclass(frozen=True, slots=True)
class Recalled:
    """What an earlier load saw in exactly these pictures. evidence: by sha256 of the picture."""

    evidence: Mapping[str, ImageEvidence]
    attributes: tuple[SeenAttribute, ...]
    labels: tuple[SeenLabel, ...]


class Album(Protocol):
    """Wants to know what is seen in each picture, beyond what the catalog keeps."""

    async def note(self, sha256: str, photo: Photo, analysis: PhotoAnalysis) -> None:
        """Called once for each picture that is looked at. Raises nothing."""
        ...


class Memory(Protocol):
    """What earlier loads saw."""

    def might_know(self, product_id: str) -> bool:
        """Cheap: whether asking `recall` for this product can be worth it."""
        ...

    async def recall(self, product_id: str, sha256s: Sequence[str]) -> Recalled | None:
        """What was seen in this product's pictures; None unless it had exactly these, all of them with evidence."""
        ...

    async def published(self, product_id: str) -> Mapping[str, ProductImage]:
        """The product's published pictures that have evidence, by their addresses."""
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """product: with evidence, or None when no picture could be used.

    Of its pictures, analyzed: were analyzed for it; reused: were known by their bytes; kept: could not be fetched now
    and are as they were published.
    """

    product: Product | None
    problems: tuple[Problem, ...] = ()
    analyzed: int = 0
    reused: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class _Looked:
    """One picture after fetching and looking; `failure` says why `seen` is None, or why it was kept unfetched."""

    sha256: str = ""
    seen: SeenImage | None = None
    failure: AppError | None = None
    analyzed: bool = False


class Intake:
    """Fetches, decodes and analyzes the pictures of products.

    images: where the bytes come from. at_once: pictures being decoded or analyzed at a time, over all products.
    album: told of everything that is seen, or None. patience_s: how long an embedder elsewhere is waited for, from its
    first refusal on, before the work stops with EmbedderAway: a load has time, a caller has not. Safe to use from many
    tasks of one event loop; it owns none of its parts and closes none of them.
    """

    def __init__(
        self,
        decoder: Decoder,
        analyzer: Analyzer,
        images: ImageSource,
        *,
        at_once: int = 4,
        album: Album | None = None,
        patience_s: float = 0.0,
    ) -> None:
        self._album = album
        self._patience_s = patience_s
        self._decoder = decoder
        self._analyzer = analyzer
        self._images = images
        self._looking = asyncio.Semaphore(at_once)
        self._remembered: OrderedDict[str, SeenImage] = OrderedDict()

    async def prepare(self, product: Product, *, line: int = 0, memory: Memory | None = None) -> Prepared:
        """The product with evidence, attributes, labels and colors.

        A picture that cannot be had or read is a warning while another one can, else an error. The content hash of a
        product that lacks pictures, or kept some unfetched, ends in INCOMPLETE. Raises Unavailable when decoder or
        analyzer stay away.
        """
        if memory is None or not memory.might_know(product.id):
            looked = await asyncio.gather(*(self._fetch_and_look(image.url) for image in product.images))
            return _joined(product, looked, line)
        fetched = await asyncio.gather(*(self._fetched(image.url) for image in product.images))
        kept = await self._kept(product, fetched, memory)
        known = await self._recalled(product, fetched, kept, memory)
        if known is None:
            looks = (self._looked(data, kept.get(place)) for place, data in enumerate(fetched))
            return _joined(product, await asyncio.gather(*looks), line)
        return _with_kept(known, product, kept, line)

    async def _kept(self, product: Product, fetched: Sequence[bytes | AppError], memory: Memory) -> dict[int, _Looked]:
        """The pictures, by position, whose server cannot be reached now and that are published under this address."""
        late = {place: failure for place, failure in enumerate(fetched) if isinstance(failure, PASSING)}
        published = await memory.published(product.id) if late else {}
        kept = {}
        for place, failure in late.items():
            image = published.get(product.images[place].url)
            if image is not None and image.evidence is not None:
                kept[place] = _Looked(image.sha256, SeenImage(image.evidence), failure)
        return kept

    async def _recalled(
        self, product: Product, fetched: Sequence[bytes | AppError], kept: Mapping[int, _Looked], memory: Memory
    ) -> Prepared | None:
        sha256s = [
            hashlib.sha256(data).hexdigest() if isinstance(data, bytes) else kept[place].sha256
            for place, data in enumerate(fetched)
            if place in kept or isinstance(data, bytes)
        ]
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

    async def _looked(self, data: bytes | AppError, kept: _Looked | None = None) -> _Looked:
        if kept:
            return kept
        if isinstance(data, AppError):
            return _Looked(failure=data)
        sha256 = hashlib.sha256(data).hexdigest()
        async with self._looking:
            known = self._remembered.get(sha256)
            if known:
                self._remembered.move_to_end(sha256)
                return _Looked(sha256, known)
            try:
                seen = await self._see(sha256, data)
            except BadRequest as failure:
                return _Looked(sha256, failure=failure)
        if seen:
            self._remembered[sha256] = seen
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return _Looked(sha256, seen, analyzed=True)

    async def _see(self, sha256: str, data: bytes) -> SeenImage | None:
        for attempt in range(1, TRIES + 1):
            try:
                photo = await decoded(self._decoder, data)
                analysis = await self._whole_analysis(photo)
                if self._album is not None:
                    await self._album.note(sha256, photo, analysis)
                return seen_image(analysis)
            except Unavailable as later:
                if attempt == TRIES or isinstance(later, EmbedderAway):
                    raise
                await asyncio.sleep(min(2.0, later.retry_after_s) * attempt)
        raise AssertionError("the loop returns or raises")

    async def _whole_analysis(self, photo: Photo) -> PhotoAnalysis:
        """The analysis with a whole embedding. Raises EmbedderAway, PictureRefused."""
        waited, pause = 0.0, 1.0
        while True:
            analysis = await self._analyzer.analyze(photo)
            lacks = analysis.embedding.lacks if analysis.embedding is not None else ""
            if not lacks:
                return analysis
            who = next((gap.part for gap in analysis.gaps if gap.reason == lacks), "The embedder")
            if lacks == Reason.REFUSED:
                raise PictureRefused(f"{who} does not take this picture.", fix="Give another picture.")
            if lacks not in WORTH_WAITING or waited + pause > self._patience_s:
                raise EmbedderAway(
                    f"{who} has no part in what is seen ({lacks}).",
                    fix="The log says why. Then go on: what was looked at is kept.",
                )
            await asyncio.sleep(pause)
            waited, pause = waited + pause, min(LONGEST_PAUSE_S, 2 * pause)


def _joined(product: Product, looked: Sequence[_Looked], line: int) -> Prepared:
    """One product out of its pictures, and what to tell about those that failed or were kept."""
    seen = [picture.seen for picture in looked if picture.seen]
    severity = Severity.WARNING if seen else Severity.ERROR
    problems = tuple(
        _problem(product, position, picture, line, severity)
        for position, picture in enumerate(looked)
        if picture.seen is None or picture.failure
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
    kept = sum(picture.seen is not None and picture.failure is not None for picture in looked)
    return Prepared(
        whole,
        problems,
        analyzed,
        reused=len(seen) - kept - sum(picture.analyzed for picture in looked if picture.seen),
        kept=kept,
    )


def _with_kept(known: Prepared, product: Product, kept: Mapping[int, _Looked], line: int) -> Prepared:
    """A recalled product, and what to tell about pictures that could not be compared now."""
    if not kept or known.product is None:
        return known
    problems = tuple(_problem(product, place, picture, line, Severity.WARNING) for place, picture in kept.items())
    later = replace(known.product, content_hash=product.content_hash + INCOMPLETE)
    return replace(known, product=later, problems=problems, reused=known.reused - len(kept), kept=len(kept))


def _problem(product: Product, position: int, picture: _Looked, line: int, severity: Severity) -> Problem:
    name = "additional_image_link" if position else "image_link"
    url = shown(product.images[position].url, 100)
    failure = picture.failure
    if failure is not None and picture.seen is not None:
        cause = f"{url} cannot be fetched now: {failure.detail}"
        fix, code = "What was seen in it before is kept; the next load tries it again.", "image-kept"
    elif failure is None:
        cause, fix, code = f"Nothing was recognized in {url}.", "Give a picture that shows the product.", "image-blank"
    else:
        cause = failure.detail if url in failure.detail else f"{url}: {failure.detail}"
        fix, code = failure.fix or "Give another picture.", failure.code
    return Problem(code, name, cause, fix, line, product.id, severity)
