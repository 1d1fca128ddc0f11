"""Vertex AI: a retailer's own models, and multimodal embeddings, behind PredictionService's `:predict` over HTTP.

Google's client for Vertex weighs 274 MB; a predict call is one POST, so httpx and google-auth do (decision 91).
"""

import asyncio
import base64
import hashlib
import math
import re
from collections.abc import Mapping
from typing import Any

import google.auth
import httpx
from google.auth import exceptions as no_entry
from google.auth import transport as auth_transport

from app.analysis.cards import ModelCard, read_cards
from app.analysis.providers.endpoints import plain_address, somebody_listens
from app.analysis.registry import SourceMeans, Sources
from app.analysis.sighting import Notebook, Sighting
from app.analysis.source import BadCard, Picture, Reason, SourceFailure
from app.tracing import outgoing_headers

PROVIDER = "vertex"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
MOST_BYTES = 8_000_000
"""Of an answer; larger ones are no predictions."""
_STATUS = {
    400: Reason.REFUSED, 401: Reason.CREDENTIALS, 403: Reason.CREDENTIALS, 404: Reason.MISSING_MODEL,
    408: Reason.DEADLINE, 413: Reason.REFUSED, 429: Reason.THROTTLED, 504: Reason.DEADLINE,
}  # fmt: skip
_FIXES = {
    Reason.CREDENTIALS: "Check GOOGLE_APPLICATION_CREDENTIALS and the roles of docs/google.md.",
    Reason.MISSING_MODEL: "Check `model` of the card; the model must be deployed to that endpoint.",
    Reason.THROTTLED: "Raise the quota of the project, or set AKIN_BUDGET_* below it.",
}


class Vertex:
    """Source for one model card: classification, detection, or embedding (multimodalembedding, an EmbeddingSource).

    endpoint: None is the card's own region at Google.
    """

    def __init__(self, card: ModelCard, *, endpoint: str | None = None) -> None:
        location = re.search(r"/locations/([^/]+)/", card.model)
        region = location.group(1) if location else "us-central1"
        self._host = (endpoint or f"https://{region}-aiplatform.googleapis.com").rstrip("/")
        self._plain = plain_address(self._host) is not None
        self.name = card.source
        self.pipeline = card.fingerprint
        self.units = {f"vertex.{card.kind}": 1}
        self.dims = card.dims
        self.embedder = f"vertex-{card.dims}-{_same_vectors(card)}/1"
        self._card = card
        self._credentials: Any = None
        self._signing_in = asyncio.Lock()
        self._http: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """See Source."""
        self._client()
        await self._authorization()

    async def look(self, picture: Picture, *, timeout_s: float) -> Sighting:
        """See Source."""
        body = await asyncio.to_thread(self._question, picture)
        try:
            headers = {"content-type": "application/json", **outgoing_headers(), **await self._authorization()}
            answer = await self._client().post(
                f"{self._host}/v1/{self._card.model}:predict", content=body, headers=headers, timeout=timeout_s
            )
        except httpx.TimeoutException as error:
            raise SourceFailure(Reason.DEADLINE, f"{self.name} did not answer in time.") from error
        except httpx.DecodingError as error:
            raise SourceFailure(Reason.BAD_ANSWER, f"{self.name}: the answer cannot be decoded.") from error
        except httpx.HTTPError as error:
            raise SourceFailure(Reason.UNAVAILABLE, f"{self.name}: {type(error).__name__}.") from error
        if answer.status_code != 200:
            raise self._refusal(answer)
        return self._read(answer)

    async def check(self) -> str:
        """See Source."""
        await somebody_listens(self.name, self._host)
        if self._plain:
            return f"Speaks to {self._host}, without credentials."
        await self._authorization()
        return f"There are credentials; {self._card.model} is asked at {self._host}."

    async def close(self) -> None:
        """See Source."""
        client, self._http = self._http, None
        if client is not None:
            await client.aclose()

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            # The environment's proxies apply to Google, not to a fake on this machine.
            self._http = httpx.AsyncClient(trust_env=not self._plain, follow_redirects=False)
        return self._http

    def _question(self, picture: Picture) -> bytes:
        """The body, put together by hand: base64 needs no escaping, and a JSON encoder would copy it twice."""
        content = base64.b64encode(picture.jpeg)
        card = self._card
        if card.kind == "embedding":
            head, tail = (
                b'{"instances":[{"image":{"bytesBase64Encoded":"',
                b'","mimeType":"image/jpeg"}}],"parameters":',
            )
            parameters = f'{{"dimension":{card.dims}}}}}'
        else:
            head, tail = b'{"instances":[{"content":"', b'","mimeType":"image/jpeg"}],"parameters":'
            parameters = f'{{"confidenceThreshold":{card.threshold:g},"maxPredictions":{card.most}}}}}'
        return b"".join((head, content, tail, parameters.encode()))

    async def _authorization(self) -> Mapping[str, str]:
        if self._plain:
            return {}
        async with self._signing_in:
            try:
                if self._credentials is None:
                    self._credentials, _ = await asyncio.to_thread(google.auth.default, scopes=[SCOPE])
                if not self._credentials.valid:
                    await asyncio.to_thread(self._credentials.refresh, _refresh_over_http)
            except no_entry.TransportError as error:
                raise SourceFailure(Reason.UNAVAILABLE, f"{self.name}: no token can be fetched.") from error
            except no_entry.GoogleAuthError as error:
                reason = Reason.CREDENTIALS
                raise SourceFailure(reason, f"{self.name}: {str(error)[:200]}", fix=_FIXES[reason]) from error
            return {"authorization": f"Bearer {self._credentials.token}"}

    def _refusal(self, answer: httpx.Response) -> SourceFailure:
        reason = _STATUS.get(answer.status_code, Reason.REFUSED if answer.status_code < 500 else Reason.UNAVAILABLE)
        wait = answer.headers.get("retry-after", "")
        return SourceFailure(
            reason,
            f"{self.name}: status {answer.status_code}: {answer.text[:200]}",
            fix=_FIXES.get(reason),
            retry_after_s=float(wait) if wait.isdigit() else 1.0,
        )

    def _read(self, answer: httpx.Response) -> Sighting:
        try:
            if len(answer.content) > MOST_BYTES:
                raise ValueError("it is too long")
            predictions = answer.json()["predictions"]
            (prediction,) = predictions
            return self._noted(prediction)
        except (ValueError, KeyError, TypeError) as error:
            raise SourceFailure(
                Reason.BAD_ANSWER, f"{self.name}: the answer is no prediction: {error!r:.120}"
            ) from error

    def _noted(self, prediction: Mapping[str, Any]) -> Sighting:
        notes = Notebook()
        card = self._card
        if card.kind == "embedding":
            notes.embedding(f"{card.source}/{card.version}", prediction["imageEmbedding"], card.dims)
            if notes.vector is None:
                raise ValueError("; ".join(notes.sighting().oddities))  # not kept, so that it is asked for again
            return notes.sighting()
        labels, confidences = prediction["displayNames"], prediction["confidences"]
        boxes = prediction.get("bboxes") or [None] * len(labels) if card.kind == "classification" else (
            prediction["bboxes"]
        )  # fmt: skip
        for label, confidence, box in zip(labels, confidences, boxes, strict=True):
            if isinstance(confidence, int | float) and confidence < card.threshold:
                continue
            if box is None or card.kind == "classification":
                card.write(notes, label, confidence)
            else:
                left, right, top, bottom = (float(edge) if math.isfinite(edge) else 2.0 for edge in box)
                notes.thing(card.word_for(str(label)), confidence, (left, top, right, bottom))
        return notes.sighting()


class _Answer(auth_transport.Response):
    """An httpx answer in google-auth's shape."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer

    @property
    def status(self) -> int:
        return self._answer.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        return self._answer.headers

    @property
    def data(self) -> bytes:
        return self._answer.content


def _refresh_over_http(
    url: str, method: str = "GET", body: Any = None, headers: Any = None, timeout: Any = 10.0, **_: Any
) -> _Answer:
    """What google-auth fetches tokens with; blocking, runs in a thread."""
    try:
        return _Answer(httpx.request(method, url, content=body, headers=headers, timeout=timeout))
    except httpx.HTTPError as error:
        raise no_entry.TransportError(error) from error  # type: ignore[no-untyped-call]


def _same_vectors(card: ModelCard) -> str:
    """12 hex digits that are equal for cards whose models make the same vectors: Google's own models do so in every
    project and region."""
    _, publishers, theirs = card.model.partition("/publishers/")
    model = publishers + theirs or card.model
    return hashlib.sha256(f"{model} {card.version} {card.dims}".encode()).hexdigest()[:12]


def from_means(means: SourceMeans) -> Sources:
    """The registry's factory: one source per card, but for embedding models, whose vectors say nothing in words."""
    if means.cards is None:
        return Sources(())
    cards, bad = read_cards(means.cards, PROVIDER, means.attributes)
    spoken = (card for card in cards if card.kind != "embedding")
    return Sources(tuple(Vertex(card, endpoint=means.vertex_endpoint) for card in spoken), tuple(bad))


def embedder_from_means(means: SourceMeans, name: str) -> Vertex:
    """The registry's factory of embedders: the embedding card of this name, or the only one. Raises BadCard."""
    cards, bad = read_cards(means.cards, PROVIDER, means.attributes) if means.cards is not None else ([], [])
    found = [card for card in cards if card.kind == "embedding" and name in ("", card.name)]
    if len(found) == 1:
        return Vertex(found[0], endpoint=means.vertex_endpoint)
    if len(found) > 1:
        raise BadCard(
            f"AKIN_EMBEDDER=vertex could mean any of {', '.join(card.name for card in found)}.",
            fix=f"Name one: AKIN_EMBEDDER=vertex:{found[0].name}.",
        )
    for _, problem in bad:
        raise problem
    raise BadCard(
        f"There is no card of an embedding model{f' named {name}' if name else ''}.",
        fix='Put a card with provider = "vertex" and kind = "embedding" into the folder AKIN_MODEL_CARDS names;'
        " docs/google.md shows one.",
    )
