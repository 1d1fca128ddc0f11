"""Learning from the shop: what helps on products left out is kept, what does not is refused, and nothing is lost."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.analysis.local import Teaching
from app.catalog import ImageEvidence, Product, ProductImage, SeenAttribute
from app.catalog.sqlite import open_catalog, open_writer
from app.intake import ARTIFACT
from app.learning import LearningRefused, learned, renewed
from app.wiring_embedder import LocalTeacher
from tests.builders import a_product

pytestmark = pytest.mark.anyio
DIMS = 48
TYPES = ("chair", "lamp", "mug", "vase")
TEACHER = LocalTeacher("test/1")


def a_shop(rng: np.random.Generator, products: int = 80, *, signal: float = 2.0) -> list[Product]:
    """Products whose type shows in few of many noisy directions; three pictures each."""
    kinds = rng.normal(size=(len(TYPES), DIMS)) * (np.arange(DIMS) < 6) * signal
    noise = np.where(np.arange(DIMS) < 6, 0.7, 1.6)
    shop = []
    for number in range(products):
        kind = number % len(TYPES)
        own = kinds[kind] + 0.4 * rng.normal(size=DIMS)
        rows = [own + noise * rng.normal(size=DIMS) for _ in range(3)]
        images = tuple(
            ProductImage(
                f"i/{number}-{at}.jpg", "", ImageEvidence("test/1", np.asarray(row / np.linalg.norm(row), np.float32))
            )
            for at, row in enumerate(rows)
        )
        shop.append(
            a_product(
                f"p{number:03d}", type=TYPES[kind], images=images, item_group_id="", content_hash=f"h{number}",
                attributes=(SeenAttribute("material", ("oak", "tin")[kind % 2], 1.0, "feed"),),
            )
        )  # fmt: skip
    return shop


def examples(shop: list[Product]) -> list[tuple[Product, list[ImageEvidence]]]:
    return [(one, [image.evidence for image in one.images if image.evidence]) for one in shop]


def test_what_tells_things_apart_is_found_and_helps_on_products_never_seen(rng: np.random.Generator) -> None:
    shop = a_shop(rng, 160)
    lesson = learned(examples(shop[:120]), TEACHER)
    assert lesson.types_after > lesson.types_before
    assert lesson.surer.low > 0.0
    taught = Teaching.from_bytes(lesson.artifact, embedder="test/1")
    assert taught.learned
    seen = [(product, evidence) for product, evidences in examples(shop[:120]) for evidence in evidences]
    plain = Teaching.fit(
        np.stack([evidence.embedding for _, evidence in seen]),
        [product.type for product, _ in seen],
        [{}] * len(seen),
        [product.id for product, _ in seen],
        embedder="test/1",
    )
    unseen = [(product, evidence) for product, evidences in examples(shop[120:]) for evidence in evidences]

    def right(teaching: Teaching) -> int:
        guessed = [(product.type, teaching.guess(evidence.embedding).type) for product, evidence in unseen]
        return sum(guess is not None and guess[0] == kind for kind, guess in guessed)

    assert right(taught) > right(plain)


def test_where_nothing_tells_types_apart_it_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(LearningRefused) as refused:
        learned(examples(a_shop(rng, signal=0.0)), TEACHER)
    assert "left out" in refused.value.detail


def test_too_little_to_learn_from_is_refused(rng: np.random.Generator) -> None:
    shop = a_shop(rng)
    untyped = [replace(one, type=None) for one in shop]
    one_type = [replace(one, type="thing") for one in shop]
    for few in (shop[:39], untyped, one_type, []):
        with pytest.raises(LearningRefused) as refused:
            learned(examples(few), TEACHER)
        assert "too few" in refused.value.detail


def test_a_taught_projection_survives_its_bytes(rng: np.random.Generator) -> None:
    lesson = learned(examples(a_shop(rng, 120)), TEACHER)
    teaching = Teaching.from_bytes(lesson.artifact, embedder="test/1")
    assert teaching.to_bytes() == lesson.artifact
    vector = examples(a_shop(rng, 4))[0][1][0].embedding
    assert teaching.guess(vector) == Teaching.from_bytes(teaching.to_bytes(), embedder="test/1").guess(vector)


async def test_a_lesson_is_published_with_every_product_and_can_be_undone(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    shop = a_shop(rng, 60)
    catalog, writer = open_catalog(tmp_path / "akin.db"), open_writer(tmp_path / "akin.db")
    try:
        begun = await writer.begin(embedder="test/1", dims=DIMS, source="feed", holder="test")
        await writer.add(begun.id, shop)
        await writer.attach(begun.id, ARTIFACT, b"before")
        await writer.verify(begun.id, expected_products=60)
        before = await catalog.publish(begun.id)
        now = await renewed(catalog, writer, b"after", holder="test")
        snapshot = await catalog.snapshot()
        assert (snapshot.generation.id, snapshot.generation.products) == (now.id, 60)
        assert await snapshot.artifact(ARTIFACT) == b"after"
        ids = [one.id for one in shop]
        assert [one.id for one in await snapshot.products(ids)] == ids
        (evidence,) = await snapshot.evidence([("p000", 2)])
        assert evidence is not None
        await catalog.publish(before.id)
        assert await (await catalog.snapshot()).artifact(ARTIFACT) == b"before"
    finally:
        await writer.close()
        await catalog.close()
