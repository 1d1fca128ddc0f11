"""Learning from the shop: what helps on products left out is kept, what does not is refused, and nothing is lost."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app import wiring
from app.analysis import Box, Embedding, PhotoAnalysis
from app.analysis.local import Teaching
from app.catalog import Candidate, Channel, ImageEvidence, Product, ProductImage, SeenAttribute
from app.catalog.sqlite import open_catalog, open_writer
from app.evaluation import Measure
from app.intake import ARTIFACT
from app.learning import LearningRefused, Lesson, learned, renewed
from app.search import Closeness, Question, look_closer, rank, shipped_calibration
from app.settings import Settings
from app.wiring_embedder import LocalTeacher
from tests.builders import a_product

pytestmark = pytest.mark.anyio
DIMS = 48
TYPES = ("chair", "lamp", "mug", "vase")
TEACHER = LocalTeacher("test/1")
SERVING = shipped_calibration()


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


@pytest.fixture(scope="module")
def big_shop() -> list[Product]:
    """160 products, of which the first 120 are learned from."""
    return a_shop(np.random.default_rng(1), 160)


@pytest.fixture(scope="module")
def lesson(big_shop: list[Product]) -> Lesson:
    """What those teach."""
    return learned(examples(big_shop[:120]), TEACHER, SERVING)


def test_what_tells_things_apart_is_found_and_helps_on_products_never_seen(
    big_shop: list[Product], lesson: Lesson
) -> None:
    shop = big_shop
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


def right_first(shop: list[Product], taught: Teaching) -> float:
    """Share of the right type among the first five answers to the last 40 products' pictures; the others are sold."""
    sold = [(product, evidence) for product, evidences in examples(shop[:-40]) for evidence in evidences]
    kinds = {f"{row}": product.type for row, (product, _) in enumerate(sold)}
    right = []
    for product, evidences in examples(shop[-40:]):
        asked = evidences[0].embedding
        looks = {f"{row}": float(one.embedding @ asked) for row, (_, one) in enumerate(sold)}
        near = sorted(looks, key=lambda key: -looks[key])[:48]
        photo = PhotoAnalysis(Box(0, 0, 1, 1), embedding=Embedding("test/1", asked), likeness=taught.likeness(asked))
        closeness = dict(zip(near, look_closer(photo, [sold[int(key)][1] for key in near]), strict=True))
        found = [Candidate(key, "", 0, {Channel.LOOK: looks[key]}) for key in near]
        ranked = rank(found, Question(photo=True, novelty=0.0), SERVING, closeness)[:5]
        right += [kinds[one.product_id] == product.type for one in ranked]
    return float(np.mean(right))


def test_where_it_surely_helps_it_takes_part_in_the_order_of_answers(big_shop: list[Product], lesson: Lesson) -> None:
    shop = big_shop
    assert lesson.orders
    assert lesson.order.gain.low > 0.0
    taught = Teaching.from_bytes(lesson.artifact, embedder="test/1")
    assert taught.usual == pytest.approx(lesson.order.usual)
    for_heads_only = Teaching.from_bytes(TEACHER.fit(*rows_of(shop[:-40]), project=True, usual=0.0), embedder="test/1")
    assert for_heads_only.learned
    assert for_heads_only.likeness(examples(shop)[0][1][0].embedding) is None
    assert right_first(shop, taught) > right_first(shop, for_heads_only)


def rows_of(
    shop: list[Product],
) -> tuple[NDArray[np.float32], list[str | None], list[dict[str, str]], list[str]]:
    """What a Teacher fits."""
    seen = [(product, evidence) for product, evidences in examples(shop) for evidence in evidences]
    types = [product.type for product, _ in seen]
    return np.stack([one.embedding for _, one in seen]), types, [{}] * len(seen), [product.id for product, _ in seen]


def test_without_more_types_told_right_a_better_order_alone_is_not_believed(lesson: Lesson) -> None:
    unsure = replace(lesson, types_gain=Measure(0.0, 0.0, 0.0, 120))
    assert (lesson.orders, unsure.helps, unsure.orders) == (True, True, False)
    worse = replace(lesson, order=replace(lesson.order, same=-0.2))
    assert (worse.helps, worse.orders) == (True, False)


def test_what_is_usual_moves_no_score_and_more_likeness_raises_it(big_shop: list[Product], lesson: Lesson) -> None:
    taught = Teaching.from_bytes(lesson.artifact, embedder="test/1")
    pictures = [evidences[0] for _, evidences in examples(big_shop)]
    likeness = taught.likeness(pictures[0].embedding)
    assert likeness is not None
    plain = PhotoAnalysis(Box(0, 0, 1, 1), embedding=Embedding("test/1", pictures[0].embedding))
    untaught, seen = (look_closer(one, pictures) for one in (plain, replace(plain, likeness=likeness)))
    assert {one.taught for one in untaught} == {Closeness().taught}
    cosines = likeness.of(np.stack([one.embedding for one in pictures]))
    assert cosines[0] == pytest.approx(1.0, abs=1e-3)
    for one, cosine in zip(seen, cosines.tolist(), strict=True):
        assert (one.taught > Closeness().taught) == (max(0.0, cosine) > likeness.usual)
        assert 0.0 <= one.taught <= 1.0


def test_where_nothing_tells_types_apart_it_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(LearningRefused) as refused:
        learned(examples(a_shop(rng, signal=0.0)), TEACHER, SERVING)
    assert "left out" in refused.value.detail


def test_too_little_to_learn_from_is_refused(rng: np.random.Generator) -> None:
    shop = a_shop(rng)
    untyped = [replace(one, type=None) for one in shop]
    one_type = [replace(one, type="thing") for one in shop]
    for few in (shop[:39], untyped, one_type, []):
        with pytest.raises(LearningRefused) as refused:
            learned(examples(few), TEACHER, SERVING)
        assert "too few" in refused.value.detail


def test_a_taught_projection_survives_its_bytes(rng: np.random.Generator, lesson: Lesson) -> None:
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


async def test_the_next_load_learns_anew_what_was_accepted_and_orders_by_it_as_before(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    analyzer = wiring.build_analyzer(Settings())
    catalog, writer = open_catalog(tmp_path / "akin.db"), open_writer(tmp_path / "akin.db")
    vectors = rng.normal(size=(40, analyzer.dims)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    types, nothing_said = [TYPES[row % 4] for row in range(40)], [dict[str, str]()] * 40
    try:
        assert await wiring.learned_before(catalog, analyzer) is None
        for learned_with in (None, 0.0, 0.37):
            artifact = wiring.build_fit(analyzer, learned=learned_with)(
                vectors, types, nothing_said, [f"p{row}" for row in range(40)]
            )
            begun = await writer.begin(embedder=analyzer.embedder, dims=analyzer.dims, source="feed", holder="test")
            await writer.attach(begun.id, ARTIFACT, artifact)
            await writer.verify(begun.id, expected_products=0)
            await catalog.publish(begun.id)
            assert await wiring.learned_before(catalog, analyzer) == learned_with
    finally:
        await writer.close()
        await catalog.close()
        await analyzer.close()
