"""Cloud Vision and AutoML on this machine: the real gRPC wire, answers and faults by script."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from google.cloud import automl_v1 as automl
from google.cloud import vision_v1 as vision
from google.rpc import status_pb2

from tests.cloud.fakes.faults import Script

_CODES = {
    "unavailable": grpc.StatusCode.UNAVAILABLE,
    "throttled": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "denied": grpc.StatusCode.PERMISSION_DENIED,
    "unauthenticated": grpc.StatusCode.UNAUTHENTICATED,
    "missing": grpc.StatusCode.NOT_FOUND,
    "refused": grpc.StatusCode.INVALID_ARGUMENT,
    "reset": grpc.StatusCode.UNAVAILABLE,
}
LABELS = [("/m/01mzpv", "Chair", 0.97), ("", "Velvet", 0.8), ("/m/0c_jw", "Furniture", 0.95)]
GERMAN = [("", "Ohrensessel", 0.97), ("", "Samt", 0.8)]
_Type = vision.Feature.Type


def corners(x: float, y: float, width: float, height: float) -> dict[str, Any]:
    """A bounding poly of fractions."""
    return {
        "normalized_vertices": [
            {"x": x, "y": y}, {"x": x + width, "y": y}, {"x": x + width, "y": y + height}, {"x": x, "y": y + height},
        ]
    }  # fmt: skip


class FakeVision:
    """ImageAnnotator. labels: (mid, text, score); things: (mid, name, score, box); or functions of the bytes."""

    service, method = "google.cloud.vision.v1.ImageAnnotator", "BatchAnnotateImages"

    def __init__(self) -> None:
        self.script = Script()
        self.labels: Any = LABELS
        self.things: Any = [("/m/01mzpv", "Chair", 0.91, (0.1, 0.2, 0.5, 0.6))]

    async def call(self, data: bytes, context: Any) -> bytes:
        """One call, bytes to bytes: garbage can be sent too."""
        request = vision.BatchAnnotateImagesRequest.deserialize(data)
        self.script.asked.append(request)
        self.script.at.append(time.monotonic())
        self.script.pictures += [one.image.content for one in request.requests]
        self.script.units += sum(len(one.features) for one in request.requests)
        fault = await _faulted(self.script, context)
        if fault == "garbage":
            return b"\xff\xfe no protobuf"
        if len(request.requests) > 16:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Too many images per request.")
        answers = [self.one(one, fault) for one in request.requests]
        return bytes(
            vision.BatchAnnotateImagesResponse.serialize(vision.BatchAnnotateImagesResponse(responses=answers))
        )

    def one(self, request: Any, fault: str | None) -> Any:
        """One picture's answer."""
        content = request.image.content
        out = vision.AnnotateImageResponse()
        if content.startswith(b"BAD"):
            return vision.AnnotateImageResponse(error=status_pb2.Status(code=3, message="Bad image data."))
        if fault == "nothing":
            return out
        labels = self.labels(content) if callable(self.labels) else self.labels
        things = self.things(content) if callable(self.things) else self.things
        if fault == "nan":
            labels = [("", "Chair", float("nan")), *labels]
        if fault == "flood":
            labels = [("", f"word {n}", 0.5) for n in range(10_000)]
        if fault == "german":
            labels, things = GERMAN, []
        for feature in request.features:
            self._add(out, feature.type_, request, labels, things)
        return out

    def _add(self, out: Any, kind: Any, request: Any, labels: Any, things: Any) -> None:
        if kind == _Type.LABEL_DETECTION:
            out.label_annotations = [vision.EntityAnnotation(mid=m, description=d, score=s) for m, d, s in labels]
        elif kind == _Type.OBJECT_LOCALIZATION:
            out.localized_object_annotations = [
                vision.LocalizedObjectAnnotation(mid=m, name=n, score=s, bounding_poly=corners(*box))
                for m, n, s, box in things
            ]
        elif kind == _Type.IMAGE_PROPERTIES:
            color = {"color": {"red": 200, "green": 30, "blue": 20}, "score": 0.6, "pixel_fraction": 0.3}
            out.image_properties_annotation = {"dominant_colors": {"colors": [color]}}
        elif kind == _Type.LOGO_DETECTION:
            out.logo_annotations = [vision.EntityAnnotation(mid="/m/0x", description="Nordhem", score=0.88)]
        elif kind == _Type.TEXT_DETECTION:
            out.full_text_annotation = vision.TextAnnotation(text="AIR MAX\n90")
        elif kind == _Type.WEB_DETECTION:
            out.web_detection = vision.WebDetection(
                best_guess_labels=[{"label": "teal velvet armchair", "language_code": "en"}]
            )
        elif kind == _Type.SAFE_SEARCH_DETECTION:
            out.safe_search_annotation = vision.SafeSearchAnnotation(racy=vision.Likelihood.LIKELY)
        elif kind == _Type.PRODUCT_SEARCH:
            home = request.image_context.product_search_params.product_set.rsplit("/", 2)[0]
            out.product_search_results = vision.ProductSearchResults(
                results=[
                    {
                        "product": {
                            "name": f"{home}/products/p1",
                            "display_name": "Vera armchair",
                            "product_labels": [{"key": "material", "value": "velvet"}, {"key": "sku", "value": "7"}],
                        },
                        "score": 0.83,
                    }
                ]
            )


class FakeAutoML:
    """AutoML's PredictionService: models whose id begins with IOD detect, others classify."""

    service, method = "google.cloud.automl.v1.PredictionService", "Predict"

    def __init__(self) -> None:
        self.script = Script()

    async def call(self, data: bytes, context: Any) -> bytes:
        """One call."""
        request = automl.PredictRequest.deserialize(data)
        self.script.asked.append(request)
        self.script.pictures.append(request.payload.image.image_bytes)
        self.script.units += 1
        fault = await _faulted(self.script, context)
        if fault == "garbage":
            return b"\xff\xfe no protobuf"
        least = float(dict(request.params).get("score_threshold", 0))
        scores = [("velvet", 0.93), ("linen", 0.3)] if fault != "nan" else [("velvet", float("nan")), ("linen", 0.9)]
        if "/IOD" in request.name:
            box = {"normalized_vertices": [{"x": 0.1, "y": 0.2}, {"x": 0.6, "y": 0.9}]}
            found = [
                automl.AnnotationPayload(
                    display_name="armchair", image_object_detection={"score": 0.9, "bounding_box": box}
                )
            ]
        else:
            found = [
                automl.AnnotationPayload(display_name=name, classification={"score": score})
                for name, score in scores
                if not score < least
            ]
        answer = automl.PredictResponse(payload=[] if fault == "nothing" else found)
        return bytes(automl.PredictResponse.serialize(answer))


async def _faulted(script: Script, context: Any) -> str | None:
    step = script.next()
    if step == "hang":
        step = 3600.0
    if isinstance(step, int | float):
        try:
            await asyncio.sleep(step)
        except asyncio.CancelledError:
            script.cancelled += 1
            raise
        return None
    if step in _CODES:
        await context.abort(_CODES[step], f"fake: {step}")
    return step


@asynccontextmanager
async def serving(*fakes: Any, port: int = 0) -> AsyncIterator[str]:
    """A gRPC server of these fakes; its address as an endpoint setting."""
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 64 << 20)])
    for fake in fakes:
        # Without (de)serializers the handler sees bytes; the generated packages ship no servicers.
        handler = grpc.unary_unary_rpc_method_handler(fake.call)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(fake.service, {fake.method: handler}),))
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield f"http://127.0.0.1:{bound}"
    finally:
        await server.stop(None)
