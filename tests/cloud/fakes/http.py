"""Vertex AI and Rekognition on this machine: the real HTTP wire, answers and faults by script."""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from tests.cloud.fakes.faults import Script

Answer = tuple[int, Any]
BOX = {"Left": 0.1, "Top": 0.2, "Width": 0.5, "Height": 0.6}
STATUS = {
    "unavailable": 503, "throttled": 429, "denied": 403, "unauthenticated": 401, "missing": 404, "refused": 400,
}  # fmt: skip


def by_digest(picture: bytes, dims: int) -> list[float]:
    """A vector that only the same bytes have."""
    digest = hashlib.sha256(picture).digest()
    return [(digest[n % 32] - 128) / 128 for n in range(dims)]


class FakeVertex:
    """PredictionService's :predict. Endpoints holding "iod" detect, publishers' models embed, others classify."""

    def __init__(self) -> None:
        self.script = Script()
        self.labels: Any = [("velvet", 0.93), ("linen", 0.3)]
        self.embeds: Callable[[bytes, int], list[float]] = by_digest

    def answer(self, path: str, headers: Mapping[str, str], body: bytes, fault: str | None) -> Answer:
        """One call."""
        document = json.loads(body)
        (instance,) = document["instances"]
        content = instance.get("content") or instance["image"]["bytesBase64Encoded"]
        picture = base64.b64decode(content)
        self.script.asked.append((path, document["parameters"], dict(headers)))
        self.script.pictures.append(picture)
        self.script.units += 1
        if fault in STATUS:
            return STATUS[fault], {"error": {"code": STATUS[fault], "message": f"fake: {fault}"}}
        if not path.endswith(":predict"):
            return 404, {"error": {"message": "no such method"}}
        if fault == "nothing":
            return 200, {"predictions": [{"displayNames": [], "confidences": [], "bboxes": []}]}
        if "/publishers/google/models/" in path:
            values = self.embeds(picture, document["parameters"]["dimension"])
            return 200, {"predictions": [{"imageEmbedding": [float("nan"), *values[1:]] if fault == "nan" else values}]}
        if "iod" in path:  # xMin, xMax, yMin, yMax
            prediction = {"displayNames": ["armchair"], "confidences": [0.9], "bboxes": [[0.1, 0.6, 0.2, 0.9]]}
            return 200, {"predictions": [prediction]}
        labels = self.labels(picture) if callable(self.labels) else self.labels
        if fault == "nan":
            labels = [("velvet", float("nan")), *labels]
        if fault == "flood":
            labels = [(f"word {n}", 0.9) for n in range(10_000)]
        prediction = {
            "ids": [str(n) for n in range(len(labels))],
            "displayNames": [name for name, _ in labels],
            "confidences": [score for _, score in labels],
        }
        return 200, {"predictions": [prediction], "deployedModelId": "777"}


class FakeRekognition:
    """Rekognition's DetectLabels and DetectCustomLabels (awsJson 1.1)."""

    KINDS: ClassVar[dict[str, tuple[int, str]]] = {
        "unavailable": (503, "ServiceUnavailable"), "throttled": (400, "ThrottlingException"),
        "denied": (400, "AccessDeniedException"), "missing": (400, "ResourceNotFoundException"),
        "refused": (400, "InvalidImageFormatException"),
    }  # fmt: skip

    def __init__(self) -> None:
        self.script = Script()
        self.labels: Any = [("Chair", 97.0), ("Velvet", 80.0)]

    def answer(self, path: str, headers: Mapping[str, str], body: bytes, fault: str | None) -> Answer:
        """One call."""
        document = json.loads(body)
        target = headers["x-amz-target"].rpartition(".")[2]
        picture = base64.b64decode(document["Image"]["Bytes"])
        self.script.asked.append((target, document, dict(headers)))
        self.script.pictures.append(picture)
        self.script.units += 1
        if fault in self.KINDS:
            status, kind = self.KINDS[fault]
            return status, {"__type": kind, "message": f"fake: {fault}"}
        if target == "DetectCustomLabels":
            found = [
                {"Name": "armchair", "Confidence": 91.0, "Geometry": {"BoundingBox": BOX}},
                {"Name": "velvet", "Confidence": 88.0},
            ]
            return 200, {"CustomLabels": [] if fault == "nothing" else found}
        if fault == "nothing":
            return 200, {"Labels": []}
        labels = self.labels(picture) if callable(self.labels) else self.labels
        if fault == "nan":
            labels = [("Chair", float("nan")), *labels]
        if fault == "flood":
            labels = [(f"word {n}", 60.0) for n in range(10_000)]
        first = {"Instances": [{"BoundingBox": BOX, "Confidence": 91.0}], "Parents": [{"Name": "Furniture"}]}
        colors = [{"Red": 29, "Green": 127, "Blue": 134, "HexCode": "#1d7f86", "PixelPercent": 62.0}]
        return 200, {
            "Labels": [
                {"Name": name, "Confidence": score, **(first if name == "Chair" else {})} for name, score in labels
            ],
            "ImageProperties": {"Foreground": {"DominantColors": colors}},
        }


@asynccontextmanager
async def serving(fake: Any, port: int = 0) -> AsyncIterator[str]:
    """An HTTP/1.1 server of the fake; its address as an endpoint setting."""

    talking: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await _one(reader, writer, fake):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(talk(reader, writer))
        talking.add(task)
        task.add_done_callback(talking.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", port, limit=64 << 20)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)
        await server.wait_closed()


async def _one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fake: Any) -> bool:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    if headers.get("expect") == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    fake.script.at.append(time.monotonic())
    step = fake.script.next()
    if step == "hang":
        step = 3600.0
    if isinstance(step, int | float):
        await asyncio.sleep(step)
        step = None
    if step == "reset":
        writer.transport.abort()
        return False
    status, document = fake.answer(head[0].split(" ")[1], headers, body, step)
    data = b"\xff\xfe no json" if step == "garbage" else json.dumps(document).encode()
    # Head and body in one write: two would wait for each other's acknowledgement.
    writer.write(
        f"HTTP/1.1 {status} Fake\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n".encode()
        + data
    )
    await writer.drain()
    return True
