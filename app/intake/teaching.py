"""What a catalog teaches the eyes: fitted from the products of a generation, stored with it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.catalog import CatalogWriter, ImageEvidence, Product

ARTIFACT = "teaching"
"""Name under which the generation keeps what was fitted."""

EXAMPLES = 6_000
"""Products looked at; more change what is learned little and cost memory."""

TAUGHT = ("material", "pattern")
"""Attributes that are taught. Colors are measured, not guessed."""

Fit: TypeAlias = Callable[
    [NDArray[np.float32], Sequence[str | None], Sequence[Mapping[str, str]], Sequence[str]], bytes
]
"""(embeddings (n, dims), type, attributes and group of each row) -> the artifact. Blocking; runs in a thread."""


async def teach(writer: CatalogWriter, generation_id: str, fit: Fit, *, limit: int = EXAMPLES) -> int:
    """Fit the teaching on the generation's products and attach it; returns on how many pictures."""
    examples = await writer.examples(generation_id, limit)
    rows = [(product, evidence) for product, evidences in examples for evidence in evidences]
    artifact = await asyncio.to_thread(_fitted, rows, fit)
    await writer.attach(generation_id, ARTIFACT, artifact)
    return len(rows)


def _fitted(rows: Sequence[tuple[Product, ImageEvidence]], fit: Fit) -> bytes:
    embeddings = np.stack([evidence.embedding for _, evidence in rows]) if rows else np.zeros((0, 0), dtype=np.float32)
    return fit(
        embeddings,
        [product.type for product, _ in rows],
        [said_of(product) for product, _ in rows],
        [product.item_group_id or product.id for product, _ in rows],
    )


def said_of(product: Product) -> dict[str, str]:
    """The merchant's own word per taught attribute; the first where there are several."""
    said: dict[str, str] = {}
    for attribute in product.attributes:
        if attribute.source == "feed" and attribute.name in TAUGHT:
            said.setdefault(attribute.name, attribute.value)
    return said
