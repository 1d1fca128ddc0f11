"""Google AutoML Vision: a retailer's own models behind google.cloud.automl.v1.PredictionService.

A compatibility adapter: Google shut this service down on 2024-03-31 and its models moved to Vertex AI (provider
`vertex`). It is for gateways and fakes that still speak the old protocol.
"""

import asyncio
from typing import Any

from google.cloud import automl_v1 as automl
from google.cloud.automl_v1.services.prediction_service import PredictionServiceAsyncClient
from google.cloud.automl_v1.services.prediction_service.transports import PredictionServiceGrpcAsyncIOTransport

from app.analysis.cards import ModelCard, read_cards
from app.analysis.providers.endpoints import plain_address, somebody_listens
from app.analysis.providers.google_wire import client_of, mapped_errors, parsed, signed_in
from app.analysis.registry import SourceMeans, Sources
from app.analysis.sighting import Notebook, Sighting
from app.analysis.source import Picture

PROVIDER = "google_automl"


class GoogleAutoML:
    """Source over PredictionService.Predict for one model: classification (also multi-label) or object detection."""

    def __init__(self, card: ModelCard, *, endpoint: str | None = None) -> None:
        plain_address(endpoint)
        self.name = card.source
        self.pipeline = card.fingerprint
        self.units = {f"automl.{card.kind}": 1}
        self._card = card
        self._endpoint = endpoint
        self._client: Any = None
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        """See Source."""
        with mapped_errors(self.name):
            await self._opened()

    async def look(self, picture: Picture, *, timeout_s: float) -> Sighting:
        """See Source."""
        parameters = {"score_threshold": f"{self._card.threshold:g}"}
        if self._card.kind == "detection":
            parameters["max_bounding_box_count"] = str(self._card.most)
        with mapped_errors(self.name):
            client = await self._opened()
            answer = await client.predict(
                name=self._card.model,
                payload=automl.ExamplePayload(image=automl.Image(image_bytes=picture.jpeg)),
                params=parameters,
                retry=None,
                timeout=timeout_s,
            )
        return self._read(parsed(automl.PredictResponse, answer, self.name).payload)

    async def check(self) -> str:
        """See Source."""
        if self._endpoint is not None:
            await somebody_listens(self.name, self._endpoint)
        if plain_address(self._endpoint) is not None:
            return f"Speaks to {self._endpoint}, without credentials."
        with mapped_errors(self.name):
            await signed_in()
        return "There are credentials, but Google ended this service on 2024-03-31: use `vertex`."

    async def close(self) -> None:
        """See Source."""
        client, self._client = self._client, None
        if client is not None:
            await client.transport.close()

    async def _opened(self) -> Any:
        async with self._opening:
            if self._client is None:
                self._client = await client_of(
                    PredictionServiceAsyncClient, PredictionServiceGrpcAsyncIOTransport, self._endpoint
                )
            return self._client

    def _read(self, payload: Any) -> Sighting:
        notes = Notebook()
        for found in payload:
            if found.HasField("image_object_detection"):
                box = found.image_object_detection
                corners = box.bounding_box.normalized_vertices
                across, down = [one.x for one in corners] or [0.0], [one.y for one in corners] or [0.0]
                notes.thing(
                    self._card.word_for(found.display_name),
                    box.score,
                    (min(across), min(down), max(across), max(down)),
                )
            elif not found.classification.score < self._card.threshold:  # a NaN goes on, to be noted as odd
                self._card.write(notes, found.display_name, found.classification.score)
        return notes.sighting()


def from_means(means: SourceMeans) -> Sources:
    """The registry's factory: one source per card."""
    if means.cards is None:
        return Sources(())
    cards, bad = read_cards(means.cards, PROVIDER, means.attributes)
    return Sources(tuple(GoogleAutoML(card, endpoint=means.google_endpoint) for card in cards), tuple(bad))
