"""Google Cloud Vision: labels, objects, colors, logos, text, web guess, safe search, Product Search, in one request."""

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from google.cloud import vision_v1 as vision
from google.cloud.vision_v1.services.image_annotator import ImageAnnotatorAsyncClient
from google.cloud.vision_v1.services.image_annotator.transports import ImageAnnotatorGrpcAsyncIOTransport

from app.analysis.providers.batches import Batches
from app.analysis.providers.endpoints import plain_address, somebody_listens
from app.analysis.providers.google_wire import BY_CODE, FIXES, client_of, mapped_errors, parsed, signed_in
from app.analysis.registry import SourceMeans, Sources
from app.analysis.sighting import Notebook, Sighting
from app.analysis.source import Picture, Reason, SourceFailure
from app.errors import BadRequest
from app.tracing import outgoing_headers

NAME = "google_vision"
GOOGLES = "https://vision.googleapis.com"
MOST_IMAGES = 16
"""Images of one request; the server refuses more."""
MOST_RESULTS = 20
MOST_LINES = 5
OF_TEXT = 0.7
"""Vision gives no confidence for read text."""
_LIKELY = {4: 0.75, 5: 0.95}  # Likelihood LIKELY, VERY_LIKELY

_Type = vision.Feature.Type
FEATURES: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "labels": (_Type.LABEL_DETECTION, "vision.label"),
        "objects": (_Type.OBJECT_LOCALIZATION, "vision.object"),
        "colors": (_Type.IMAGE_PROPERTIES, "vision.properties"),
        "logos": (_Type.LOGO_DETECTION, "vision.logo"),
        "text": (_Type.TEXT_DETECTION, "vision.text"),
        "web": (_Type.WEB_DETECTION, "vision.web"),
        "safe_search": (_Type.SAFE_SEARCH_DETECTION, "vision.safe_search"),
    }
)
"""Name in AKIN_GOOGLE_FEATURES -> (feature, price-table key)."""
_PRODUCTS = (_Type.PRODUCT_SEARCH, "vision.product_search")


class GoogleVision:
    """Source over ImageAnnotator.BatchAnnotateImages. The channel is opened with the first picture, in its event loop.

    features: keys of FEATURES. product_set: its full resource name; then look-alikes in it are asked for too, and what
    their labels ("material=velvet") say counts as said of the photo. batch: pictures of one request, 1..16.
    """

    name = NAME

    def __init__(
        self,
        features: Sequence[str],
        *,
        endpoint: str | None = None,
        product_set: str | None = None,
        product_categories: Sequence[str] = (),
        attributes: frozenset[str] = frozenset(),
        batch: int = 1,
    ) -> None:
        strangers = sorted(set(features) - set(FEATURES))
        if strangers or not (features or product_set):
            raise BadRequest(
                f"AKIN_GOOGLE_FEATURES names {', '.join(strangers) or 'nothing'}.",
                fix=f"Choose from: {', '.join(FEATURES)}.",
            )
        plain_address(endpoint)
        asked = [FEATURES[name] for name in sorted(set(features))] + ([_PRODUCTS] if product_set else [])
        self.units = {sku: 1 for _, sku in asked}
        self.pipeline = ",".join([*sorted(set(features)), product_set or "", *product_categories])
        self._attributes = attributes
        self._endpoint = endpoint
        self._client: Any = None
        self._opening = asyncio.Lock()
        self._batches = Batches(self._annotate, min(MOST_IMAGES, max(1, batch)))
        # The request's message classes below proto-plus: its wrappers cost more than the call's own work.
        self._request = vision.BatchAnnotateImagesRequest.pb()
        self._one = vision.AnnotateImageRequest.pb()(
            features=[{"type_": kind, "max_results": MOST_RESULTS} for kind, _ in asked]
        )
        if product_set:
            search = self._one.image_context.product_search_params
            search.product_set = product_set
            search.product_categories.extend(product_categories)

    async def open(self) -> None:
        """See Source."""
        with mapped_errors(NAME):
            await self._opened()

    async def look(self, picture: Picture, *, timeout_s: float) -> Sighting:
        """See Source."""
        return await self._batches.look(picture, timeout_s)

    async def check(self) -> str:
        """See Source: whether there are credentials. Only a paid call could tell whether they suffice."""
        await somebody_listens(NAME, self._endpoint or GOOGLES)
        if plain_address(self._endpoint) is not None:
            return f"Speaks to {self._endpoint}, without credentials."
        with mapped_errors(NAME):
            await signed_in()
        return f"There are credentials. One picture costs {sum(self.units.values())} units."

    async def close(self) -> None:
        """See Source."""
        await self._batches.close()
        client, self._client = self._client, None
        if client is not None:
            await client.transport.close()

    async def _annotate(self, pictures: Sequence[Picture], timeout_s: float) -> list[Sighting | SourceFailure]:
        request = self._request()
        for picture in pictures:
            one = request.requests.add()
            one.CopyFrom(self._one)
            one.image.content = picture.jpeg
        with mapped_errors(NAME):
            client = await self._opened()
            # The library's own retries ignore the timeout (they go on for ten minutes): it must not retry at all.
            answer = await client.batch_annotate_images(
                vision.BatchAnnotateImagesRequest.wrap(request),
                retry=None,
                timeout=timeout_s,
                metadata=tuple(outgoing_headers().items()),
            )
        responses = parsed(vision.BatchAnnotateImagesResponse, answer, NAME).responses
        if len(responses) != len(pictures):
            raise SourceFailure(Reason.BAD_ANSWER, f"{NAME} gave {len(responses)} answers to {len(pictures)} pictures.")
        return [self._read(response, picture) for response, picture in zip(responses, pictures, strict=True)]

    async def _opened(self) -> Any:
        async with self._opening:
            if self._client is None:
                self._client = await client_of(
                    ImageAnnotatorAsyncClient, ImageAnnotatorGrpcAsyncIOTransport, self._endpoint
                )
            return self._client

    def _read(self, response: Any, picture: Picture) -> Sighting | SourceFailure:
        if response.error.code:
            reason = BY_CODE.get(response.error.code, Reason.UNAVAILABLE)
            return SourceFailure(reason, f"{NAME}: {response.error.message[:200]}", fix=FIXES.get(reason))
        notes = Notebook()
        for label in response.label_annotations:
            notes.word(label.description, label.score, label.mid or None, label.locale or None)
        for thing in response.localized_object_annotations:
            notes.thing(thing.name, thing.score, edges_of(thing.bounding_poly, picture), thing.mid)
        for color in response.image_properties_annotation.dominant_colors.colors:
            notes.shade((color.color.red, color.color.green, color.color.blue), color.pixel_fraction)
        for logo in response.logo_annotations:
            notes.claim("brand", logo.description, logo.score)
        for line in response.full_text_annotation.text.splitlines()[:MOST_LINES]:
            notes.claim("text", line, OF_TEXT)
        for guess in response.web_detection.best_guess_labels:
            # A guess comes without a confidence; the vocabulary takes from it what it knows.
            notes.word(guess.label, 0.6, None, guess.language_code or None)
        safe = response.safe_search_annotation
        for kind in ("adult", "violence", "racy", "medical"):
            if getattr(safe, kind) in _LIKELY:
                notes.claim("unsafe", kind, _LIKELY[getattr(safe, kind)])
        self._read_products(response.product_search_results.results, notes)
        return notes.sighting()

    def _read_products(self, results: Any, notes: Notebook) -> None:
        for result in results:
            notes.word(result.product.display_name or result.product.name.rpartition("/")[2], result.score)
            for label in result.product.product_labels:
                if label.key in self._attributes:
                    notes.claim(label.key, label.value, result.score)


def edges_of(poly: Any, picture: Picture) -> tuple[float, float, float, float]:
    """left, top, right, bottom in 0..1 of a polygon, whose corners are fractions or pixels. A corner's zero is not on
    the wire and reads 0, which is right."""
    if poly.normalized_vertices:
        corners = [(corner.x, corner.y) for corner in poly.normalized_vertices]
    else:
        corners = [(corner.x / picture.width, corner.y / picture.height) for corner in poly.vertices]
    across, down = [x for x, _ in corners] or [0.0], [y for _, y in corners] or [0.0]
    return min(across), min(down), max(across), max(down)


def from_means(means: SourceMeans) -> Sources:
    """The registry's factory."""
    vision_source = GoogleVision(
        means.google_features,
        endpoint=means.google_endpoint,
        product_set=means.google_product_set,
        product_categories=means.google_product_categories,
        attributes=means.attributes,
        batch=means.batch,
    )
    return Sources((vision_source,))
