"""Amazon Rekognition: DetectLabels with boxes and image properties, and the retailer's Custom Labels, through boto3.

boto3 blocks, so calls run in threads of our own; a call that is cancelled is left to its read timeout.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore import exceptions as gone_wrong
from botocore.config import Config
from botocore.parsers import ResponseParserError

from app.analysis.cards import ModelCard, read_cards
from app.analysis.providers.endpoints import plain_address, somebody_listens
from app.analysis.registry import SourceMeans, Sources
from app.analysis.sighting import Notebook, Sighting
from app.analysis.source import Picture, Reason, SourceFailure

NAME = "rekognition"
THREADS = 16
READ_TIMEOUT_S = 5.0
MOST_LABELS = 30
LEAST_CONFIDENCE = 40.0
CODES = {
    "ThrottlingException": Reason.THROTTLED,
    "ProvisionedThroughputExceededException": Reason.THROTTLED,
    "LimitExceededException": Reason.THROTTLED,
    "InternalServerError": Reason.UNAVAILABLE,
    "ServiceUnavailable": Reason.UNAVAILABLE,
    "AccessDeniedException": Reason.CREDENTIALS,
    "UnrecognizedClientException": Reason.CREDENTIALS,
    "InvalidSignatureException": Reason.CREDENTIALS,
    "ExpiredTokenException": Reason.CREDENTIALS,
    "ResourceNotFoundException": Reason.MISSING_MODEL,
    "ResourceNotReadyException": Reason.MISSING_MODEL,
    "InvalidImageFormatException": Reason.REFUSED,
    "ImageTooLargeException": Reason.REFUSED,
    "InvalidParameterException": Reason.REFUSED,
    "ValidationException": Reason.REFUSED,
}
_FIXES = {
    Reason.CREDENTIALS: "Check the AWS credentials and the policy of docs/aws.md.",
    Reason.MISSING_MODEL: "Check `model` of the card; the project version must be running.",
    Reason.THROTTLED: "Raise the quota of the account, or set AKIN_BUDGET_* below it.",
}


class Rekognition:
    """Source over DetectLabels, or with a card DetectCustomLabels. The client is made with the first picture."""

    def __init__(
        self, card: ModelCard | None = None, *, region: str | None = None, endpoint: str | None = None
    ) -> None:
        self._plain = plain_address(endpoint) is not None
        self.name = card.source if card is not None else NAME
        self.pipeline = card.fingerprint if card is not None else f"labels,properties,{LEAST_CONFIDENCE:g}"
        self.units = {"rekognition.custom": 1} if card is not None else {"rekognition.labels": 1,
                                                                         "rekognition.properties": 1}  # fmt: skip
        self._card = card
        self._region = (card.region if card is not None else "") or region or None
        self._endpoint = endpoint
        self._client: Any = None
        self._making = threading.Lock()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="rekognition")

    async def open(self) -> None:
        """See Source. Making the client takes some tenths of a second of processor time."""
        await self._in_thread(self._made)

    async def look(self, picture: Picture, *, timeout_s: float) -> Sighting:
        """See Source."""
        answer = await self._in_thread(lambda: self._ask(picture.jpeg))
        try:
            return self._read_custom(answer) if self._card is not None else read_labels(answer)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SourceFailure(Reason.BAD_ANSWER, f"{self.name}: the answer is none: {error!r:.120}") from error

    async def check(self) -> str:
        """See Source."""
        if self._endpoint is None:
            found = await self._in_thread(lambda: boto3.Session().get_credentials())
            if found is None:
                raise SourceFailure(
                    Reason.CREDENTIALS, f"{self.name}: there are no AWS credentials.", fix=_FIXES[Reason.CREDENTIALS]
                )
        await self._in_thread(self._made)
        await somebody_listens(self.name, self._endpoint or str(self._client.meta.endpoint_url))
        return f"There is a client for {self._endpoint or self._client.meta.endpoint_url}."

    async def close(self) -> None:
        """See Source. Threads still waiting for an answer end by their read timeout."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._mapped, work)
        except RuntimeError as closed:  # the executor's, after close
            raise SourceFailure(Reason.UNAVAILABLE, f"{self.name} is closed.") from closed

    def _mapped(self, work: Callable[[], Any]) -> Any:
        """Runs the call and turns what botocore raises into SourceFailure, cause kept."""
        try:
            return work()
        except gone_wrong.ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
            reason = CODES.get(code, Reason.UNAVAILABLE if status >= 500 else Reason.REFUSED)
            raise SourceFailure(reason, f"{self.name}: {code}", fix=_FIXES.get(reason)) from error
        except (gone_wrong.NoCredentialsError, gone_wrong.PartialCredentialsError, gone_wrong.NoRegionError,
                gone_wrong.ProfileNotFound, gone_wrong.TokenRetrievalError) as error:  # fmt: skip
            fix = "Set AKIN_AWS_REGION and the AWS credentials; see docs/aws.md."
            raise SourceFailure(Reason.CREDENTIALS, f"{self.name}: {error}", fix=fix) from error
        except (gone_wrong.ReadTimeoutError, gone_wrong.ConnectTimeoutError) as error:
            raise SourceFailure(Reason.DEADLINE, f"{self.name} did not answer in time.") from error
        except (ResponseParserError, ValueError) as error:
            raise SourceFailure(Reason.BAD_ANSWER, f"{self.name}: the answer cannot be read.") from error
        except gone_wrong.BotoCoreError as error:
            raise SourceFailure(Reason.UNAVAILABLE, f"{self.name}: {type(error).__name__}") from error

    def _made(self) -> Any:
        with self._making:
            if self._client is None:
                fake = {"aws_access_key_id": "none", "aws_secret_access_key": "none"} if self._plain else {}
                self._client = boto3.session.Session().client(
                    "rekognition",
                    region_name=self._region or ("us-east-1" if self._plain else None),
                    endpoint_url=self._endpoint,
                    # One attempt: retries are ours, inside the deadline.
                    config=Config(
                        retries={"total_max_attempts": 1, "mode": "standard"},
                        connect_timeout=2,
                        read_timeout=READ_TIMEOUT_S,
                        max_pool_connections=THREADS,
                    ),
                    **fake,
                )
            return self._client

    def _ask(self, jpeg: bytes) -> Any:
        client = self._made()
        if self._card is not None:
            return client.detect_custom_labels(
                ProjectVersionArn=self._card.model,
                Image={"Bytes": jpeg},
                MaxResults=self._card.most,
                MinConfidence=self._card.threshold * 100,
            )
        return client.detect_labels(
            Image={"Bytes": jpeg},
            MaxLabels=MOST_LABELS,
            MinConfidence=LEAST_CONFIDENCE,
            Features=["GENERAL_LABELS", "IMAGE_PROPERTIES"],
        )

    def _read_custom(self, answer: Any) -> Sighting:
        assert self._card is not None
        notes = Notebook()
        for label in answer["CustomLabels"]:
            box = label.get("Geometry", {}).get("BoundingBox")
            if box:
                notes.thing(self._card.word_for(label["Name"]), of_hundred(label["Confidence"]), edges_of(box))
            else:
                self._card.write(notes, label["Name"], of_hundred(label["Confidence"]))
        return notes.sighting()


def read_labels(answer: Any) -> Sighting:
    """What DetectLabels says; its colors are those of the foreground, where it tells them apart."""
    notes = Notebook()
    for label in answer["Labels"]:
        notes.word(label["Name"], of_hundred(label["Confidence"]))
        for instance in label.get("Instances", []):
            sure = of_hundred(instance.get("Confidence", label["Confidence"]))
            notes.thing(label["Name"], sure, edges_of(instance.get("BoundingBox", {})))
    properties = answer.get("ImageProperties") or {}
    for color in (properties.get("Foreground") or properties).get("DominantColors", []):
        rgb = (float(color["Red"]), float(color["Green"]), float(color["Blue"]))
        notes.shade(rgb, of_hundred(color["PixelPercent"]))
    return notes.sighting()


def of_hundred(percent: object) -> float | None:
    """A percentage as a fraction; None for what is no number."""
    return percent / 100.0 if isinstance(percent, int | float) else None


def edges_of(box: Any) -> tuple[float, float, float, float]:
    """left, top, right, bottom of a BoundingBox; a missing one is no box."""
    left, top = float(box.get("Left", 0.0)), float(box.get("Top", 0.0))
    return left, top, left + float(box.get("Width", 0.0)), top + float(box.get("Height", 0.0))


def from_means(means: SourceMeans) -> Sources:
    """The registry's factory: DetectLabels, and one source per card."""
    cards, bad = read_cards(means.cards, NAME, means.attributes) if means.cards is not None else ([], [])
    own = [Rekognition(card, region=means.aws_region, endpoint=means.aws_endpoint) for card in cards]
    return Sources((Rekognition(region=means.aws_region, endpoint=means.aws_endpoint), *own), tuple(bad))
