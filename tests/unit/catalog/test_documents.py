"""Every field of a product and of its evidence is stored: a new field that is forgotten fails here."""

import dataclasses
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from app.catalog import (
    Availability,
    ImageEvidence,
    Money,
    Product,
    ProductImage,
    SeenAttribute,
    SeenColor,
    SeenLabel,
)
from app.catalog.sqlite.documents import from_document, from_evidence_row, to_document, to_evidence_row
from tests.builders import a_vector

OTHER_VALUES: dict[str, Any] = {
    "id": "other",
    "type": "sofa",
    "category": ("A", "B"),
    "price": Money(Decimal("0.10"), "JPY"),
    "sale_price": Money(Decimal("1E+2"), "EUR"),
    "availability": Availability.PREORDER,
    "custom_labels": ("one", "", "three"),
    "images": (ProductImage("u", "ab" * 32), ProductImage("v")),
    "attributes": (SeenAttribute("n", "v", 0.1, "s"), SeenAttribute("n", "v", 0.3, "t")),
    "labels": (SeenLabel("l", 1 / 3, "s"),),
    "colors": (SeenColor("teal", "#1d7f86", 0.62),),
}
"""A value unlike the default for each field; text fields need none."""


def _round_trip(product: Product) -> Product:
    return from_document(product.id, product.content_hash, to_document(product))


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Product)])
def test_every_field_of_a_product_comes_back(field: str) -> None:
    plain = Product(id="p", title="t")
    changed = dataclasses.replace(plain, **{field: OTHER_VALUES.get(field, 'text "quoted" \n ø 椅')})
    assert repr(getattr(changed, field)) != repr(getattr(plain, field))
    assert repr(_round_trip(changed)) == repr(changed)
    assert repr(_round_trip(plain)) == repr(plain)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(ImageEvidence)])
def test_every_field_of_evidence_comes_back(field: str) -> None:
    others: dict[str, Any] = {
        "embedder": "other/2",
        "embedding": a_vector(9),
        "region": (0.1, 0.2, 1 / 3, 0.4),
        "features": bytes(range(256)),
        "colors": (SeenColor("é", "#000000", 0.5),),
    }
    plain = ImageEvidence("test/1", a_vector(1))
    changed = dataclasses.replace(plain, **{field: others[field]})
    back = from_evidence_row(changed.embedder, to_evidence_row(changed))
    for name in others:
        if name == "embedding":
            np.testing.assert_allclose(back.embedding, changed.embedding, atol=1e-3)
        else:
            assert getattr(back, name) == getattr(changed, name)


def test_a_digest_tells_any_two_opinions_apart() -> None:
    plain = ImageEvidence("test/1", a_vector(1))
    opinions = [
        plain,
        dataclasses.replace(plain, embedding=a_vector(2)),
        dataclasses.replace(plain, region=(0.0, 0.0, 0.5, 1.0)),
        dataclasses.replace(plain, features=b"x"),
        dataclasses.replace(plain, colors=(SeenColor("red", "#ff0000", 1.0),)),
    ]
    assert len({to_evidence_row(opinion).digest for opinion in opinions}) == len(opinions)
    assert to_evidence_row(plain).digest == to_evidence_row(dataclasses.replace(plain)).digest
