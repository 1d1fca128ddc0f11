"""Product and picture evidence as what the file holds: JSON documents, float16 blobs. Pure."""

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from app.catalog.facets import facet_values, sparse_weights
from app.catalog.model import (
    SPARSE_CHANNELS,
    Availability,
    FacetField,
    ImageEvidence,
    Money,
    Product,
    ProductImage,
    SeenAttribute,
    SeenColor,
    SeenLabel,
)

WORD_COLUMNS = ("title", "brand", "type", "color", "material", "category", "description")
"""The columns of a generation's full-text table, in order."""

WRITTEN_FACETS: tuple[FacetField, ...] = tuple(field for field in FacetField if field is not FacetField.LABEL)
"""The fields whose values stand in the facts, in order; labels stand there as a channel already."""

VALUE_SEPARATOR = "\x1f"
"""Between the values of one facet field in the facts; a character no feed uses in a word."""

_PLAIN = (
    "title", "description", "link", "brand", "type", "google_category", "gtin",
    "color", "material", "pattern", "size", "item_group_id",
)  # fmt: skip


def to_document(product: Product) -> str:
    """Everything of a product but id, content_hash (columns of their own) and picture evidence, as JSON."""
    document: dict[str, Any] = {name: value for name in _PLAIN if (value := getattr(product, name))}
    document |= {
        "category": list(product.category),
        "price": _money(product.price),
        "sale_price": _money(product.sale_price),
        "availability": product.availability.value,
        "custom_labels": list(product.custom_labels),
        "images": [[image.url, image.sha256] for image in product.images],
        "attributes": [[said.name, said.value, said.confidence, said.source] for said in product.attributes],
        "labels": [[label.name, label.confidence, label.source] for label in product.labels],
        "colors": _colors(product.colors),
    }
    return json.dumps({name: value for name, value in document.items() if value}, ensure_ascii=False)


def from_document(product_id: str, content_hash: str, text: str) -> Product:
    """The product of a document, without image evidence."""
    document: dict[str, Any] = json.loads(text)
    return Product(
        id=product_id,
        content_hash=content_hash,
        **{"title": "", **{name: document[name] for name in _PLAIN if name in document}},
        category=tuple(document.get("category", ())),
        price=_from_money(document.get("price")),
        sale_price=_from_money(document.get("sale_price")),
        availability=Availability(document["availability"]),
        custom_labels=tuple(document.get("custom_labels", ())),
        images=tuple(ProductImage(url=url, sha256=sha256) for url, sha256 in document.get("images", ())),
        attributes=tuple(SeenAttribute(*fields) for fields in document.get("attributes", ())),
        labels=tuple(SeenLabel(*fields) for fields in document.get("labels", ())),
        colors=_from_colors(document.get("colors", ())),
    )


def to_facts(product: Product) -> str:
    """What the index wants of a product, as JSON, so that opening a catalog parses little and works nothing out.

    [group id, price or null, [values of each of WRITTEN_FACETS, joined by VALUE_SEPARATOR], [{term: weight} of each
    channel of SPARSE_CHANNELS]].
    """
    pays = product.sells_for
    return json.dumps(
        [
            product.item_group_id,
            None if pays is None else float(pays.amount),
            [VALUE_SEPARATOR.join(facet_values(product, field)) for field in WRITTEN_FACETS],
            [sparse_weights(product, channel) for channel in SPARSE_CHANNELS],
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def words_of(product: Product) -> tuple[str, ...]:
    """The text of WORD_COLUMNS, in their order."""
    return (
        product.title,
        product.brand,
        product.type or "",
        product.color,
        product.material,
        " ".join(facet_values(product, FacetField.CATEGORY)[-1:]),
        product.description,
    )


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """Picture evidence as the columns of `evidence` and `evidence_details`."""

    vector: bytes
    region: str
    colors: str
    features: bytes

    @property
    def digest(self) -> bytes:
        """16 bytes that are equal for equal evidence only."""
        digest = hashlib.blake2b(digest_size=16)
        for part in (self.vector, self.region.encode(), self.colors.encode(), self.features):
            digest.update(len(part).to_bytes(4, "little"))
            digest.update(part)
        return digest.digest()


def to_evidence_row(evidence: ImageEvidence) -> EvidenceRow:
    """Evidence as it is stored; the vector is rounded to float16 (a number too large for it becomes infinite)."""
    with np.errstate(over="ignore"):
        vector = evidence.embedding.astype("<f2").tobytes()
    return EvidenceRow(
        vector=vector,
        region=json.dumps(list(evidence.region)),
        colors=json.dumps(_colors(evidence.colors), ensure_ascii=False),
        features=evidence.features,
    )


def from_evidence_row(embedder: str, row: EvidenceRow) -> ImageEvidence:
    """The evidence of a stored row."""
    x, y, width, height = json.loads(row.region)
    return ImageEvidence(
        embedder=embedder,
        embedding=np.frombuffer(row.vector, dtype="<f2").astype(np.float32),
        region=(x, y, width, height),
        features=row.features,
        colors=_from_colors(json.loads(row.colors)),
    )


def _money(money: Money | None) -> list[str] | None:
    return None if money is None else [str(money.amount), money.currency]


def _from_money(fields: list[str] | None) -> Money | None:
    return None if fields is None else Money(Decimal(fields[0]), fields[1])


def _colors(colors: tuple[SeenColor, ...]) -> list[list[object]]:
    return [[color.name, color.hex, color.share] for color in colors]


def _from_colors(fields: list[Any]) -> tuple[SeenColor, ...]:
    return tuple(SeenColor(*color) for color in fields)
