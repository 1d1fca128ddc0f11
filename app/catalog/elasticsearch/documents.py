"""Product and picture evidence as the indices hold them, and back. Pure."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from app.catalog.errors import EmbeddingMismatch
from app.catalog.facets import facet_values, sparse_weights
from app.catalog.model import (
    SPARSE_CHANNELS,
    Availability,
    Channel,
    FacetField,
    ImageEvidence,
    Money,
    Product,
    ProductImage,
    SeenAttribute,
    SeenColor,
    SeenLabel,
)

MAX_POSITION = 63
"""The last picture of a product whose vector is searched: queries.coded_look() keeps six bits for the position."""

_LEAST_WEIGHT = 1e-30
_ID_BYTES = 480  # Elasticsearch takes 512; a details document's id has the position before it
_PLAIN = (
    "title", "description", "link", "brand", "type", "google_category", "gtin",
    "color", "material", "pattern", "size", "item_group_id",
)  # fmt: skip


def document_id(product_id: str) -> str:
    """The `_id` of a product's document: its id, or a digest where that is too long."""
    if len(product_id.encode()) <= _ID_BYTES:
        return product_id
    return "~" + hashlib.blake2b(product_id.encode(), digest_size=32).hexdigest()


def details_id(product_id: str, position: int) -> str:
    """The `_id` of the evidence of one picture."""
    return f"{position}:{document_id(product_id)}"


def to_document(product: Product, *, images: Sequence[Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """The product document. images: take these image documents, with their vectors, instead of the product's own."""
    pays = product.sells_for
    shown = [_image(place, image) for place, image in enumerate(product.images)] if images is None else list(images)
    document: dict[str, Any] = {name: value for name in _PLAIN if (value := getattr(product, name))}
    document |= {
        "id": product.id,
        "content_hash": product.content_hash,
        "category": list(product.category),
        "price": _money(product.price),
        "sale_price": _money(product.sale_price),
        "pays": None if pays is None else float(pays.amount),
        "availability": product.availability.value,
        "custom_labels": list(product.custom_labels),
        "labels": [
            {"term": _term(said.name), "name": said.name, "confidence": said.confidence, "source": said.source}
            for said in product.labels
        ],
        "attributes": [
            {
                "term": _term(f"{said.name}={said.value}"),
                "name": said.name,
                "value": said.value,
                "confidence": said.confidence,
                "source": said.source,
            }
            for said in product.attributes
        ],
        "colors": _colors(product.colors),
        "images": shown,
        "pictures": sum("vector" in image for image in shown),
    }
    facets = {field: facet_values(product, field) for field in FacetField}
    weights = {channel: sparse_weights(product, channel) for channel in SPARSE_CHANNELS}
    document["facets"] = {field.value: values for field, values in facets.items() if values}
    document["filters"] = {
        field.value: [value.casefold() for value in values] for field, values in facets.items() if values
    }
    document["channels"] = {
        channel.value: {token(term): weight for term, weight in own.items() if weight > _LEAST_WEIGHT}
        for channel, own in weights.items()
        if own
    }
    document["facts"] = _base64(orjson.dumps([product.item_group_id, *weights.values()]))
    return {name: value for name, value in document.items() if value not in (None, [], {}, "")} | {
        "pictures": document["pictures"]
    }


def from_document(document: Mapping[str, Any]) -> Product:
    """The product of a document, without image evidence."""
    return Product(
        id=document["id"],
        content_hash=document.get("content_hash", ""),
        **{"title": "", **{name: document[name] for name in _PLAIN if name in document}},
        category=tuple(document.get("category", ())),
        price=_from_money(document.get("price")),
        sale_price=_from_money(document.get("sale_price")),
        availability=Availability(document["availability"]),
        custom_labels=tuple(document.get("custom_labels", ())),
        images=tuple(ProductImage(url=image["url"], sha256=image["sha256"]) for image in document.get("images", ())),
        attributes=tuple(
            SeenAttribute(said["name"], said["value"], said["confidence"], said["source"])
            for said in document.get("attributes", ())
        ),
        labels=tuple(
            SeenLabel(said["name"], said["confidence"], said["source"]) for said in document.get("labels", ())
        ),
        colors=_from_colors(document.get("colors", ())),
    )


def from_facts(facts: str) -> tuple[str, dict[Channel, dict[str, float]]]:
    """The group id and the exact sparse weights of a product, from the `facts` of its document."""
    group_id, *weights = orjson.loads(base64.b64decode(facts))
    return group_id, dict(zip(SPARSE_CHANNELS, weights, strict=True))


def to_details(product: Product) -> list[tuple[str, dict[str, Any]]]:
    """The id and the document of each picture's evidence."""
    return [
        (
            details_id(product.id, position),
            {
                "product": product.id,
                "position": position,
                "sha256": image.sha256,
                "vector": _base64(_half(image.evidence.embedding).tobytes()),
                "region": {"box": list(image.evidence.region)},
                "colors": {"seen": _colors(image.evidence.colors)},
                "features": _base64(image.evidence.features),
            },
        )
        for position, image in enumerate(product.images)
        if image.evidence is not None
    ]


def from_details(embedder: str, document: Mapping[str, Any]) -> ImageEvidence:
    """The evidence of a details document."""
    x, y, width, height = document["region"]["box"]
    return ImageEvidence(
        embedder=embedder,
        embedding=np.frombuffer(base64.b64decode(document["vector"]), dtype="<f2").astype(np.float32),
        region=(x, y, width, height),
        features=base64.b64decode(document["features"]),
        colors=_from_colors(document["colors"]["seen"]),
    )


def image_with(image: ProductImage, position: int, evidence: ImageEvidence | None) -> dict[str, Any]:
    """The image document of a picture with this evidence."""
    return _image(position, ProductImage(image.url, image.sha256, evidence))


def check_evidence(product: Product, embedder: str, dims: int) -> None:
    """Raise EmbeddingMismatch when a picture's evidence was made by another embedder or has another size."""
    for image in product.images:
        seen = image.evidence
        if seen is not None and (seen.embedder != embedder or seen.embedding.shape != (dims,)):
            raise EmbeddingMismatch(
                f"The picture's evidence was made by {seen.embedder} ({seen.embedding.size} numbers), the "
                f"generation's by {embedder} ({dims} numbers).",
                fix="Use one embedder for the whole generation.",
                evidence=seen.embedder,
                generation=embedder,
            )


def token(term: str) -> str:
    """A term as a sparse_vector field takes it: dots have a meaning there."""
    return term.replace("%", "%25").replace(".", "%2E")


def vector_bytes(values: NDArray[np.float32]) -> str:
    """A vector as a dense_vector field takes it: big-endian float32, base64."""
    return _base64(values.astype(">f4").tobytes())


def _image(position: int, image: ProductImage) -> dict[str, Any]:
    document: dict[str, Any] = {"position": position, "url": image.url, "sha256": image.sha256}
    if image.evidence is None:
        return document
    vector = _half(image.evidence.embedding).astype(np.float32)
    flaw = _flaw(vector)
    if flaw:
        document["flaw"] = flaw
    elif position <= MAX_POSITION:
        document["vector"] = vector_bytes(vector)
    return document


def _flaw(vector: NDArray[np.float32]) -> str:
    """Why a vector cannot be compared, or ""."""
    if not np.isfinite(vector).all():
        return "not finite"
    length = float(np.linalg.norm(vector))
    return "" if abs(length - 1.0) <= 1e-2 else "not of unit length"


def _half(values: NDArray[np.float32]) -> NDArray[np.float16]:
    with np.errstate(over="ignore"):
        return values.astype("<f2")


def _term(words: str) -> str:
    return words.strip().casefold()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _money(money: Money | None) -> dict[str, str] | None:
    return None if money is None else {"amount": str(money.amount), "currency": money.currency}


def _from_money(fields: Mapping[str, str] | None) -> Money | None:
    return None if fields is None else Money(Decimal(fields["amount"]), fields["currency"])


def _colors(colors: Sequence[SeenColor]) -> list[dict[str, object]]:
    return [{"name": color.name, "hex": color.hex, "share": color.share} for color in colors]


def _from_colors(fields: Sequence[Mapping[str, Any]]) -> tuple[SeenColor, ...]:
    return tuple(SeenColor(color["name"], color["hex"], color["share"]) for color in fields)
